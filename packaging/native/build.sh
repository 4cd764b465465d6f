#!/usr/bin/env bash
# Builds the engines' libraries once into the build cache and copies them to bin/lib/loam: the CPU plug-ins of the embedded chat
# engine, the current chat engine, the current picture engine, and the library of the embedded one. A cache key holds everything the result depends on:
# our build files, the sources' versions with their checksums, and the compilers; the same key is never built twice, another
# clone or user of the cache included.
#   LOAM_TARGET=windows  builds for Windows with mingw-w64 into bin/windows/lib/loam instead
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

# What every project is configured with, and what its result depends on beside its own folder.
options=() common=$(cat packaging/native/system.cmake)
case ${LOAM_TARGET:-$(uname -s)} in
Linux) ;;
Darwin) options=(-DLOAM_OPENMP=OFF -DGGML_OPENMP=OFF) ;; # Apple's compiler has none
windows)
	export CC=x86_64-w64-mingw32-gcc-posix CXX=x86_64-w64-mingw32-g++-posix
	command -v "$CXX" >/dev/null || die "$CXX is missing: run packaging/windows/system.sh"
	LIB=$ROOT/bin/windows/lib/loam
	# Its OpenMP waits in the kernel at every step of a computation; ggml's own threads do not.
	options=("-DCMAKE_TOOLCHAIN_FILE=$ROOT/packaging/windows/toolchain.cmake" -DLOAM_OPENMP=OFF -DGGML_OPENMP=OFF
		"-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=$ROOT/packaging/windows/install.cmake")
	common+=$(cat packaging/windows/toolchain.cmake packaging/windows/include/*)
	;;
*) die "the engines can be built for Linux, macOS and, on Linux, for Windows (LOAM_TARGET=windows)" ;;
esac

# module PATH prints the folder of a Go module; go.sum vouches for what lies there.
module() {
	local dir
	dir=$("$("$ROOT/packaging/go/find.sh")" mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
	[[ -d $dir ]] || die "the Go module $1 could not be fetched: check the network connection and GOPROXY, then run make setup again"
	printf '%s\n' "$dir"
}

# deliver NAME FROM copies a finished folder to bin/lib/loam/NAME (or the target's) when it differs.
deliver() {
	diff -rq "$2" "$LIB/$1" >/dev/null 2>&1 && return
	mkdir -p "$LIB"
	# A new folder and a rename, so that a running program keeps the files it has open.
	rm -rf "$LIB/$1.new"
	cp -r "$2" "$LIB/$1.new"
	rm -rf "${LIB:?}/$1"
	mv "$LIB/$1.new" "$LIB/$1"
	say "native: $(find "$LIB/$1" -type f | wc -l) files in ${LIB#"$ROOT"/}/$1"
}

# compile WORK LOG INTO FOLDER CMAKE_ARGUMENTS... builds a CMake project and installs it, stripped, into INTO. The cache key holds
# this function's text: whoever changes it makes everybody compile everything again.
compile() {
	local work=$1 log=$2 into=$3 folder=$4 jobs
	shift 4
	cmake -S "$folder" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >"$log" 2>&1 || return 2
	# Ninja's own line per step becomes one line per tenth, enough to see that it moves. A core's share of memory below
	# 2 GB makes the largest sources swap, so fewer are compiled at once there.
	jobs=$(awk -v cores="$(nproc)" '/^MemAvailable/ { n = int($2 / 2097152); print n < 1 ? 1 : n < cores ? n : cores }' /proc/meminfo 2>/dev/null || nproc)
	NINJA_STATUS='%p ' cmake --build "$work" --parallel "${jobs:-1}" 2>&1 | tee -a "$log" |
		awk '/^ *[0-9]+% / { p = $1 + 0; if (p >= next_mark) { printf "    native: %d%%\n", p; fflush(); next_mark = p - p % 10 + 10 } }' >&2 || return 3
	cmake --install "$work" --strip --prefix "$into" >>"$log" 2>&1 || return 4
}

# build NAME WHAT TIME KEY CMAKE_ARGUMENTS... compiles packaging/native/NAME unless the cache has it, and sets BUILT to the folder
# where it lies. KEY is what the result depends on beside the files of that folder, the compilers and the way we compile.
build() {
	local name=$1 what=$2 time=$3 extra=$4 key
	shift 4
	local folder=$ROOT/packaging/native/$name
	key=$({
		find "$folder" -type f -print0 | sort -z | xargs -0 cat
		declare -f compile
		printf '%s\n' "$extra" "$common"
		"${CC:-cc}" --version
		"${CXX:-c++}" --version
		uname -m
	} | sha256sum | cut -c1-16)
	BUILT=$CACHE/native/$name-$key
	[[ ! -e $BUILT/complete ]] || return 0
	lock "native-$name${LOAM_TARGET:+-$LOAM_TARGET}"
	[[ ! -e $BUILT/complete ]] || return 0
	say "native: building $what, once (about $time on two cores)"
	local work=$CACHE/native/build-$name-$key log=$CACHE/native/build-$name-$key.log failed=0
	rm -rf "$work" "$BUILT.part"
	mkdir -p "$work"
	compile "$work" "$log" "$BUILT.part" "$folder" "$@" "${options[@]}" || failed=$?
	case $failed in
	0) ;;
	2)
		tail -n 20 "$log" >&2
		die "cmake could not prepare $what; the lines above say why: run make setup again once that is fixed"
		;;
	3)
		grep -m 5 -E 'error|Error|Killed' "$log" >&2 || tail -n 20 "$log" >&2
		die "$what did not compile; $log says why: free memory or disk space if that is the reason, then run make setup again"
		;;
	*) die "$what could not be installed into $BUILT: see $log, then run make setup again" ;;
	esac
	touch "$BUILT.part/complete"
	rm -rf "$BUILT" "$work"
	mv "$BUILT.part" "$BUILT"
}

ollama=$(module github.com/ollama/ollama)
build chat "the embedded chat engine's CPU variants" "3 minutes" \
	"$(grep '^github.com/ollama/ollama ' go.sum) $(cat packaging/native/chatpack/patches/2-columns.patch)" "-DOLLAMA_DIR=$ollama"
deliver chat "$BUILT/lib/loam/chat"

# The chat pack comes in two steps: the current llama.cpp, which rarely changes here, and our own code over it, which both chat
# engines share (backend/runner/llama).
crate=$(packaging/native/crate.sh packaging/native/chatpack llama-cpp-sys-2)
build chatpack "the current chat engine" "7 minutes" "" "-DLLAMA_DIR=$crate/llama.cpp"
engine=$BUILT
build chatshim "our part of the current chat engine" "a minute" "$engine $(cat backend/runner/llama/*.h backend/runner/llama/*.cpp)" \
	"-DLLAMA_DIR=$crate/llama.cpp" "-DENGINE_DIR=$engine"
deliver chat-pack "$BUILT/lib/loam/chatpack"

crate=$(packaging/native/crate.sh packaging/native/picture diffusion-rs-sys)
build picture "the current picture engine" "10 minutes" "$(cat backend/runner/sd/loam_picture.h)" "-DSD_DIR=$crate/stable-diffusion.cpp"
deliver picture "$BUILT/lib/loam/picture"

# It has no library for Windows that this program could call.
[[ ${LOAM_TARGET:-} != windows ]] || exit 0

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
