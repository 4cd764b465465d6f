#!/usr/bin/env bash
# cpu.sh STATE MINUTES trains the small picture model on two cores without a GPU: it goes on wherever it stopped, works for MINUTES,
# and stops between two steps. STATE, a folder outside the repository, keeps everything; about 1 GB. Killed at any moment it loses
# at most two minutes. While it works, look at STATE/tae.png (painted, decoded) and STATE/dit.png (drawn in four steps).
# FROM=weights, where STATE is new, trains what ships for MORE minutes (80) instead of beginning from nothing. SCALE=0.01 makes every
# stage a hundredth, for a try; SIZE and SCENES replace what README.md's plan takes, DIT and EXTRA add arguments to the picture model's
# stages and to all.
set -euo pipefail
state=${1:?usage: cpu.sh STATE MINUTES} minutes=${2:?usage: cpu.sh STATE MINUTES}
mkdir -p "$state"
state=$(cd "$state" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
kept=$(./prepare.sh)
python=$kept/venv/bin/python
DATA=${DATA:-$kept/data/sprites.npz}
SIZE=${SIZE:---width 256 --doubles 2 --singles 6 --context 128 --layers 2}
SCENES=${SCENES:-44000}
SCALE=${SCALE:-1}
EXTRA=${EXTRA:-}
ends=$("$python" -c "import time; print(time.time() + 60 * $minutes)")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}

# With bf16 in the processor, and the model compiled for it, a picture costs 0.4 of what it costs otherwise.
fast=(--tokens 32 --batch 16) half=()
if grep -qE "avx512_bf16|amx_bf16" /proc/cpuinfo && command -v g++ >/dev/null; then
	half=(--half) fast=(--tokens 24 --batch 32 --half --compile)
fi

exec 9>"$state/lock"
flock -n 9 || { echo "cpu: another run is at work in $state" >&2; exit 1; }
if [[ -n ${FROM:-} && ! -f $state/tae.pt ]]; then
	"$python" -m starter.adopt --out "$state" --weights "$FROM"
	cp judge.pt "$state/judge-final.pt"
	cp "$FROM/receipts/judge.json" "$state/"
	touch "$state"/{tae,dit-1,dit-2,judge,upscaler}.done "$state/from"
fi

scaled() { "$python" -c "print($1 * $SCALE)"; }

# stage MARK MINUTES ARGUMENTS...: one run of the trainer up to its budget, over as many sittings as it takes
stage() {
	local mark=$1 budget status=0
	budget=$(scaled "$2")
	shift 2
	[[ ! -f $state/$mark.done ]] || return 0
	echo "== $mark: budget $budget minutes, $(date +%T)"
	# shellcheck disable=SC2086
	"$python" -m starter.train --data "$DATA" --out "$state" --resume --device cpu --optimizer muon --scenes "$SCENES" --save 120 \
		--say 20 --minutes "$budget" --ends "$ends" $SIZE "$@" $EXTRA || status=$?
	if [[ $status == 3 ]]; then
		echo "== the time is up, $(date +%T); the same command goes on"
		exit 0
	fi
	[[ $status == 0 ]] || exit "$status"
	touch "$state/$mark.done"
}

# Crops of flat drawings teach the autoencoder as much as whole pictures. Its encoder is a good linear code and stays that.
stage tae 35 tae --side 128 --crop 64 --crops 4 --batch 8 --principal --optimizer adamw --rate 1e-3 --warmup 50 --fall 0.4 --sheets 300
stage latents 20 latents --side 128 --principal
# One budget for the picture model, its rate falling at the end. Plain things alone first: among other scenes, which have three times
# their error, words are learnt far more slowly. Then, for the same reason, several of one thing on white; dyed things on other colours;
# pairs; and then all scenes. The last minutes have all 256 tokens, unfolded: what little the folding left out.
whole=290 several=210
if [[ -f $state/from ]]; then
	whole=${MORE:-80} several=0
fi
read -ra more <<<"${DIT:-}"
dit=(dit --side 128 --rate 1e-3 --warmup 50 --fall "$("$python" -c "print(0.25 * ($whole - $several) / $whole)")" --sheets 600 "${more[@]}")
stage dit-1 "$whole" "${dit[@]}" "${fast[@]}" --plain 1 --until "$(scaled 30)"
stage dit-2 "$whole" "${dit[@]}" "${fast[@]}" --plain 0.25 --several 0.6 --until "$(scaled "$several")"
part() { scaled "($several + ($whole - $several) * $1)"; }
stage dit-3 "$whole" "${dit[@]}" "${fast[@]}" --plain 0.1 --several 0.1 --dyed 0.45 --pairs 0.3 --until "$(part 0.375)"
stage dit-4 "$whole" "${dit[@]}" "${fast[@]}" --plain 0.1 --several 0.1 --dyed 0.15 --pairs 0.6 --until "$(part 0.65)"
stage dit-5 "$whole" "${dit[@]}" "${fast[@]}" --plain 0.25 --several 0.15 --dyed 0.3 --until "$(scaled "($whole - 4)")"
stage dit-6 "$whole" "${dit[@]}" "${half[@]}" --batch 16 --plain 0.25 --several 0.15 --dyed 0.3
stage judge 20 judge "${half[@]}" --side 64 --batch 64 --optimizer adamw --rate 2e-3 --warmup 50 --fall 0.4
stage upscaler 6 upscaler --side 128 --crop 64 --crops 2 --batch 16 --optimizer adamw --rate 5e-4 --warmup 20 --fall 0.4
for name in outline night character; do
	stage "lora-$name" 4 lora --lora "$name" "${half[@]}" --side 128 --batch 16 --tokens 32 --optimizer adamw --rate 3e-3 --warmup 20 --fall 0.5
done
echo "== all stages are done, $(date +%T): README.md says how to judge and what to look at"
