#!/usr/bin/env bash
# The benchmarks: those of the Go packages, then the program's own, whose figures are JSON. The window needs a screen; where there
# is none, a virtual one is used and its software drawing is in the figures. BENCH=REGEXP picks Go benchmarks.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

with=packaging/go/with.sh
tags=${1:-migrated_fynedo}
mapfile -t rooms < <(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
if [[ ${#rooms[@]} -gt 0 ]]; then
	$with go test -tags "$tags" -run '^$' -bench "${BENCH:-.}" -benchmem -timeout 30m "${rooms[@]}" ||
		die "a benchmark failed; the lines above say which"
fi
bin/loam bench chat --json || die "loam bench chat failed: the line above says why"
if [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} ]]; then
	bin/loam bench start --json
else
	command -v xvfb-run >/dev/null || die "there is no screen for loam bench start: run make setup once for a virtual one"
	xvfb-run -a -s '-screen 0 1280x800x24' bin/loam bench start --json
fi
