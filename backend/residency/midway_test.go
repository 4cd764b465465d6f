package residency

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
)

// story is a long reply of a chat: what was told of it, and its end.
type story struct {
	tokens []int32
	text   string
	events []string // kinds, each row of the same once
	result engine.Result
}

func (s *story) take(e engine.Event) error {
	kind := ""
	switch e := e.(type) {
	case engine.Evaluating:
		kind = "evaluating"
	case engine.Prompt:
		kind = "prompt"
	case engine.Token:
		kind = "token"
		s.tokens, s.text = append(s.tokens, e.ID), s.text+e.Text
	}
	if n := len(s.events); n == 0 || s.events[n-1] != kind {
		s.events = append(s.events, kind)
	}
	return nil
}

// tell has a chat of a manager write a long reply; most = 0: until it ends by itself.
func tell(t *testing.T, b *bench, m backend.Model, chat int64, given []int32, most int, during func(s *story)) *story {
	t.Helper()
	c, release := acquire(t, b, Need{Model: m})
	defer release()
	c.(engine.Keeping).Recall(t.Context(), chat)
	prompt := []int32{256}
	for len(prompt) < 100 {
		prompt = append(prompt, int32(300+len(prompt)%7))
	}
	s := &story{}
	var err error
	s.result, err = c.Generate(t.Context(), engine.GenerateRequest{
		Prompt: prompt, Reply: given, Stops: []string{"never said"}, Sampling: backend.Sampling{Seed: 3, Temperature: 1, MaxTokens: most},
	}, func(e engine.Event) error {
		defer during(s)
		return s.take(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.text += s.result.Text
	return s
}

func TestALongReplyIsSavedOnTheWayAndStaysTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, "a", enginetest.Model{TokenMS: 250, Length: 400})
		m.SHA256 = "abc"
		nothing := func(*story) {}
		want := tell(t, newBench(t, Deps{}), m, 1, nil, 0, nothing) // keeps nothing
		if len(want.tokens) < 350 {
			t.Fatalf("%d tokens", len(want.tokens))
		}
		shelf := newShelf()
		var saved []int
		got := tell(t, newBench(t, Deps{States: shelf}), m, 1, nil, 0, func(s *story) {
			if n := shelf.states[1].Tokens; n > 0 && !slices.Contains(saved, n) {
				saved = append(saved, n)
			}
		})
		got.result.Usage.ReplyTime, want.result.Usage.ReplyTime = got.result.Usage.ReplyTime.Round(time.Second), want.result.Usage.ReplyTime.Round(time.Second)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(story{})); d != "" {
			t.Error(d)
		}
		if len(saved) < 2 || len(saved) > 6 {
			t.Errorf("in %d s it was saved at %d", len(want.tokens)/4, saved)
		}

		// After a death, most of it need not be computed again, and it goes on the same.
		last := saved[len(saved)-1]
		given := want.tokens[:min(last-100+20, len(want.tokens)-10)]
		again := tell(t, newBench(t, Deps{States: shelf}), m, 1, given, 0, nothing)
		if !slices.Equal(want.tokens[len(given):], again.tokens) || !strings.HasSuffix(want.text, again.text) {
			t.Error("it goes on otherwise")
		}
		if spent := again.result.Usage.PromptTime; spent > 5*time.Second {
			t.Errorf("%v passed before it went on", spent)
		}
	})
}

func TestALimitedReplyEndsAtItsLimitAlthoughItIsWrittenInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, "a", enginetest.Model{TokenMS: 10, Endless: true})
		m.SHA256 = "abc"
		for _, most := range []int{1, midwayTokens - 1, midwayTokens, midwayTokens + 1, 2 * midwayTokens, 500} {
			got := tell(t, newBench(t, Deps{States: newShelf()}), m, 1, nil, most, func(*story) {})
			if len(got.tokens) != most || got.result.Stop != backend.StopLength || got.result.Usage.ReplyTokens != most {
				t.Errorf("%d tokens of %d, %v, %+v", len(got.tokens), most, got.result.Stop, got.result.Usage)
			}
		}
	})
}
