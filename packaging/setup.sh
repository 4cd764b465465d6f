#!/usr/bin/env bash
# Prepares a machine for Loam; each step does nothing when it was done before.
#   setup.sh          all there is: what follows, the packages that the real-window tests need, the chat templates of many models, the formatters
#   setup.sh build    system packages, Go, the modules, the engine's headers and CPU variants, the starter model
# It runs before make exists on a bare machine: .ci/run calls it directly.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

want=${1:-all}
case $want in
build) packaging/linux/system.sh build ;;
all) packaging/linux/system.sh test ;;
*) die "usage: packaging/setup.sh [build]" ;;
esac
go=$(packaging/go/find.sh --install)
# go.sum holds the checksum of every module; a module that differs is refused here.
"$go" mod download || die "the Go modules could not be fetched: check the network connection and GOPROXY, then run make setup again"
packaging/native/headers.sh
packaging/native/build.sh
packaging/starter/fetch.sh
if [[ $want == all ]]; then
	packaging/templates/fetch.sh
	packaging/embedding/fetch.sh
	packaging/tools/install.sh format
fi
