#!/usr/bin/env bash
# join.sh PARTS TARGET puts together what device.sh gave out in parts, after checking every part's sum.
set -euo pipefail
parts=$(cd "${1:?usage: join.sh PARTS TARGET}" && pwd) target=${2:?usage: join.sh PARTS TARGET}
mkdir -p "$target"
(cd "$parts" && sha256sum --quiet -c sums.txt)
cat "$parts"/starter.tar.* | tar -xf - -C "$target"
ls -l "$target"
