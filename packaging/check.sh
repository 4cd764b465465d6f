#!/usr/bin/env bash
# Proves that two commands are enough: makes a bare Debian 12 (minbase, git and sudo, one user) with mmdebstrap and runs in it, as
# that user, what a newcomer would: packaging/setup.sh, make build, make check. Needs root and ten minutes of two cores.
#   packaging/check.sh [--install] [--keep] [--again=ROOT] [--ci] [--run=COMMAND] [SUITE]
#     --install  fetch mmdebstrap with apt-get when it is missing
#     --keep     leave the root behind for a look
#     --again=ROOT  go on in a root that --keep left, with the tree as it is now (what was installed and built there stays)
#     --ci       run .ci/run instead, as root and without sudo, as a container does
#     --run=...  run this instead, in the folder of the tree
# The machine's own apt sources, pip and Go settings and certificates are used inside, so that it works behind mirrors.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

suite=bookworm keep="" again="" ci="" get="" command=""
for argument in "$@"; do
	case $argument in
	--install) get=1 ;;
	--keep) keep=1 ;;
	--again=*) again=${argument#--again=} keep=1 ;;
	--ci) ci=1 ;;
	--run=*) command=${argument#--run=} ;;
	-*) die "usage: packaging/check.sh [--install] [--keep] [--again=ROOT] [--ci] [--run=COMMAND] [SUITE]" ;;
	*) suite=$argument ;;
	esac
done
[[ $(id -u) == 0 ]] || die "making a root file system needs root: run sudo packaging/check.sh"
if ! command -v mmdebstrap >/dev/null; then
	[[ -n $get ]] || die "mmdebstrap is missing: run packaging/check.sh --install"
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install mmdebstrap </dev/null ||
		die "apt-get could not install mmdebstrap: run apt-get update and try again"
fi

if [[ -n $again ]]; then
	[[ -d $again/etc && $again != / ]] || die "$again is no root that --keep left"
	work=$(dirname "$again") root=$again
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/loam-check.XXXXXX")
	root=$work/root
fi
# The mounts live in the namespace of the command below and end with it.
[[ -n $keep ]] || trap 'rm -rf "$work"' EXIT
say "check: a bare $suite in $root"
if [[ -z $again ]]; then
	sources=()
	[[ -f /etc/apt/sources.list.d/debian.sources ]] && sources+=(/etc/apt/sources.list.d/debian.sources)
	[[ -s /etc/apt/sources.list ]] && sources+=(/etc/apt/sources.list)
	include=git
	[[ -n $ci ]] || include+=,sudo
	mmdebstrap --quiet --variant=minbase --include="$include" "$suite" "$root" "${sources[@]}" ||
		die "mmdebstrap could not make the root; the lines above say why"
fi

# What a machine behind a mirror or a filtering proxy needs; on a plain one nothing of it exists.
for f in /etc/resolv.conf /etc/hosts /etc/pip.conf; do
	[[ ! -f $f ]] || cp --remove-destination "$f" "$root$f"
done
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
	mkdir -p "$root/usr/local/share/ca-certificates"
	cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
fi
carried=()
while IFS= read -r name; do
	carried+=("$name=${!name}")
done < <(compgen -e | grep -iE '^(https?_proxy|no_proxy|PIP_.*)$' || true)
if go=$(command -v go); then
	for name in GOPROXY GOSUMDB GONOSUMDB GOPRIVATE; do
		value=$("$go" env "$name")
		[[ -z $value ]] || carried+=("$name=$value")
	done
fi

user=root home=/root
if [[ -z $ci ]]; then
	user=ada home=/home/ada
	[[ -n $again ]] || chroot "$root" useradd -m -s /bin/bash "$user"
	echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
fi
tree=$root$home/loam
mkdir -p "$tree"
# A root that is used again has an older tree, whose files may have gone since.
[[ ! -d $tree/.git ]] || git -c safe.directory='*' -C "$tree" ls-files -z | (cd "$tree" && xargs -0 rm -f)
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' f; do [[ ! -f $f && ! -L $f ]] || printf '%s\0' "$f"; done |
	tar --null -T - -cf - | tar -C "$tree" -xf -
[[ -d $tree/.git ]] || git -C "$tree" init -q
git -c safe.directory='*' -C "$tree" add -A
chroot "$root" chown -R "$user:" "$home"

if [[ -z $command ]]; then
	command='time packaging/setup.sh build && time make build && time make check && time make build && bin/loam version'
	[[ -z $ci ]] || command=.ci/run
fi
steps="cd ~/loam && $command"
say "check: as $user: $steps"
status=0
# shellcheck disable=SC2016 # $1... belong to the inner shell
unshare --mount --pid --fork bash -c '
	root=$1 user=$2 steps=$3
	shift 3
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount --rbind /dev "$root/dev"
	mount --make-rslave "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" 2>/dev/null || true
	exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		LANG=C.UTF-8 "$@" su "$user" -s /bin/bash -c "$steps"
' check "$root" "$user" "$steps" "${carried[@]}" </dev/null || status=$?
[[ -z $keep ]] || say "check: $root is left for a look"
[[ $status == 0 ]] || die "the bare $suite did not build Loam; the lines above say where"
say "check: passed on a bare $suite"
