#!/usr/bin/env bash
# Everything CI runs, in the order in which a failure is cheapest to learn: set up, build, check, lint, vet for this and for other
# systems, the whole tree's tests with the engines, the window's rooms with Fyne's own locks (without the tag migrated_fynedo), the
# real window on a virtual screen.
# A failed stage does not keep the later ones from running; the last lines name what failed and sum up the tests.
#   LOAM_STAGES="check lint" runs only those stages.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

for name in ${LOAM_STAGES:-}; do
	[[ " setup build check lint vet cross tests unlocked window " == *" $name "* ]] ||
		die "there is no stage $name: LOAM_STAGES takes setup, build, check, lint, vet, cross, tests, unlocked and window"
done

with=packaging/go/with.sh
tags=migrated_fynedo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
counts=$work/counts
: >"$counts"
failed_stages=()
started=$SECONDS

# stage NAME COMMAND... runs one stage and remembers when it failed.
stage() {
	local name=$1 begun=$SECONDS
	shift
	if [[ -n ${LOAM_STAGES:-} && " $LOAM_STAGES " != *" $name "* ]]; then
		return 0
	fi
	say "test: $name"
	if "$@" 2>&1 | tee "$work/stage-$name"; then
		say "test: $name passed in $((SECONDS - begun)) s"
	else
		failed_stages+=("$name")
		say "test: $name FAILED after $((SECONDS - begun)) s"
	fi
}

# counted ARGUMENTS... runs go test and adds what it counts to the sum.
counted() {
	[[ -x $work/report ]] || $with go build -o "$work/report" ./packaging/report || return 1
	$with go test -json "$@" 2>&1 | "$work/report" "$counts"
}

# go vet is a function of the tree, so that a second run tells a finding from a disturbed first one; both are printed.
vet_native() {
	$with go vet -tags "$tags window" ./... && return
	say "test: vet failed; once more, to tell a finding from a disturbed run"
	$with go vet -tags "$tags window" ./...
}

# The fallback paths of Fyne: the same tests with its caches locked, and with a warning for each call from a wrong thread.
window_rooms() { counted ./ui/...; }

real_window() {
	counted -tags "$tags window" -count=1 -timeout 30m ./packaging/windowtest || return 1
	local script
	for script in packaging/windowtest/run-*.sh; do
		[[ -x $script ]] || continue
		say "test: $script"
		if timeout 15m "$script"; then
			echo "counts 1 0 0" >>"$counts"
		else
			printf 'counts 0 1 0\nfailed %s\n' "$script" >>"$counts"
			return 1
		fi
	done
}

stage setup packaging/setup.sh
if [[ ${#failed_stages[@]} == 0 ]]; then
	stage build make --no-print-directory build
fi
if [[ ${#failed_stages[@]} == 0 ]]; then
	stage check make --no-print-directory check
	stage lint make --no-print-directory lint
	stage vet vet_native
	stage cross packaging/cross-vet.sh
	stage tests counted -tags "$tags" -timeout 20m ./...
	stage unlocked window_rooms
	stage window real_window
fi

awk -v seconds=$((SECONDS - started)) -v stages="${failed_stages[*]}" '
	$1 == "counts" { passed += $2; failed += $3; skipped += $4 }
	$1 == "failed" { sub(/^failed /, ""); print "FAILED " $0 }
	END {
		if (stages != "") print "FAILED stages: " stages
		printf "%d passed, %d failed, %d skipped in %d min %d s\n", passed, failed, skipped, seconds / 60, seconds % 60
	}' "$counts"
# A long log hides what an early stage said, so it is said again where one looks first.
for name in "${failed_stages[@]}"; do
	printf '===== the end of stage %s\n' "$name"
	tail -n 15 "$work/stage-$name"
done
[[ ${#failed_stages[@]} == 0 ]] || die "make test failed; the lines above name what, LOAM_STAGES=\"STAGE\" make test runs one stage again"
