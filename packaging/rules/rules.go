// Package rules holds the rules of the source tree that no compiler checks: which room may import which, that no service reaches
// an engine or the window toolkit through others, that every package says what it is, that what is linked into the program is
// under a permissive licence, and that no file names one machine. The rules are tests; this file is what they share. It asks
// `go list` and git, needs neither compiler nor network, and nothing of it is part of the program. Safe for concurrent use.
package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Module is the module path of the program, the first element of every import path of ours.
const Module = "loam"

// Native and NoNative are the build tags of the two ways the tree is compiled: with the engines' C++ and without.
const (
	Native   = "migrated_fynedo"
	NoNative = "migrated_fynedo nonative"
)

// ListedModule is the part of `go list -json`'s module record that the rules need.
type ListedModule struct {
	Path, Version, Dir string
	Main               bool
}

// ListedPackage is the part of `go list -json`'s package record that the rules need.
type ListedPackage struct {
	ImportPath, Name, Dir string
	Imports, Deps         []string
	GoFiles, CgoFiles     []string
	Standard              bool
	Module                *ListedModule
	Error                 *struct{ Err string }
}

// Root returns the folder of the source tree: the nearest one above the working directory that holds our go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find source tree: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module "+Module+"\n") {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("find source tree: no go.mod of module " + Module + " above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// List runs `go list -json` in the folder root with the build tags and further arguments, and returns the packages. A package
// that cannot be listed is an error: a rule must not pass because its subject was missing.
func List(ctx context.Context, root, tags string, args ...string) ([]ListedPackage, error) {
	text, err := run(ctx, root, "go", append([]string{"list", "-json", "-tags", tags}, args...)...)
	if err != nil {
		return nil, err
	}
	var packages []ListedPackage
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p ListedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		if p.Error != nil {
			return nil, fmt.Errorf("go list %s: %s", p.ImportPath, p.Error.Err)
		}
		packages = append(packages, p)
	}
}

// Tracked returns the files that git tracks or would track under root, relative to it, deleted ones left out.
func Tracked(ctx context.Context, root string) ([]string, error) {
	text, err := run(ctx, root, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimRight(string(text), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	return files, nil
}

// Room returns the import path of a package below our module, "" for the root package, and false for a package of others.
func Room(importPath string) (string, bool) {
	if importPath == Module {
		return "", true
	}
	return strings.CutPrefix(importPath, Module+"/")
}

// Under reports whether the room is one of the rooms or lies below one whose name ends in "/..."; "..." alone is every room.
func Under(room string, rooms ...string) bool {
	for _, r := range rooms {
		base, below := strings.CutSuffix(r, "/...")
		if r == "..." || room == base || below && strings.HasPrefix(room, base+"/") {
			return true
		}
	}
	return false
}

// run returns what the command prints, with what it says on standard error as the error.
func run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	var said bytes.Buffer
	command.Stderr = &said
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return text, nil
}
