package bill_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/bill"
)

// types are those of a component in CycloneDX 1.6.
var types = []string{
	"application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver", "firmware", "file",
	"machine-learning-model", "data", "cryptographic-asset",
}

func contents() bill.Contents {
	return bill.Contents{
		Version: "0.1.0", Commit: "abc", Now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Models: []backend.Model{
			{
				ID: 1, Name: "Qwen3 8B", Kind: backend.KindChat, Family: "qwen3", Format: "gguf", Quant: "Q4_K_M", SizeBytes: 5e9, License: "Apache-2.0",
				SHA256: strings.Repeat("ab", 32), Source: "https://huggingface.co/unsloth/Qwen3-8B-GGUF?token=secret", Path: "/home/ada/models/qwen.gguf",
			},
			{ID: 2, Name: "Ink", Kind: backend.KindLoRA, Family: "sdxl", Format: "safetensors", License: "not stated", Source: "/home/ada/Downloads/ink.safetensors"},
			{ID: 3, Name: "Llama", Kind: backend.KindChat, License: "Llama 3.1 Community License", Source: "LM Studio"},
		},
		Engines: []bill.Engine{{Name: "llama.cpp", Version: "b1", License: "mit", Source: "https://github.com/ggml-org/llama.cpp"}},
		Build: &debug.BuildInfo{GoVersion: "go1.26.0", Deps: []*debug.Module{
			{Path: "fyne.io/fyne/v2", Version: "v2.8.1"}, {Path: "old", Version: "v1", Replace: &debug.Module{Path: "example.com/New", Version: "v2.0.0+incompatible"}},
		}},
	}
}

func TestTheBillHasTheShapeOfItsSchema(t *testing.T) {
	var b bytes.Buffer
	if err := bill.Write(&b, contents()); err != nil {
		t.Fatal(err)
	}
	type part struct {
		Type, Name, Version, PURL string
		Ref                       string `json:"bom-ref"`
		Hashes                    []struct{ Alg, Content string }
		Licenses                  []struct {
			License struct{ ID, Name, URL string }
		}
		ExternalReferences []struct{ Type, URL string }
		ModelCard          *struct {
			ModelParameters struct{ Task, ArchitectureFamily string }
		}
		Properties []struct{ Name, Value string }
	}
	var d struct {
		BOMFormat, SpecVersion, SerialNumber string
		Version                              int
		Metadata                             struct {
			Timestamp time.Time
			Component part
			Tools     struct{ Components []part }
		}
		Components   []part
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.BOMFormat != "CycloneDX" || d.SpecVersion != "1.6" || d.Version != 1 ||
		!regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(d.SerialNumber) || d.Metadata.Timestamp.IsZero() {
		t.Errorf("the head is %.200s", b.String())
	}
	refs := map[string]bool{d.Metadata.Component.Ref: true}
	models := 0
	for _, p := range append(d.Components, d.Metadata.Component, d.Metadata.Tools.Components[0]) {
		if !slices.Contains(types, p.Type) || p.Name == "" {
			t.Errorf("a component is %q, %q", p.Type, p.Name)
		}
		for _, h := range p.Hashes {
			if h.Alg != "SHA-256" || !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(h.Content) {
				t.Errorf("%s: hash %s %s", p.Name, h.Alg, h.Content)
			}
		}
		for _, l := range p.Licenses {
			if (l.License.ID == "") == (l.License.Name == "") {
				t.Errorf("%s: a licence has either an identifier or a name: %+v", p.Name, l)
			}
		}
		if p.Type == "machine-learning-model" {
			models++
			if p.ModelCard == nil || len(p.Licenses) != 1 {
				t.Errorf("%s: no card or no licence", p.Name)
			}
		}
	}
	for _, p := range d.Components {
		if p.Ref == "" || refs[p.Ref] {
			t.Errorf("%s: the reference %q stands twice or is none", p.Name, p.Ref)
		}
		refs[p.Ref] = true
	}
	for _, x := range d.Dependencies {
		for _, r := range append(x.DependsOn, x.Ref) {
			if !refs[r] {
				t.Errorf("a dependency on %q, which is not there", r)
			}
		}
	}
	if models != 3 || len(d.Components) != 7 || len(d.Dependencies[0].DependsOn) != 4 {
		t.Errorf("%d models among %d components, %d dependencies", models, len(d.Components), len(d.Dependencies[0].DependsOn))
	}
	text := b.String()
	for _, want := range []string{
		`"id": "Apache-2.0"`, `"name": "Llama 3.1 Community License"`, `"name": "not stated"`, `"url": "https://huggingface.co/unsloth/Qwen3-8B-GGUF"`,
		`"purl": "pkg:golang/example.com/New@v2.0.0+incompatible"`, `"task": "text-to-image"`, `"value": "LM Studio"`, `"value": "not computed yet"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, private := range []string{"/home", "Downloads", "secret"} {
		if strings.Contains(text, private) {
			t.Errorf("it tells %q", private)
		}
	}
}

func TestABillOfNothingIsABill(t *testing.T) {
	var b bytes.Buffer
	if err := bill.Write(&b, bill.Contents{}); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%v: %s", err, b.String())
	}
}
