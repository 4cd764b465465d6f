// Package catalogue holds lists of models that are worth having: the one that comes with Loam and those that a person or a
// firm puts beside it. It reads them with bounds, since a catalogue may come from anywhere, and says of each model where
// its files are, what it is good for, under which licence, and what it needs. It fetches nothing and knows no network.
//
// app keeps a Shelf of them; the pages that recommend and find models, and the downloads, take an Entry as what to get.
// A Catalogue and an Entry are values; a Shelf may be used from any goroutine.
package catalogue

import (
	"fmt"
	"strings"

	"loam/backend"
)

// Schema is the version of the format that this program reads. The guide's page about catalogues describes it.
const Schema = 1

// Catalogue is a list of models with the name of who made it.
type Catalogue struct {
	Schema    int     `json:"schema"`
	Name      string  `json:"name"`                // what people see beside each model: "Loam", "Example Ltd"
	Publisher string  `json:"publisher,omitempty"` // who answers for it
	Homepage  string  `json:"homepage,omitempty"`  // https
	Updated   string  `json:"updated,omitempty"`   // a date, "2026-11-23"
	Note      string  `json:"note,omitempty"`      // where its figures come from
	Models    []Entry `json:"models"`

	File    string `json:"-"` // where it lies; "" = it came with Loam
	Dropped int    `json:"-"` // models that were left out because this program cannot read them
}

// Entry is a model to get: one file, or the files of a set.
type Entry struct {
	ID         string            `json:"id"` // unique in its catalogue; small letters, digits, dots and hyphens
	Name       string            `json:"name"`
	Kind       backend.ModelKind `json:"kind"`   // "chat", "diffusion", "lora", "guard", "embedding", ...
	Family     string            `json:"family"` // "qwen3", "flux", "sdxl"
	Publisher  string            `json:"publisher,omitempty"`
	Repo       string            `json:"repo"`               // on the hub, "owner/name"
	Revision   string            `json:"revision,omitempty"` // branch, tag or commit; "" = main
	Files      []File            `json:"files"`              // the first one leads
	Quant      string            `json:"quant,omitempty"`    // of the first file
	License    string            `json:"license"`            // an identifier of the hub, as package license knows them
	LicenseURL string            `json:"license_url,omitempty"`
	Gated      bool              `json:"gated,omitempty"` // its maker wants an account and a yes to the licence
	GoodFor    string            `json:"good_for"`        // one sentence
	Parameters int64             `json:"parameters,omitempty"`
	Active     int64             `json:"active,omitempty"`     // parameters used per token, of a mixture of experts; 0 = all
	Context    int               `json:"context,omitempty"`    // tokens it was trained for
	MinMemory  int64             `json:"min_memory,omitempty"` // bytes of memory that a machine should have in all
	Base       string            `json:"base,omitempty"`       // of a LoRA: the family it fits
	Triggers   []string          `json:"triggers,omitempty"`   // of a LoRA
	Rank       int               `json:"rank,omitempty"`       // where to stand in a list, smallest first; 0 = last

	Catalogue string `json:"-"` // the name of the one it is in
}

// File is one file of an entry.
type File struct {
	Role      string `json:"role,omitempty"` // "model", "text encoder", "vae", "projector"; "" = the model
	Repo      string `json:"repo,omitempty"` // where it lies in another repository than the entry's
	Path      string `json:"path"`           // in its repository
	SizeBytes int64  `json:"size,omitempty"` // exact; 0 = not known here, the hub tells
	SHA256    string `json:"sha256,omitempty"`
}

// Replaced is a file of the hub that is no longer the one that a catalogue means.
type Replaced struct{ Model, File string }

func (e *Replaced) Error() string {
	return fmt.Sprintf("%s of %s is another file now than the catalogue means", e.File, e.Model)
}

// RepoOf is the repository that a file of the entry lies in.
func (e Entry) RepoOf(f File) string {
	if f.Repo != "" {
		return f.Repo
	}
	return e.Repo
}

// Page is the address of the model's page, for a person.
func (e Entry) Page() string { return "https://huggingface.co/" + e.Repo }

// Size is how many bytes the files have together; where the catalogue does not tell it, an estimate from the number of
// parameters, and exact is false. 0 = not even that: of a picture model much stays as it was, whatever its quantization is called.
func (e Entry) Size() (bytes int64, exact bool) {
	exact = len(e.Files) > 0
	for _, f := range e.Files {
		bytes += f.SizeBytes
		exact = exact && f.SizeBytes > 0
	}
	if exact {
		return bytes, true
	}
	if e.Parameters <= 0 || len(e.Files) != 1 || e.Kind == backend.KindDiffusion {
		return 0, false
	}
	return int64(float64(e.Parameters) * Bits(e.Quant) / 8), false
}

// Bits is about how many bits a parameter takes in a quantization, scales included; 16 where it is not known.
func Bits(quant string) float64 {
	q := strings.ToUpper(quant)
	for _, b := range bits {
		if strings.HasPrefix(q, b.prefix) {
			return b.bits
		}
	}
	return 16
}

// bits of the quantizations of llama.cpp, as its own table of file sizes for an 8B model gives them; the longer name first.
var bits = []struct {
	prefix string
	bits   float64
}{
	{"IQ1", 2.0},
	{"IQ2", 2.7},
	{"Q2_K", 3.2},
	{"IQ3", 3.7},
	{"Q3_K_S", 3.6},
	{"Q3_K_L", 4.3},
	{"Q3_K", 4.0},
	{"IQ4", 4.5},
	{"Q4_K_S", 4.7},
	{"Q4_K", 4.9},
	{"Q4_0", 4.6},
	{"Q4_1", 5.1},
	{"MXFP4", 4.5},
	{"NVFP4", 4.6},
	{"Q5_0", 5.6},
	{"Q5_1", 6.1},
	{"Q5_K", 5.7},
	{"Q6_K", 6.6},
	{"Q8", 8.5},
	{"F32", 32},
	{"FP8", 8},
}
