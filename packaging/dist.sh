#!/usr/bin/env bash
# make dist: the packages of this system in dist/, from what make build left in bin/: a .deb, a folder as .tar.gz that runs where
# it is unpacked, and SHA256SUMS. The same commit gives the same bytes where compilers and libraries are the same.
#   LOAM_GLIBC  the newest glibc that may be needed (default 2.36, Debian 12's)
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

[[ $(uname -s) == Linux ]] || die "make dist packs for Linux; this is $(uname -s)"
for tool in dpkg-deb dpkg-shlibdeps readelf objdump; do
	command -v "$tool" >/dev/null || die "$tool is missing: install the packages dpkg-dev and binutils, then run make dist again"
done
[[ -x bin/loam ]] || die "bin/loam is missing: run make build once"
version=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
arch=$(dpkg --print-architecture) machine=$(uname -m)
SOURCE_DATE_EPOCH=$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$ROOT/dist
mkdir -p "$out"

# libgomp is of the compiler, whose exception for run-time libraries lets it be handed on.
more=()
[[ ! -f /usr/share/doc/libgomp1/copyright ]] || more=("libgomp of GCC, with its run-time library exception (lib/loam)=/usr/share/doc/libgomp1/copyright")
packaging/notices/collect.sh "$work/third-party.txt" "${more[@]}"

packaging/linux/layout.sh "$work/usr"
# The starter is read-only in the build cache; in a package it is an ordinary file.
chmod -R u+w "$work/usr"
find "$work/usr" -type f -name '*.json' -exec chmod 0644 {} +

# Nothing of the build machine may be inside: its folders, run paths, or a newer glibc than said.
floor=0
while IFS= read -r -d '' f; do
	for place in "$ROOT" "$HOME/" "$CACHE" "$work"; do
		! grep -qaF -e "$place" "$f" || die "${f#"$work"/} holds the path $place of this machine: build it with a path map"
	done
	! readelf -h "$f" >/dev/null 2>&1 || {
		path=$(readelf -d "$f" 2>/dev/null | sed -n 's/.*\(RPATH\|RUNPATH\).*\[\(.*\)\].*/\2/p')
		[[ -z $path || $path == '$ORIGIN' ]] || die "${f#"$work"/} looks for libraries in $path: only \$ORIGIN may be"
		needs=$(objdump -T "$f" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
		needs=${needs#GLIBC_}
		[[ -z $needs ]] || floor=$(printf '%s\n' "$floor" "$needs" | sort -V | tail -n 1)
	}
done < <(find "$work/usr" -type f -print0)
most=${LOAM_GLIBC:-2.36}
[[ $(printf '%s\n' "$floor" "$most" | sort -V | tail -n 1) == "$most" ]] || die "the program needs glibc $floor, more than $most: build on an older system or set LOAM_GLIBC"
[[ -z $(find "$work/usr" -name 'libvulkan*' -o -name 'libcuda*' -o -name 'libGL.so*') ]] || die "a driver's library is in the package: it belongs to the system"

# 1. The Debian package. What the program is linked to is asked of the libraries themselves; what the window library opens by
# name when it starts is listed here.
opened=(libx11-6 libxcursor1 libxext6 libxi6 libxinerama1 libxrandr2 libxrender1 libxxf86vm1 libx11-xcb1 libxkbcommon0
	libwayland-cursor0 libwayland-egl1 libegl1)
mkdir -p "$work/deb/debian" "$work/deb/DEBIAN"
printf 'Source: loam\n\nPackage: loam\nArchitecture: any\n' >"$work/deb/debian/control"
linked=$(cd "$work/deb" && find "$work/usr" -type f \( -name '*.so' -o -name loam \) -perm -u+r -exec sh -c 'readelf -h "$1" >/dev/null 2>&1' _ {} \; -print0 |
	xargs -0 dpkg-shlibdeps -O --ignore-missing-info $(find "$work/usr/lib/loam" -type d -printf '-l%p ') 2>"$work/shlibdeps.log" | sed -n 's/^shlibs:Depends=//p') ||
	{ cat "$work/shlibdeps.log" >&2; die "dpkg-shlibdeps could not tell what the program needs"; }
[[ -n $linked ]] || { cat "$work/shlibdeps.log" >&2; die "dpkg-shlibdeps named no library; the lines above say why"; }
rm -r "$work/deb/debian"
cp -r "$work/usr" "$work/deb/usr"
doc=$work/deb/usr/share/doc/loam
mkdir -p "$doc"
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
{
	printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Loam\n\nFiles: *\nCopyright: the authors of Loam\nLicense: Apache-2.0\n'
	printf ' On Debian systems the text of the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.\n The works of others in this package and their licences are listed in third-party.txt.gz beside this file.\n'
} >"$doc/copyright"
gzip -9n <"$work/third-party.txt" >"$doc/third-party.txt.gz"
depends=$(printf ', %s' "${opened[@]}")
cat >"$work/deb/DEBIAN/control" <<TXT
Package: loam
Version: $version
Architecture: $arch
Maintainer: The authors of Loam <loam@localhost>
Section: utils
Priority: optional
Installed-Size: $(du -sk --apparent-size "$work/deb/usr" | cut -f1)
Depends: $linked$depends
Recommends: libgl1-mesa-dri, libdecor-0-0, shared-mime-info, desktop-file-utils, fonts-noto-cjk, fonts-noto-color-emoji, xdg-desktop-portal
Description: chat and make pictures with open models on your own computer
 Loam runs open-weight language models (GGUF) and picture models (safetensors,
 GGUF) on this machine, in one window: no account, no server, nothing leaves it.
 Model files and LoRAs are dropped onto the window. Words and pictures are on
 disk before a model sees them and survive any crash. A small starter model is
 included.
TXT
(cd "$work/deb" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$work/deb/DEBIAN/md5sums"
find "$work/deb" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
deb=$out/loam_${version}_$arch.deb
rm -f "$deb"
dpkg-deb --root-owner-group -Zxz -z6 --build "$work/deb" "$deb" >/dev/null || die "dpkg-deb could not build the package: free some disk space and run make dist again"

# 2. The folder. It starts by a double-click on loam, wherever it lies.
name=loam-$version-linux-$machine
folder=$work/$name
mkdir -p "$folder/lib"
mv "$work/usr/bin/loam" "$folder/loam"
mv "$work/usr/lib/loam" "$folder/lib/loam"
mv "$work/usr/share" "$folder/share"
install -m 0755 packaging/linux/install-folder.sh "$folder/install.sh"
cp LICENSE "$folder/LICENSE"
cp "$work/third-party.txt" "$folder/third-party.txt"
cat >"$folder/README.txt" <<TXT
Loam $version for Linux on $machine.

Start it by a double-click on "loam", or run ./loam in a terminal (./loam --help lists the commands). Nothing is installed;
./install.sh adds it to the menu, ./install.sh --remove takes it out again. To remove Loam, delete this folder.
Chats, pictures and models lie in your data folder (~/.local/share/loam) and stay there.

Needed: glibc $floor or newer, libstdc++ of GCC 11 or newer, OpenGL (libGL.so.1), libwayland-client.so.0, libgomp.so.1, and X11
or Wayland. Debian 12 and Ubuntu 22.04 and newer have them.
TXT
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -cf - "$name" | gzip -6n >"$out/$name.tar.gz"

packaging/sums.sh "$version"
say "dist: glibc $floor or newer; $linked"
(cd "$out" && du -h "$(basename "$deb")" "$name.tar.gz" SHA256SUMS) >&2
