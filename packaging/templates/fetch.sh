#!/usr/bin/env bash
# Fetches the chat templates of 70 model families and writes down how Python's jinja2 renders them, for the test that compares
# our own rendering with it. Test data: nothing of it is shipped. Both downloads have pinned checksums; the build cache keeps
# what comes of them, named by all that it depends on, and bin/templates points there.
source "$(dirname "$0")/../shell.sh"

folder=$ROOT/packaging/templates
version=$(cat "$folder"/{requirements.txt,source.txt,cases.json,expect.py,fetch.sh} | sha256sum | cut -c1-16)
kept=$CACHE/templates/$version

if [[ ! -f $kept/expected.json ]]; then
	lock templates
fi
if [[ ! -f $kept/expected.json ]]; then
	say "templates: fetching the chat templates of 70 model families (77 MB), once"
	mkdir -p "$CACHE/templates"
	work=$(mktemp -d "$CACHE/templates/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	python=$(find_python)
	"$python" -m pip --disable-pip-version-check --quiet install --root-user-action ignore --no-deps --only-binary :all: \
		--require-hashes -r "$folder/requirements.txt" --target "$work/python" >&2 ||
		die "the download of jinja2 failed: check the network connection and your pip configuration, then run make setup again"
	# pip looks at a source package by its own build tool, which the line above put there, and compiles nothing.
	PYTHONPATH=$work/python "$python" -m pip --disable-pip-version-check --quiet download --no-deps --no-binary :all: \
		--no-build-isolation --require-hashes -r "$folder/source.txt" -d "$work" >&2 ||
		die "the download of the chat templates failed: check the network connection and your pip configuration, then run make setup again"
	mkdir -p "$work/new"
	tar -xzf "$work"/llama_cpp_python-*.tar.gz -C "$work/new" --strip-components 5 --wildcards '*/vendor/llama.cpp/models/templates/*.jinja' ||
		die "the chat templates could not be unpacked: free some space under $CACHE, then run make setup again"
	PYTHONPATH=$work/python "$python" "$folder/expect.py" "$work/new" "$folder/cases.json" >"$work/expected.json" ||
		die "the chat templates could not be rendered by Python; the lines above say why"
	mv "$work/expected.json" "$work/new/"
	chmod -R a-w,a+rX "$work/new"/*
	rm -rf "$kept"
	mv "$work/new" "$kept"
fi

mkdir -p "$ROOT/bin"
if [[ $(readlink "$ROOT/bin/templates" 2>/dev/null) != "$kept" ]]; then
	ln -sfn "$kept" "$ROOT/bin/templates"
	say "templates: $(find "$kept" -name '*.jinja' | wc -l) chat templates are in bin/templates"
fi
