package library_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
	"loam/store"
	"loam/store/storetest"
)

// fixture is a library on a store of its own, with its models folder and a folder of someone else.
type fixture struct {
	*library.Library
	store  *store.Store
	deps   library.Deps
	owned  string
	abroad string
	bus    *recorder
}

// recorder keeps the events.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
}

func (r *recorder) Publish(e event.Event) { r.Deliver(e) }

func (r *recorder) Deliver(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) has(want event.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e == want {
			return true
		}
	}
	return false
}

func open(t *testing.T, change ...func(*library.Deps)) *fixture {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{store: storetest.New(t), owned: filepath.Join(dir, "models"), abroad: filepath.Join(dir, "abroad"), bus: &recorder{}}
	for _, d := range []string{f.owned, f.abroad} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	f.deps = library.Deps{Store: f.store, Dir: f.owned, Bus: f.bus, Eager: true}
	for _, c := range change {
		c(&f.deps)
	}
	f.Library = library.New(f.deps)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// chat is a small chat model that differs from others by its name.
func chat(name string) []byte {
	return modelfiletest.Chat().Set("general.name", name).Set("general.basename", strings.ToLower(name)).Bytes()
}

func (f *fixture) add(t *testing.T, dir, file string, data []byte) backend.Model {
	t.Helper()
	m, err := f.Add(t.Context(), modelfiletest.Write(t, dir, file, data), library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (f *fixture) get(t *testing.T, id int64) backend.Model {
	t.Helper()
	m, err := f.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func TestAddedModelIsUsedInPlaceAndDescribed(t *testing.T) {
	f := open(t)
	data := modelfiletest.Chat().Bytes()
	path := modelfiletest.Write(t, f.abroad, "Tiny-Test-Model.Q4_1.gguf", data)
	got, err := f.Add(t.Context(), path, library.AddOptions{Source: "a friend"})
	if err != nil {
		t.Fatal(err)
	}
	want := backend.Model{
		ID: got.ID, Name: "Tiny Test Model", Kind: backend.KindChat, Family: "llama", Format: "gguf", Quant: "F32",
		SizeBytes: int64(len(data)), SHA256: sum(data), License: "Apache-2.0", Path: path, State: backend.ModelUnverified,
		ContextLength: 512, Template: modelfiletest.ChatTemplate, TemplateHash: sum([]byte(modelfiletest.ChatTemplate)),
		Source: "a friend", Shape: backend.ModelShape{Layers: 1, Embedding: 32, Heads: 2, HeadsKV: 1, KeyLen: 16, ValueLen: 16, Vocab: 356},
	}
	ignore := cmpopts.IgnoreFields(backend.Model{}, "Parameters", "ModTime", "Added", "Reason")
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, f.get(t, got.ID), ignore); diff != "" {
		t.Errorf("stored (-want +got)\n%s", diff)
	}
	if got.Reason == "" || got.Added.IsZero() || got.Parameters == 0 {
		t.Errorf("reason %q, added %v, %d parameters: want all set", got.Reason, got.Added, got.Parameters)
	}
	if !f.bus.has(event.ModelChanged{ModelID: got.ID}) {
		t.Error("nobody was told")
	}
}

func TestOnlyFilesInTheModelsFolderAreOwned(t *testing.T) {
	f := open(t)
	link := filepath.Join(f.owned, "link.gguf")
	mine, theirs := f.add(t, f.owned, "a.gguf", chat("Alpha")), f.add(t, f.abroad, "b.gguf", chat("Beta"))
	if err := os.Symlink(modelfiletest.Write(t, f.abroad, "c.gguf", chat("Gamma")), link); err != nil {
		t.Fatal(err)
	}
	linked, err := f.Add(t.Context(), link, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !mine.Owned || theirs.Owned || linked.Owned {
		t.Errorf("owned: inside %v, outside %v, linked %v; want only the first", mine.Owned, theirs.Owned, linked.Owned)
	}
}

func TestBadFilesAreRefusedWithOneClause(t *testing.T) {
	f := open(t)
	var all []modelfiletest.BadFile
	all = append(all, modelfiletest.Bad()...)
	all = append(all, modelfiletest.Strange()...)
	for _, bad := range all {
		path := modelfiletest.Write(t, f.abroad, bad.File, bad.Data)
		_, err := f.Add(t.Context(), path, library.AddOptions{})
		var refused *backend.BadFile
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, bad.Says) {
			t.Errorf("%s: %v, want a BadFile with %q", bad.Name, err, bad.Says)
		}
	}
	if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d models after refusals, %v", len(list), err)
	}
}

func TestKindsThatCannotBeUsedYetAreNamed(t *testing.T) {
	f := open(t)
	trained := modelfiletest.Safetensors(nil, modelfiletest.Shape{Name: "model.embed_tokens.weight", Dims: []int64{64, 8}})
	unknown := modelfiletest.Safetensors(nil, modelfiletest.Shape{Name: "x", Dims: []int64{8}})
	for says, data := range map[string][]byte{"GGUF conversion": trained, "no kind of model": unknown} {
		_, err := f.Add(t.Context(), modelfiletest.Write(t, f.abroad, "m.safetensors", data), library.AddOptions{})
		var refused *backend.BadFile
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, says) {
			t.Errorf("%v, want a BadFile with %q", err, says)
		}
	}
}

func TestSameFileIsAddedOnce(t *testing.T) {
	f := open(t)
	first := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	for name, path := range map[string]string{
		"the same path": first.Path,
		"a link to it":  filepath.Join(f.abroad, "link.gguf"),
		"a hard link":   filepath.Join(f.abroad, "hard.gguf"),
		"a copy":        modelfiletest.Write(t, f.abroad, "copy.gguf", chat("Alpha")),
	} {
		switch name {
		case "a link to it":
			if err := os.Symlink(first.Path, path); err != nil {
				t.Fatal(err)
			}
		case "a hard link":
			if err := os.Link(first.Path, path); err != nil {
				t.Fatal(err)
			}
		}
		again, err := f.Add(t.Context(), path, library.AddOptions{})
		if err != nil || again.ID != first.ID || again.Path != first.Path {
			t.Errorf("%s gave model %d at %s, %v; want %d", name, again.ID, again.Path, err, first.ID)
		}
	}
	other := modelfiletest.Chat().Set("general.name", "Alpha").Set("general.basename", "alpha").
		Set("tokenizer.ggml.eos_token_id", uint32(4)).Bytes() // four bytes differ
	if m := f.add(t, f.abroad, "other.gguf", other); m.ID == first.ID {
		t.Error("a file with another header counts as the same")
	}
}

func TestNamesAreUnique(t *testing.T) {
	f := open(t)
	var names []string
	for i, id := range []uint32{2, 3, 4} {
		data := modelfiletest.Chat().Set("tokenizer.ggml.eos_token_id", id).Bytes()
		names = append(names, f.add(t, f.abroad, string(rune('a'+i))+".gguf", data).Name)
	}
	if diff := cmp.Diff([]string{"Tiny Test 30K", "Tiny Test 30K F32", "Tiny Test 30K F32 (2)"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	list, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var taken *library.NameTaken
	if _, err := f.Rename(t.Context(), list[0].ID, strings.ToUpper(list[1].Name)); !errors.As(err, &taken) {
		t.Errorf("renaming to a taken name: %v", err)
	}
	if m, err := f.Rename(t.Context(), list[0].ID, "  My\nmodel "); err != nil || m.Name != "My model" {
		t.Errorf("renamed to %q, %v", m.Name, err)
	}
}

func TestModelsAreFoundByWhatPeopleType(t *testing.T) {
	f := open(t)
	alpha := f.add(t, f.abroad, "Alpha-7B-Instruct.gguf", chat("Alpha"))
	alpine := f.add(t, f.abroad, "Alpine-3B.gguf", chat("Alpine"))
	t.Chdir(f.abroad)
	for query, want := range map[string]int64{
		"1": alpha.ID, alpine.Path: alpine.ID, "Alpine-3B.gguf": alpine.ID, "ALPHA 7b instruct": alpha.ID,
		"alpha-7b-instruct": alpha.ID, "alpi": alpine.ID, "alpha": alpha.ID, alpha.SHA256[:12]: alpha.ID,
	} {
		if m, err := f.Find(t.Context(), query); err != nil || m.ID != want {
			t.Errorf("%q gave %d, %v; want %d", query, m.ID, err, want)
		}
	}
	for _, query := range []string{"", "beta", "99", "alpha 8"} {
		if _, err := f.Find(t.Context(), query); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("%q gave %v, want not found", query, err)
		}
	}
	var several *library.Ambiguous
	if _, err := f.Find(t.Context(), "alp"); !errors.As(err, &several) || len(several.Names) != 2 {
		t.Errorf("a name that fits two gave %v", err)
	}
}

func TestFolderAddsItsModels(t *testing.T) {
	f := open(t)
	if err := os.MkdirAll(filepath.Join(f.abroad, "deeper"), 0o700); err != nil {
		t.Fatal(err)
	}
	modelfiletest.Write(t, f.abroad, "a.gguf", chat("Alpha"))
	modelfiletest.Write(t, filepath.Join(f.abroad, "deeper"), "b.GGUF", chat("Beta"))
	modelfiletest.Write(t, f.abroad, "broken.gguf", []byte("GGUF"))
	modelfiletest.Write(t, f.abroad, "readme.txt", []byte("hello"))
	got, err := f.AddFolder(t.Context(), f.abroad, library.AddOptions{})
	if err != nil || len(got.Models) != 2 || len(got.Refused) != 1 || got.More {
		t.Errorf("%d models, %d refused, more %v, %v; want 2, 1, false", len(got.Models), len(got.Refused), got.More, err)
	}
	if m, err := f.Add(t.Context(), f.abroad, library.AddOptions{}); err != nil || m.Name != "Alpha 30K" {
		t.Errorf("adding a folder gave %q, %v", m.Name, err)
	}
}

func TestFoldersWithoutModelsSayWhy(t *testing.T) {
	f := open(t)
	folder := func(files ...string) string {
		dir, err := os.MkdirTemp(f.abroad, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			modelfiletest.Write(t, dir, name, []byte(`{"model_type":"llama"}`))
		}
		return dir
	}
	for says, dir := range map[string]string{
		"no model file":         folder("readme.txt"),
		"a Diffusers folder":    folder("model_index.json"),
		"a Transformers folder": folder("config.json", "model.safetensors"),
		"JSON text":             folder("only.gguf"),
		"none of the 2":         folder("a.gguf", "b.gguf"),
	} {
		_, err := f.Add(t.Context(), dir, library.AddOptions{})
		var bad *backend.BadFile
		if !errors.As(err, &bad) || !strings.Contains(bad.Reason, says) {
			t.Errorf("%v, want a BadFile with %q", err, says)
		}
	}
}

func TestPromisedHashIsChecked(t *testing.T) {
	f := open(t)
	data := chat("Alpha")
	path := modelfiletest.Write(t, f.abroad, "a.gguf", data)
	var bad *backend.BadFile
	if _, err := f.Add(t.Context(), path, library.AddOptions{SHA256: sum([]byte("x"))}); !errors.As(err, &bad) {
		t.Errorf("a wrong hash gave %v", err)
	}
	if _, err := f.Add(t.Context(), path, library.AddOptions{SHA256: strings.ToUpper(sum(data))}); err != nil {
		t.Errorf("the right hash gave %v", err)
	}
}

func TestAddIsCancelled(t *testing.T) {
	f := open(t)
	path := modelfiletest.Write(t, f.abroad, "a.gguf", chat("Alpha"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Add(ctx, path, library.AddOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
}

func TestSpeedIsRemembered(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	if _, ok, err := f.MeasuredSpeed(t.Context(), m.ID); ok || err != nil {
		t.Errorf("a speed before any measurement: %v, %v", ok, err)
	}
	for _, s := range []library.Speed{{Prompt: 400, Reply: 20}, {Reply: 22}} {
		if err := f.RecordSpeed(t.Context(), m.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	got, ok, err := f.MeasuredSpeed(t.Context(), m.ID)
	if diff := cmp.Diff(library.Speed{Prompt: 400, Reply: 22}, got); diff != "" || !ok || err != nil {
		t.Errorf("%v, %v (-want +got)\n%s", ok, err, diff)
	}
}

// wait polls for something that a background goroutine does, for at most a minute.
func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: still not after a minute", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
