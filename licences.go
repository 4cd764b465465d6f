package main

import (
	"fmt"
	"io/fs"
	"path"
	"runtime/debug"
	"strings"

	"loam/assets"
)

// builtIn are the parts that are not Go modules by themselves.
const builtIn = `Loam is under the Apache License 2.0.

llama.cpp and ggml, inside the module github.com/ollama/ollama: MIT.
SmolLM2-135M-Instruct, the starter model: Apache License 2.0.
`

// licences lists what is built into the program, and the texts of what came as files. The licences of all modules are
// held to permissive ones by a test; each module carries its own text.
func licences() string {
	var b strings.Builder
	b.WriteString(builtIn)
	if info, ok := debug.ReadBuildInfo(); ok {
		b.WriteString("\nGo modules:\n")
		for _, m := range info.Deps {
			fmt.Fprintf(&b, "%s %s\n", m.Path, m.Version)
		}
	}
	texts, err := fs.Glob(assets.FS, "licenses/*")
	if err != nil {
		return b.String() // the pattern is a constant
	}
	for _, name := range texts {
		if text, err := fs.ReadFile(assets.FS, name); err == nil {
			fmt.Fprintf(&b, "\n%s\n\n%s\n", strings.TrimSuffix(path.Base(name), path.Ext(name)), text)
		}
	}
	return b.String()
}

// models is the catalogue of models that comes with the program.
func models() []byte {
	b, err := fs.ReadFile(assets.FS, "catalogue/loam.json")
	if err != nil {
		return nil // it is built in; a test reads it
	}
	return b
}
