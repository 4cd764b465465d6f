#!/usr/bin/env bash
# Proves the packages of make dist in bare roots without any development package: installs the .deb with apt and unpacks the folder,
# starts each by its menu entry on a virtual screen, gets an answer from the starter model and a picture from a small model (the
# real-window tests, compiled here), removes it again and looks at what is left. Needs root, mmdebstrap and some minutes.
#   packaging/dist-check.sh [--keep] [SUITE]
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

suite=bookworm keep=""
for argument in "$@"; do
	case $argument in
	--keep) keep=1 ;;
	-*) die "usage: packaging/dist-check.sh [--keep] [SUITE]" ;;
	*) suite=$argument ;;
	esac
done
[[ $(id -u) == 0 ]] || die "making a root file system needs root: run sudo packaging/dist-check.sh"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: run apt-get install mmdebstrap"
deb=$(ls dist/loam_*.deb 2>/dev/null) && tarball=$(ls dist/loam-*-linux-*.tar.gz 2>/dev/null) || die "there are no packages: run make dist once"
(cd dist && sha256sum --quiet -c SHA256SUMS) || die "a package is not what SHA256SUMS says: run make dist again"

work=$(mktemp -d "${TMPDIR:-/tmp}/loam-dist.XXXXXX")
[[ -n $keep ]] || trap 'rm -rf "$work"' EXIT
root=$work/root
say "dist-check: a bare $suite in $root"
sources=()
[[ -f /etc/apt/sources.list.d/debian.sources ]] && sources+=(/etc/apt/sources.list.d/debian.sources)
[[ -s /etc/apt/sources.list ]] && sources+=(/etc/apt/sources.list)
# What the tests drive a window with; none of it is a development package.
mmdebstrap --quiet --variant=minbase --include=xvfb,xdotool,imagemagick,python3-xlib,xclip,x11-utils,libglib2.0-bin "$suite" "$root" "${sources[@]}" ||
	die "mmdebstrap could not make the root; the lines above say why"
for f in /etc/resolv.conf /etc/hosts; do
	[[ ! -f $f ]] || cp --remove-destination "$f" "$root$f"
done
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
	mkdir -p "$root/usr/local/share/ca-certificates"
	cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
fi
[[ -z $(chroot "$root" dpkg-query -W -f '${Package}\n' | grep -E '(-dev|^gcc-[0-9]+|^g\+\+.*|^golang.*|^cmake)$' | grep -v '^gcc-[0-9]*-base$') ]] ||
	die "the root has development packages, so that it proves nothing"

# The tests find their scripts beside a go.mod.
tests=$root/opt/tests
mkdir -p "$tests/packaging/windowtest" "$tests/packaging/linux" "$tests/packaging/starter/picture"
cp -r packaging/starter/picture/loras "$tests/packaging/starter/picture/"
cp go.mod "$tests/"
cp packaging/windowtest/*.py "$tests/packaging/windowtest/"
cp packaging/linux/loam.desktop "$tests/packaging/linux/"
packaging/go/with.sh go test -c -tags "migrated_fynedo window" -o "$tests/packaging/windowtest/windowtest.test" ./packaging/windowtest ||
	die "the window tests did not compile; the lines above say where"
cp "$deb" "$root/opt/loam.deb"
cp "$tarball" "$root/opt/loam.tar.gz"
# An older package and the data of every schema that was ever released, to install the new one over.
dpkg-deb -R "$deb" "$work/older"
sed -i 's/^Version: .*/Version: 0.0.1/' "$work/older/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/older" "$root/opt/older.deb" >/dev/null
rm -r "$work/older"
for f in store/testdata/frozen-v*.db.gz; do
	mkdir -p "$root/opt/frozen/$(basename "$f" .db.gz)"
	gunzip -c "$f" >"$root/opt/frozen/$(basename "$f" .db.gz)/loam.db"
done
chroot "$root" useradd -m -s /bin/sh ada
install -d -m 1777 "$root/opt/shots" "$root/opt/shots/folder" "$root/opt/shots/deb"

cat >"$root/opt/steps.sh" <<'STEPS'
set -eu
step() { printf '==> dist-check: %s\n' "$*"; }
fail() { printf 'dist-check: %s\n' "$*" >&2; exit 1; }
ada() { su ada -s /bin/sh -c "cd && $*"; }
# What a person does, each in a window of its own: start by the menu entry and get an answer; go on after a kill; a picture;
# files by drop and by a second start.
want='TestMenuEntryStartsAConversation TestConversationSurvivesKillAndResumes TestPictureGrowsOnScreenAndIsThereAfterARestart TestTheFirstClickOnPicturesDraws TestASecondStartHandsItsFilesToTheWindow'
windows() {
	pattern="^($(echo "$want" | tr ' ' '|'))\$"
	su ada -s /bin/sh -c "cd /opt/tests/packaging/windowtest && LOAM_SHOTS='/opt/shots/$1' LOAM_PROGRAM='$2' LOAM_MENU='$3' ./windowtest.test -test.timeout 20m -test.v -test.run '$pattern'" |
		tee /tmp/windows.log
	for name in $want; do # a test that was renamed would not run, and pass
		grep -q "^--- PASS: $name " /tmp/windows.log || fail "$name did not pass"
	done
}
# What a data folder holds: chats, messages with their texts, pictures.
held() {
	python3 - "$1" <<'PY'
import hashlib, sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
texts = db.execute("SELECT id, text FROM messages ORDER BY id").fetchall()
print(db.execute("SELECT count(*) FROM chats").fetchone()[0], len(texts), hashlib.sha256(repr(texts).encode()).hexdigest()[:16])
PY
}
chmod -R a+rX /opt
data=/home/ada/.local/share/loam
export DEBIAN_FRONTEND=noninteractive

