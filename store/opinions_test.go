package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// rated is a store with a chat of one question and its answer.
func rated(t *testing.T) (*Store, backend.Chat, backend.Message) {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := s.CreateChat(t.Context(), backend.Chat{Title: "c"})
	if err != nil {
		t.Fatal(err)
	}
	q, err := s.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "q"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Parent: q.ID, Role: backend.RoleAssistant, Text: "a"})
	if err != nil {
		t.Fatal(err)
	}
	return s, c, a
}

func TestRatingOfAReplyIsKeptAndTakenBack(t *testing.T) {
	s, c, a := rated(t)
	for _, want := range []backend.Rating{backend.ThumbsUp, backend.ThumbsDown, backend.ThumbsDown, backend.Unrated, backend.Unrated, backend.ThumbsUp} {
		if err := s.SetRating(t.Context(), a.ID, want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Message(t.Context(), a.ID)
		path, pathErr := s.Path(t.Context(), c.ID)
		if err := errors.Join(err, pathErr); err != nil || got.Rating != want || path[1].Rating != want || path[0].Rating != backend.Unrated {
			t.Fatalf("want %d, got %d and %d, %v", want, got.Rating, path[1].Rating, err)
		}
	}
	if err := s.SetRating(t.Context(), a.Parent, backend.ThumbsUp); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a question was rated: %v", err)
	}
	if err := s.SetRating(t.Context(), 999, backend.ThumbsUp); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a message that is not there was rated: %v", err)
	}
	if err := s.SetRating(t.Context(), a.ID, 2); err == nil {
		t.Error("a rating of 2 was stored")
	}
}

func TestTalliesCountComparisonsPerModel(t *testing.T) {
	s, _, _ := rated(t)
	var ids []int64
	for _, name := range []string{"a", "b", "c"} {
		m, err := s.AddModel(t.Context(), backend.Model{Name: name, Path: "/" + name, State: backend.ModelReady})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	for _, c := range [][2]int{{0, 1}, {0, 1}, {1, 0}, {0, 2}} {
		if err := s.AddComparison(t.Context(), ids[c[0]], ids[c[1]]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddComparison(t.Context(), 999, ids[2]); err != nil { // the one that was chosen is gone
		t.Fatal(err)
	}
	want := map[int64]backend.Tally{ids[0]: {Chosen: 3, Compared: 4}, ids[1]: {Chosen: 1, Compared: 3}, ids[2]: {Chosen: 0, Compared: 2}}
	got, err := s.Tallies(t.Context())
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestAddedReplyHasItsRecord(t *testing.T) {
	s, c, a := rated(t)
	g := backend.Generation{Prompt: []int32{1, 2, 3}, Cuts: []int{2, 1}, Tokens: []int32{7, 8}, Stops: []string{"x"}, Context: 128, Batch: 64}
	r, err := s.AddReply(t.Context(), backend.Message{ChatID: c.ID, Parent: a.Parent, Role: backend.RoleAssistant, Text: "again"}, &g)
	if err != nil {
		t.Fatal(err)
	}
	if r.Text != "again" || r.Sibling != 2 || r.State != backend.MessageComplete {
		t.Errorf("stored: %+v", r)
	}
	g.MessageID = r.ID
	got, err := s.Generation(t.Context(), r.ID)
	if d := cmp.Diff(g, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if c, err := s.Chat(t.Context(), c.ID); err != nil || c.Leaf != r.ID {
		t.Errorf("the leaf is %d, %v", c.Leaf, err)
	}
	if _, err := s.AddReply(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "no"}, nil); err == nil {
		t.Error("a question was added as a reply")
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}
