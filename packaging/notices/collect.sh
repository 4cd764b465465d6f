#!/usr/bin/env bash
# collect.sh OUT writes the licences of everything in a package to OUT: the Go modules that are linked for GOOS and what else is
# inside. Further parts are named as NAME=FILE after it.
source "$(dirname "$0")/../shell.sh"
cd "$ROOT"

out=${1:?usage: collect.sh OUT [NAME=FILE...]}
shift
go=$(packaging/go/find.sh)
ollama=$("$go" mod download -json github.com/ollama/ollama | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
parts=("llama.cpp (in the program and lib/loam/chat)=$ollama/llama/llama.cpp/LICENSE" "ggml (in the program and lib/loam/chat)=$ollama/ml/backend/ggml/ggml/LICENSE")
for folder in packaging/native/*/; do
	[[ -f $folder/Cargo.toml ]] || continue
	name=$(sed -n 's/^\([a-z0-9-]*-sys[a-z0-9-]*\) *=.*/\1/p' "$folder/Cargo.toml")
	crate=$(packaging/native/crate.sh "${folder%/}" "$name")
	while IFS= read -r -d '' f; do
		parts+=("${f#"$crate"/} of the crate $name (in lib/loam)=$f")
	done < <(find "$crate" -maxdepth 4 -type f -iname 'LICENSE*' -print0 | sort -z)
done
parts+=("SmolLM2-135M-Instruct, the starter model (lib/loam/starter)=$LIB/starter/LICENSE")
if [[ -f $LIB/starter-picture/NOTICE ]]; then
	parts+=("Loam starter, the picture model (lib/loam/starter-picture)=$LIB/starter-picture/NOTICE")
fi
for f in assets/licenses/*; do
	parts+=("$(basename "${f%.*}")=$f")
done

# The tool runs here, whatever system it lists the modules of.
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
env -u GOOS -u GOARCH -u CGO_ENABLED -u CC -u CXX packaging/go/with.sh go build -o "$tool/notices" ./packaging/notices
packaging/go/with.sh "$tool/notices" "${parts[@]}" "$@" >"$out" || die "the licences could not be collected; the line above says of what"
