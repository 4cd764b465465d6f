#!/usr/bin/env bash
# Tries the Windows program in Wine: version, doctor, models, a chat with the starter model, and
# the window on a virtual screen. dist/wine-*.png are its screenshots. Wine is no Windows: what passes here can fail
# there, and the other way round.
#   try.sh [PROGRAM]    default bin/windows/loam.exe
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

program=$(readlink -f "${1:-bin/windows/loam.exe}")
[[ -f $program ]] || die "$program is missing: run packaging/windows/build.sh once"
packaging/windows/system.sh test
work=$(mktemp -d "${TMPDIR:-/tmp}/loam-wine.XXXXXX")
export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEARCH=win64 WINEDLLOVERRIDES="mscoree,mshtml=" LANG=C.UTF-8
trap 'wineserver -k 2>/dev/null; kill "${screen:-}" 2>/dev/null; rm -rf "$work"' EXIT
wineboot -i >/dev/null 2>&1 || die "Wine could not make its folder $WINEPREFIX"
# Go asks this library for random numbers, and Wine 8 has none of it: a stand-in for these tests.
if [[ ! -f $WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll ]]; then
	printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
		'__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return SystemFunction036(p, (ULONG) n); }' |
		x86_64-w64-mingw32-gcc-posix -shared -x c - -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" -ladvapi32
fi

passed=() failed=()
check() { # check NAME COMMAND... with a limit on the time
	local name=$1
	shift
	if timeout 300 "$@" >"$work/out" 2>&1; then passed+=("$name"); else failed+=("$name"); fi
	sed "s/^/    $name: /" "$work/out" | head -n 20 >&2
}
data=Z:${work//\//\\}\\data
check version wine "$program" version
check 'version, through the twin' wine "$(dirname "$program")/loam.com" version
check doctor wine "$program" --data "$data" doctor
check models wine "$program" --data "$data" models
check chat wine "$program" --data "$data" chat --seed 1 --keep 'Say hello.'
check 'what was said is kept' wine "$program" --data "$data" models list --json


screen_number=$((100 + RANDOM % 400))
Xvfb ":$screen_number" -screen 0 1280x800x24 -noreset -nolisten tcp >/dev/null 2>&1 &
screen=$!
export DISPLAY=:$screen_number LIBGL_ALWAYS_SOFTWARE=1
sleep 2
wine "$program" --data "$data" >"$work/window.log" 2>&1 &
window=$!
mkdir -p dist
for _ in $(seq 60); do
	sleep 2
	! xdotool search --onlyvisible --name '^Loam' >/dev/null 2>&1 || break
done
if xdotool search --onlyvisible --name '^Loam' >/dev/null 2>&1; then
	passed+=(window)
	sleep 5
	import -window root dist/wine-1-window.png
	xdotool search --onlyvisible --name '^Loam' windowfocus || true
	xdotool type --delay 40 'Say hello.'
	xdotool key Return
	sleep 15
	import -window root dist/wine-2-asked.png
else
	failed+=(window)
	import -window root dist/wine-0-no-window.png
	tail -n 5 "$work/window.log" >&2
fi
kill "$window" 2>/dev/null || true
say "wine: passed: $(printf '%s; ' "${passed[@]}")"
[[ ${#failed[@]} == 0 ]] || die "wine: failed: $(printf '%s; ' "${failed[@]}")"
