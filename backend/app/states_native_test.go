//go:build !nonative

package app

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// A context that comes from disk gives the bits that reading everything again would give, on both engines.
func TestRealModelGoesOnFromItsKeptContextExactly(t *testing.T) {
	for _, name := range []string{ChatPack, ChatEmbedded} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			start := func() *App {
				a := openReal(t, dir)
				m, err := a.Library.Default(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := a.SetModelEngine(t.Context(), m.ID, name); err != nil {
					t.Fatal(err)
				}
				return a
			}
			story := "Read this.\n" + strings.Repeat("The rain falls on the sea, and the keeper of the lighthouse counts the ships. ", 14)

			a := start()
			restarted, whole := newChat(t, a, seeded(12)), newChat(t, a, seeded(12))
			wait(t, a, send(t, a, whole.ID, story).ID)
			straight := wait(t, a, send(t, a, whole.ID, "What does the keeper do?").ID)
			wait(t, a, send(t, a, restarted.ID, story).ID)
			a.Engines.Unload(t.Context())
			closeApp(t, a)

			a = start()
			m := wait(t, a, send(t, a, restarted.ID, "What does the keeper do?").ID)
			u := m.Usage
			if m.State != backend.MessageComplete || u.PromptTokens < 200 || u.PromptTokens-u.ReusedTokens > 40 {
				t.Fatalf("ends %v %q; %d of %d tokens were evaluated", m.State, m.Error, u.PromptTokens-u.ReusedTokens, u.PromptTokens)
			}
			t.Logf("%d of %d tokens were evaluated", u.PromptTokens-u.ReusedTokens, u.PromptTokens)
			if d := cmp.Diff(straight.Text, m.Text); d != "" {
				t.Errorf("without a restart it says something else:\n%s", d)
			}
			if err := a.ClearStates(); err != nil {
				t.Fatal(err)
			}
			a.Engines.Unload(t.Context())
			if err := a.ClearStates(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(m.Text, repeat(t, a, m.ID)); d != "" {
				t.Errorf("read from the start it says something else:\n%s", d)
			}
		})
	}
}
