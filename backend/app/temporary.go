package app

import (
	"context"
	"errors"
	"sync"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/store"
)

// chatStore gives chats the store they belong to: the data folder's, or the one in memory that temporary chats have and
// that is made with the first of them. Numbers tell them apart. Nothing of a temporary chat reaches the other store, but
// by KeepChat. It has no embedded store on purpose: a new method has to say which store it is for.
type chatStore struct {
	disk  *store.Store
	files *attach.Files

	mu     sync.Mutex
	memory *store.Store // nil = there never was a temporary chat
	models map[int64]bool
}

var _ chat.Store = (*chatStore)(nil)

func newChatStore(disk *store.Store, files *attach.Files) *chatStore {
	return &chatStore{disk: disk, files: files, models: map[int64]bool{}}
}

// of is the store of a chat or message.
func (s *chatStore) of(id int64) *store.Store {
	if !backend.IsTemporary(id) {
		return s.disk
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory == nil {
		return s.disk // which does not know it
	}
	return s.memory
}

// inMemory is the store of temporary chats; nil = there is none yet.
func (s *chatStore) inMemory() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory
}

// ofModel is the store of a chat or message that names a model.
func (s *chatStore) ofModel(ctx context.Context, id, modelID int64) (*store.Store, error) {
	to := s.of(id)
	if to == s.disk || modelID == 0 {
		return to, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.models[modelID] {
		return to, nil
	}
	m, err := s.disk.Model(ctx, modelID)
	if err != nil {
		return to, nil // it becomes none, as on disk
	}
	if err := to.CopyModel(ctx, m); err != nil {
		return nil, err
	}
	s.models[modelID] = true
	return to, nil
}

// Close ends the temporary chats.
func (s *chatStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory == nil {
		return nil
	}
	return s.memory.Close()
}

// CreateTemporary makes a chat in memory.
func (s *chatStore) CreateTemporary(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	s.mu.Lock()
	if s.memory == nil {
		memory, err := store.Open(ctx, store.Options{Memory: true})
		if err != nil {
			s.mu.Unlock()
			return c, err
		}
		s.memory = memory
	}
	s.mu.Unlock()
	to, err := s.ofModel(ctx, backend.FirstTemporaryID, c.ModelID)
	if err != nil {
		return c, err
	}
	return to.CreateChat(ctx, c)
}

// KeepChat moves a temporary chat with all its branches to the disk.
func (s *chatStore) KeepChat(ctx context.Context, id int64) (backend.Chat, error) {
	from := s.of(id)
	if from == s.disk {
		return from.Chat(ctx, id)
	}
	tree, err := from.TreeOf(ctx, id)
	if err != nil {
		return backend.Chat{}, err
	}
	attached := tree.Draft.Attachments
	for _, m := range tree.Messages {
		attached = append(attached, m.Attachments...)
	}
	for _, a := range attached {
		if err := errors.Join(s.files.Settle(a.SHA256), s.files.Settle(a.Text)); err != nil {
			return backend.Chat{}, err
		}
	}
	c, err := s.disk.AddTree(ctx, tree)
	if err != nil {
		return backend.Chat{}, err
	}
	return c, from.TrashChat(ctx, id)
}

func (s *chatStore) CreateChat(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	return s.disk.CreateChat(ctx, c)
}

func (s *chatStore) Chat(ctx context.Context, id int64) (backend.Chat, error) {
	return s.of(id).Chat(ctx, id)
}

// Chats lists the temporary chats first.
func (s *chatStore) Chats(ctx context.Context, q store.ChatQuery) ([]backend.Chat, error) {
	list, err := s.disk.Chats(ctx, q)
	memory := s.inMemory()
	if err != nil || memory == nil || q.Trash {
		return list, err
	}
	first, err := memory.Chats(ctx, store.ChatQuery{})
	return append(first, list...), err
}

func (s *chatStore) UpdateChat(ctx context.Context, c backend.Chat) error {
	to, err := s.ofModel(ctx, c.ID, c.ModelID)
	if err != nil {
		return err
	}
	return to.UpdateChat(ctx, c)
}

func (s *chatStore) SetTitle(ctx context.Context, chatID int64, was, title string) error {
	return s.of(chatID).SetTitle(ctx, chatID, was, title)
}

func (s *chatStore) SetLeaf(ctx context.Context, chatID, leaf int64) error {
	return s.of(chatID).SetLeaf(ctx, chatID, leaf)
}

// SetShelves has no temporary chats to move: they stand on their own.
func (s *chatStore) SetShelves(ctx context.Context, shelves map[int64]backend.Shelf) error {
	return s.disk.SetShelves(ctx, shelves)
}

func (s *chatStore) TrashChat(ctx context.Context, ids ...int64) error {
	return s.each(ids, func(to *store.Store, ids []int64) error { return to.TrashChat(ctx, ids...) })
}

func (s *chatStore) RestoreChat(ctx context.Context, ids ...int64) error {
	return s.each(ids, func(to *store.Store, ids []int64) error { return to.RestoreChat(ctx, ids...) })
}

// each does something with the chats of the disk, then with those in memory.
func (s *chatStore) each(ids []int64, do func(to *store.Store, ids []int64) error) error {
	var onDisk, inMemory []int64
	for _, id := range ids {
		if s.of(id) == s.disk {
			onDisk = append(onDisk, id)
		} else {
			inMemory = append(inMemory, id)
		}
	}
	if len(onDisk) > 0 {
		if err := do(s.disk, onDisk); err != nil {
			return err
		}
	}
	if len(inMemory) > 0 {
		return do(s.inMemory(), inMemory)
	}
	return nil
}

func (s *chatStore) Draft(ctx context.Context, chatID int64) (backend.Draft, error) {
	return s.of(chatID).Draft(ctx, chatID)
}

func (s *chatStore) SaveDraft(ctx context.Context, d backend.Draft) error {
	return s.of(d.ChatID).SaveDraft(ctx, d)
}

func (s *chatStore) AddExchange(ctx context.Context, user, reply backend.Message, o backend.Owner) (backend.Message, backend.Message, error) {
	to, err := s.ofModel(ctx, user.ChatID, reply.ModelID)
	if err != nil {
		return user, reply, err
	}
	return to.AddExchange(ctx, user, reply, o)
}

func (s *chatStore) StartReply(ctx context.Context, reply backend.Message, o backend.Owner) (backend.Message, error) {
	to, err := s.ofModel(ctx, reply.ChatID, reply.ModelID)
	if err != nil {
		return reply, err
	}
	return to.StartReply(ctx, reply, o)
}

func (s *chatStore) StartAside(ctx context.Context, reply backend.Message, o backend.Owner) (backend.Message, error) {
	to, err := s.ofModel(ctx, reply.ChatID, reply.ModelID)
	if err != nil {
		return reply, err
	}
	return to.StartAside(ctx, reply, o)
}

func (s *chatStore) AddReply(ctx context.Context, reply backend.Message, g *backend.Generation) (backend.Message, error) {
	to, err := s.ofModel(ctx, reply.ChatID, reply.ModelID)
	if err != nil {
		return reply, err
	}
	return to.AddReply(ctx, reply, g)
}

func (s *chatStore) BranchReply(ctx context.Context, reply backend.Message, g backend.Generation, from int64, o backend.Owner) (backend.Message, error) {
	to, err := s.ofModel(ctx, reply.ChatID, reply.ModelID)
	if err != nil {
		return reply, err
	}
	return to.BranchReply(ctx, reply, g, from, o)
}

func (s *chatStore) CutBranch(ctx context.Context, messageID int64, title string) (backend.Cut, error) {
	return s.of(messageID).CutBranch(ctx, messageID, title)
}

func (s *chatStore) MendBranch(ctx context.Context, c backend.Cut) error {
	return s.of(c.ChatID).MendBranch(ctx, c)
}

func (s *chatStore) Message(ctx context.Context, id int64) (backend.Message, error) {
	return s.of(id).Message(ctx, id)
}

func (s *chatStore) Path(ctx context.Context, chatID int64) ([]backend.Message, error) {
	return s.of(chatID).Path(ctx, chatID)
}

func (s *chatStore) Children(ctx context.Context, parent int64) ([]backend.Message, error) {
	return s.of(parent).Children(ctx, parent)
}

func (s *chatStore) Roots(ctx context.Context, chatID int64) ([]backend.Message, error) {
	return s.of(chatID).Roots(ctx, chatID)
}

func (s *chatStore) LeafBelow(ctx context.Context, messageID int64) (int64, error) {
	return s.of(messageID).LeafBelow(ctx, messageID)
}

func (s *chatStore) RecordPrompt(ctx context.Context, g backend.Generation) error {
	return s.of(g.MessageID).RecordPrompt(ctx, g)
}

func (s *chatStore) AppendReply(ctx context.Context, messageID int64, tokens []int32, text string) (int64, error) {
	return s.of(messageID).AppendReply(ctx, messageID, tokens, text)
}

func (s *chatStore) FinishReply(ctx context.Context, messageID int64, f store.Finish) (backend.Message, error) {
	return s.of(messageID).FinishReply(ctx, messageID, f)
}

func (s *chatStore) Generation(ctx context.Context, messageID int64) (backend.Generation, error) {
	return s.of(messageID).Generation(ctx, messageID)
}

func (s *chatStore) KeepAlternatives(ctx context.Context, messageID int64, first int, list [][]backend.TokenAlt) error {
	return s.of(messageID).KeepAlternatives(ctx, messageID, first, list)
}

func (s *chatStore) Alternatives(ctx context.Context, messageID int64) ([]backend.TokenChoice, error) {
	return s.of(messageID).Alternatives(ctx, messageID)
}

func (s *chatStore) TakeReply(ctx context.Context, messageID int64, o backend.Owner) (backend.Message, error) {
	return s.of(messageID).TakeReply(ctx, messageID, o)
}

func (s *chatStore) SetRating(ctx context.Context, messageID int64, r backend.Rating) error {
	return s.of(messageID).SetRating(ctx, messageID, r)
}

func (s *chatStore) SetPinned(ctx context.Context, messageID int64, on bool) error {
	return s.of(messageID).SetPinned(ctx, messageID, on)
}

func (s *chatStore) AddSummary(ctx context.Context, messageID int64, text string) error {
	return s.of(messageID).AddSummary(ctx, messageID, text)
}

func (s *chatStore) Summaries(ctx context.Context, chatID int64) (map[int64]string, error) {
	return s.of(chatID).Summaries(ctx, chatID)
}

func (s *chatStore) AddComparison(ctx context.Context, chosen, other int64) error {
	return s.of(chosen).AddComparison(ctx, chosen, other)
}

// Tallies are those of the disk: what was said of a reply in a temporary chat is gone with it.
func (s *chatStore) Tallies(ctx context.Context) (map[int64]backend.Tally, error) {
	return s.disk.Tallies(ctx)
}

// ChangedElsewhere looks on disk: no other process sees a temporary chat.
func (s *chatStore) ChangedElsewhere(ctx context.Context, last store.Look) (store.Look, []int64, error) {
	return s.disk.ChangedElsewhere(ctx, last)
}

// MarkInterrupted looks on disk: the process of a temporary chat is this one.
func (s *chatStore) MarkInterrupted(ctx context.Context, alive func(backend.Owner) bool) ([]backend.Message, error) {
	return s.disk.MarkInterrupted(ctx, alive)
}

func (s *chatStore) Heartbeat(ctx context.Context, o backend.Owner) error {
	return s.disk.Heartbeat(ctx, o)
}

// AttachedSums are those of the disk: what a temporary chat has is in memory.
func (s *chatStore) AttachedSums(ctx context.Context) (map[string]bool, error) {
	return s.disk.AttachedSums(ctx)
}

// SearchMessages never finds what is temporary.
func (s *chatStore) SearchMessages(ctx context.Context, query string, limit int) ([]store.Hit, error) {
	return s.disk.SearchMessages(ctx, query, limit)
}

// SearchFiles never finds what is temporary.
func (s *chatStore) SearchFiles(ctx context.Context, query string, limit int) ([]store.Hit, error) {
	return s.disk.SearchFiles(ctx, query, limit)
}

func (s *chatStore) UnindexedTexts(ctx context.Context, limit int) ([]store.UnindexedText, error) {
	return s.disk.UnindexedTexts(ctx, limit)
}

func (s *chatStore) IndexText(ctx context.Context, sha256 string, parts []store.AttachedPart) error {
	return s.disk.IndexText(ctx, sha256, parts)
}

func (s *chatStore) Setting(ctx context.Context, key string, v any) (bool, error) {
	return s.disk.Setting(ctx, key, v)
}

func (s *chatStore) SetSetting(ctx context.Context, key string, v any) error {
	return s.disk.SetSetting(ctx, key, v)
}
