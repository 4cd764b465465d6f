#!/usr/bin/env bash
# Formats our Go files with gofumpt and goimports: format.sh -w writes, format.sh -l lists what differs and fails if anything does.
# Run by make through packaging/go/with.sh, which puts the tools on PATH.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

mapfile -t files < <(git -c safe.directory='*' ls-files -co --exclude-standard '*.go' 2>/dev/null || find . -name '*.go' -not -path './bin/*')
existing=()
for f in "${files[@]}"; do
	[[ -f $f ]] && existing+=("$f")
done
differ=$({
	gofumpt -modpath loam -lang go1.26 "$1" "${existing[@]}"
	goimports -local loam "$1" "${existing[@]}"
} | sort -u)
if [[ $1 == -l && -n $differ ]]; then
	printf '%s\n' "$differ"
	die "these files are not formatted: run make fmt"
fi
