package catalogue_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/assets"
	"loam/backend"
	"loam/backend/catalogue"
	"loam/backend/license"
)

const small = `{"schema":1,"name":"Example Ltd","models":[{"id":"m","name":"M","kind":"chat","family":"llama","repo":"a/b",
"files":[{"path":"m.gguf","sha256":"AA00000000000000000000000000000000000000000000000000000000000000"}],"quant":"Q4_K_M","license":"mit","good_for":"Tests.","parameters":1000000000}]}`

func builtin(t *testing.T) []byte {
	t.Helper()
	b, err := assets.FS.ReadFile("catalogue/loam.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheBuiltInCatalogueIsWorthHaving(t *testing.T) {
	c, err := catalogue.Parse(builtin(t))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[backend.ModelKind]int{}
	hashes := 0
	for _, e := range c.Models {
		kinds[e.Kind]++
		if _, known := license.Lookup(e.License); !known && e.License != "other" {
			t.Errorf("%s: nobody here knows the licence %q", e.ID, e.License)
		}
		if !strings.HasSuffix(e.GoodFor, ".") || e.MinMemory == 0 || e.Rank == 0 {
			t.Errorf("%s: good for %q, memory %d, rank %d", e.ID, e.GoodFor, e.MinMemory, e.Rank)
		}
		if n, _ := e.Size(); e.Kind == backend.KindChat && (n < 3e8 || n > 25e9 || n > e.MinMemory) {
			t.Errorf("%s: %d bytes, memory for %d", e.ID, n, e.MinMemory)
		}
		for _, f := range e.Files {
			if f.SHA256 != "" {
				hashes++
			}
		}
	}
	t.Logf("%d models (%v), %d files with a hash", len(c.Models), kinds, hashes)
	if kinds[backend.KindChat] < 20 || kinds[backend.KindDiffusion] < 4 || kinds[backend.KindLoRA] < 3 || kinds[backend.KindGuard] < 1 || kinds[backend.KindEmbedding] < 1 || c.Dropped > 0 {
		t.Errorf("kinds %v, %d left out", kinds, c.Dropped)
	}
}

func TestACatalogueThatBreaksARuleSaysWhere(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(small, old, new, 1) }
	for name, tc := range map[string]struct{ text, want string }{
		"not JSON":              {"hello", "not a catalogue"},
		"other JSON":            {`{"a":1}`, "not a catalogue"},
		"a list":                {`[]`, "not a catalogue"},
		"a newer format":        {with(`"schema":1`, `"schema":2`), "format 2"},
		"no name":               {with(`"name":"Example Ltd",`, ``), "name is missing"},
		"a repo with a way up":  {with(`"a/b"`, `"a/.."`), "repo"},
		"a path with a way up":  {with(`"m.gguf"`, `"../m.gguf"`), "not a file inside"},
		"an absolute path":      {with(`"m.gguf"`, `"/etc/passwd"`), "not a file inside"},
		"a Windows path":        {with(`"m.gguf"`, `"c:\\m.gguf"`), "not a file inside"},
		"a hash that is none":   {with(`"AA00`, `"XX00`), "sha256"},
		"a size below zero":     {with(`"path":"m.gguf"`, `"path":"m.gguf","size":-1`), "size"},
		"letters that turn":     {with(`"Tests."`, "\"Tests\u202e.\""), "cannot be shown"},
		"text as a number":      {with(`1000000000`, `"many"`), "wrong kind"},
		"more active than all":  {with(`"parameters":1000000000`, `"parameters":1,"active":2`), "active"},
		"an address of another": {with(`"schema":1`, `"schema":1,"homepage":"file:///etc"`), "homepage"},
		"an id twice":           {with(`"models":[`, `"models":[{"id":"m","name":"N","kind":"chat","repo":"a/b","files":[{"path":"n"}],"license":"mit","good_for":"X."},`), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalogue.Parse([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want words with %q", err, tc.want)
			}
		})
	}
}

