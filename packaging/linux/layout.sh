#!/usr/bin/env bash
# layout.sh DEST lays the built program out as the systems of Linux expect it, below DEST: bin/loam, lib/loam with the engines'
# libraries and the starter model, share/ with menu entry, icons, file types. The program finds lib/loam beside its bin/.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

dest=${1:?usage: layout.sh DEST}
[[ -x bin/loam ]] || die "bin/loam is missing: run make build once"
share=$dest/share
mkdir -p "$dest/bin" "$dest/lib" "$share/applications" || die "cannot write $dest: choose another folder"
# A new file and a rename: a running program keeps its own.
install -m 0755 bin/loam "$dest/bin/loam.new"
rm -rf "$dest/lib/loam.new"
cp -rL bin/lib/loam "$dest/lib/loam.new"
rm -rf "$dest/lib/loam"
mv "$dest/lib/loam.new" "$dest/lib/loam"
mv "$dest/bin/loam.new" "$dest/bin/loam"
install -m 0644 packaging/linux/loam.desktop "$share/applications/loam.desktop"
install -D -m 0644 packaging/linux/loam.xml "$share/mime/packages/loam.xml"
install -D -m 0644 packaging/linux/io.loam.desktop.metainfo.xml "$share/metainfo/io.loam.desktop.metainfo.xml"
for png in assets/app/loam-*.png; do
	size=${png##*-}
	size=${size%.png}
	install -D -m 0644 "$png" "$share/icons/hicolor/${size}x$size/apps/loam.png"
done
install -D -m 0644 assets/app/loam.svg "$share/icons/hicolor/scalable/apps/loam.svg"
