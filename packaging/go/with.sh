#!/usr/bin/env bash
# Runs a command the way the project builds: with.sh go test ./..., with.sh golangci-lint run. The project's Go and the pinned
# tools come first on PATH. -trimpath is part of the cache key of the engine's C++, so that every build must have it: one
# without it would compile five minutes of C++ again.
source "$(dirname "$0")/../shell.sh"

go=$("$ROOT/packaging/go/find.sh")
PATH=$CACHE/tools:$(dirname "$go"):$PATH
GOFLAGS="${GOFLAGS:+$GOFLAGS }-trimpath -buildvcs=false"
# Fyne wants a locale, and a missing one is not the tests' business.
LANG=${LANG:-C.UTF-8}
export PATH GOFLAGS LANG
exec "$@"
