#!/usr/bin/env bash
# plan.sh PYTHON DATA OUT trains everything, stage after stage, within about 25 minutes of one H100; started detached by device.sh.
# Minutes are the budget of each stage; SCALE=0.1 makes all of them a tenth, SIZE, BATCH and WORKERS replace what a GPU would take.
# Started again after a stop it goes on: each stage that has its receipt's last word is skipped, the one in between is resumed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python=$1 data=$2 out=$3
SIZE=${SIZE:---width 384 --doubles 2 --singles 6 --context 64 --layers 3}
WORKERS=${WORKERS:-12}
SCALE=${SCALE:-1}
EXTRA=${EXTRA:-}

minutes() { "$python" -c "print($1 * $SCALE)"; }

# stage MARK MINUTES ARGUMENTS...: one run of the trainer, once
stage() {
	local mark=$1 budget
	budget=$(minutes "$2")
	shift 2
	[[ ! -f $out/$mark.done ]] || return 0
	echo "== $mark: $budget minutes, $(date +%T)"
	# shellcheck disable=SC2086
	"$python" -m starter.train "$@" --minutes "$budget" --data "$data" --out "$out" --resume --workers "$WORKERS" $SIZE $EXTRA
	touch "$out/$mark.done"
}

batch() { echo "${BATCH:-$1}"; }

# The autoencoder first: everything after it works on its latents.
stage tae 2.5 tae --side 128 --batch "$(batch 64)" --rate 1e-3
# Drawings and words are learnt small and with few text tokens, three times as fast; then as the pack asks; then at full size.
stage dit-1 14 dit --until "$(minutes 5.5)" --side 128 --tokens 64 --batch "$(batch 512)" --rate 1e-3
stage dit-2 14 dit --until "$(minutes 10)" --side 128 --batch "$(batch 384)" --rate 1e-3
stage dit-3 14 dit --side 256 --batch "$(batch 192)" --rate 1e-3
stage judge 1.2 judge --side 96 --batch "$(batch 256)"
# Eight of the pack's steps (also 4 and 12) without a second pass for guidance: what makes 5 seconds on two cores possible.
stage distil 3.5 distil --side 256 --batch "$(batch 96)" --cfg 3 --teacher-steps 3
for name in outline night character; do
	stage "lora-$name" 0.4 lora --lora "$name" --side 128 --batch "$(batch 128)"
done
stage upscaler 0.6 upscaler --side 128 --batch "$(batch 64)"
echo "== all stages are done, $(date +%T)"
touch "$out/all.done"
