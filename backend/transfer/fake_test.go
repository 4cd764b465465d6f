package transfer_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"loam/backend"
	"loam/backend/transfer"
	"loam/store"
	"loam/store/storetest"
)

// shelf keeps chats in memory, for properties that are tried with many of them. Two thin tests with the real store stand
// beside it.
type shelf struct {
	mu       sync.Mutex
	chats    []backend.Chat
	trees    map[int64]store.Tree // with IDs
	models   []backend.Model
	next     int64
	pictures int64
}

var (
	_ transfer.Store = &shelf{}
	_ keeper         = &shelf{}
	_ keeper         = &store.Store{}
)

// keeper is what the tests need of a store beside what the service does.
type keeper interface {
	transfer.Store
	AddModel(ctx context.Context, m backend.Model) (backend.Model, error)
}

func (s *shelf) AddModel(_ context.Context, m backend.Model) (backend.Model, error) {
	m.ID = int64(len(s.models)) + 1
	s.models = append(s.models, m)
	return m, nil
}

func (s *shelf) Models(context.Context, store.ModelQuery) ([]backend.Model, error) {
	return s.models, nil
}

func (s *shelf) Chats(context.Context, store.ChatQuery) ([]backend.Chat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.chats), nil
}

func (s *shelf) Pictures(context.Context, int, int) (list []backend.Picture, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.trees {
		for _, m := range t.Messages {
			list = append(list, m.Pictures...)
		}
	}
	return list, nil
}

// clean is what the store makes of a text.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func (s *shelf) AddTrees(ctx context.Context, trees []store.Tree) (list []backend.Chat, err error) {
	for _, t := range trees {
		c, err := s.AddTree(ctx, t)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (s *shelf) AddTree(_ context.Context, t store.Tree) (backend.Chat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.next
	at := func(place int64) int64 {
		if place == 0 {
			return 0
		}
		return last + place
	}
	t.Messages = slices.Clone(t.Messages)
	s.next += int64(len(t.Messages)) + 1
	t.Chat.ID, t.Chat.Leaf = s.next, at(t.Chat.Leaf)
	t.Chat.Title, t.Chat.System = clean(t.Chat.Title), clean(t.Chat.System)
	t.Draft.ChatID, t.Draft.ScrollMessage, t.Draft.Text = s.next, at(t.Draft.ScrollMessage), clean(t.Draft.Text)
	t.Draft.Editing, t.Draft.Edited = at(t.Draft.Editing), clean(t.Draft.Edited)
	for i := range t.Messages {
		m := &t.Messages[i]
		m.ID, m.ChatID, m.Parent = last+int64(i)+1, s.next, at(m.Parent)
		m.Text, m.Error, m.ModelName = clean(m.Text), clean(m.Error), clean(m.ModelName)
		m.Usage.SeenFrom = at(m.Usage.SeenFrom)
		if p := m.Usage.Parts; p != nil {
			m.Usage.Parts = &backend.ReplyParts{Reasoning: valid(p.Reasoning), Answer: valid(p.Answer), Calls: p.Calls}
		}
		m.SeenFrom, m.LeftOut, m.Note = m.Usage.SeenFrom, m.Usage.LeftOut, m.Usage.Note
		if m.Generation != nil {
			g := *m.Generation
			g.MessageID, g.Sampling.DRYBreakers = m.ID, validAll(g.Sampling.DRYBreakers)
			m.Generation = &g
		}
		m.Pictures = slices.Clone(m.Pictures)
		for j := range m.Pictures {
			s.pictures++
			m.Pictures[j].ID, m.Pictures[j].MessageID, m.Pictures[j].Prompt = s.pictures, m.ID, clean(m.Pictures[j].Prompt)
		}
	}
	if s.trees == nil {
		s.trees = map[int64]store.Tree{}
	}
	s.trees[t.Chat.ID] = t
	s.chats = append(s.chats, t.Chat)
	return t.Chat, nil
}

// valid is what JSON makes of a text.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func validAll(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, valid(s))
	}
	return out
}

func (s *shelf) ReadTree(_ context.Context, chatID int64, r store.TreeReader) error {
	s.mu.Lock()
	t, ok := s.trees[chatID]
	s.mu.Unlock()
	if !ok {
		return backend.ErrNotFound
	}
	wanted := map[int64]bool{}
	parent := map[int64]int64{}
	for _, m := range t.Messages {
		wanted[m.ID], parent[m.ID] = !r.Shown, m.Parent
	}
	for id := t.Chat.Leaf; id != 0 && r.Shown; id = parent[id] {
		wanted[id] = true
	}
	var list []store.TreeMessage
	var ids []int64
	for _, m := range t.Messages {
		if wanted[m.ID] {
			list, ids = append(list, m), append(ids, m.ID)
		}
	}
	if r.Chat != nil {
		if err := r.Chat(t.Chat, t.Draft, ids); err != nil {
			return err
		}
	}
	for _, m := range list {
		if m.Generation != nil {
			g := *m.Generation // a reader may change what it gets
			g.Adapters = slices.Clone(g.Adapters)
			m.Generation = &g
		}
		m.Pictures = slices.Clone(m.Pictures)
		if err := r.Message(m); err != nil {
			return err
		}
	}
	if r.End != nil {
		return r.End()
	}
	return nil
}

// realHouse stands on a database.
func realHouse(t *testing.T, models ...string) (*house, *store.Store) {
	t.Helper()
	s := storetest.New(t)
	return newHouseOn(t, s, models...), s
}
