package rules

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The most lines a file of ours may have before it is taken to hold two topics, and main.go, which only wires.
const (
	maxLines     = 500
	maxMainLines = 120
)

func TestFilesHoldOneTopic(t *testing.T) {
	for name, text := range goFiles(t) {
		limit := maxLines
		switch {
		case name == "main.go":
			limit = maxMainLines
		case strings.HasSuffix(name, "_test.go"):
			limit = 2 * maxLines
		}
		if lines := bytes.Count(text, []byte("\n")); lines > limit {
			t.Errorf("%s has %d lines, more than %d: split it by topic", name, lines, limit)
		}
	}
}

func TestPackagesAreNouns(t *testing.T) {
	for name := range goFiles(t) {
		for _, element := range strings.Split(filepath.ToSlash(filepath.Dir(name)), "/") {
			switch element {
			case "util", "utils", "common", "helper", "helpers", "manager", "misc", "shared":
				t.Errorf("%s: a package named %s says nothing of what it holds", name, element)
			}
		}
	}
}

// TestWindowIsTouchedThroughTheDispatcher: with Fyne's caches unlocked, a widget touched off the window's thread is a crash that
// nothing can recover, so that one file alone hands work to that thread.
func TestWindowIsTouchedThroughTheDispatcher(t *testing.T) {
	calls := 0
	for name, text := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("parse: %v", err)
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			if !ok || pkg.Name != "fyne" || selector.Sel.Name != "Do" && selector.Sel.Name != "DoAndWait" {
				return true
			}
			calls++
			if name != filepath.Join("ui", "dispatch.go") {
				t.Errorf("%s calls fyne.%s; only ui/dispatch.go does", set.Position(node.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
	if calls == 0 {
		t.Error("nothing calls fyne.Do; the rule looks at nothing")
	}
}

// TestNoInitFunctions: what a package does at start, main asks for by name.
func TestNoInitFunctions(t *testing.T) {
	for name, text := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("parse: %v", err)
			continue
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function; a constructor that main calls does the same in the open", name)
			}
		}
	}
}

// goFiles returns our Go files by their path from the root of the tree.
func goFiles(t *testing.T) map[string][]byte {
	t.Helper()
	root := sourceTree(t)
	names, err := Tracked(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if filepath.Ext(name) != ".go" {
			continue
		}
		if files[name], err = os.ReadFile(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 20 {
		t.Fatalf("git lists %d Go files; the rules would look at too little", len(files))
	}
	return files
}
