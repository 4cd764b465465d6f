#!/usr/bin/env bash
# make test as a newcomer's machine would run it: a copy of the tree, a fresh HOME, empty caches. Only what the person configured
# for reaching registries (pip, Go's environment file, certificates) is carried over. Prints how long it took; the bound is an hour on two cores.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

work=$(mktemp -d "${TMPDIR:-/tmp}/loam-cold.XXXXXX")
# Go's module cache is read-only on purpose.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/tree" "$work/home/.cache" "$work/tmp"
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' f; do [[ ! -f $f && ! -L $f ]] || printf '%s\0' "$f"; done |
	tar --null -T - -cf - | tar -C "$work/tree" -xf -
git -C "$work/tree" init -q && git -C "$work/tree" add -A

carried=()
for f in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
	[[ -f $f && -z ${PIP_CONFIG_FILE:-} ]] && carried+=("PIP_CONFIG_FILE=$f")
done
if go=$(command -v go) && goenv=$("$go" env GOENV) && [[ -f $goenv ]]; then
	carried+=("GOENV=$goenv")
fi

say "test-cold: in $work"
started=$SECONDS
status=0
env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME -u LOAM_DATA -u LOAM_LIB -u GOFLAGS \
	HOME="$work/home" XDG_CACHE_HOME="$work/home/.cache" GOCACHE="$work/home/.cache/go-build" GOMODCACHE="$work/home/mod" \
	GOLANGCI_LINT_CACHE="$work/home/.cache/golangci-lint" PIP_CACHE_DIR="$work/home/.cache/pip" TMPDIR="$work/tmp" \
	"${carried[@]}" make -C "$work/tree" --no-print-directory test </dev/null || status=$?
printf 'test-cold: %d min %d s\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
exit "$status"
