//go:build !nonative

package llama

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend/engine/enginetest"
)

// expected is what Python's jinja2 makes of real templates; packaging/templates writes it.
type expected struct {
	Now       int64                              `json:"loam_now"`
	Cases     map[string]json.RawMessage         `json:"cases"`
	Templates map[string]map[string]jinjaOutcome `json:"templates"`
}

type jinjaOutcome struct {
	Text    string `json:"text"`
	Refused string `json:"refused"`
}

// differs lists the renderings that are not equal, by "template, case", with the reason. "*" stands for all cases.
var differs = map[string]string{
	"CohereForAI-c4ai-command-r-plus-tool_use.jinja, tools": "jinja2 refuses a parameter without a description; ours leaves it empty",
	"fireworks-ai-llama-3-firefunction-v2.jinja, *":         "jinja2 refuses the template's own variable functions, which nobody sets; ours is empty",
	"llama-cpp-deepseek-r1.jinja, tools":                    "jinja2 refuses to write a generator as JSON; ours writes the list that is meant",
	"meetkai-functionary-medium-v3.1.jinja, tools":          "in jinja2 the filter safe turns what is put together with its text into HTML; ours leaves text alone",
}

// TestTemplatesRenderAsTheirAuthorsSawThem compares our rendering of 70 real templates with Python's jinja2.
func TestTemplatesRenderAsTheirAuthorsSawThem(t *testing.T) {
	dir := filepath.Join(enginetest.LibDir(t), "..", "..", "templates")
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if os.IsNotExist(err) {
		t.Skip("the templates to compare with are not here: packaging/templates/fetch.sh fetches them")
	}
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Templates) != 70 || len(want.Cases) != 5 {
		t.Fatalf("%d templates and %d cases to compare with", len(want.Templates), len(want.Cases))
	}
	c := templatesOf(t)
	equal, used := 0, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(want.Templates)) {
		template, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range slices.Sorted(maps.Keys(want.Cases)) {
			// The text as it is, and the clock before it: the order of the members counts.
			globals := fmt.Sprintf(`{"loam_now":%d,%s`, want.Now, strings.TrimPrefix(string(want.Cases[kind]), "{"))
			got, err := c.RenderTemplate(t.Context(), string(template), globals)
			outcome, fault := want.Templates[name][kind], ""
			switch {
			case err != nil && outcome.Refused == "":
				fault = "refused: " + err.Error()
			case err == nil && outcome.Refused != "":
				fault = "rendered, where jinja2 says " + outcome.Refused
			case err == nil:
				fault = cmp.Diff(outcome.Text, got)
			}
			if fault == "" {
				equal++
				continue
			}
			for _, key := range []string{name + ", " + kind, name + ", *"} {
				if differs[key] != "" {
					used[key], fault = true, ""
				}
			}
			if fault != "" {
				t.Errorf("%s, %s: %s", name, kind, fault)
			}
		}
	}
	t.Logf("%d of %d renderings are equal", equal, len(want.Templates)*len(want.Cases))
	for key := range differs {
		if !used[key] {
			t.Errorf("%s is equal now: take it off the list", key)
		}
	}
}
