package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/catalogue"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/hardware"
	"loam/backend/hub/hubtest"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

func TestAModelOfACatalogueIsGotAndItsFolderMoves(t *testing.T) {
	lead := hubtest.File{Path: "tiny-Q4_K_M.gguf", Bytes: append(modelfiletest.Chat().Bytes(), make([]byte, 1<<20)...)}
	part := hubtest.File{Path: "parts/other.gguf", Bytes: append(modelfiletest.Chat().Set("general.name", "Other").Bytes(), make([]byte, 1<<20)...)}
	h := hubtest.New(
		hubtest.Repo{ID: "owner/tiny", Card: map[string]any{"license": "apache-2.0"}, Files: []hubtest.File{lead}},
		hubtest.Repo{ID: "owner/parts", Card: map[string]any{"license": "mit"}, Files: []hubtest.File{part}})
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	t.Setenv("HF_ENDPOINT", endpoint)
	for _, name := range []string{"HF_TOKEN", "LOAM_OFFLINE", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "")
	}
	a := open(t, t.TempDir())
	ctx := t.Context()
	e := catalogue.Entry{
		ID: "tiny", Name: "Tiny", Kind: backend.KindChat, Repo: "owner/tiny", License: "apache-2.0", GoodFor: "Tests.",
		Files: []catalogue.File{{Path: lead.Path, SHA256: strings.Repeat("ab", 32)}, {Repo: "owner/parts", Path: part.Path}},
	}
	var replaced *catalogue.Replaced
	if err := a.Get(ctx, e); !errors.As(err, &replaced) || replaced.File != lead.Path {
		t.Fatalf("another file than the catalogue means: %v", err)
	}
	e.Files[0].SHA256 = lead.SHA256()
	if err := a.Get(ctx, e); err != nil {
		t.Fatal(err)
	}
	list, err := a.Fetch.List(ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d downloads, %v; want one for each repository", len(list), err)
	}
	for _, d := range list {
		if d, err := a.Fetch.Wait(ctx, d.ID); err != nil || d.State != backend.DownloadDone {
			t.Fatalf("%s is %s, %s, %v", d.Want.Name, d.State, d.Error, err)
		}
	}
	models, err := a.Library.List(ctx)
	if err != nil || len(models) != 2 {
		t.Fatalf("%d models, %v", len(models), err)
	}
	if !isEntry(e, models[0]) && !isEntry(e, models[1]) {
		t.Error("the catalogue does not know its model again")
	}
	to := filepath.Join(t.TempDir(), "disk")
	if _, err := a.MoveModels(ctx, to, nil); err != nil {
		t.Fatal(err)
	}
	if a.ModelsDir() != to {
		t.Errorf("the folder is %s", a.ModelsDir())
	}
	models, err = a.Library.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		if _, err := os.Stat(m.Path); err != nil || !strings.HasPrefix(m.Path, to) {
			t.Errorf("%s is at %s: %v", m.Name, m.Path, err)
		}
	}
}

func TestALoadedModelMovesAndAnswers(t *testing.T) {
	a := open(t, t.TempDir())
	m, err := a.Library.Add(t.Context(), fakeModel(t, a.ModelsDir(), enginetest.Model{}), library.AddOptions{})
	if err != nil || !m.Owned {
		t.Fatalf("%+v, %v", m, err)
	}
	acquire := func() {
		t.Helper()
		now, err := a.Library.Get(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, release, err := engines{a}.Acquire(t.Context(), chat.Need{Model: now})
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	acquire()
	to := filepath.Join(t.TempDir(), "disk")
	if _, err := a.MoveModels(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
	acquire()
}

// Of what runs well the most able model comes first; without a GPU the small picture models do.
func TestWhatIsRecommendedFirst(t *testing.T) {
	without := hardware.Machine{MemoryTotal: 16 << 30}
	with := without
	with.GPUs = []hardware.GPU{{Name: "RTX 3090"}}
	of := func(kind backend.ModelKind, rank int) Recommendation {
		return Recommendation{Entry: catalogue.Entry{Kind: kind, Rank: rank, Catalogue: "Loam"}, Fit: hardware.Fit{Verdict: hardware.RunsGood, Needed: 4 << 30}}
	}
	for _, c := range []struct {
		machine    hardware.Machine
		kind       backend.ModelKind
		smallFirst bool
	}{
		{without, backend.KindChat, false},
		{with, backend.KindChat, false},
		{without, backend.KindDiffusion, true},
		{with, backend.KindDiffusion, false},
	} {
		if got := better(c.machine, of(c.kind, 10)) < better(c.machine, of(c.kind, 50)); got != c.smallFirst {
			t.Errorf("%s with %d GPUs: the small one first is %v", c.kind, len(c.machine.GPUs), got)
		}
	}
}
