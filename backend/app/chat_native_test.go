//go:build !nonative

package app

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/hardware"
	"loam/backend/runner/llama"
	"loam/backend/runner/sd"
)

func drivers() []engine.Engine { return []engine.Engine{llama.Driver(), llama.Pack(), sd.Pack{}} }

// openReal starts an App with the installed engine and the starter model.
func openReal(t *testing.T, dir string) *App {
	t.Helper()
	a := openWith(t, Deps{Folders: foldersIn(t, dir), LibDir: enginetest.LibDir(t), Window: true})
	if err := a.SetSetting(t.Context(), KeyThreads, 1); err != nil { // two threads crawl on a busy machine
		t.Fatal(err)
	}
	if err := a.SetSetting(t.Context(), KeyContext, 1024); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRealModelSurvivesAKillAndGoesOnExactly(t *testing.T) {
	a := openReal(t, t.TempDir())
	starter, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !starter.Starter || starter.License != "Apache-2.0" {
		t.Errorf("the default model is %+v", starter)
	}
	c := newChat(t, a, seeded(40))
	whole := wait(t, a, send(t, a, c.ID, "Write a short story about a lighthouse.").ID)
	if whole.State != backend.MessageComplete || len(strings.Fields(whole.Text)) < 5 {
		t.Fatalf("ends %v %q: %q", whole.State, whole.Error, whole.Text)
	}
	t.Logf("%s says: %s", whole.ModelName, whole.Text)

	m := cutOff(t, a, func() int64 {
		c = newChat(t, a, seeded(40))
		return c.ID
	}, "Write a short story about a lighthouse.", 1+rand.IntN(len(whole.Text)*3/4))
	if !strings.HasPrefix(whole.Text, m.Text) || m.Error == "" {
		t.Fatalf("the kill leaves %q: %q", m.Error, m.Text)
	}
	got := resume(t, a, m.ID)
	if d := cmp.Diff(whole.Text, got.Text); d != "" || got.Note != "" {
		t.Errorf("resumed after %d bytes, note %q:\n%s", len(m.Text), got.Note, d)
	}

	// The follow-up reads only what is new.
	next := wait(t, a, send(t, a, c.ID, "Go on.").ID)
	if next.State != backend.MessageComplete {
		t.Fatalf("the follow-up ends %v: %s", next.State, next.Error)
	}
	last := wait(t, a, send(t, a, c.ID, "And then?").ID)
	if fresh := last.Usage.PromptTokens - last.Usage.ReusedTokens; last.State != backend.MessageComplete || fresh > 40 {
		t.Errorf("the second follow-up ends %v and reads %d of %d tokens", last.State, fresh, last.Usage.PromptTokens)
	}

	// A later turn, whose prompt was read in many pieces, goes on exactly too: its record repeats it.
	m = cutOff(t, a, func() int64 { return c.ID }, "What did the keeper see?", 40)
	got = resume(t, a, m.ID)
	if d := cmp.Diff(repeat(t, a, m.ID), got.Text); d != "" || got.State != backend.MessageComplete || got.Note != "" {
		t.Errorf("a later turn ends %v, note %q:\n%s", got.State, got.Note, d)
	}
}

func TestDoctorKnowsTheRealEngine(t *testing.T) {
	a := openReal(t, t.TempDir())
	r, err := a.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Engine.Engine != "llama-pack" || r.Engine.Variant == "" || len(r.Devices) == 0 {
		t.Errorf("the engine is %+v on %+v", r.Engine, r.Devices)
	}
	for _, f := range r.Findings {
		if f.State == hardware.Error {
			t.Errorf("%+v", f)
		}
	}
	if got := finding(t, r, "variant"); got.State != hardware.OK {
		t.Errorf("%+v", got)
	}

	plain := openWith(t, Deps{Folders: foldersIn(t, t.TempDir()), LibDir: filepath.Join(t.TempDir(), "none")})
	r, err = plain.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := finding(t, r, "variant"); got.State != hardware.Warn || got.Next == "" {
		t.Errorf("%+v", got)
	}
}
