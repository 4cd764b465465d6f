#!/usr/bin/env bash
# Installs the system packages that Loam needs on Debian 12 and Ubuntu 24.04, and nothing when all are there: system.sh build
# for building and running, system.sh test for the real-window tests as well. Other systems get the list and go on, since their
# package names differ; a compiler that is really missing says so in the step that needs it.
source "$(dirname "$0")/../shell.sh"

packages=(gcc g++ make cmake ninja-build patch pkg-config git ca-certificates python3 python3-pip
	libgl1-mesa-dev xorg-dev libwayland-dev libxkbcommon-dev)
if [[ ${1:-build} == test ]]; then
	packages+=(xvfb xdotool openbox xclip imagemagick x11-utils x11-xserver-utils python3-xlib xauth libglib2.0-bin fonts-noto-cjk fonts-noto-color-emoji)
fi

[[ $(uname -s) == Linux ]] || exit 0
# The picture engine's sources come as a crate: cargo 1.85 fetches them. Debian 12 has it as cargo-web, Ubuntu 24.04 as cargo-1.85.
if command -v apt-cache >/dev/null; then
	have=$({ cargo --version || cargo-1.85 --version; } 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p' | sort -n | tail -n 1 || true)
	if [[ ${have:-0} -lt 85 ]]; then
		if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then packages+=(cargo-1.85); else packages+=(cargo-web); fi
	fi
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	for tool in cc c++ cmake ninja patch pkg-config python3; do
		command -v "$tool" >/dev/null || missing_tools+=" $tool"
	done
	[[ -z ${missing_tools:-} ]] ||
		say "system: this is not a Debian or Ubuntu; missing here:$missing_tools. Debian's names for all that is needed: ${packages[*]}"
	exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^ii *//p' || true)
missing=()
for p in "${packages[@]}"; do
	grep -qxF "$p" <<<"$installed" || missing+=("$p")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) != 0 ]]; then
	command -v sudo >/dev/null ||
		die "system packages are missing and sudo is not installed: as root, run apt-get install ${missing[*]}"
	as_root=(sudo)
	say "system: sudo may ask for your password to install packages"
fi
say "system: installing ${missing[*]}"
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}
# sudo reads its password from the terminal, so it asks once here, where its input is not /dev/null.
[[ ${#as_root[@]} == 0 ]] || sudo -v ||
	die "sudo was refused: as root, run apt-get install ${missing[*]}, then make setup again"
apt -q update || say "system: apt-get update failed, trying with the package lists there are"
apt -q -y --no-install-recommends install "${missing[@]}" ||
	die "apt-get could not install the system packages: run sudo apt-get install ${missing[*]} and mend what it reports, then make setup again"
