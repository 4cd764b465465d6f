package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/transfer"
	"loam/store"
)

// opinions is a chat whose replies have thumbs and edits, on two branches.
func opinions(t *testing.T, h *house) backend.Chat {
	t.Helper()
	message := func(parent int64, role backend.Role, text string, rating backend.Rating, edited bool) store.TreeMessage {
		return store.TreeMessage{Message: backend.Message{Parent: parent, Role: role, Text: text, Rating: rating, Usage: backend.Usage{Edited: edited}}}
	}
	c, err := h.store.AddTree(t.Context(), store.Tree{
		Chat: backend.Chat{Title: "Opinions", System: "Be <brief>.", Leaf: 4},
		Messages: []store.TreeMessage{
			message(0, backend.RoleUser, "one", 0, false),
			message(1, backend.RoleAssistant, "<think>hm</think>first", 0, false),
			message(2, backend.RoleUser, "two", 0, false),
			message(3, backend.RoleAssistant, "<think>so\nand so</think>\nsecond & liked", backend.ThumbsUp, false),
			message(3, backend.RoleAssistant, "second, disliked", backend.ThumbsDown, false),
			message(3, backend.RoleAssistant, "second, edited", 0, true),
			message(3, backend.RoleAssistant, "edited and disliked", backend.ThumbsDown, true),
			message(1, backend.RoleAssistant, "first, liked", backend.ThumbsUp, false),
			message(1, backend.RoleAssistant, "  ", backend.ThumbsUp, false), // nothing to learn from
			message(0, backend.RoleAssistant, "answers nobody", backend.ThumbsUp, false),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type trained struct {
	Messages []struct {
		Role, Content string
		Weight        *int
	}
}

// Training data has a line for each reply that a person wants more of, and none for another.
func TestTrainingDataHoldsOnlyLikedAndEditedReplies(t *testing.T) {
	for name, h := range map[string]*house{"memory": newHouse(t), "database": func() *house { h, _ := realHouse(t); return h }()} {
		t.Run(name, func(t *testing.T) {
			c := opinions(t, h)
			add(t, h, "without opinions", "q", "a")
			path := filepath.Join(t.TempDir(), "t.jsonl")
			e := export(t, h, transfer.ExportOptions{Format: transfer.Training, Path: path})
			if e.Chats != 1 || e.Replies != 3 {
				t.Errorf("it says %+v", e)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(string(text)) {
				var l trained
				if err := json.Unmarshal([]byte(line), &l); err != nil {
					t.Fatal(err)
				}
				var said []string
				for i, m := range l.Messages {
					s := m.Role + ": " + m.Content
					if last := i == len(l.Messages)-1; m.Role == "assistant" && (m.Weight == nil) != last || m.Weight != nil && *m.Weight != 0 {
						t.Errorf("%q has the weight %v", s, m.Weight)
					}
					said = append(said, s)
				}
				got = append(got, strings.Join(said, " | "))
			}
			want := []string{
				"system: Be <brief>. | user: one | assistant: first | user: two | assistant: second & liked",
				"system: Be <brief>. | user: one | assistant: first | user: two | assistant: second, edited",
				"system: Be <brief>. | user: one | assistant: first, liked",
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if !strings.Contains(string(text), "<brief>") {
				t.Error("brackets are written as escapes")
			}
			var one bytes.Buffer
			if _, err := h.Write(t.Context(), &one, transfer.ExportOptions{Format: transfer.Training, Chats: []int64{c.ID}}); err != nil || one.String() != string(text) {
				t.Errorf("one chat to a stream: %v", err)
			}
		})
	}
}

// Where nothing is good, nothing is written.
func TestTrainingDataOfNothingIsRefused(t *testing.T) {
	h := newHouse(t)
	add(t, h, "no opinions", "q", "a")
	path := filepath.Join(t.TempDir(), "t.jsonl")
	if _, err := h.Export(t.Context(), transfer.ExportOptions{Format: transfer.Training, Path: path}); !errors.Is(err, transfer.ErrNoTraining) {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file is there", err)
	}
}

// Files of the first version are still read; a rating out of bounds is taken for the nearest.
func TestRatingsOfOtherVersionsAreRead(t *testing.T) {
	h, _ := realHouse(t)
	path := filepath.Join(t.TempDir(), "old.jsonl")
	lines := `{"loam":"chats","version":1}
{"type":"chat","title":"Old","created_ms":1700000000000,"updated_ms":1700000000000,"messages":3,"leaf":2}
{"type":"message","id":1,"role":"user","text":"q","created_ms":1700000000000}
{"type":"message","id":2,"parent":1,"role":"assistant","text":"a","created_ms":1700000000000}
{"type":"message","id":3,"parent":1,"role":"assistant","text":"b","created_ms":1700000000000,"rating":77}
{"type":"end","chats":1,"messages":3}
`
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := h.Import(t.Context(), path, transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 1 {
		t.Fatal(got, err)
	}
	var ratings []backend.Rating
	for _, m := range h.tree(t, got.Chats[0]).Messages {
		ratings = append(ratings, m.Rating)
	}
	if d := cmp.Diff([]backend.Rating{0, 0, backend.ThumbsUp}, ratings); d != "" {
		t.Error(d)
	}
}
