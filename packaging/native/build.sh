#!/usr/bin/env bash
# Builds the CPU plug-ins of the embedded chat engine once into the build cache and copies them to bin/lib/loam/chat.
# The cache key holds everything the result depends on: our build files, the engine's module version with its checksum, and the
# compilers; the same key is never built twice, another clone or user of the cache included. go.sum vouches for the sources.
source "$(dirname "$0")/../shell.sh"

folder=$ROOT/packaging/native/chat
go=$("$ROOT/packaging/go/find.sh")
cd "$ROOT"
module=$("$go" mod download -json github.com/ollama/ollama | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
[[ -d $module ]] || die "the Go module github.com/ollama/ollama could not be fetched: check the network connection and GOPROXY, then run make setup again"

key=$({
	cat "$folder/CMakeLists.txt" "$ROOT/packaging/native/build.sh"
	grep '^github.com/ollama/ollama ' "$ROOT/go.sum"
	"${CC:-cc}" --version
	"${CXX:-c++}" --version
	uname -m
} | sha256sum | cut -c1-16)
done=$CACHE/native/chat-$key

if [[ ! -e $done/lib/loam/chat/libggml-base.so ]]; then
	lock native
fi
if [[ ! -e $done/lib/loam/chat/libggml-base.so ]]; then
	say "native: building the CPU variants of the chat engine, once (2-5 minutes on two cores)"
	build=$CACHE/native/build-$key
	log=$CACHE/native/build-$key.log
	rm -rf "$build" "$done.part"
	mkdir -p "$build"
	cmake -S "$folder" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DOLLAMA_DIR=$module" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "cmake could not prepare the chat engine; the lines above say why: run make setup again once that is fixed"
	}
	# Ninja's own line per step becomes one line per tenth, enough to see that it moves.
	NINJA_STATUS='%p ' cmake --build "$build" 2>&1 | tee -a "$log" |
		awk '/^ *[0-9]+% / { p = $1 + 0; if (p >= next_mark) { printf "    native: %d%%\n", p; fflush(); next_mark = p - p % 10 + 10 } }' >&2 || {
		tail -n 20 "$log" >&2
		die "the chat engine did not compile; $log says why: free memory or disk space if that is the reason, then run make setup again"
	}
	cmake --install "$build" --strip --prefix "$done.part" >>"$log" 2>&1 ||
		die "the chat engine could not be installed into $done: see $log, then run make setup again"
	rm -rf "$done" "$build"
	mv "$done.part" "$done"
fi

if ! diff -rq "$done/lib/loam/chat" "$LIB/chat" >/dev/null 2>&1; then
	mkdir -p "$LIB"
	# A new folder and a rename, so that a running program keeps the files it has open.
	rm -rf "$LIB/chat.new"
	cp -r "$done/lib/loam/chat" "$LIB/chat.new"
	rm -rf "$LIB/chat"
	mv "$LIB/chat.new" "$LIB/chat"
	say "native: $(ls "$LIB/chat" | grep -c cpu) CPU variants in bin/lib/loam/chat"
fi
