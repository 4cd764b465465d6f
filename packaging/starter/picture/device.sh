#!/usr/bin/env bash
# device.sh SECONDS OUT runs plan.sh on a machine with a GPU and no network, in calls of limited length: the first call starts it
# detached, each call prints what happens for SECONDS, or until all is done, then puts what is trained so far into OUT in parts of
# at most 15 MB (join.sh puts them together). A later call finds the run where it is: nothing is started twice.
# Needs on that machine: python3 with torch (CUDA), numpy and pillow; DATA (default .starter/sprites.npz in the tree's root).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
seconds=${1:?usage: device.sh SECONDS OUT} given=${2:?usage: device.sh SECONDS OUT}
data=${DATA:-$root/.starter/sprites.npz}
work=${WORK:-/tmp/starter-picture}
python=${PYTHON:-python3}
ends=$((SECONDS + seconds))
mkdir -p "$work" "$given"

[[ -f $data ]] || { echo "device: there is no $data: bring sprites.npz along (README.md says how)" >&2; exit 1; }
"$python" - <<'EOF' || exit 1
import sys
try:
    import numpy, PIL, torch
except ImportError as e:
    sys.exit(f"device: this machine's Python lacks {e.name}: bring it along as a wheel, or use another Python (PYTHON=...)")
print("torch", torch.__version__, "on", torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU: no CUDA device is seen")
EOF

if [[ ! -f $work/pid ]] || { ! kill -0 "$(cat "$work/pid")" 2>/dev/null && [[ ! -f $work/all.done ]]; }; then
	cp "$data" "$work/sprites.npz"
	setsid nohup "$here/plan.sh" "$python" "$work/sprites.npz" "$work" >>"$work/log" 2>&1 </dev/null &
	echo $! >"$work/pid"
	echo "device: the plan is started as process $!"
fi
while (( SECONDS < ends )) && [[ ! -f $work/all.done ]] && kill -0 "$(cat "$work/pid")" 2>/dev/null; do sleep 2; done
tail -n 40 "$work/log"
[[ -f $work/all.done ]] || kill -0 "$(cat "$work/pid")" 2>/dev/null || echo "device: the plan has ended early; the lines above say why" >&2

# Weights as they are now: stages write their files at their end, export.py those of a stage that still runs.
(cd "$here" && "$python" -m starter.export --out "$work" ${SIZE:---width 384 --doubles 2 --singles 6 --context 64 --layers 3}) || true
cd "$work"
list=()
for f in q8_0/* loam-starter-*.safetensors judge-final.pt *.json log; do [[ ! -f $f ]] || list+=("$f"); done
tar -cf - "${list[@]}" | split -b 15000000 -d -a 2 - "$given/starter.tar."
(cd "$given" && sha256sum starter.tar.* >sums.txt && ls -l)
