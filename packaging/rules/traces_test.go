package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// traces are what a file shows of one machine or one network. Written in parts, so that this file does not hold them itself. The
// home folder of ada, who is nobody, is for examples.
var traces = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"a home folder", regexp.MustCompile(`(^|[^\w.$}~*-])/(ro` + `ot|ho` + `me/([b-z]|a[a-ce-z]|ad[b-z])[\w.-]*|Us` + `ers/[A-Za-z][\w.-]*)/`)},
	{"a work folder", regexp.MustCompile(`(^|[^\w.$}/~*-])/(wo` + `rk|workspace|builds)/[a-z]`)},
	{"a Windows home folder", regexp.MustCompile(`[A-Z]:\\Us` + `ers\\[A-Za-z]`)},
	{"a package registry's host", regexp.MustCompile(`(proxy|sum)\.golang\.` + `org|pypi\.` + `org|pythonhosted\.` + `org|registry\.npmjs\.` + `org|npmjs\.` +
		`com|index\.crates\.` + `io|deb\.debian\.` + `org|archive\.ubuntu\.` + `com|/artifact` + `ory/|/nex` + `us/|--index-` + `url`)},
	{"a key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE ` + `KEY|gh[pousr]_[A-Za-z0-9]{30}|hf_[A-Za-z0-9]{30}|AKIA[A-Z0-9]{16}`)},
}

func TestNoFileNamesOneMachine(t *testing.T) {
	root := sourceTree(t)
	files, err := Tracked(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(files, "go.mod") {
		t.Fatal("git lists no go.mod; the rule would look at nothing")
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Errorf("read: %v", err)
			continue
		}
		if !utf8.Valid(text) || name == "go.sum" {
			continue
		}
		for number, line := range bytes.Split(text, []byte("\n")) {
			for _, trace := range traces {
				if trace.pattern.Match(line) {
					t.Errorf("%s:%d names %s: %s", name, number+1, trace.what, bytes.TrimSpace(line))
				}
			}
		}
	}
}

func TestTracesAreSeen(t *testing.T) {
	for _, c := range []struct {
		line string
		want bool
	}{
		{"path := \"/ro" + "ot/go/pkg\"", true},
		{"cd /wo" + "rk/main", true},
		{"/ho" + "me/anna/models", true},
		{"pip install --index-" + "url https://example", true},
		{"https://pypi." + "org/simple", true},
		{"/ho" + "me/ada/models", false},
		{"~/.cache/loam-build", false},
		{"https://example.org/a/page", false},
		{"$HOME/models/a.gguf", false},
		{"https://github.com/ollama/ollama", false},
	} {
		seen := slices.ContainsFunc(traces, func(t struct {
			what    string
			pattern *regexp.Regexp
		},
		) bool {
			return t.pattern.MatchString(c.line)
		})
		if diff := cmp.Diff(c.want, seen); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.line, diff)
		}
	}
}