func TestAModelOfAKindOfTheFutureIsLeftOut(t *testing.T) {
	c, err := catalogue.Parse([]byte(strings.Replace(small, `"chat"`, `"dream"`, 1)))
	if err != nil || len(c.Models) != 0 || c.Dropped != 1 {
		t.Errorf("%d models, %d left out, %v", len(c.Models), c.Dropped, err)
	}
}

func TestSizesAreExactOrEstimated(t *testing.T) {
	for _, tc := range []struct {
		e     catalogue.Entry
		bytes int64
		exact bool
	}{
		{catalogue.Entry{Files: []catalogue.File{{SizeBytes: 5}, {SizeBytes: 7}}}, 12, true},
		{catalogue.Entry{Files: []catalogue.File{{}}, Parameters: 8_000_000_000, Quant: "Q4_K_M"}, 4_900_000_000, false},
		{catalogue.Entry{Files: []catalogue.File{{SizeBytes: 5}, {}}, Parameters: 8}, 0, false},
		{catalogue.Entry{}, 0, false},
	} {
		if bytes, exact := tc.e.Size(); bytes != tc.bytes || exact != tc.exact {
			t.Errorf("%+v: %d, %v; want %d, %v", tc.e.Files, bytes, exact, tc.bytes, tc.exact)
		}
	}
}

func TestAPersonsCatalogueIsAddedReplacedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	shelf, err := catalogue.NewShelf(builtin(t), filepath.Join(dir, "catalogues"))
	if err != nil {
		t.Fatal(err)
	}
	names := func() (names []string) {
		list, err := shelf.All()
		if err != nil {
			t.Error(err)
		}
		for _, c := range list {
			names = append(names, c.Name)
		}
		return names
	}
	file := filepath.Join(dir, "firm.json")
	for range 2 { // the second replaces the first
		if err := os.WriteFile(file, []byte(small), 0o600); err != nil {
			t.Fatal(err)
		}
		if !catalogue.IsCatalogue(file) {
			t.Error("it is not taken for a catalogue")
		}
		c, err := shelf.Add(file)
		if err != nil || c.Models[0].Catalogue != "Example Ltd" {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if diff := cmp.Diff([]string{"Loam", "Example Ltd"}, names()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if models, err := shelf.Models(); err != nil || models[0].Catalogue != "Example Ltd" {
		t.Errorf("first is %+v, %v", models[0], err)
	}
	undo, err := shelf.Remove("example ltd")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Loam"}, names()); diff != "" {
		t.Errorf("removed (-want +got)\n%s", diff)
	}
	if err := undo(); err != nil || len(names()) != 2 {
		t.Errorf("undone: %v, %v", names(), err)
	}
	if _, err := shelf.Remove("Loam"); !errors.Is(err, catalogue.ErrNotThere) {
		t.Errorf("the built-in one was removed: %v", err)
	}
}

func TestABrokenFileInTheFolderHidesNoOther(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": small, "b.json": "{", "c.json": strings.Repeat(" ", catalogue.MaxBytes+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	shelf, err := catalogue.NewShelf(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := shelf.All()
	if len(list) != 1 || err == nil {
		t.Errorf("%d catalogues, %v; want the one that is whole, and words about the others", len(list), err)
	}
	if shelf, _ := catalogue.NewShelf(builtin(t), dir); shelf != nil {
		imposter := filepath.Join(t.TempDir(), "x.json")
		if err := os.WriteFile(imposter, []byte(strings.Replace(small, "Example Ltd", "loam", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := shelf.Add(imposter); err == nil {
			t.Error("a catalogue under the name of the built-in one was taken")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"schema":1,"name":"x","models":[{}]}`))
	f.Add([]byte(`{"schema":1,"name":"x","models":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := catalogue.Parse(b)
		if err != nil {
			return
		}
		for _, e := range c.Models {
			if n, _ := e.Size(); n < 0 {
				t.Errorf("size %d", n)
			}
			for _, file := range e.Files {
				if !filepath.IsLocal(file.Path) {
					t.Errorf("the path %q leads out", file.Path)
				}
			}
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := catalogue.Parse(again); err != nil && len(again) < catalogue.MaxBytes {
			t.Errorf("written and read again: %v", err)
		}
	})
}
