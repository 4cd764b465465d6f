#!/usr/bin/env bash
# Installs the built program for one user or for all: install.sh PREFIX (default ~/.local), install.sh --remove PREFIX. Chats and
# models live elsewhere and are never touched.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

remove=
[[ ${1:-} != --remove ]] || { remove=1 && shift; }
prefix=${1:-$HOME/.local}
share=$prefix/share

# A menu learns of new file types and icons by these, where they are installed.
refresh() {
	! command -v update-desktop-database >/dev/null || update-desktop-database -q "$share/applications" || true
	! command -v update-mime-database >/dev/null || [[ ! -d $share/mime/packages ]] || update-mime-database "$share/mime" >/dev/null 2>&1 || true
}

if [[ -n $remove ]]; then
	rm -rf "$prefix/bin/loam" "$prefix/lib/loam" "$share/applications/loam.desktop" "$share/mime/packages/loam.xml" \
		"$share/metainfo/io.loam.desktop.metainfo.xml" "$share/icons/hicolor"/*/apps/loam.png "$share/icons/hicolor/scalable/apps/loam.svg"
	refresh
	say "removed Loam from $prefix; chats and models are still in your data folder"
	exit
fi
packaging/linux/layout.sh "$prefix"
# A menu does not search PATH the way a shell of the person does.
sed -i "s|^Exec=loam|Exec=\"$prefix/bin/loam\"|" "$share/applications/loam.desktop"
refresh
say "installed $prefix/bin/loam"
[[ ":$PATH:" == *":$prefix/bin:"* ]] || say "$prefix/bin is not on your PATH; the application menu finds Loam all the same"
