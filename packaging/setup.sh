#!/usr/bin/env bash
# Prepares a machine to build Loam; each step does nothing when it was done before.
#   setup.sh          system packages, Go, the modules, the engine's headers and CPU variants, the starter model
#   setup.sh test     the same, and what the tests need: packages for the real-window tests, formatters, the linter
# It runs before make exists on a bare machine: .ci/run calls it directly.
source "$(dirname "$0")/shell.sh"
cd "$ROOT"

packaging/linux/system.sh "${1:-build}"
go=$(packaging/go/find.sh --install)
# go.sum holds the checksum of every module; a module that differs is refused here.
"$go" mod download || die "the Go modules could not be fetched: check the network connection and GOPROXY, then run make setup again"
packaging/native/headers.sh
packaging/native/build.sh
packaging/starter/fetch.sh
packaging/tools/install.sh format
if [[ ${1:-build} == test ]]; then
	packaging/tools/install.sh lint
fi
