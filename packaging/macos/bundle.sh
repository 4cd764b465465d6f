#!/usr/bin/env bash
# bundle.sh makes dist/Loam.app and a .zip of it from what make build left in bin/ on a Mac. Apple's command line tools are all that
# is needed. The bundle is signed for this machine only ("ad hoc"); LOAM_SIGN names an identity for others.
#   LOAM_ROOT=DIR packs the bin/ of another folder, on any system and unsigned: what packaging/macos/bundle_test.go looks at
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

built=${LOAM_ROOT:-$ROOT}
[[ -f $built/bin/loam ]] || die "$built/bin/loam is missing: run make build once"
version=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
number=$(sed -n 's/^Build = \([0-9]*\)$/\1/p' FyneApp.toml)
out=$built/dist
app=$out/Loam.app
rm -rf "$app"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
cp "$built/bin/loam" "$app/Contents/MacOS/loam"
chmod 0755 "$app/Contents/MacOS/loam"
# The program looks for lib/loam beside its own folder. Contents/lib is outside of what codesign takes for code, so that the
# libraries are signed one by one below.
mkdir -p "$app/Contents/lib"
[[ ! -d $built/bin/lib/loam ]] || cp -RL "$built/bin/lib/loam" "$app/Contents/lib/loam"
chmod -R u+w "$app/Contents"
sed -e "s/@VERSION@/$version/" -e "s/@BUILD@/$number/" packaging/macos/Info.plist >"$app/Contents/Info.plist"
printf 'APPL????' >"$app/Contents/PkgInfo"
packaging/go/with.sh go run ./packaging/icons icns "$app/Contents/Resources/loam.icns" assets/app/loam-*.png
cp LICENSE "$app/Contents/Resources/LICENSE"
if [[ $(uname -s) == Darwin ]]; then
	packaging/notices/collect.sh "$app/Contents/Resources/third-party.txt"
	plutil -lint "$app/Contents/Info.plist" >&2
	find "$app/Contents/lib" \( -name '*.dylib' -o -name '*.so' \) -exec codesign --force --sign "${LOAM_SIGN:--}" {} +
	codesign --force --sign "${LOAM_SIGN:--}" "$app"
	ditto -c -k --keepParent "$app" "$out/loam-$version-macos-$(uname -m).zip"
fi
say "macos: $app"
