package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range listed(t, Native) {
		var comments []string
		for _, name := range append(append([]string(nil), p.GoFiles...), p.CgoFiles...) {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Errorf("parse: %v", err)
				continue
			}
			if text := docText(file.Doc); text != "" {
				comments = append(comments, text)
			}
		}
		if len(comments) != 1 {
			t.Errorf("%s has %d package comments; one file, and only one, says what the package is for", p.ImportPath, len(comments))
			continue
		}
		text := comments[0]
		if opening := "Package " + p.Name + " "; p.Name != "main" && !strings.HasPrefix(text, opening) {
			t.Errorf("%s: the package comment begins %.30q, want %q", p.ImportPath, text, opening)
		}
		if lines := strings.Count(text, "\n") + 1; lines < 2 || lines > 15 {
			t.Errorf("%s: the package comment has %d lines; 3-15 tell purpose, callers and concurrency", p.ImportPath, lines)
		}
	}
}

// docText returns the words of a package comment without build constraints and markers.
func docText(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	return strings.TrimSpace(doc.Text())
}
