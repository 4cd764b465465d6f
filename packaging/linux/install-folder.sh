#!/bin/sh
# Adds Loam to the menu of this user, from the folder it lies in, or takes it out again: install.sh, install.sh --remove. The folder
# itself stays where it is; moving it means running this again. Chats and models are never touched.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
share=${XDG_DATA_HOME:-$HOME/.local/share}
if [ "${1:-}" = --remove ]; then
	rm -f "$share/applications/loam.desktop" "$share/mime/packages/loam.xml" "$share"/icons/hicolor/*/apps/loam.png "$share/icons/hicolor/scalable/apps/loam.svg"
	echo "Loam is no longer in the menu. Its folder and your chats and models are still there."
else
	mkdir -p "$share"
	cp -r "$here/share/icons" "$here/share/mime" "$here/share/applications" "$share/"
	sed -i "s|^Exec=loam|Exec=\"$here/loam\"|" "$share/applications/loam.desktop"
	echo "Loam is in the menu."
fi
command -v update-desktop-database >/dev/null 2>&1 && update-desktop-database -q "$share/applications" || true
command -v update-mime-database >/dev/null 2>&1 && update-mime-database "$share/mime" >/dev/null 2>&1 || true
