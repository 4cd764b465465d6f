package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// trace is what a file shows of one machine or one network.
type trace struct {
	what    string
	marks   []string // every match holds one of them: looking for them first is twenty times faster
	pattern *regexp.Regexp
}

func (t trace) in(text []byte) bool {
	return slices.ContainsFunc(t.marks, func(mark string) bool { return bytes.Contains(text, []byte(mark)) }) && t.pattern.Match(text)
}

// traces are written in parts, so that this file does not hold them itself. The home folder of ada, who is nobody, is for
// examples.
var traces = []trace{
	{
		"a home folder",
		[]string{"/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"},
		regexp.MustCompile(`(?m)(^|[^\w.$}~*-])/(ro` + `ot|ho` + `me/([b-z]|a[a-ce-z]|ad[b-z])[\w.-]*|Us` + `ers/[A-Za-z][\w.-]*)/`),
	},
	{
		"a work folder",
		[]string{"/wo" + "rk/", "/workspace/", "/builds/"},
		regexp.MustCompile(`(?m)(^|[^\w.$}/~*-])/(wo` + `rk|workspace|builds)/[a-z]`),
	},
	{"a Windows home folder", []string{`:\Us` + `ers\`}, regexp.MustCompile(`[A-Z]:\\Us` + `ers\\[A-Za-z]`)},
	{
		"a package registry's host",
		[]string{
			".golang." + "org", "pypi." + "org", "pythonhosted." + "org", "npmjs.", "index.crates." + "io", "deb.debian." + "org",
			"archive.ubuntu." + "com", "/artifact" + "ory/", "/nex" + "us/", "--index-" + "url",
		},
		regexp.MustCompile(`(proxy|sum)\.golang\.` + `org|pypi\.` + `org|pythonhosted\.` + `org|registry\.npmjs\.` + `org|npmjs\.` +
			`com|index\.crates\.` + `io|deb\.debian\.` + `org|archive\.ubuntu\.` + `com|/artifact` + `ory/|/nex` + `us/|--index-` + `url`),
	},
	{
		"a key",
		[]string{" PRIVATE " + "KEY", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "hf_", "AKIA"},
		regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE ` + `KEY|gh[pousr]_[A-Za-z0-9]{30}|hf_[A-Za-z0-9]{30}|AKIA[A-Z0-9]{16}`),
	},
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
		for _, trace := range traces {
			if !trace.in(text) {
				continue
			}
			for number, line := range bytes.Split(text, []byte("\n")) {
				if trace.in(line) {
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
		{"a line\n/Us" + "ers/Anna/x\nanother", true},
		{`C:\Us` + `ers\Anna`, true},
		{"/bui" + "lds/x", true},
		{"GOPROXY=https://proxy.golang." + "org", true},
		{"https://registry.npmjs." + "org/x", true},
		{"-----BEGIN RSA PRIVATE " + "KEY-----", true},
		{"hf_" + strings.Repeat("a", 34), true},
		{"gho_" + strings.Repeat("a", 36), true},
		{"AKIA" + strings.Repeat("A", 16), true},
		{"/ho" + "me/ada/models", false},
		{"~/.cache/loam-build", false},
		{"https://example.org/a/page", false},
		{"$HOME/models/a.gguf", false},
		{"https://github.com/ollama/ollama", false},
	} {
		seen := slices.ContainsFunc(traces, func(t trace) bool { return t.in([]byte(c.line)) })
		if diff := cmp.Diff(c.want, seen); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.line, diff)
		}
	}
}
