#!/usr/bin/env bash
# Builds the pinned Go tools into the build cache: install.sh format (gofumpt, goimports) or lint (golangci-lint). They stay out
# of go.mod, whose modules are what the program itself is made of; the Go checksum database vouches for their sources.
source "$(dirname "$0")/../shell.sh"

go=$("$ROOT/packaging/go/find.sh")
gofumpt=mvdan.cc/gofumpt@v0.12.0
goimports=golang.org/x/tools/cmd/goimports@v0.52.0
golangci=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

install() {
	local name version
	name=$(basename "${1%@*}")
	version=${1##*@}
	if [[ ! -x $CACHE/tools/$name-$version ]]; then
		lock tools
		say "tools: building $name $version, once"
		mkdir -p "$CACHE/tools/part"
		(cd / && GOFLAGS= GOBIN=$CACHE/tools/part "$go" install -trimpath "$1" >&2) ||
			die "$name could not be built: check the network connection and GOPROXY, then run make setup again"
		mv "$CACHE/tools/part/$name" "$CACHE/tools/$name-$version"
	fi
	ln -sfn "$name-$version" "$CACHE/tools/$name"
}

case ${1:-} in
format)
	install "$gofumpt"
	install "$goimports"
	;;
lint) install "$golangci" ;;
*) die "usage: install.sh format|lint" ;;
esac
