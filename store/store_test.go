package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

var me = backend.Owner{PID: 42, Started: 7, Boot: "boot"}

// newChat makes a chat to put messages in.
func newChat(t testing.TB, s *store.Store) backend.Chat {
	t.Helper()
	c, err := s.CreateChat(t.Context(), backend.Chat{Title: "A chat"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func say(t testing.TB, s *store.Store, chat, parent int64, text string) backend.Message {
	t.Helper()
	m, err := s.AddMessage(t.Context(), backend.Message{ChatID: chat, Parent: parent, Role: backend.RoleUser, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func exchange(t testing.TB, s *store.Store, chat, parent int64, text string) (user, reply backend.Message) {
	t.Helper()
	user, reply, err := s.AddExchange(t.Context(), backend.Message{ChatID: chat, Parent: parent, Role: backend.RoleUser, Text: text},
		backend.Message{Role: backend.RoleAssistant, ModelName: "Small"}, me)
	if err != nil {
		t.Fatal(err)
	}
	return user, reply
}

func TestChatComesBackAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder?", "100% #1", "loam.db")
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	sampling := backend.DefaultSampling()
	sampling.Seed = 1<<64 - 1
	want, err := s.CreateChat(t.Context(), backend.Chat{Title: "Trees", System: "Be brief.", Sampling: &sampling})
	if err != nil {
		t.Fatal(err)
	}
	_, reply := exchange(t, s, want.ID, 0, "What is a tree?")
	if _, err := s.AppendReply(t.Context(), reply.ID, []int32{5, 70000}, "A plant"); err != nil {
		t.Fatal(err)
	}
	usage := backend.Usage{PromptTokens: 9, ReplyTokens: 3, FirstToken: time.Second}
	finished, err := s.FinishReply(t.Context(), reply.ID, store.Finish{
		State: backend.MessageComplete, Stop: backend.StopEnd, Tokens: []int32{6}, Text: " that grows.", Usage: usage,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = storetest.Open(t, path)
	got, err := s.Chat(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	want.Leaf = reply.ID
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(backend.Chat{}, "Updated")); diff != "" {
		t.Error(diff)
	}
	transcript, err := s.Path(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(transcript) != 2 || transcript[1].Text != "A plant that grows." || transcript[1].Usage != usage {
		t.Errorf("got %+v", transcript)
	}
	if diff := cmp.Diff(finished, transcript[1]); diff != "" {
		t.Error(diff)
	}
}

func TestRunningReplyIsReadWithWhatItHasSoFar(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	_, reply := exchange(t, s, chat.ID, 0, "Count.")
	last := reply.Revision
	for _, text := range []string{"one, ", "two, ", "three"} {
		revision, err := s.AppendReply(t.Context(), reply.ID, []int32{1}, text)
		if err != nil {
			t.Fatal(err)
		}
		if revision <= last {
			t.Errorf("revision %d after %d", revision, last)
		}
		last = revision
	}
	got, err := s.Message(t.Context(), reply.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != "one, two, three" || got.Revision != last || got.State != backend.MessageRunning {
		t.Errorf("got %+v", got)
	}
	finished, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageStopped, Stop: backend.StopCancel})
	if err != nil {
		t.Fatal(err)
	}
	if finished.Text != "one, two, three" || finished.Revision <= last {
		t.Errorf("got %+v", finished)
	}
}

func TestFinishedReplyRefusesToGrow(t *testing.T) {
	s := storetest.New(t)
	_, reply := exchange(t, s, newChat(t, s).ID, 0, "Hello")
	if _, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageComplete, Text: "Hi"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendReply(t.Context(), reply.ID, nil, "!"); !errors.Is(err, store.ErrNotRunning) {
		t.Errorf("append: %v", err)
	}
	if _, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageStopped, Text: "!"}); !errors.Is(err, store.ErrNotRunning) {
		t.Errorf("finish: %v", err)
	}
	if got, err := s.Message(t.Context(), reply.ID); err != nil || got.Text != "Hi" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestResumeContinuesTextAndTokens(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	_, reply := exchange(t, s, newChat(t, s).ID, 0, "Hello")
	generation := backend.Generation{
		MessageID: reply.ID, Prompt: []int32{1, 2, 128000}, Cuts: []int{2, 1}, Stops: []string{"</s>"},
		Sampling: backend.DefaultSampling(), Engine: backend.EngineInfo{Engine: "fake", Variant: "zen4"},
		Model: backend.ModelRef{Name: "Small", SHA256: "ab"}, Context: 4096, Batch: 512,
	}
	if err := s.RecordPrompt(ctx, generation); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendReply(ctx, reply.ID, []int32{10, 11}, "Hi "); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeReply(ctx, reply.ID, me); !errors.Is(err, backend.ErrBusy) {
		t.Fatalf("a running reply was taken: %v", err)
	}
	marked, err := s.MarkInterrupted(ctx, func(o backend.Owner) bool { return o.PID != me.PID })
	if err != nil {
		t.Fatal(err)
	}
	if len(marked) != 1 || marked[0].ID != reply.ID || marked[0].Text != "Hi " || marked[0].State != backend.MessageInterrupted {
		t.Fatalf("marked %+v", marked)
	}
	other := backend.Owner{PID: 43, Started: 8, Boot: "boot"}
	taken, err := s.TakeReply(ctx, reply.ID, other)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Text != "Hi " || taken.State != backend.MessageRunning || taken.Revision <= marked[0].Revision {
		t.Errorf("taken %+v", taken)
	}
	if _, err := s.AppendReply(ctx, reply.ID, []int32{12}, "there"); err != nil {
		t.Fatal(err)
	}
	if none, err := s.MarkInterrupted(ctx, func(o backend.Owner) bool { return o.PID != me.PID }); err != nil || len(none) != 0 {
		t.Errorf("a reply of a living owner was marked: %v, %v", none, err)
	}
	again, err := s.MarkInterrupted(ctx, func(backend.Owner) bool { return false }) // the second process dies as well
	if err != nil || len(again) != 1 {
		t.Fatalf("marked %+v, %v", again, err)
	}
	if diff := cmp.Diff([]int{2, 3}, []int{marked[0].Usage.ReplyTokens, again[0].Usage.ReplyTokens}); diff != "" {
		t.Errorf("tokens kept: %s", diff)
	}
	if _, err := s.TakeReply(ctx, reply.ID, other); err != nil {
		t.Fatal(err)
	}
	got, err := s.FinishReply(ctx, reply.ID, store.Finish{State: backend.MessageComplete, Stop: backend.StopEnd, Text: "."})
	if err != nil || got.Text != "Hi there." {
		t.Errorf("got %+v, %v", got, err)
	}
	back, err := s.Generation(ctx, reply.ID)
	if err != nil {
		t.Fatal(err)
	}
	generation.Tokens = []int32{10, 11, 12}
	if diff := cmp.Diff(generation, back); diff != "" {
		t.Error(diff)
	}
	if _, err := s.TakeReply(ctx, reply.ID, other); err == nil {
		t.Error("a complete reply was taken")
	}
}

func TestBranchesKnowTheirSiblings(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	question := say(t, s, chat.ID, 0, "question")
	first := say(t, s, chat.ID, question.ID, "first answer")
	below := say(t, s, chat.ID, first.ID, "and then?")
	second := say(t, s, chat.ID, question.ID, "second answer")

	path, err := s.Path(t.Context(), chat.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"question", "second answer"}
	if diff := cmp.Diff(want, texts(path)); diff != "" {
		t.Error(diff)
	}
	if path[1].Sibling != 2 || path[1].Siblings != 2 || path[0].Siblings != 1 {
		t.Errorf("got %+v", path)
	}
	if leaf, err := s.LeafBelow(t.Context(), first.ID); err != nil || leaf != below.ID {
		t.Errorf("leaf below the first answer: %d, %v", leaf, err)
	}
	if leaf, err := s.LeafBelow(t.Context(), second.ID); err != nil || leaf != second.ID {
		t.Errorf("leaf below the second answer: %d, %v", leaf, err)
	}
	if err := s.SetLeaf(t.Context(), chat.ID, below.ID); err != nil {
		t.Fatal(err)
	}
	path, err = s.Path(t.Context(), chat.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"question", "first answer", "and then?"}, texts(path)); diff != "" {
		t.Error(diff)
	}
	children, err := s.Children(t.Context(), question.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first answer", "second answer"}, texts(children)); diff != "" {
		t.Error(diff)
	}
	other := newChat(t, s)
	if err := s.SetLeaf(t.Context(), other.ID, below.ID); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a leaf of another chat: %v", err)
	}
	if _, err := s.AddMessage(t.Context(), backend.Message{ChatID: other.ID, Parent: first.ID, Role: backend.RoleUser}); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a parent in another chat: %v", err)
	}
}

func texts(list []backend.Message) (all []string) {
	for _, m := range list {
		all = append(all, m.Text)
	}
	return all
}

func TestChatsAreListedByLastUse(t *testing.T) {
	now := time.UnixMilli(1_000_000).UTC()
	s, err := store.Open(t.Context(), store.Options{
		Path: filepath.Join(t.TempDir(), "loam.db"), Now: func() time.Time { now = now.Add(time.Second); return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var ids []int64
	for range 3 {
		ids = append(ids, newChat(t, s).ID)
	}
	say(t, s, ids[0], 0, "again")
	if err := s.TrashChat(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	list := func(q store.ChatQuery) (got []int64) {
		t.Helper()
		chats, err := s.Chats(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range chats {
			got = append(got, c.ID)
		}
		return got
	}
	if diff := cmp.Diff([]int64{ids[0], ids[2]}, list(store.ChatQuery{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{ids[2]}, list(store.ChatQuery{Limit: 1, Offset: 1})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{ids[1]}, list(store.ChatQuery{Trash: true})); diff != "" {
		t.Error(diff)
	}
	if err := s.RestoreChat(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{ids[0], ids[2], ids[1]}, list(store.ChatQuery{})); diff != "" {
		t.Error(diff)
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"chat":       func() error { _, err := s.Chat(ctx, 9); return err },
		"path":       func() error { _, err := s.Path(ctx, 9); return err },
		"message":    func() error { _, err := s.Message(ctx, 9); return err },
		"leaf below": func() error { _, err := s.LeafBelow(ctx, 9); return err },
		"generation": func() error { _, err := s.Generation(ctx, 9); return err },
		"trash":      func() error { return s.TrashChat(ctx, 9) },
		"update":     func() error { return s.UpdateChat(ctx, backend.Chat{ID: 9}) },
		"draft":      func() error { return s.SaveDraft(ctx, backend.Draft{ChatID: 9, Text: "x"}) },
		"add": func() error {
			_, err := s.AddMessage(ctx, backend.Message{ChatID: 9, Role: backend.RoleUser})
			return err
		},
		"model":   func() error { _, err := s.Model(ctx, 9); return err },
		"sha":     func() error { _, err := s.ModelBySHA(ctx, ""); return err },
		"job":     func() error { _, err := s.Job(ctx, 9); return err },
		"picture": func() error { _, err := s.Picture(ctx, 9); return err },
	} {
		if err := call(); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDraftsAreKeptPerChat(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	for _, want := range []backend.Draft{
		{ChatID: chat.ID, Text: "half a thought", ScrollMessage: 3, ScrollOffset: 12.5},
		{ChatID: chat.ID, Text: "more", ScrollOffset: 1},
		{ChatID: 0, Text: "for a new chat"},
	} {
		if err := s.SaveDraft(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Draft(t.Context(), want.ChatID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	exchange(t, s, chat.ID, 0, "something else")
	if d, err := s.Draft(t.Context(), chat.ID); err != nil || d.Text != "more" {
		t.Errorf("another message took the draft: %+v, %v", d, err)
	}
	exchange(t, s, chat.ID, 0, " more\n")
	if d, err := s.Draft(t.Context(), chat.ID); err != nil || d.Text != "" || d.ScrollOffset != 1 {
		t.Errorf("the sent draft stayed: %+v, %v", d, err)
	}
}

func TestSettingsHoldAnyJSON(t *testing.T) {
	s := storetest.New(t)
	var theme string
	if found, err := s.Setting(t.Context(), "theme", &theme); found || err != nil {
		t.Fatalf("found %v, %v", found, err)
	}
	if err := s.SetSetting(t.Context(), "theme", "dark"); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Setting(t.Context(), "theme", &theme); !found || err != nil || theme != "dark" {
		t.Errorf("found %v, %q, %v", found, theme, err)
	}
	var number int
	if _, err := s.Setting(t.Context(), "theme", &number); err == nil {
		t.Error("a text was read as a number")
	}
	if err := s.SetSetting(t.Context(), "theme", nil); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Setting(t.Context(), "theme", &theme); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

// A text of any content is kept, readable, and leaves its chat readable.
func TestAnyContentKeepsTheChatOpenable(t *testing.T) {
	s := storetest.New(t)
	long := strings.Repeat("twenty million bytes ", 1_000_000)
	for name, c := range map[string]struct{ in, want string }{
		"nul":       {"a\x00b", "a\uFFFDb"},
		"not utf-8": {"a\xff\xfeb", "a\uFFFDb"},
		"surrogate": {"a\xed\xa0\x80b", "a\uFFFDb"},
		"controls":  {"\x1b[31m\r\n\t\u202e\uFDD0", "\x1b[31m\r\n\t\u202e\uFDD0"},
		"sql":       {"'; DROP TABLE messages; --", "'; DROP TABLE messages; --"},
		"20 MB":     {long, long},
	} {
		chat := newChat(t, s)
		user, reply := exchange(t, s, chat.ID, 0, c.in)
		if _, err := s.AppendReply(t.Context(), reply.ID, []int32{1}, c.in); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageComplete}); err != nil {
			t.Fatal(err)
		}
		path, err := s.Path(t.Context(), chat.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if user.Text != c.want || len(path) != 2 || path[0].Text != c.want || path[1].Text != c.want {
			t.Errorf("%s: the text came back different", name)
		}
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestThreadIsStoredAsItsMessagesOneByOne(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	model, err := s.AddModel(ctx, bigModel)
	if err != nil {
		t.Fatal(err)
	}
	created := time.UnixMilli(1234).UTC()
	thread := []backend.Message{
		{Role: backend.RoleUser, Text: "What\x00 is \"this\"? \u2028 日本 \xff", Created: created},
		{
			Role: backend.RoleAssistant, Text: "A <test> & more.", State: backend.MessageStopped, Stop: backend.StopCancel, Created: created,
			ModelID: model.ID, ModelName: "Big", Usage: backend.Usage{PromptTokens: 3, ReplyTime: time.Second}, Error: "none",
		},
		{Role: backend.RoleUser, Text: "", Created: created},
	}
	byOne, atOnce := newChat(t, s), newChat(t, s)
	root := say(t, s, atOnce.ID, 0, "root")
	other := say(t, s, byOne.ID, 0, "root")
	parent := other.ID
	for _, m := range thread {
		m.ChatID, m.Parent = byOne.ID, parent
		added, err := s.AddMessage(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		parent = added.ID
	}
	for i := range thread {
		thread[i].ChatID = atOnce.ID
	}
	thread[0].Parent = root.ID
	if err := s.AddThread(ctx, thread); err != nil {
		t.Fatal(err)
	}
	want, err := s.Path(ctx, byOne.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Path(ctx, atOnce.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], got[1:], cmpopts.IgnoreFields(backend.Message{}, "ID", "ChatID", "Parent")); diff != "" {
		t.Error(diff)
	}
	if hits, err := s.SearchMessages(ctx, "test", 10); err != nil || len(hits) != 2 {
		t.Errorf("%d hits, %v", len(hits), err)
	}
	thread[1].State = backend.MessageRunning
	if err := s.AddThread(ctx, thread); err == nil {
		t.Error("a running message was stored without an owner")
	}
	if err := s.AddThread(ctx, []backend.Message{{ChatID: 99, Role: backend.RoleUser}}); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a chat that is not there: %v", err)
	}
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}
