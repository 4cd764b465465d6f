package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

// readTree reads a chat back as AddTree takes it: by places instead of IDs.
func readTree(t *testing.T, s *store.Store, chatID int64) store.Tree {
	t.Helper()
	var tree store.Tree
	places := map[int64]int64{}
	err := s.ReadTree(t.Context(), chatID, store.TreeReader{
		Chat: func(c backend.Chat, d backend.Draft, _ []int64) error {
			tree.Chat, tree.Draft = c, d
			return nil
		},
		Message: func(m store.TreeMessage) error {
			places[m.ID] = int64(len(places)) + 1
			m.ID, m.ChatID, m.Parent, m.Revision = 0, 0, places[m.Parent], 0
			m.Usage.SeenFrom = places[m.Usage.SeenFrom]
			m.SeenFrom = m.Usage.SeenFrom
			if m.Generation != nil {
				m.Generation.MessageID = 0
			}
			for i := range m.Pictures {
				m.Pictures[i].ID, m.Pictures[i].MessageID = 0, 0
			}
			tree.Messages = append(tree.Messages, m)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	tree.Chat.ID, tree.Chat.Leaf = 0, places[tree.Chat.Leaf]
	tree.Draft.ChatID, tree.Draft.ScrollMessage, tree.Draft.Editing = 0, places[tree.Draft.ScrollMessage], places[tree.Draft.Editing]
	return tree
}

func sampleTree() store.Tree {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	return store.Tree{
		Chat: backend.Chat{
			Title: "A <tree>", System: "Be brief.", Leaf: 4, Created: at, Updated: at.Add(time.Hour),
			Alternatives: 5, Sampling: &backend.Sampling{Temperature: 0.5, Seed: 1<<63 + 1}, Adapters: []backend.AdapterUse{{ModelID: 9, Weight: 0.25}},
		},
		Draft: backend.Draft{Text: "and then", ScrollMessage: 2, ScrollOffset: 12.5, Editing: 1, Edited: "better"},
		Messages: []store.TreeMessage{
			{Message: backend.Message{Role: backend.RoleUser, Text: "Hello \x01\u2028 <b>", Created: at}},
			{
				Message: backend.Message{
					Parent: 1, Role: backend.RoleAssistant, Text: "", State: backend.MessageStopped, Stop: backend.StopCancel, ModelName: "Tiny", Created: at,
					Note: "n", SeenFrom: 1, LeftOut: 3,
					Usage: backend.Usage{PromptTokens: 3, SeenFrom: 1, LeftOut: 3, Note: "n"},
				},
				Generation: &backend.Generation{
					Prompt: []int32{1, 2, 3}, Cuts: []int{3}, Tokens: []int32{7, 1 << 30}, Stops: []string{"x"}, Context: 64, Batch: 8,
					Sampling: backend.DefaultSampling(), Engine: backend.EngineInfo{Engine: "fake"}, Model: backend.ModelRef{Name: "Tiny", SHA256: "ab"},
				},
				Kept: []backend.TokenChoice{{Index: 1, ID: 1 << 30, Alts: []backend.TokenAlt{{ID: 3, Text: "x", LogProb: -1}, {ID: 4, Text: "\uFFFD", Bytes: []byte{0xff}, LogProb: -2}}}},
			},
			{Message: backend.Message{Parent: 1, Role: backend.RoleAssistant, Text: "Hi.", Created: at}, Pictures: []backend.Picture{
				{SHA256: strings.Repeat("a", 64), Width: 2, Height: 3, Seed: 1<<64 - 1, Prompt: "p", Settings: []byte(`{"steps":4}`), Created: at},
			}},
			{Message: backend.Message{Parent: 3, Role: backend.RoleUser, Text: strings.Repeat("long ", 10_000), Created: at}},
			{Message: backend.Message{Role: backend.RoleUser, Text: "Another beginning", Created: at}},
		},
	}
}

// What AddTree stores is what ReadTree reads, also beside other chats whose messages have taken numbers.
func TestTreesAreStoredAsTheyAre(t *testing.T) {
	s := storetest.New(t)
	for range 2 {
		want := sampleTree()
		c, err := s.AddTree(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, readTree(t, s, c.ID)); diff != "" {
			t.Error(diff)
		}
		path, err := s.Path(t.Context(), c.ID)
		if err != nil || len(path) != 3 || path[1].Sibling != 2 || path[1].Siblings != 2 {
			t.Error(path, err)
		}
		if _, err := s.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Parent: path[2].ID, Role: backend.RoleUser, Text: "more"}); err != nil {
			t.Error(err)
		}
	}
	hits, err := s.SearchMessages(t.Context(), "beginning", 10)
	if err != nil || len(hits) != 2 {
		t.Error(hits, err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

// A tree that is none, or that breaks a rule of the database in its last message, leaves nothing behind.
func TestBrokenTreesLeaveNothing(t *testing.T) {
	s := storetest.New(t)
	for name, breakIt := range map[string]func(*store.Tree){
		"parent behind its child": func(t *store.Tree) { t.Messages[1].Parent = 3 },
		"its own parent":          func(t *store.Tree) { t.Messages[0].Parent = 1 },
		"leaf outside":            func(t *store.Tree) { t.Chat.Leaf = 6 },
		"running":                 func(t *store.Tree) { t.Messages[2].State = backend.MessageRunning },
		"role":                    func(t *store.Tree) { t.Messages[4].Role = "narrator" },
		"tokens":                  func(t *store.Tree) { t.Messages[1].Generation.Tokens = []int32{-1} },
		"settings":                func(t *store.Tree) { t.Messages[2].Pictures[0].Settings = []byte("{") },
	} {
		tree := sampleTree()
		breakIt(&tree)
		if _, err := s.AddTree(t.Context(), tree); err == nil {
			t.Error(name, "was stored")
		}
	}
	chats, err := s.Chats(t.Context(), store.ChatQuery{})
	if err != nil || len(chats) != 0 {
		t.Error(chats, err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

// Several chats that are stored together are what they would be one by one; one that is broken keeps all of them out.
func TestTreesAreStoredTogetherOrNotAtAll(t *testing.T) {
	s := storetest.New(t)
	short := store.Tree{Chat: backend.Chat{Title: "Short", Leaf: 1}, Messages: []store.TreeMessage{{Message: backend.Message{Role: backend.RoleUser, Text: "One beginning"}}}}
	empty := store.Tree{Chat: backend.Chat{Title: "Empty"}}
	broken := sampleTree()
	broken.Messages[4].Role = "narrator"
	if list, err := s.AddTrees(t.Context(), []store.Tree{short, broken, empty}); err == nil || list != nil {
		t.Error(list, err)
	}
	if chats, err := s.Chats(t.Context(), store.ChatQuery{}); err != nil || len(chats) != 0 {
		t.Error(chats, err)
	}
	want := []store.Tree{sampleTree(), short, empty, sampleTree()}
	list, err := s.AddTrees(t.Context(), want)
	if err != nil || len(list) != len(want) {
		t.Fatal(list, err)
	}
	for _, i := range []int{0, 3} {
		if diff := cmp.Diff(want[i], readTree(t, s, list[i].ID)); diff != "" {
			t.Error(diff)
		}
	}
	if path, err := s.Path(t.Context(), list[1].ID); err != nil || len(path) != 1 || path[0].Text != "One beginning" || path[0].ChatID != list[1].ID {
		t.Error(path, err)
	}
	if list[2].Title != "Empty" || list[2].Leaf != 0 {
		t.Error(list[2])
	}
	if hits, err := s.SearchMessages(t.Context(), "beginning", 10); err != nil || len(hits) != 3 {
		t.Error(hits, err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

// A reply that is being written is read with all its words, and a reader's error ends the reading.
func TestTreesAreReadWhileTheyGrow(t *testing.T) {
	s := storetest.New(t)
	c := newChat(t, s)
	_, reply, err := s.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "q"}, backend.Message{Role: backend.RoleAssistant}, me)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"one ", "two"} {
		if _, err := s.AppendReply(t.Context(), reply.ID, []int32{1}, piece); err != nil {
			t.Fatal(err)
		}
	}
	tree := readTree(t, s, c.ID)
	if got := tree.Messages[1]; got.Text != "one two" || got.State != backend.MessageRunning {
		t.Errorf("%+v", got)
	}
	stop := errors.New("enough")
	n := 0
	err = s.ReadTree(t.Context(), c.ID, store.TreeReader{Message: func(store.TreeMessage) error { n++; return stop }})
	if !errors.Is(err, stop) || n != 1 {
		t.Error(n, err)
	}
	if err := s.SetLeaf(t.Context(), c.ID, tree1(t, s, c.ID)); err != nil {
		t.Fatal(err)
	}
	var shown []string
	err = s.ReadTree(t.Context(), c.ID, store.TreeReader{Shown: true, Light: true, Message: func(m store.TreeMessage) error {
		shown = append(shown, m.Text)
		return nil
	}})
	if diff := cmp.Diff([]string{"q"}, shown); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.ReadTree(t.Context(), c.ID+1, store.TreeReader{}); !errors.Is(err, backend.ErrNotFound) {
		t.Error(err)
	}
}

// tree1 is the first message of a chat.
func tree1(t *testing.T, s *store.Store, chatID int64) int64 {
	t.Helper()
	roots, err := s.Roots(t.Context(), chatID)
	if err != nil {
		t.Fatal(err)
	}
	return roots[0].ID
}
