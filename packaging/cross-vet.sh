#!/usr/bin/env bash
# Type-checks and vets everything but the program itself for systems other than this one, tests included, without a compiler for
# them: a file by operating system that does not compile is found here and not by the first person who builds there.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

tags="migrated_fynedo nonative"
failed=
for target in windows/amd64 darwin/arm64 darwin/amd64 linux/arm64; do
	export GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0
	# On macOS the window library is cgo through and through.
	without=""
	[[ $GOOS != darwin ]] || without=fyne.io/fyne/v2/widget
	# -e: a package that is for another system alone is listed with an error instead of ending the list.
	mapfile -t rooms < <(packaging/go/with.sh go list -e -tags "$tags" -f \
		'{{if and (ne .ImportPath "loam") (not .Error) (or .GoFiles .TestGoFiles .XTestGoFiles)}}{{.ImportPath}} {{join .Deps " "}} {{join .TestImports " "}} {{join .XTestImports " "}}{{end}}' ./... |
		awk -v without="$without" '{ for (i = 2; i <= NF; i++) if (without != "" && index($i, without) == 1) next; if (NF) print $1 }')
	[[ ${#rooms[@]} -gt 20 ]] || die "go list found ${#rooms[@]} packages for $target: run it by hand to see why"
	say "cross-vet: ${#rooms[@]} packages for $target"
	packaging/go/with.sh go vet -tags "$tags" "${rooms[@]}" || failed+=" $target"
done
[[ -z $failed ]] || die "go vet found something for$failed: mend the lines above"
