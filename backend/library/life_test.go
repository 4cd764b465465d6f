package library_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

func TestModelIsReadyAfterItLoadedAndAsideAfterItFailed(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	if err := f.MarkBad(t.Context(), m.ID, "the engine gave up on it"); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelQuarantined || got.Reason != "the engine gave up on it" {
		t.Errorf("after a failure: %s, %q", got.State, got.Reason)
	}
	if _, err := f.Default(t.Context()); !errors.Is(err, backend.ErrNoModel) {
		t.Errorf("a model put aside is offered: %v", err)
	}
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelReady || got.Reason != "" {
		t.Errorf("after a load: %s, %q", got.State, got.Reason)
	}
	if err := f.MarkVerified(t.Context(), 99); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a model that never was: %v", err)
	}
}

func TestFirstLargerModelThatPassesBecomesTheDefault(t *testing.T) {
	f := open(t)
	want := func(step string, id int64) {
		t.Helper()
		if m, err := f.Default(t.Context()); err != nil || m.ID != id {
			t.Errorf("%s: the default is %d (%s), %v; want %d", step, m.ID, m.Name, err, id)
		}
	}
	larger := func(name string, layers int) []byte {
		g := modelfiletest.Chat().Set("general.name", name).Set("general.basename", name)
		return g.Tensor("blk.0.extra.weight", modelfiletest.F32, nil, 32, uint64(layers)).Bytes()
	}
	starter, _, err := f.EnsureStarter(t.Context(), modelfiletest.Write(t, f.abroad, "s.gguf", chat("Starter")), library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want("only the starter, not loaded yet", starter.ID)
	first := f.add(t, f.abroad, "first.gguf", larger("first", 64))
	second := f.add(t, f.abroad, "second.gguf", larger("second", 65))
	small := f.add(t, f.abroad, "small.gguf", modelfiletest.Chat().Set("general.license", nil).Set("general.name", "x").
		Set("general.basename", nil).Bytes())
	want("larger ones that were not loaded", starter.ID)
	if err := f.MarkVerified(t.Context(), starter.ID); err != nil {
		t.Fatal(err)
	}
	want("the starter loaded", starter.ID)
	for _, step := range []struct {
		verified, want int64
	}{{second.ID, second.ID}, {first.ID, second.ID}, {small.ID, second.ID}} {
		if err := f.MarkVerified(t.Context(), step.verified); err != nil {
			t.Fatal(err)
		}
		want(fmt.Sprint("verified ", step.verified), step.want)
	}
	if err := f.SetDefault(t.Context(), starter.ID); err != nil {
		t.Fatal(err)
	}
	want("a person chose the starter", starter.ID)
	if err := f.MarkVerified(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	want("the choice stays", starter.ID)
	if err := f.SetDefault(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	want("by the rule again", first.ID) // the oldest
	if err := f.Remove(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	want("that one removed", second.ID)
	list, err := f.List(t.Context())
	if err != nil || list[len(list)-1].ID != starter.ID {
		t.Errorf("the starter is not the last of %d, %v", len(list), err)
	}
}

func TestOnlyChatModelsBecomeTheDefault(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "e.gguf", modelfiletest.Chat().Set("llama.pooling_type", uint32(1)).Bytes())
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Default(t.Context()); !errors.Is(err, backend.ErrNoModel) {
		t.Errorf("an embedding model is the default: %v", err)
	}
	var bad *backend.BadFile
	if err := f.SetDefault(t.Context(), m.ID); !errors.As(err, &bad) {
		t.Errorf("an embedding model was chosen: %v", err)
	}
}

func TestRemovedStarterStaysRemoved(t *testing.T) {
	f := open(t)
	path := modelfiletest.Write(t, f.abroad, "s.gguf", chat("Starter"))
	m, ok, err := f.EnsureStarter(t.Context(), path, library.AddOptions{})
	if err != nil || !ok || !m.Starter {
		t.Fatalf("%+v, %v, %v", m, ok, err)
	}
	moved := filepath.Join(f.abroad, "moved")
	if err := os.Mkdir(moved, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(moved, "s.gguf")); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(moved, "s.gguf")
	if again, ok, err := f.EnsureStarter(t.Context(), path, library.AddOptions{}); err != nil || !ok || again.ID != m.ID || again.Path != path {
		t.Errorf("a starter that moved: model %d at %s, %v, %v; want %d", again.ID, again.Path, ok, err, m.ID)
	}
	if err := f.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.EnsureStarter(t.Context(), path, library.AddOptions{}); ok || err != nil {
		t.Errorf("a removed starter came back: %v, %v", ok, err)
	}
	if again, err := f.Add(t.Context(), path, library.AddOptions{}); err != nil || again.ID != m.ID || !again.Starter || !again.Deleted.IsZero() {
		t.Errorf("adding it again gave %+v, %v", again, err)
	}
}

func TestAStarterThatAnUpdateExchangedIsTakenInAsItIs(t *testing.T) {
	f := open(t)
	path := modelfiletest.Write(t, f.abroad, "s.gguf", chat("Starter"))
	o := library.AddOptions{Name: "Starter"}
	m, _, err := f.EnsureStarter(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Rename(t.Context(), m.ID, "Mine"); err != nil {
		t.Fatal(err)
	}
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	modelfiletest.Write(t, f.abroad, "s.gguf", chat("Better"))
	later := m.ModTime.Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	again, ok, err := f.EnsureStarter(t.Context(), path, o)
	if err != nil || !ok || again.ID != m.ID || again.State != backend.ModelUnverified || !again.ModTime.Equal(later) {
		t.Fatalf("%+v, %v, %v", again, ok, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if now := fmt.Sprintf("%x", sha256.Sum256(content)); again.Name != "Mine" || again.SHA256 != "" && again.SHA256 != now || !again.Starter {
		t.Errorf("%q, %q, starter %v", again.Name, again.SHA256, again.Starter)
	}
}

func TestWhatCameWithThePictureStarterGoesAndComesBackWithIt(t *testing.T) {
	f := open(t)
	file := func(name string, tensors ...modelfiletest.Shape) string {
		return modelfiletest.WriteSafetensors(t, f.abroad, name, nil, tensors...)
	}
	of := func(name string, dims ...int64) modelfiletest.Shape {
		return modelfiletest.Shape{Name: name, Dims: dims}
	}
	own := f.add(t, f.abroad, "own.gguf", chat("Own"))
	m, ok, err := f.EnsurePictureStarter(t.Context(), file("dit.safetensors", of("double_blocks.0.img_attn.qkv.weight", 8, 8)), []string{
		file("tae.safetensors", of("decoder.layers.0.weight", 8, 16, 3, 3), of("decoder.layers.2.conv.0.weight", 8, 8, 3, 3)),
		file("x2.safetensors", of("body.0.rdb1.conv1.weight", 8, 8, 3, 3)),
	}, library.AddOptions{})
	if err != nil || !ok || m.Kind != backend.KindDiffusion {
		t.Fatalf("%+v, %v, %v", m, ok, err)
	}
	ids := func(list []backend.Model, err error) []int64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var out []int64
		for _, m := range list {
			out = append(out, m.ID)
		}
		slices.Sort(out)
		return out
	}
	all := ids(f.List(t.Context()))
	if len(all) != 4 {
		t.Fatalf("%d models, want 4", len(all))
	}
	if err := f.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if got := ids(f.List(t.Context())); !slices.Equal(got, []int64{own.ID}) {
		t.Errorf("after it was removed there are %d, want %d alone", got, own.ID)
	}
	if got := ids(f.Removed(t.Context())); !slices.Equal(got, []int64{m.ID}) {
		t.Errorf("removed are %d, want %d alone", got, m.ID)
	}
	if _, err := f.Restore(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if got := ids(f.List(t.Context())); !slices.Equal(got, all) {
		t.Errorf("after it came back there are %d, want %d", got, all)
	}
	if err := f.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.FreeNow(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if got := ids(f.Removed(t.Context())); len(got) != 0 {
		t.Errorf("after it was forgotten %d are still to be had back", got)
	}
}

func TestVanishedFilesAreSaidSoAndComeBack(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	aside := f.abroad + "-aside"
	for _, tc := range []struct {
		name, from, to, says string
	}{
		{"the file is gone", m.Path, m.Path + ".aside", "no longer in " + f.abroad},
		{"its folder is gone", f.abroad, aside, "its folder " + f.abroad + " is not there"},
	} {
		if err := os.Rename(tc.from, tc.to); err != nil {
			t.Fatal(err)
		}
		if err := f.Recheck(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.get(t, m.ID); got.State != backend.ModelMissing || !strings.Contains(got.Reason, tc.says) {
			t.Errorf("%s: %s, %q; want something with %q", tc.name, got.State, got.Reason, tc.says)
		}
		if err := os.Rename(tc.to, tc.from); err != nil {
			t.Fatal(err)
		}
		if err := f.Recheck(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.get(t, m.ID); got.State != backend.ModelReady || got.Reason != "" || got.SHA256 != m.SHA256 {
			t.Errorf("%s, then back: %s, %q; want ready", tc.name, got.State, got.Reason)
		}
	}
}

func TestMovedFileKeepsItsEntry(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	to := filepath.Join(f.owned, "a.gguf")
	if err := os.Rename(m.Path, to); err != nil {
		t.Fatal(err)
	}
	got, err := f.Add(t.Context(), to, library.AddOptions{})
	if err != nil || got.ID != m.ID || got.Path != to || !got.Owned || got.SHA256 != m.SHA256 {
		t.Errorf("got %+v, %v; want model %d at its new place", got, err, m.ID)
	}
}

func TestExchangedFileIsNoticedAndTakenAgain(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	data := chat("Alpha" + strings.Repeat("2", 64))
	modelfiletest.Write(t, f.abroad, "a.gguf", data)
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelChanged || got.SHA256 != m.SHA256 || !strings.Contains(got.Reason, "another size") {
		t.Errorf("%s, %q; want changed", got.State, got.Reason)
	}
	got, err := f.Add(t.Context(), m.Path, library.AddOptions{})
	if err != nil || got.ID != m.ID || got.State != backend.ModelUnverified || got.SHA256 != sum(data) || got.SizeBytes != int64(len(data)) {
		t.Errorf("taken again: %+v, %v", got, err)
	}
}

func TestRemovalIsUndone(t *testing.T) {
	f := open(t)
	m := f.add(t, f.owned, "a.gguf", chat("Alpha"))
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d models after removal, %v", len(list), err)
	}
	if list, err := f.Removed(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d removed models, %v; want 1", len(list), err)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Errorf("the file went at once: %v", err)
	}
	got, err := f.Restore(t.Context(), m.ID)
	if err != nil || got.State != backend.ModelReady || !got.Deleted.IsZero() {
		t.Errorf("restored: %+v, %v", got, err)
	}
	if diff := cmp.Diff(got, f.get(t, m.ID)); diff != "" {
		t.Errorf("stored otherwise (-got +stored)\n%s", diff)
	}
}

func TestFreeingDeletesOnlyWhatIsOurs(t *testing.T) {
	f := open(t)
	mine, theirs := f.add(t, f.owned, "a.gguf", chat("Alpha")), f.add(t, f.abroad, "b.gguf", chat("Beta"))
	written := f.add(t, f.owned, "c.gguf", chat("Gamma"))
	if err := f.FreeNow(t.Context(), mine.ID); err == nil {
		t.Error("an installed model was freed")
	}
	for _, m := range []backend.Model{mine, theirs, written} {
		if err := f.Remove(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
	modelfiletest.Write(t, f.owned, "c.gguf", []byte("something else by now"))
	for _, tc := range []struct {
		m    backend.Model
		gone bool
	}{{mine, true}, {theirs, false}, {written, false}} {
		if err := f.FreeNow(t.Context(), tc.m.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(tc.m.Path); os.IsNotExist(err) != tc.gone {
			t.Errorf("%s: deleted %v, want %v", tc.m.Name, os.IsNotExist(err), tc.gone)
		}
		if _, err := f.Get(t.Context(), tc.m.ID); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("%s is still known: %v", tc.m.Name, err)
		}
	}
	if _, err := os.Stat(f.owned); err != nil {
		t.Errorf("the models folder went along: %v", err)
	}
}

func TestFileOfARemovedModelGoesLater(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Keep = time.Millisecond })
	mine, theirs := f.add(t, f.owned, "a.gguf", chat("Alpha")), f.add(t, f.abroad, "b.gguf", chat("Beta"))
	for _, m := range []backend.Model{theirs, mine} {
		if err := f.Remove(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the removed model's file is freed", func() bool {
		_, err := f.Get(t.Context(), mine.ID)
		return errors.Is(err, backend.ErrNotFound)
	})
	if _, err := os.Stat(mine.Path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, err := os.Stat(theirs.Path); err != nil {
		t.Errorf("a foreign file was touched: %v", err)
	}
	if m := f.add(t, f.abroad, "b.gguf", chat("Beta")); m.ID != theirs.ID || m.SHA256 != theirs.SHA256 {
		t.Errorf("a foreign model added again is number %d, want %d", m.ID, theirs.ID)
	}
}

func TestPassiveLibraryFreesNothing(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Keep, d.Passive = time.Nanosecond, true })
	m := f.add(t, f.owned, "a.gguf", chat("Alpha"))
	if err := f.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}