step 'the folder: unpacked in a home, started, in the menu and out of it'
apt-get -qq update
# What README.txt names and a desktop has; the .deb brings it by itself.
apt-get -qq -y --no-install-recommends install libgl1 libgomp1 libwayland-client0 libx11-6 libxcursor1 \
	libxext6 libxi6 libxinerama1 libxrandr2 libxrender1 libxxf86vm1 libx11-xcb1 libxkbcommon0 >/dev/null
ada 'tar -xzf /opt/loam.tar.gz && mv loam-* "Loam in a folder" && cd "Loam in a folder" && ./loam version && ./install.sh'
windows folder '/home/ada/Loam in a folder/loam' /home/ada/.local/share/applications/loam.desktop
ada '"Loam in a folder/install.sh" --remove && "Loam in a folder/loam" chat --seed 1 --keep "Say hello." && rm -rf "Loam in a folder"'
[ -z "$(find /home/ada/.local/share \( -name 'loam.*' -path '*applications*' \) -o -name loam.png)" ] || fail 'install.sh --remove left a menu entry or an icon'
[ -s $data/loam.db ] || fail 'the chats went with the folder'

step 'the .deb: an older one, then the new one over it'
before=$(held $data/loam.db)
apt-get -qq -y --no-install-recommends install /opt/older.deb desktop-file-utils shared-mime-info >/dev/null
ada 'loam chat --seed 1 --keep "Say hello." >/dev/null'
kept=$(held $data/loam.db)
[ "$kept" != "$before" ] || fail 'the chat of the older package was not stored'
apt-get -qq -y --no-install-recommends install /opt/loam.deb >/dev/null
[ "$(dpkg-query -W -f '${Version}' loam)" != 0.0.1 ] || fail 'the new package is not installed'
ada 'loam doctor && loam models'
[ "$(held $data/loam.db)" = "$kept" ] || fail 'the upgrade changed the data'
for folder in /opt/frozen/*; do
	cp -r "$folder" /home/ada/upgraded && chown -R ada: /home/ada/upgraded
	kept=$(held /home/ada/upgraded/loam.db)
	ada 'loam --data upgraded models >/dev/null'
	[ "$(held /home/ada/upgraded/loam.db)" = "$kept" ] || fail "the upgrade changed the data of $folder"
	rm -r /home/ada/upgraded
done

step 'the .deb: known to the desktop, started by its menu entry'
desktop-file-validate /usr/share/applications/loam.desktop
printf 'GGUF\003\000\000\000' >/tmp/model.bin
[ "$(gio info -a standard::content-type /tmp/model.bin | sed -n 's/.*content-type: //p')" = application/x-gguf ] || fail 'a GGUF file is not known by its contents'
gio mime application/x-gguf | grep -q loam.desktop || fail 'no "Open with Loam" for GGUF files'
gio mime application/x-safetensors | grep -q loam.desktop || fail 'no "Open with Loam" for safetensors files'
windows deb /usr/bin/loam /usr/share/applications/loam.desktop

step 'the .deb: removed'
kept=$(held $data/loam.db)
apt-get -qq -y purge loam >/dev/null
[ -z "$(find /usr -name '*loam*' -not -path '/usr/local/*')" ] || fail "left behind: $(find /usr -name '*loam*' | head)"
[ "$(held $data/loam.db)" = "$kept" ] || fail 'the chats went with the package'
STEPS
status=0
unshare --mount --pid --fork bash -c '
	root=$1
	shift
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount --rbind /dev "$root/dev"
	mount --make-rslave "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" 2>/dev/null || true
	exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@" \
		/bin/sh /opt/steps.sh
' check "$root" $(compgen -e | grep -iE '^(https?_proxy|no_proxy)$' | while read -r n; do printf '%s=%s ' "$n" "${!n}"; done) </dev/null || status=$?
rm -rf dist/check
cp -r "$root/opt/shots" dist/check
[[ -z $keep ]] || say "dist-check: $root is left for a look"
[[ $status == 0 ]] || die "the packages did not pass on a bare $suite; the lines above say where"
say "dist-check: passed on a bare $suite; dist/check has the screenshots"
