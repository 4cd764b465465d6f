#!/usr/bin/env bash
# test.sh runs the picture starter's own tests: data, captions, tokenizer, files, every training stage for two steps, and that the
# picture pack draws what PyTorch draws. Not part of make test: torch alone is 530 MB, and nothing of it ships.
source "$(dirname "$0")/../../shell.sh"

here=$ROOT/packaging/starter/picture
kept=$("$here/prepare.sh")
cd "$here"
"$kept/venv/bin/ruff" check .
"$kept/venv/bin/ruff" format --check .
STARTER_DATA=$kept/data OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} exec "$kept/venv/bin/python" -m pytest -q -p no:cacheprovider "$@"
