# Loam's build. Start with: make run
# Every recipe is one script or one command, so that what make does can be done by hand. Quiet by itself; V=1 shows commands.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
$(if $(V),,.SILENT:)

WITH_GO := packaging/go/with.sh
# migrated_fynedo: all calls into the window go through ui/dispatch.go, so that Fyne need not guard its caches with locks.
TAGS := migrated_fynedo
# nonative leaves out every file that needs the engine's C++: what check and lint look at without compiling it.
NONATIVE := migrated_fynedo nonative
# "-c safe.directory": a checkout that belongs to another user still has a commit.
COMMIT := $(shell git -c safe.directory='*' rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
VERSION := $(shell sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
# -w: no debugger tables, 30 MB less; Go's own tracebacks keep names and lines. make build LDFLAGS= keeps them.
LDFLAGS = -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: help run build setup setup-build check test test-cold starter-picture-test bench dist dist-windows lint fmt install uninstall clean

help: ## show this list
	sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || \
	sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

run: build ## build what is missing and open the window (ARGS="models list" runs a command instead)
	exec bin/loam $(ARGS)

build: setup-build ## build bin/loam and bin/lib/loam
	mkdir -p bin
	$(WITH_GO) go build -tags "$(TAGS)" -ldflags "$(LDFLAGS)" -o bin/loam.new . || \
		{ echo "loam: the program did not compile; the lines above say where" >&2; exit 1; }
	mv bin/loam.new bin/loam

setup: ## install and fetch what building and testing need, once; a second run does nothing
	packaging/setup.sh

# What make run needs of it: no test tools on the machine of someone who only wants to start the program.
setup-build:
	packaging/setup.sh build

check: ## what each commit must pass: format, vet and the tests without native code (under a minute)
	packaging/check-commit.sh "$(NONATIVE)"

lint: ## golangci-lint with the rules of .golangci.yml
	packaging/tools/install.sh lint
	$(WITH_GO) golangci-lint run || { echo "loam: the linter found something; mend the lines above" >&2; exit 1; }

fmt: ## format the Go files
	packaging/tools/install.sh format
	packaging/go/with.sh packaging/tools/format.sh -w

test: ## everything CI runs
	packaging/test.sh

test-cold: ## make test in a copy of the tree with a fresh HOME and empty caches; prints how long it took
	packaging/test-cold.sh

starter-picture-test: build ## the tests of the picture starter's training scripts (fetches torch once, 530 MB; not part of make test)
	packaging/starter/picture/test.sh

bench: build ## the benchmarks: Go's, then the program's own
	packaging/bench.sh "$(TAGS)"

dist: build ## the packages of this system in dist/: a .deb, a folder that runs where it is unpacked, checksums
	packaging/dist.sh

dist-windows: ## cross-build for Windows with mingw-w64: dist/loam-...-windows-x86_64.zip
	packaging/windows/build.sh
	packaging/windows/dist.sh

install: build ## install for this user; PREFIX=/usr/local for all
	packaging/linux/install.sh "$(or $(PREFIX),$(HOME)/.local)"

uninstall: ## remove what make install put there; chats and models stay
	packaging/linux/install.sh --remove "$(or $(PREFIX),$(HOME)/.local)"

clean: ## remove bin/, dist/ and the header links; the build cache stays
	rm -rf bin dist backend/runner/llama/include
