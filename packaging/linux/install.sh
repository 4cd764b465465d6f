#!/usr/bin/env bash
# Installs the built program for one user or for all: install.sh PREFIX (default ~/.local), install.sh --remove PREFIX. The program
# finds its libraries in PREFIX/lib/loam, beside PREFIX/bin. Chats and models live elsewhere and are never touched.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

remove=
[[ ${1:-} != --remove ]] || { remove=1 && shift; }
prefix=${1:-$HOME/.local}
icons=$prefix/share/icons/hicolor

if [[ -n $remove ]]; then
	rm -rf "$prefix/bin/loam" "$prefix/lib/loam" "$prefix/share/applications/loam.desktop" "$icons"/*/apps/loam.png "$icons/scalable/apps/loam.svg"
	say "removed Loam from $prefix; chats and models are still in your data folder"
	exit
fi
[[ -x bin/loam ]] || die "bin/loam is missing: run make build once"
mkdir -p "$prefix/bin" "$prefix/lib" "$prefix/share/applications" || die "cannot write $prefix: choose another with PREFIX=DIR make install"
# A new file and a rename: a running program keeps its own.
install -m 0755 bin/loam "$prefix/bin/loam.new"
rm -rf "$prefix/lib/loam.new"
cp -r bin/lib/loam "$prefix/lib/loam.new"
rm -rf "$prefix/lib/loam"
mv "$prefix/lib/loam.new" "$prefix/lib/loam"
mv "$prefix/bin/loam.new" "$prefix/bin/loam"
# A menu does not search PATH the way a shell of the person does.
sed "s|^Exec=loam|Exec=\"$prefix/bin/loam\"|" packaging/linux/loam.desktop >"$prefix/share/applications/loam.desktop"
for png in assets/app/loam-*.png; do
	size=${png##*-}
	size=${size%.png}
	install -D -m 0644 "$png" "$icons/${size}x$size/apps/loam.png"
done
install -D -m 0644 assets/app/loam.svg "$icons/scalable/apps/loam.svg"
say "installed $prefix/bin/loam"
[[ ":$PATH:" == *":$prefix/bin:"* ]] || say "$prefix/bin is not on your PATH; the application menu finds Loam all the same"
