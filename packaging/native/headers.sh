#!/usr/bin/env bash
# Links the headers of llama.cpp and ggml out of the Go module cache into backend/runner/llama/include, because a cgo directive
# cannot name the module cache. The links are ignored by git and made anew when the module cache has moved.
source "$(dirname "$0")/../shell.sh"

go=$("$ROOT/packaging/go/find.sh")
cd "$ROOT"
module=$("$go" mod download -json github.com/ollama/ollama | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
[[ -d $module ]] || die "the Go module github.com/ollama/ollama could not be fetched: check the network connection and GOPROXY, then run make setup again"

include=$ROOT/backend/runner/llama/include
mkdir -p "$include"
link() {
	[[ $(readlink "$include/$1") == "$2" ]] || {
		rm -rf "${include:?}/$1"
		ln -s "$2" "$include/$1"
		say "headers: $1 -> module cache"
	}
}
link llama "$module/llama/llama.cpp/include"
link ggml "$module/ml/backend/ggml/ggml/include"
