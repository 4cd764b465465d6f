#!/usr/bin/env bash
# sums.sh VERSION writes dist/SHA256SUMS for all packages of a version that lie there, whichever system they are for.
source "$(dirname "$0")/shell.sh"
cd "$ROOT/dist"

packages=()
for f in "loam_$1"_*.deb "loam-$1"-*.tar.gz "loam-$1"-*.zip; do
	[[ ! -f $f ]] || packages+=("$f")
done
sha256sum "${packages[@]}" >SHA256SUMS
