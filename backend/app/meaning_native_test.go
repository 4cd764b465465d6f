//go:build !nonative

package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
	"loam/backend/library"
)

// A house's rules, of which each answers one question that has none of its words.
var rules = [][2]string{
	{"How do I get my money back?", "We reimburse customers within two weeks once goods are returned."},
	{"Can I bring my dog?", "Animals are welcome everywhere except the kitchen, as long as they wear a leash."},
	{"Who repairs a broken heater?", "If a radiator stays cold, call the caretaker; plumbing is done by Larsen and Sons."},
	{"Is smoking permitted?", "Cigarettes and pipes must be lit outdoors only, on the western terrace."},
	{"How fast is the internet?", "The wireless network reaches sixty megabits per second in the lobby."},
	{"Do you serve food to vegetarians?", "Meals without meat or fish can be ordered the evening before."},
}

func TestRealModelFindsWhatIsSaidInOtherWords(t *testing.T) {
	for _, name := range []string{ChatPack, ChatEmbedded} {
		t.Run(name, func(t *testing.T) {
			a := openReal(t, t.TempDir())
			m, err := a.Library.Add(t.Context(), enginetest.EmbeddingModel(t, "Q8_0"), library.AddOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.SetModelEngine(t.Context(), m.ID, name); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for i := range 24 {
				fmt.Fprintf(&b, "# Section %d\n\n", i+1)
				if i%4 == 2 {
					b.WriteString(rules[i/4][1] + "\n\n")
				}
				fmt.Fprintf(&b, "%s Shelf %d holds paint, ladders and brushes of size %d.\n\n", strings.Repeat("The floor is swept on Mondays, and the windows are cleaned in spring. ", 5), i+40, i+7)
			}
			path := filepath.Join(t.TempDir(), "rules.md")
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			c := newChat(t, a, seeded(40))
			f, err := a.Chats.Attach(t.Context(), c.ID, path)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Meaning.Wait(t.Context(), f, func(int, int) {}); err != nil || a.Meaning.State(f).State != event.MeaningReady {
				t.Fatalf("%+v, %v", a.Meaning.State(f), err)
			}
			text, err := a.Chats.AttachedText(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			index := attach.NewIndex(text, attach.Split(f.Kind, text))
			for _, r := range rules {
				if best := index.Rank(r[0], "")[0].Passage; strings.Contains(text[best.Start:best.End], r[1]) {
					t.Errorf("%q is found by words alone", r[0])
				}
				_, err := a.Chats.Send(t.Context(), c.ID, chat.SendRequest{Text: r[0], Attachments: []backend.Attachment{f}})
				p, ok := errors.AsType[*chat.Picking](err)
				if !ok {
					t.Fatal(err)
				}
				first := p.Picks[0].List[0]
				if !strings.Contains(first.Text, r[1]) || !first.Picked || first.By != attach.ByMeaning || p.Picks[0].Meaning != m.Name {
					t.Errorf("%q finds %q (%d)", r[0], first.Text, first.By)
				}
			}
			if now, err := a.Library.Get(t.Context(), m.ID); err != nil || now.State != backend.ModelReady {
				t.Errorf("the model is %s, %v", now.State, err)
			}
		})
	}
}
