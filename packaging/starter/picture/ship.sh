#!/usr/bin/env bash
# ship.sh STATE REPORT puts into weights/ what ships: the model's files out of STATE/q8_0, the receipts of their training, the
# report of starter.evaluate, NOTICE, and starter.json with the sums. The report's contact sheets go to sheets/, the LoRAs to
# loras/, the classifier (f16) to judge.pt, so that what ships can be judged again; none of these ships. Run it when a person knows
# most of its pictures; it refuses files of more than 40 MB.
set -euo pipefail
state=$(cd "${1:?usage: ship.sh STATE REPORT}" && pwd) report=$(cd "${2:?usage: ship.sh STATE REPORT}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
kept=$(./prepare.sh)
notice=$(find "$kept/data" -name NOTICE | head -1)
new=weights.new
rm -rf "$new"
mkdir -p "$new/receipts"
trap 'rm -rf "$new"' EXIT
parts=("loam-starter-dit.q8_0.gguf" "loam-starter-t5.q8_0.gguf" "loam-starter-tae.f16.safetensors")
for file in "${parts[@]}"; do cp "$state/q8_0/$file" "$new/"; done
if [[ -f $state/loam-starter-x2.esrgan.safetensors ]]; then
	parts+=("loam-starter-x2.esrgan.safetensors")
	cp "$state/${parts[3]}" "$new/"
	cp "$state/upscaler.json" "$new/receipts/"
fi
cp "$state"/{tae,dit,judge}.json "$new/receipts/"
cp "$report/report.json" "$new/receipts/"
cp "$notice" "$new/NOTICE"
size=$(cat "$new"/loam-starter-* | wc -c)
((size <= 40000000)) || { echo "ship: the files have $size bytes, more than 40 MB" >&2; exit 1; }
"$kept/venv/bin/python" - "$new" "${parts[@]}" <<'PYTHON'
import hashlib, json, pathlib, sys

folder, (file, *parts) = pathlib.Path(sys.argv[1]), sys.argv[2:]
sums = {f: hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in (file, *parts)}
(folder / "starter.json").write_text(json.dumps({
    "name": "Loam starter (draws simple pictures; for learning and testing)", "file": file, "parts": parts, "license": "MIT",
    "source": "the Loam project, trained on Fluent Emoji and Unicode CLDR (NOTICE lies beside it)", "sha256": sums,
}, indent=1) + "\n")
PYTHON
chmod 0644 "$new"/loam-starter-* "$new"/receipts/*
rm -rf weights sheets
mv "$new" weights
mkdir -p sheets loras
"$kept/venv/bin/python" - "$report" sheets <<'PYTHON'
import pathlib, sys
from PIL import Image

for sheet in pathlib.Path(sys.argv[1]).glob("*.png"):
    Image.open(sheet).convert("RGB").save(pathlib.Path(sys.argv[2]) / (sheet.stem + ".jpg"), quality=85)
PYTHON
for name in outline night character; do
	[[ ! -f $state/loam-starter-$name.lora.safetensors ]] || cp "$state/loam-starter-$name.lora.safetensors" "$state/lora-$name.json" loras/
done
"$kept/venv/bin/python" - "$state/judge-final.pt" judge.pt <<'PYTHON'
import sys
import torch

kept = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
torch.save({**kept, "weights": {name: value.half() for name, value in kept["weights"].items()}}, sys.argv[2])
PYTHON
chmod 0644 loras/* sheets/* judge.pt
ls -l weights
