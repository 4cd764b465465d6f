package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

func TestSearchFindsWhatAPersonRemembers(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	for _, text := range []string{
		"Crème brûlée needs a torch",
		"The Torch was lit in Olympia",
		"日本語の文法を説明してください",
		"東京タワーは高い",
		"func parseTokens(tbl *Table) error { return nil }",
		"100% of C++ and a -> b",
		"สวัสดีครับ",
		"Größenwahn, ganz groß",
		strings.Repeat("padding ", 40000) + "needle",
	} {
		say(t, s, chat.ID, 0, text)
	}
	for query, want := range map[string][]string{
		"creme":                {"Crème brûlée needs a torch"},
		"BRULEE torch":         {"Crème brûlée needs a torch"},
		"torch":                {"The Torch was lit in Olympia", "Crème brûlée needs a torch"},
		"tor":                  {"The Torch was lit in Olympia", "Crème brûlée needs a torch"}, // still typing
		`"torch was lit"`:      {"The Torch was lit in Olympia"},
		`"was torch"`:          nil,
		"torch nowhere":        nil,
		"日本語":                  {"日本語の文法を説明してください"},
		"文法":                   {"日本語の文法を説明してください"},
		"高":                    {"東京タワーは高い"},
		"タワー 高":                {"東京タワーは高い"},
		"สวัสดี":               {"สวัสดีครับ"},
		"okens":                {"func parseTokens(tbl *Table) error { return nil }"},
		"parsetok":             {"func parseTokens(tbl *Table) error { return nil }"},
		"->":                   {"100% of C++ and a -> b"},
		"%":                    {"100% of C++ and a -> b"},
		"_":                    nil,
		`"`:                    nil,
		`foo" OR text:bar NOT`: nil,
		"* ^ ( ) { } : NEAR":   nil,
		"größenwahn":           {"Größenwahn, ganz groß"},
		"":                     nil,
		"   ":                  nil,
		"\x00\xff":             nil,
		"needle":               nil, // beyond the bound of what is indexed
	} {
		hits, err := s.SearchMessages(t.Context(), query, 10)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Snippet)
			for _, mark := range h.Marks {
				if mark[0] >= mark[1] || mark[1] > len(h.Snippet) {
					t.Errorf("%q: mark %v in %q", query, mark, h.Snippet)
				}
			}
			if len(h.Marks) == 0 || h.Message.ChatID != chat.ID || h.Chat.ID != chat.ID || h.Chat.Title != "A chat" {
				t.Errorf("%q: hit %+v", query, h)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
}

// The index for scripts without spaces must have every character that a query of them can have.
func TestUnspacedScriptsAreAllIndexed(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	for _, r := range []rune{'ก', 'ຫ', 'မ', 'ក', 'ᄀ', 'ぁ', 'ヺ', '一', '鿿', '가', '힣', '豈', '\U00020000', '\U00030000'} {
		want := say(t, s, chat.ID, 0, "x"+string(r)+"y")
		hits, err := s.SearchMessages(t.Context(), string(r), 10)
		if err != nil || len(hits) != 1 || hits[0].Message.ID != want.ID {
			t.Errorf("%c (%U): %v, %v", r, r, hits, err)
		}
	}
}

func TestSearchMarksTheMatch(t *testing.T) {
	s := storetest.New(t)
	say(t, s, newChat(t, s).ID, 0, strings.Repeat("before ", 100)+"the\n\nNeedle\tlies here "+strings.Repeat("after ", 100))
	hits, err := s.SearchMessages(t.Context(), "needle", 10)
	if err != nil || len(hits) != 1 {
		t.Fatalf("%+v, %v", hits, err)
	}
	h := hits[0]
	if len(h.Marks) != 1 || h.Snippet[h.Marks[0][0]:h.Marks[0][1]] != "Needle" {
		t.Errorf("%q %v", h.Snippet, h.Marks)
	}
	if strings.ContainsAny(h.Snippet, "\n\t") || len(h.Snippet) > 400 {
		t.Errorf("%q", h.Snippet)
	}
}

func TestReplyIsFoundWhenItEnds(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	chat := newChat(t, s)
	_, reply := exchange(t, s, chat.ID, 0, "Which bird?")
	found := func(want int) {
		t.Helper()
		hits, err := s.SearchMessages(ctx, "kingfisher", 10)
		if err != nil || len(hits) != want {
			t.Errorf("%d hits instead of %d, %v", len(hits), want, err)
		}
	}
	if _, err := s.AppendReply(ctx, reply.ID, nil, "The kingfisher"); err != nil {
		t.Fatal(err)
	}
	found(0)
	if _, err := s.FinishReply(ctx, reply.ID, store.Finish{State: backend.MessageStopped}); err != nil {
		t.Fatal(err)
	}
	found(1)
	if _, err := s.TakeReply(ctx, reply.ID, me); err != nil {
		t.Fatal(err)
	}
	found(0)
	if _, err := s.FinishReply(ctx, reply.ID, store.Finish{State: backend.MessageComplete, Text: " is blue."}); err != nil {
		t.Fatal(err)
	}
	found(1)
	if err := s.TrashChat(ctx, chat.ID); err != nil {
		t.Fatal(err)
	}
	found(0)
	if err := s.RestoreChat(ctx, chat.ID); err != nil {
		t.Fatal(err)
	}
	found(1)
	if err := s.TrashChat(ctx, chat.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PurgeTrash(ctx, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	found(0)
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}
