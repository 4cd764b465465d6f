# What the build scripts of Loam share; sourced, never run. Sets ROOT (the source tree) and CACHE (the build cache, outside the tree so
# that a fresh clone reuses it), and gives each step the same voice: say for progress, die for the one line that says what to do.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set: export HOME to a folder you can write to}/.cache}/loam-build
LIB=$ROOT/bin/lib/loam

say() { printf '==> %s\n' "$*" >&2; }

die() {
	printf 'loam: %s\n' "$*" >&2
	exit 1
}

# lock NAME keeps two builds of one user from writing the same cache folder; the lock ends with the script.
lock() {
	mkdir -p "$CACHE" || die "cannot write $CACHE: free some space or set XDG_CACHE_HOME to a folder you can write to"
	exec 9>"$CACHE/$1.lock"
	flock -n 9 || {
		say "$1: another build is at work, waiting for it"
		flock 9
	}
}

# find_python prints a Python 3 that has pip; the one on PATH may be a bare one of a version manager.
find_python() {
	local p
	for p in python3 /usr/bin/python3; do
		if "$p" -m pip --version >/dev/null 2>&1; then
			printf '%s\n' "$p"
			return
		fi
	done
	die "no Python 3 with pip found: install the packages python3 and python3-pip, then run make setup again"
}

# fetch_wheel REQUIREMENTS DIR downloads the one pinned wheel named in REQUIREMENTS into DIR, through the person's own pip
# configuration (mirrors, proxies, certificates); pip refuses a file whose SHA-256 is not the pinned one.
fetch_wheel() {
	local python
	python=$(find_python)
	"$python" -m pip --disable-pip-version-check download --no-deps --only-binary :all: --require-hashes \
		-r "$1" -d "$2" >&2 ||
		die "the download of $(grep -o '^[a-z][^ ]*' "$1") failed: check the network connection and your pip configuration, then run make setup again"
}
