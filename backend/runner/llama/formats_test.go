//go:build !nonative

package llama

import (
	goflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/prompt"
)

var update = goflag.Bool("update", false, "write the golden files anew")

// TestNamedFormatsWriteWhatTheyAlwaysDid holds every named format against a golden: what models were trained on must not
// change by accident.
func TestNamedFormatsWriteWhatTheyAlwaysDid(t *testing.T) {
	c := open(t, request(t))
	conversation := []engine.Message{
		{Role: backend.RoleSystem, Content: "Be brief."},
		{Role: backend.RoleUser, Content: "Name a city"},
		{Role: backend.RoleAssistant, Content: "Oslo"},
		{Role: backend.RoleUser, Content: " Another, <please>\n"},
	}
	var b strings.Builder
	for _, f := range prompt.Formats() {
		out, err := c.Render(t.Context(), engine.RenderRequest{Messages: conversation, AddGenerationPrompt: true, Format: f.Name})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		fmt.Fprintf(&b, "==== %s, stops %q\n%s\n", f.Name, out.Stops, out.Prompt)
		if out.Format != f.Name || out.Notice != "" {
			t.Errorf("%s renders as %q with the notice %q", f.Name, out.Format, out.Notice)
		}
		if !strings.Contains(out.Prompt, "Another, <please>") || !strings.Contains(out.Prompt, "Oslo") {
			t.Errorf("%s leaves words out: %q", f.Name, out.Prompt)
		}
	}
	golden := filepath.Join("testdata", "formats.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Error(d)
	}
}
