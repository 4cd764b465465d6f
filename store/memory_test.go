package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func openMemory(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAStoreInMemoryWritesNoFile(t *testing.T) {
	t.Chdir(t.TempDir())
	s := openMemory(t)
	c, err := s.CreateChat(t.Context(), backend.Chat{Title: "secret"})
	if err != nil || c.ID != backend.FirstTemporaryID {
		t.Fatal(c.ID, err)
	}
	owner := backend.Owner{PID: os.Getpid()}
	user, reply, err := s.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "hello"},
		backend.Message{ChatID: c.ID, Role: backend.RoleAssistant}, owner)
	if err != nil || !backend.IsTemporary(user.ID) {
		t.Fatal(user.ID, err)
	}
	var wg sync.WaitGroup
	for i := range 4 { // readers beside the writer
		wg.Go(func() {
			for range 50 {
				if _, err := s.Path(context.Background(), c.ID); err != nil {
					t.Errorf("reader %d: %v", i, err)
				}
			}
		})
	}
	for i := range 50 {
		if _, err := s.AppendReply(t.Context(), reply.ID, []int32{1}, fmt.Sprint(i, " ")); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if _, err := s.FinishReply(t.Context(), reply.ID, Finish{State: backend.MessageComplete}); err != nil {
		t.Fatal(err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Error(files, err)
	}
}

func TestStoresInMemoryAreApart(t *testing.T) {
	a, b := openMemory(t), openMemory(t)
	if _, err := a.CreateChat(t.Context(), backend.Chat{Title: "mine"}); err != nil {
		t.Fatal(err)
	}
	if list, err := b.Chats(t.Context(), ChatQuery{}); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestATreeMovesWholeToAnotherStore(t *testing.T) {
	from := openMemory(t)
	to, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close() //nolint:errcheck // the test is over
	m, err := to.AddModel(t.Context(), backend.Model{Name: "m", Kind: backend.KindChat, Path: "/m"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := from.CopyModel(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	c, err := from.CreateChat(t.Context(), backend.Chat{Title: "t", System: "s", ModelID: m.ID})
	if err != nil || c.ModelID != m.ID {
		t.Fatal(c, err)
	}
	owner := backend.Owner{PID: os.Getpid()}
	user, first, err := from.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "question"},
		backend.Message{ChatID: c.ID, Role: backend.RoleAssistant, ModelID: m.ID, ModelName: "m"}, owner)
	if err != nil {
		t.Fatal(err)
	}
	if err := from.RecordPrompt(t.Context(), backend.Generation{MessageID: first.ID, Prompt: []int32{1, 2}, Cuts: []int{2}, Model: m.Ref()}); err != nil {
		t.Fatal(err)
	}
	if _, err := from.TreeOf(t.Context(), c.ID); err == nil {
		t.Error("a running reply was taken along")
	}
	if _, err := from.FinishReply(t.Context(), first.ID, Finish{State: backend.MessageComplete, Tokens: []int32{3}, Text: "answer"}); err != nil {
		t.Fatal(err)
	}
	second, err := from.StartReply(t.Context(), backend.Message{ChatID: c.ID, Parent: user.ID, Role: backend.RoleAssistant}, owner)
	if err != nil {
		t.Fatal(err)
	}
	usage := backend.Usage{SeenFrom: user.ID, LeftOut: 1, ReplyTokens: 7}
	if _, err := from.FinishReply(t.Context(), second.ID, Finish{State: backend.MessageStopped, Text: "other", Usage: usage}); err != nil {
		t.Fatal(err)
	}
	if err := from.SaveDraft(t.Context(), backend.Draft{ChatID: c.ID, Text: "draft", ScrollMessage: user.ID}); err != nil {
		t.Fatal(err)
	}
	tree, err := from.TreeOf(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := to.AddTree(t.Context(), tree)
	if err != nil || backend.IsTemporary(kept.ID) {
		t.Fatal(kept.ID, err)
	}
	again, err := to.TreeOf(t.Context(), kept.ID)
	if err != nil {
		t.Fatal(err)
	}
	// What is numbered anew is not compared, and neither is how often a message was written.
	for _, x := range []*Tree{&tree, &again} {
		x.Chat.ID, x.Draft.ChatID = 0, 0
		for i := range x.Messages {
			m := &x.Messages[i]
			m.ID, m.ChatID, m.Revision, m.SeenFrom = 0, 0, 0, 0
			if m.Generation != nil {
				m.Generation.MessageID = 0
			}
		}
	}
	if d := cmp.Diff(tree, again); d != "" {
		t.Error(d)
	}
}
