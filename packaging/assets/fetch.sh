#!/bin/sh
# Fetches the typefaces and icons that Loam bundles, checks them, and copies the few files in use into assets/.
# The results are committed: nobody needs this script to build. Run it to add an icon or to move a version.
# Needs: npm, tar, sha256sum, go.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fetch PACKAGE VERSION SHA256 NAME: unpacks the package into $tmp/NAME
fetch() {
	file=$(cd "$tmp" && npm pack --silent "$1@$2" 2>/dev/null | tail -n 1)
	echo "$3  $tmp/$file" | sha256sum -c --quiet - || { echo "fetch.sh: $1@$2 is not the file that was checked" >&2; exit 1; }
	mkdir -p "$tmp/$4"
	tar -xzf "$tmp/$file" -C "$tmp/$4" --strip-components=1
}

fetch @expo-google-fonts/inter 0.4.2 b5c1e5878c07a5637169da9f7b1f370c69709f1f8de55998e2522f7aa9dfe2a9 inter
fetch @expo-google-fonts/jetbrains-mono 0.4.1 aead50085a2d56fffdac882c5945f9fc4e4785ccb5c8d6f1988f21faa1737c9a mono
fetch lucide-static 1.62.0 386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44 lucide

mkdir -p "$root/assets/fonts" "$root/assets/icons" "$root/assets/licenses"
for face in 400Regular 400Regular_Italic 500Medium 600SemiBold 600SemiBold_Italic; do
	cp "$tmp/inter/$face/Inter_$face.ttf" "$root/assets/fonts/Inter-$(echo "$face" | tr -d '0-9_').ttf"
done
for face in 400Regular 400Regular_Italic 600SemiBold 600SemiBold_Italic; do
	cp "$tmp/mono/$face/JetBrainsMono_$face.ttf" "$root/assets/fonts/JetBrainsMono-$(echo "$face" | tr -d '0-9_').ttf"
done
cp "$tmp/inter/LICENSE_FONT" "$root/assets/licenses/Inter-OFL.txt"
cp "$tmp/mono/LICENSE_FONT" "$root/assets/licenses/JetBrainsMono-OFL.txt"
cp "$tmp/lucide/LICENSE" "$root/assets/licenses/Lucide-ISC.txt"

rm -f "$root"/assets/icons/*.svg
set --
while read -r icon; do
	[ -f "$tmp/lucide/icons/$icon.svg" ] || { echo "fetch.sh: no icon $icon in the set" >&2; exit 1; }
	set -- "$@" "$tmp/lucide/icons/$icon.svg"
done < "$root/packaging/assets/icons.txt"
(cd "$root" && go run -trimpath ./packaging/assets/outline -width 1.75 -out assets/icons "$@")
echo "assets: $(ls "$root/assets/fonts" | wc -l) fonts, $(ls "$root/assets/icons" | wc -l) icons"
(cd "$root" && go run -trimpath ./packaging/assets/mark -out assets/app assets/app/loam.svg)
