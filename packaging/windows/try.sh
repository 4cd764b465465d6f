#!/usr/bin/env bash
# Tries the Windows program in Wine: the command line with the starter model, a kill in the middle of an answer, and the window on a
# virtual screen: an answer, the end of the engine's child, a kill of the window, Resume, a file by drop and by a second start.
# dist/wine-*.png are its screenshots. Wine is no Windows: what passes here can fail there, and the other way round.
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
	if "$@" >"$work/out" 2>&1; then passed+=("$name"); else failed+=("$name"); fi
	sed "s/^/    $name: /" "$work/out" | head -n 20 >&2
}
loam() { timeout 300 wine "$program" --data "Z:${1//\//\\}" "${@:2}"; } # loam FOLDER ARGUMENTS...
says() { grep -q -e "$1" < <("${@:2}" 2>&1); }
# last FOLDER prints the state of the newest reply, where one that runs counts as interrupted, and how many bytes it has.
last() {
	loam "$1" export --all 2>/dev/null | python3 -c '
import json, sys
replies = [m for m in map(json.loads, sys.stdin) if m.get("role") == "assistant"]
print(replies[-1]["state"] if replies else "none", len(replies[-1].get("text", "").encode()) if replies else 0)'
}
# within SECONDS COMMAND... waits for it to succeed.
within() {
	local end=$((SECONDS + $1))
	while ! "${@:2}"; do
		((SECONDS < end)) || return 1
		sleep 0.5
	done
}
grown() { local s n && read -r s n < <(last "$1") && ((n > ${2:-0})); }  # the newest reply has more than so many bytes
state() { local s n && read -r s n < <(last "$1") && [[ $s == "$2" ]]; } # the newest reply is in a state
# pids PATTERN prints the processes of this try whose command line matches.
pids() {
	local p
	for p in $(pgrep -f -- "$1"); do
		! grep -qzxF "WINEPREFIX=$WINEPREFIX" "/proc/$p/environ" 2>/dev/null || echo "$p"
	done
}
gone() { [[ -z $(pids "$1") ]]; }
child='loam\.exe loam-worker'
story='Tell me a long story about a lighthouse keeper and the sea.'

check version timeout 60 wine "$program" version
check 'version, through the twin' timeout 60 wine "$(dirname "$program")/loam.com" version
check doctor loam "$work/cli" doctor
check models loam "$work/cli" models
check chat loam "$work/cli" chat -q --seed 1 --max-tokens 24 'Say hello.'
cp "$work/out" "$work/first"
check 'the same seed, the same answer' loam "$work/cli" chat -q --seed 1 --max-tokens 24 'Say hello.'
cmp -s "$work/first" "$work/out" || failed+=('the two answers differ')

killed() {
	loam "$work/kill" chat --keep --seed 7 "$story" >/dev/null 2>&1 &
	within 120 grown "$work/kill" 40 || return 1
	local before after
	before=$(last "$work/kill")
	kill -9 $(pids 'loam\.exe --data .*kill chat') || return 1
	within 30 gone "$child" || { echo 'the child outlives its parent' && return 1; }
	after=$(last "$work/kill")
	echo "before the kill: $before bytes, after it: $after"
	((${after#* } >= ${before#* })) && says 'database is sound' loam "$work/kill" doctor
}
check 'killed in the middle of an answer: the words are kept' killed

screen_number=$((100 + RANDOM % 400))
Xvfb ":$screen_number" -screen 0 1280x800x24 -noreset -nolisten tcp >/dev/null 2>&1 &
screen=$!
export DISPLAY=:$screen_number LIBGL_ALWAYS_SOFTWARE=1
sleep 2
mkdir -p dist
rm -f dist/wine-*.png
shots=0
shot() { sleep 2 && import -window root "dist/wine-$((shots += 1))-$1.png"; }
window() {
	loam "$work/window" >>"$work/window.log" 2>&1 &
	within 60 xdotool search --onlyvisible --name '^Loam' && sleep 3 &&
		xdotool windowfocus "$(xdotool search --onlyvisible --name '^Loam' | head -n 1)"
}
differs() { # differs A B: two screenshots show different things
	[[ $(identify -format '%#' "$1") != "$(identify -format '%#' "$2")" ]]
}
asked() {
	xdotool type --delay 40 "$story" && xdotool key Return && within 120 grown "$work/window" 20
}
child_ends() {
	kill -9 $(pids "$child") && within 30 gone "$child" || return 1
	local after
	after=$(last "$work/window") && sleep 3 && [[ $(last "$work/window") == "$after" ]]
}
window_killed() {
	local before
	before=$(last "$work/window")
	kill -9 $(pids 'loam\.exe --data .*window$') && sleep 2 && window && echo "$before, then $(last "$work/window")"
}
resumed() {
	local before
	before=$(last "$work/window")
	xdotool key Return # Resume has the focus
	within 180 grown "$work/window" "${before#* }" && xdotool key Escape && within 30 state "$work/window" stopped
}
echo 'This is a text and no model.' >"$work/no model.gguf"
handed() { loam "$work/window" "Z:${work//\//\\}\\no model.gguf"; }
dropped() {
	/usr/bin/python3 packaging/windowtest/xdnd_drop.py --window "$(xdotool getwindowname "$(xdotool search --onlyvisible --name '^Loam' | head -n 1)")" "$work/no model.gguf"
}
closed() {
	/usr/bin/python3 packaging/windowtest/close_window.py "$(xdotool search --onlyvisible --name '^Loam' | head -n 1)" &&
		within 30 gone 'loam\.exe --data .*window$' && says 'database is sound' loam "$work/window" doctor
}

check window window
if [[ " ${passed[*]}" == *' window' ]]; then
	shot window
	check 'an answer in the window' asked
	shot answer
	check 'the end of the child interrupts the reply' child_ends
	shot child-ended
	check 'killed: the conversation is back' window_killed
	shot restarted
	check 'Resume goes on' resumed
	shot resumed
	check 'a second start hands its file over' handed
	shot handed
	xdotool key Escape
	shot put-away
	differs "dist/wine-$((shots - 1))-handed.png" "dist/wine-$shots-put-away.png" || failed+=('nothing is seen of the handed file')
	check 'a drop' dropped
	shot dropped
	differs "dist/wine-$((shots - 1))-put-away.png" "dist/wine-$shots-dropped.png" || failed+=('nothing is seen of the drop')
	check 'closed like any window' closed
else
	import -window root dist/wine-0-no-window.png
	tail -n 5 "$work/window.log" >&2
fi
say "wine: passed: $(printf '%s; ' "${passed[@]}")"
[[ ${#failed[@]} == 0 ]] || die "wine: failed: $(printf '%s; ' "${failed[@]}")"
