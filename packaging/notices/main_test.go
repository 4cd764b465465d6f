package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryLinkedModuleIsNamedWithItsLicence(t *testing.T) {
	licence := filepath.Join(t.TempDir(), "OFL.txt")
	if err := os.WriteFile(licence, []byte("A licence\nfor a font.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := run(t.Context(), &b, []string{"A font=" + licence}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nfyne.io/fyne/v2 v", "\ngithub.com/ollama/ollama v0.24.0\n", "\nmodernc.org/sqlite v", "\nA font\n", "A licence\nfor a font."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(b.String(), "github.com/google/go-cmp") {
		t.Error("a module of the tests is listed")
	}
	for _, bad := range []string{"no equals sign", "A font=" + licence + ".not"} {
		if err := run(t.Context(), &b, []string{bad}); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestTheSameTextIsPrintedOnce(t *testing.T) {
	var n notices
	n.add("one", "Be free.\nAlways.")
	n.add("two", "Be free.\n  Always.\n")
	n.add("three", "Be bound.")
	n.add("one", "Be free. Always.")
	var b strings.Builder
	if err := n.print(&b); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "Always."); got != 1 {
		t.Errorf("the text stands %d times", got)
	}
	if !strings.Contains(b.String(), "\none\ntwo\n----") || !strings.Contains(b.String(), "\nthree\n----") {
		t.Error(b.String())
	}
}
