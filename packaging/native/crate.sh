#!/usr/bin/env bash
# crate.sh FOLDER NAME fetches the crates that FOLDER/Cargo.lock pins by version and checksum, and prints where the sources of the
# crate NAME lie. Nothing of Rust is compiled: the crate is how the engine's C++ sources are published. Needs cargo 1.85, whose
# edition the crate is written in.
source "$(dirname "$0")/../shell.sh"

usable() { # usable CARGO says whether it is there and new enough
	local version
	version=$("$1" --version 2>/dev/null | sed -n 's/^cargo \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
	[[ -n $version ]] && (( ${version% *} > 1 || ${version#* } >= 85 ))
}

for cargo in cargo cargo-1.85 "$HOME/.cargo/bin/cargo" ""; do
	[[ -z $cargo ]] || ! usable "$cargo" || break
done
[[ -n $cargo ]] || die "cargo 1.85 or newer is needed to fetch the engines' sources: install the package cargo-web (Debian) or cargo-1.85 (Ubuntu), then run make setup again"

"$cargo" fetch --quiet --locked --manifest-path "$ROOT/$1/Cargo.toml" >&2 ||
	die "the sources of $2 could not be fetched: check the network connection and cargo's configuration, then run make setup again"
python3=$(find_python)
"$cargo" metadata --quiet --locked --offline --format-version 1 --manifest-path "$ROOT/$1/Cargo.toml" | "$python3" -c '
import json, os, sys
for p in json.load(sys.stdin)["packages"]:
    if p["name"] == sys.argv[1]:
        print(os.path.dirname(p["manifest_path"]))' "$2"
