package store_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"loam/backend"
	"loam/store"
)

// tree is what the store must say, kept in plain maps.
type tree struct {
	parent map[int64]int64
	text   map[int64]string
	state  map[int64]backend.MessageState
	tokens map[int64][]int32
	leaf   int64
	ids    []int64
}

func (m *tree) path() (ids []int64) {
	for id := m.leaf; id != 0; id = m.parent[id] {
		ids = append(ids, id)
	}
	slices.Reverse(ids)
	return ids
}

func (m *tree) add(msg backend.Message) {
	m.parent[msg.ID], m.state[msg.ID], m.leaf = msg.Parent, msg.State, msg.ID
	m.text[msg.ID] = msg.Text
	m.ids = append(m.ids, msg.ID)
}

// Whatever is done to a chat, the tree, the leaf, and the texts stay what a plain model of it says, and appending piece
// by piece gives the same as the whole.
func TestTreeStaysConsistentUnderAnyOperations(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		must := func(err error) {
			rt.Helper()
			if err != nil {
				rt.Fatal(err)
			}
		}
		chat, err := s.CreateChat(ctx, backend.Chat{})
		must(err)
		m := tree{parent: map[int64]int64{}, text: map[int64]string{}, state: map[int64]backend.MessageState{}, tokens: map[int64][]int32{}}
		any := rapid.Custom(func(rt *rapid.T) int64 { return rapid.SampledFrom(append([]int64{0}, m.ids...)).Draw(rt, "message") })
		in := func(states ...backend.MessageState) int64 {
			var list []int64
			for _, id := range m.ids {
				if _, reply := m.tokens[id]; reply && slices.Contains(states, m.state[id]) {
					list = append(list, id)
				}
			}
			if len(list) == 0 {
				return 0
			}
			return rapid.SampledFrom(list).Draw(rt, "reply")
		}
		piece := rapid.StringOf(rapid.RuneFrom([]rune("ab é日🌳\n")))
		rt.Repeat(map[string]func(*rapid.T){
			"exchange": func(rt *rapid.T) {
				user, reply, err := s.AddExchange(ctx, backend.Message{ChatID: chat.ID, Parent: any.Draw(rt, "parent"), Role: backend.RoleUser, Text: piece.Draw(rt, "text")},
					backend.Message{Role: backend.RoleAssistant}, me)
				must(err)
				m.add(user)
				m.add(reply)
				m.tokens[reply.ID] = nil
				must(s.RecordPrompt(ctx, backend.Generation{MessageID: reply.ID}))
			},
			"append": func(rt *rapid.T) {
				if id := in(backend.MessageRunning); id != 0 {
					text, tokens := piece.Draw(rt, "text"), rapid.SliceOfN(rapid.Int32Range(0, 1<<31-1), 0, 5).Draw(rt, "tokens")
					_, err := s.AppendReply(ctx, id, tokens, text)
					must(err)
					m.text[id] += text
					m.tokens[id] = append(m.tokens[id], tokens...)
				}
			},
			"finish": func(rt *rapid.T) {
				if id := in(backend.MessageRunning); id != 0 {
					text := piece.Draw(rt, "text")
					state := rapid.SampledFrom([]backend.MessageState{backend.MessageComplete, backend.MessageStopped, backend.MessageInterrupted}).Draw(rt, "state")
					_, err := s.FinishReply(ctx, id, store.Finish{State: state, Text: text})
					must(err)
					m.text[id] += text
					m.state[id] = state
				}
			},
			"take": func(*rapid.T) {
				if id := in(backend.MessageStopped, backend.MessageInterrupted); id != 0 {
					_, err := s.TakeReply(ctx, id, me)
					must(err)
					m.state[id] = backend.MessageRunning
				}
			},
			"show": func(rt *rapid.T) {
				m.leaf = any.Draw(rt, "leaf")
				must(s.SetLeaf(ctx, chat.ID, m.leaf))
			},
			"cut": func(rt *rapid.T) {
				id := any.Draw(rt, "message")
				if id == 0 {
					return
				}
				below := map[int64]bool{id: true}
				for _, x := range m.ids { // parents are older
					below[x] = below[x] || below[m.parent[x]]
				}
				for x, is := range below {
					if is && m.state[x] == backend.MessageRunning {
						return
					}
				}
				cut, err := s.CutBranch(ctx, id, "cut")
				must(err)
				if rapid.Bool().Draw(rt, "undo") {
					must(s.MendBranch(ctx, cut))
					return
				}
				c, err := s.Chat(ctx, chat.ID)
				must(err)
				if m.leaf != 0 && !below[m.leaf] && c.Leaf != m.leaf || below[c.Leaf] {
					rt.Fatalf("without %d it shows %d", id, c.Leaf)
				}
				m.leaf = c.Leaf
				m.ids = slices.DeleteFunc(m.ids, func(x int64) bool { return below[x] })
				for x, is := range below {
					if is {
						delete(m.tokens, x)
					}
				}
			},
			"": func(rt *rapid.T) {
				path, err := s.Path(ctx, chat.ID)
				must(err)
				want := m.path()
				if len(path) != len(want) {
					rt.Fatalf("a path of %d instead of %d", len(path), len(want))
				}
				siblings := map[int64]int{}
				for _, id := range m.ids {
					siblings[m.parent[id]]++
				}
				for i, got := range path {
					if got.ID != want[i] || got.Parent != m.parent[got.ID] || got.Text != m.text[got.ID] || got.State != m.state[got.ID] {
						rt.Fatalf("got %+v, want %d: %q, %v", got, want[i], m.text[want[i]], m.state[want[i]])
					}
					if got.Siblings != siblings[got.Parent] || got.Sibling < 1 || got.Sibling > got.Siblings {
						rt.Fatalf("message %d is %d of %d", got.ID, got.Sibling, got.Siblings)
					}
				}
				for id, tokens := range m.tokens {
					g, err := s.Generation(ctx, id)
					must(err)
					if !slices.Equal(g.Tokens, tokens) {
						rt.Fatalf("tokens %v instead of %v", g.Tokens, tokens)
					}
				}
			},
		})
		must(s.IntegrityCheck(ctx))
	})
}

// Appending a text in any pieces and finishing gives the same message as storing it whole.
func TestPiecesAndTheWholeAreTheSame(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	chat := newChat(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		pieces := rapid.SliceOf(rapid.String()).Draw(rt, "pieces")
		_, reply, err := s.AddExchange(t.Context(), backend.Message{ChatID: chat.ID, Role: backend.RoleUser}, backend.Message{Role: backend.RoleAssistant}, me)
		if err != nil {
			rt.Fatal(err)
		}
		last := reply.Revision
		for _, p := range pieces {
			revision, err := s.AppendReply(t.Context(), reply.ID, []int32{1, 2}, p)
			if err != nil || revision <= last {
				rt.Fatal(revision, last, err)
			}
			last = revision
		}
		got, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageComplete, Text: "."})
		if err != nil {
			rt.Fatal(err)
		}
		whole, err := s.AddMessage(t.Context(), backend.Message{ChatID: chat.ID, Role: backend.RoleAssistant, Text: strings.Join(pieces, "") + "."})
		if err != nil {
			rt.Fatal(err)
		}
		if got.Text != whole.Text || got.Revision <= last {
			rt.Fatalf("%q instead of %q", got.Text, whole.Text)
		}
	})
}
