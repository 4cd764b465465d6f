#!/usr/bin/env bash
# make dist-windows: dist/loam-VERSION-windows-x86_64.zip, a folder that runs where it is unpacked, with an installer script for one
# user. Nothing in it is signed.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

for part in loam.exe loam.com lib/loam/chat lib/loam/chat-pack lib/loam/picture lib/loam/starter lib/loam/starter-picture; do
	[[ -e bin/windows/$part ]] || die "bin/windows/$part is missing: run packaging/windows/build.sh once"
done
! LC_ALL=C grep -q '[^ -~	]' packaging/windows/install.ps1 || die "install.ps1 is not plain ASCII, which Windows' own PowerShell misreads"
version=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
name=loam-$version-windows-x86_64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$work/$name
umask 022
mkdir -p "$folder" dist
cp -r bin/windows/loam.exe bin/windows/loam.com bin/windows/lib packaging/windows/install.ps1 packaging/windows/Install.cmd LICENSE "$folder/"
chmod -R u+w "$folder"
more=()
for p in gcc-mingw-w64-x86-64-posix mingw-w64-common; do # what is linked in of the compiler: libgcc, libstdc++, winpthreads, the start-up code
	[[ ! -f /usr/share/doc/$p/copyright ]] || more+=("run-time libraries of $p=/usr/share/doc/$p/copyright")
done
GOOS=windows GOARCH=amd64 CGO_ENABLED=1 packaging/notices/collect.sh "$folder/third-party.txt" "${more[@]}"
cat >"$folder/README.txt" <<TXT
Loam $version for Windows 10 and 11 on x86-64.

Start it by a double-click on loam.exe; nothing needs to be installed. Install.cmd adds it to the Start menu and to "Open with"
of model files, for you alone; "Installed apps" of Windows removes it. In a terminal, loam --help lists the commands.
Windows warns of programs that are not signed, and this one is not: "More info", then "Run anyway".

Chats, pictures and models lie in %LOCALAPPDATA%\\loam and stay there. Models run on the processor; a graphics card is needed
for the window only (OpenGL 2.1).
TXT
sed -i 's/$/\r/' "$folder/README.txt" "$folder/install.ps1"

# Nothing of the build machine may be inside, and no library that Windows does not have.
while IFS= read -r -d '' f; do
	for place in "$ROOT" "$HOME/" "$CACHE"; do
		! grep -qaF -e "$place" "$f" || die "${f#"$folder"/} holds the path $place of this machine: build it with a path map"
	done
	case $f in *.exe | *.dll) ;; *) continue ;; esac
	while read -r library; do
		[[ ! -f $(dirname "$f")/$library ]] || continue
		[[ ! -f /usr/lib/gcc/x86_64-w64-mingw32/12-posix/$library && ! -f /usr/x86_64-w64-mingw32/lib/$library ]] ||
			die "${f#"$folder"/} needs the compiler's $library: it must be linked statically"
	done < <(x86_64-w64-mingw32-objdump -p "$f" | sed -n 's/^\tDLL Name: //p')
done < <(find "$folder" -type f -print0)

rm -f "dist/$name.zip"
SOURCE_DATE_EPOCH=$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s)
find "$folder" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$work" && find "$name" -print | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$ROOT/dist/$name.zip") || die "zip could not write dist/$name.zip"
packaging/sums.sh "$version"
(cd dist && du -h "$name.zip") >&2
