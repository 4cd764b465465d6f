package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

// attached is a chat with a message that has a file of some text, whose parts are indexed.
func attached(t *testing.T, s *store.Store, name, sum string, parts ...string) backend.Message {
	t.Helper()
	c, err := s.CreateChat(t.Context(), backend.Chat{Title: "About " + name})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "read it", Attachments: []backend.Attachment{
		{Name: name, Kind: backend.AttachPDF, SHA256: "file " + sum, Text: sum, Pages: len(parts)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	index(t, s, sum, parts...)
	return m
}

func index(t *testing.T, s *store.Store, sum string, parts ...string) {
	t.Helper()
	var list []store.AttachedPart
	for i, text := range parts {
		list = append(list, store.AttachedPart{Place: backend.Passage{Page: i + 1, From: 1, To: 2, End: len(text)}, Text: text})
	}
	if err := s.IndexText(t.Context(), sum, list); err != nil {
		t.Fatal(err)
	}
}

// places are the hits of a search in files: name, place, words around with their marks.
func places(t *testing.T, s *store.Store, query string) (out []string) {
	t.Helper()
	hits, err := s.SearchFiles(t.Context(), query, 10)
	if err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	for _, h := range hits {
		line := h.File.Name
		if h.Place != nil {
			line += " " + h.Place.Place()
		}
		words := h.Snippet
		for i := len(h.Marks) - 1; i >= 0; i-- {
			m := h.Marks[i]
			words = words[:m[0]] + "[" + words[m[0]:m[1]] + "]" + words[m[1]:]
		}
		out = append(out, line+": "+words)
	}
	return out
}

func TestWordsInFilesAreFound(t *testing.T) {
	s := storetest.New(t)
	attached(t, s, "ferries.pdf", "a", "Timetable of the coast", "The ferry to Ålesund leaves at eight, and the last ferry at nine", "the ferry is small")
	attached(t, s, "旅行.pdf", "b", "東京から京都まで", "函館の灯台")
	for query, want := range map[string][]string{
		"ferry alesund":     {"ferries.pdf p. 2: The [ferry] to [Ålesund] leaves at eight, and the last [ferry] at nine"},
		`"leaves at eight"`: {"ferries.pdf p. 2: The ferry to Ålesund [leaves at eight], and the last ferry at nine"},
		`"eight leaves"`:    nil,
		"timet":             {"ferries.pdf p. 1: [Timetable] of the coast"},
		"ferry timetable":   nil, // not on one page
		"ferr":              {"ferries.pdf: [ferries].pdf"},
		"ferry":             {"ferries.pdf p. 2: The [ferry] to Ålesund leaves at eight, and the last [ferry] at nine"},
		"京都":                {"旅行.pdf p. 1: 東京から[京都]まで"},
		"函館の灯":              {"旅行.pdf p. 2: [函館の灯]台"},
		"absent":            nil,
		"->":                nil,
		`"`:                 nil,
	} {
		if diff := cmp.Diff(want, places(t, s, query)); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	if hits, err := s.SearchMessages(t.Context(), "ferry", 10); err != nil || len(hits) != 0 {
		t.Error(hits, err)
	}
}

// A text that two messages have is stored once, found in both, and gone with the last one.
func TestWordsOfAFileLiveAsLongAsItsMessages(t *testing.T) {
	s := storetest.New(t)
	one := attached(t, s, "one.pdf", "a", "walrus", strings.Repeat("and another walrus ", 20_000))
	two := attached(t, s, "two.pdf", "a", "walrus", strings.Repeat("and another walrus ", 20_000))
	want := []string{"two.pdf p. 1: [walrus]", "one.pdf p. 1: [walrus]"}
	if diff := cmp.Diff(want, places(t, s, "walrus")); diff != "" {
		t.Error(diff)
	}
	if err := s.TrashChat(t.Context(), two.ChatID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], places(t, s, "walrus")); diff != "" {
		t.Error(diff)
	}
	if _, err := s.PurgeTrash(t.Context(), time.Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], places(t, s, "walrus")); diff != "" {
		t.Error(diff)
	}
	if err := s.TrashChat(t.Context(), one.ChatID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PurgeTrash(t.Context(), time.Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	// Nothing of it is left, also where another message gets a text of that name.
	index(t, s, "a", "walrus")
	attached(t, s, "three.pdf", "a", "seal")
	if diff := cmp.Diff([]string(nil), places(t, s, "walrus")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"three.pdf p. 1: [seal]"}, places(t, s, "seal")); diff != "" {
		t.Error(diff)
	}
}

// What waits for being indexed is listed until it is, the newest first, once for all messages that have it.
func TestTextsThatAreNotIndexedAreListed(t *testing.T) {
	s := storetest.New(t)
	c, err := s.CreateChat(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		_, err := s.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Attachments: []backend.Attachment{
			{Name: "same", Kind: backend.AttachCode, Text: "same"}, {Name: "own", Kind: backend.AttachText, Text: fmt.Sprint("own ", i)},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []store.UnindexedText{{SHA256: "own 2", Kind: "text"}, {SHA256: "same", Kind: "code"}, {SHA256: "own 1", Kind: "text"}, {SHA256: "own 0", Kind: "text"}}
	if got, err := s.UnindexedTexts(t.Context(), 0); err != nil || !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got), err)
	}
	index(t, s, "same", "words")
	index(t, s, "own 1") // says nothing
	want = []store.UnindexedText{want[0], want[3]}
	if got, err := s.UnindexedTexts(t.Context(), 5); err != nil || !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got), err)
	}
}
