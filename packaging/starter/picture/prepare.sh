#!/usr/bin/env bash
# prepare.sh makes what the picture starter's scripts need, in the build cache: a Python environment with torch for the CPU (530 MB
# to fetch, once), the sources that sources.json pins, and sprites.npz, which is all that training needs of them.
# It prints the folder: bin/python lies in FOLDER/venv, the data in FOLDER/data. A second run does nothing.
source "$(dirname "$0")/../../shell.sh"

here=$ROOT/packaging/starter/picture
kept=$CACHE/starter-picture
lock starter-picture
mkdir -p "$kept/data"

for python in python3.13 python3.12 python3.11 python3; do
	if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then break; fi
	python=
done
[[ -n $python ]] || die "Python 3.11, 3.12 or 3.13 with venv is needed: install the packages python3 and python3-venv, then run this again"

sum=$(cat "$here/requirements.txt" "$here/torch_without_cuda.py" | sha256sum | cut -d ' ' -f 1)
if [[ ! -x $kept/venv/bin/python || $(cat "$kept/venv/made-from" 2>/dev/null) != "$sum" ]]; then
	say "starter pictures: making a Python environment with torch, once"
	rm -rf "$kept/venv"
	"$python" -m venv "$kept/venv"
	"$kept/venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary :all: --require-hashes -r "$here/requirements.txt" >&2 ||
		die "the Python packages could not be installed: check the network connection and your pip configuration, then run this again"
	# Each run gives the loader the names it missed; what those ask for shows in the next.
	"$kept/venv/bin/python" "$here/torch_without_cuda.py" >&2
	"$kept/venv/bin/python" -c 'import torch; torch.ones(2) @ torch.ones(2)' ||
		die "torch does not start; the lines above say why"
	printf '%s\n' "$sum" >"$kept/venv/made-from"
fi

sum=$(cat "$here"/{sources.json,objects.txt,fetch.py,starter/sprites.py} | sha256sum | cut -d ' ' -f 1)
if [[ ! -f $kept/data/sprites.npz || $(cat "$kept/data/made-from" 2>/dev/null) != "$sum" ]]; then
	say "starter pictures: fetching and rendering the drawings, once (two minutes)"
	"$kept/venv/bin/python" "$here/fetch.py" "$kept/data/sources" >&2
	(cd "$here" && "$kept/venv/bin/python" -m starter.sprites "$kept/data/sources" objects.txt "$kept/data/sprites.npz") >&2
	printf '%s\n' "$sum" >"$kept/data/made-from"
fi
printf '%s\n' "$kept"
