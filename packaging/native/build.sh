#!/usr/bin/env bash
# Builds the engines' libraries once into the build cache and copies them to bin/lib/loam: the CPU plug-ins of the embedded chat
# engine, the current picture engine, and the library of the embedded one. A cache key holds everything the result depends on:
# our build files, the sources' versions with their checksums, and the compilers; the same key is never built twice, another
# clone or user of the cache included.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

# module PATH prints the folder of a Go module; go.sum vouches for what lies there.
module() {
	local dir
	dir=$("$("$ROOT/packaging/go/find.sh")" mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
	[[ -d $dir ]] || die "the Go module $1 could not be fetched: check the network connection and GOPROXY, then run make setup again"
	printf '%s\n' "$dir"
}

# deliver NAME FROM copies a finished folder to bin/lib/loam/NAME when it differs.
deliver() {
	diff -rq "$2" "$LIB/$1" >/dev/null 2>&1 && return
	mkdir -p "$LIB"
	# A new folder and a rename, so that a running program keeps the files it has open.
	rm -rf "$LIB/$1.new"
	cp -r "$2" "$LIB/$1.new"
	rm -rf "${LIB:?}/$1"
	mv "$LIB/$1.new" "$LIB/$1"
	say "native: $(find "$LIB/$1" -type f | wc -l) files in bin/lib/loam/$1"
}

# build NAME MINUTES SOURCE_KEY CMAKE_ARGUMENTS... builds packaging/native/NAME, whose files install into lib/loam/NAME.
build() {
	local name=$1 minutes=$2 source=$3
	shift 3
	local folder=$ROOT/packaging/native/$name key
	key=$({
		find "$folder" -type f -print0 | sort -z | xargs -0 cat
		cat "$ROOT/packaging/native/build.sh"
		[[ $name != picture ]] || cat "$ROOT/backend/runner/sd/loam_picture.h"
		printf '%s\n' "$source"
		"${CC:-cc}" --version
		"${CXX:-c++}" --version
		uname -m
	} | sha256sum | cut -c1-16)
	local done=$CACHE/native/$name-$key
	[[ -e $done/complete ]] || lock native
	if [[ ! -e $done/complete ]]; then
		say "native: building the $name engine's libraries, once (about $minutes minutes on two cores)"
		local work=$CACHE/native/build-$name-$key log=$CACHE/native/build-$name-$key.log
		rm -rf "$work" "$done.part"
		mkdir -p "$work"
		cmake -S "$folder" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			die "cmake could not prepare the $name engine; the lines above say why: run make setup again once that is fixed"
		}
		# Ninja's own line per step becomes one line per tenth, enough to see that it moves. A core's share of memory below
		# 2 GB makes the largest sources swap, so fewer are compiled at once there.
		local jobs
		jobs=$(awk -v cores="$(nproc)" '/^MemAvailable/ { n = int($2 / 2097152); print n < 1 ? 1 : n < cores ? n : cores }' /proc/meminfo 2>/dev/null || nproc)
		NINJA_STATUS='%p ' cmake --build "$work" --parallel "${jobs:-1}" 2>&1 | tee -a "$log" |
			awk '/^ *[0-9]+% / { p = $1 + 0; if (p >= next_mark) { printf "    native: %d%%\n", p; fflush(); next_mark = p - p % 10 + 10 } }' >&2 || {
			grep -m 5 -E 'error|Error|Killed' "$log" >&2 || tail -n 20 "$log" >&2
			die "the $name engine did not compile; $log says why: free memory or disk space if that is the reason, then run make setup again"
		}
		cmake --install "$work" --strip --prefix "$done.part" >>"$log" 2>&1 ||
			die "the $name engine could not be installed into $done: see $log, then run make setup again"
		touch "$done.part/complete"
		rm -rf "$done" "$work"
		mv "$done.part" "$done"
	fi
	deliver "$name" "$done/lib/loam/$name"
}

ollama=$(module github.com/ollama/ollama)
build chat 3 "$(grep '^github.com/ollama/ollama ' go.sum)" "-DOLLAMA_DIR=$ollama"

crate=$(packaging/native/crate.sh packaging/native/picture diffusion-rs-sys)
build picture 10 "$(cat packaging/native/picture/Cargo.lock)" "-DSD_DIR=$crate/stable-diffusion.cpp"

# The embedded picture engine's library lies in its Go module; a confined child cannot unpack it by itself.
season=$(module github.com/seasonjs/stable-diffusion)
mkdir -p "$CACHE/native/season"
case $(uname -s) in
Linux) cp -f "$season/deps/linux/libsd-abi.so" "$CACHE/native/season/" ;;
Darwin) cp -f "$season/deps/darwin/libsd-abi.dylib" "$CACHE/native/season/" ;;
esac
cp -f "$season/LICENSE" "$CACHE/native/season/LICENSE"
chmod -R u+w "$CACHE/native/season"
deliver picture-embedded "$CACHE/native/season"
