#!/usr/bin/env bash
# Builds the Windows program on Linux with mingw-w64, into bin/windows: loam.exe (a window program), loam.com (its twin for
# terminals) and lib/loam with the engines' libraries and the starter model.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

packaging/windows/system.sh
packaging/native/headers.sh
LOAM_TARGET=windows packaging/native/build.sh
packaging/starter/fetch.sh
out=$ROOT/bin/windows
mkdir -p "$out/lib/loam"
for part in starter starter-picture; do
	rm -rf "$out/lib/loam/$part"
	[[ ! -d $LIB/$part ]] || cp -rL "$LIB/$part" "$out/lib/loam/$part"
done

work=$(mktemp -d)
resource=$ROOT/rsrc_windows_amd64.syso # go build links what has this ending
trap 'rm -rf "$work" "$resource"' EXIT
version=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
commit=$(git -c safe.directory='*' rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
packaging/go/with.sh go run ./packaging/icons ico "$work/loam.ico" assets/app/loam-*.png
cp packaging/windows/loam.rc packaging/windows/loam.manifest "$work/"
(cd "$work" && x86_64-w64-mingw32-windres "-DVERSION_NUMBERS=${version//./,},0" "-DVERSION_TEXT=\\\"$version\\\"" -O coff loam.rc "$resource") ||
	die "windres could not make the program's icon and manifest; the lines above say why"

# Without -g: nothing reads it here, and compiling takes a third less.
export GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc-posix CXX=x86_64-w64-mingw32-g++-posix CGO_CFLAGS=-O2 CGO_CXXFLAGS=-O2
say "windows: building loam.exe; the first time takes long"
packaging/go/with.sh go build -tags migrated_fynedo -o "$out/loam.exe" \
	-ldflags "-s -w -H windowsgui -X main.version=$version -X main.commit=$commit -extldflags=-static" . ||
	die "loam.exe did not compile; the lines above say where"
CGO_ENABLED=0 packaging/go/with.sh go build -ldflags '-s -w' -o "$out/loam.com" ./packaging/windows/console
say "windows: $out/loam.exe"
