#!/usr/bin/env bash
# Installs what building the Windows program on Debian or Ubuntu needs beside packaging/linux/system.sh, and nothing when it is
# there: system.sh; system.sh test adds Wine, in which packaging/windows/try.sh starts the result.
source "$(dirname "$0")/../shell.sh"

packages=(gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix binutils-mingw-w64-x86-64 zip)
[[ ${1:-} != test ]] || packages+=(wine wine64 xvfb xdotool imagemagick python3-xlib)
missing=()
for p in "${packages[@]}"; do
	[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null) == ii* ]] || missing+=("$p")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0
command -v apt-get >/dev/null || die "not a Debian or Ubuntu; install what Debian calls: ${missing[*]}"
as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo)
say "system: installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}" </dev/null >&2 ||
	die "apt-get could not install ${missing[*]}: run apt-get update and try again"
