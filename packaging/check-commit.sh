#!/usr/bin/env bash
# What every commit must pass, in under a minute and without native code: format, go vet and the tests of all packages but the
# program itself, whose window libraries are cgo. Its argument is the list of build tags.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

tags=${1:-migrated_fynedo nonative}
with=packaging/go/with.sh
packaging/tools/install.sh format
$with packaging/tools/format.sh -l
mapfile -t rooms < <($with go list -tags "$tags" -f '{{if ne .Name "main"}}{{.ImportPath}}{{end}}' ./...)
[[ ${#rooms[@]} -gt 0 ]] || die "go list found no package: run it by hand to see why"
$with go vet -tags "$tags" "${rooms[@]}" || die "go vet found something: mend the lines above"
say "check: the tests run with -short, which draws properties fewer times; make test draws them all"
# Twice as many packages at once as there are processors: many tests wait for the disk or for a child.
$with go test -short -p $((2 * $(getconf _NPROCESSORS_ONLN))) -tags "$tags" "${rooms[@]}" || die "tests failed: the lines above name them"
