#!/usr/bin/env bash
# Builds the program that drives the picture engine directly (direct.c) into the build cache and prints its path; about ten
# minutes on two cores the first time. Then: LOAM_DIRECT=$(packaging/native/picturebench/build.sh) packaging/go/with.sh go test \
#   -tags migrated_fynedo -run '^$' -bench AgainstDirect ./backend/runner/sd
source "$(dirname "$0")/../../shell.sh"
cd "$ROOT"
work=$CACHE/native/picturebench
crate=$(packaging/native/crate.sh packaging/native/picture diffusion-rs-sys)
cmake -S packaging/native/picturebench -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DSD_DIR=$crate/stable-diffusion.cpp" "$@" >&2
cmake --build "$work" >&2
printf '%s\n' "$work/bin/direct"
