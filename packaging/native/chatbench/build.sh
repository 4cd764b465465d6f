#!/usr/bin/env bash
# Builds the program that drives the chat engine directly (direct.cpp) into the build cache and prints its path; about five
# minutes on two cores the first time. Then: LOAM_DIRECT=$(packaging/native/chatbench/build.sh) packaging/go/with.sh go test \
#   -tags migrated_fynedo -run '^$' -bench AgainstDirect ./backend/runner/llama
source "$(dirname "$0")/../../shell.sh"
cd "$ROOT"
work=$CACHE/native/chatbench
crate=$(packaging/native/crate.sh packaging/native/chatpack llama-cpp-sys-2)
cmake -S packaging/native/chatbench -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DLLAMA_DIR=$crate/llama.cpp" "$@" >&2
cmake --build "$work" >&2
printf '%s\n' "$work/bin/direct"
