package chat

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/attach/attachtest"
)

// attachFile attaches a file of some words.
func (h *house) attachFile(chatID int64, name string, data []byte) backend.Attachment {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		h.t.Fatal(err)
	}
	a, err := h.Attach(h.t.Context(), chatID, path)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// longPages are pages of which none fits the model beside another, and only one knows of the ferry.
func longPages(n int) []byte {
	pages := make([]string, n)
	for i := range pages {
		pages[i] = fmt.Sprintf("Page %d is about subject%d.\n", i+1, i+1) + strings.Repeat("filler words stand here\n", 12)
	}
	pages[n/2] += "The ferry to Bergen leaves at eight."
	return attachtest.PDF(pages...)
}

// prompted says which words the engine was asked with last.
func (h *house) prompted(word string) bool {
	h.engine.mu.Lock()
	defer h.engine.mu.Unlock()
	return slices.Contains(h.engine.asked[len(h.engine.asked)-1].Prompt, wordID(word))
}

func TestFileThatFitsGoesInAsAWhole(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "notes.txt", []byte("The key is under the pot."))
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: "Where is it?", Attachments: []backend.Attachment{a}})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		for _, word := range []string{"<document", `name="notes.txt">`, "pot.", "</document>", "it?"} {
			if !h.prompted(word) {
				t.Errorf("the model was not shown %q", word)
			}
		}
		a.Tokens = 9 // counted on the way
		want := []backend.Attachment{a}
		if diff := cmp.Diff(want, h.stored(sent.User.ID).Attachments); diff != "" {
			t.Error(diff)
		}
		if m := h.stored(sent.User.ID); m.Text != "Where is it?" {
			t.Errorf("the words became %q", m.Text)
		}
		h.say(c.ID, "And now?")
		if !h.prompted("pot.") {
			t.Error("the next turn does not see the file")
		}
		edited, err := h.Edit(t.Context(), sent.User.ID, "Where exactly?")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, edited.User.Attachments); diff != "" {
			t.Error("editing loses the file", diff)
		}
		h.wait(edited.Reply.ID)
	})
}

func TestMessageMayBeAFileAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "notes.txt", []byte("words"))
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Attachments: []backend.Attachment{a}})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		if c, err = h.Chat(t.Context(), c.ID); err != nil || c.Title != "notes.txt" {
			t.Error(c.Title, err)
		}
	})
}

func TestPassagesAreShownBeforeTheyAreSent(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "long.pdf", longPages(20))
		draft := backend.Draft{ChatID: c.ID, Text: "When does the ferry leave?", Attachments: []backend.Attachment{a}}
		if err := h.SaveDraft(t.Context(), draft); err != nil {
			t.Fatal(err)
		}
		request := SendRequest{Text: draft.Text, Attachments: draft.Attachments}
		_, err := h.Send(t.Context(), c.ID, request)
		p, ok := errors.AsType[*Picking](err)
		if !ok {
			t.Fatal(err)
		}
		if len(h.transcript(c.ID)) != 0 {
			t.Fatal("it was sent before the passages were seen")
		}
		if kept, err := h.Draft(t.Context(), c.ID); err != nil || !cmp.Equal(kept, draft) {
			t.Error(cmp.Diff(draft, kept), err)
		}
		of := p.Picks[0]
		if of.Total != 20 || of.General || !of.List[0].Picked || of.List[0].Passage.Page != 11 || !strings.Contains(of.List[0].Text, "ferry") {
			t.Fatalf("%+v", of)
		}
		if p.Tokens() > p.Room {
			t.Errorf("%d tokens are picked where there is room for %d", p.Tokens(), p.Room)
		}
		request.Attachments, request.Picked = p.Chosen(), true
		sent, err := h.Send(t.Context(), c.ID, request)
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		if !h.prompted("ferry") || !h.prompted("11]") || h.prompted("subject1.") {
			t.Error("the model was not shown the passage, or more")
		}
		got := h.stored(sent.User.ID).Attachments[0]
		if !got.Partly || len(got.Passages) == 0 || got.Passages[0].Place() != "p. 11" {
			t.Errorf("%+v", got)
		}
		again, err := h.RunAgain(t.Context(), sent.Reply.ID, nil)
		if err != nil || !again.Identical() {
			t.Error("it cannot be run again exactly", err)
		}
		// The passage is still in sight: it is not sent a second time.
		_, err = h.Send(t.Context(), c.ID, SendRequest{Text: "And the ferry back?", Attachments: []backend.Attachment{a}})
		if p, ok = errors.AsType[*Picking](err); !ok || !p.Picks[0].List[0].Seen || p.Picks[0].List[0].Picked {
			t.Errorf("%v", err)
		}
	})
}

func TestQuestionThatNamesNothingGetsStepsThroughTheFile(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "long.pdf", longPages(20))
		_, err := h.Send(t.Context(), c.ID, SendRequest{Text: "Please summarise this document", Attachments: []backend.Attachment{a}})
		p, ok := errors.AsType[*Picking](err)
		if !ok || !p.Picks[0].General || !p.Picks[0].List[0].Picked || p.Picks[0].List[0].Passage.Page != 1 {
			t.Fatalf("%v %+v", err, p)
		}
	})
}

func TestSmallFilesStayWholeBesideALargeOne(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		files := []backend.Attachment{h.attachFile(c.ID, "long.pdf", longPages(20)), h.attachFile(c.ID, "notes.txt", []byte("small"))}
		_, err := h.Send(t.Context(), c.ID, SendRequest{Text: "the ferry?", Attachments: files})
		p, ok := errors.AsType[*Picking](err)
		if !ok || len(p.Picks) != 1 || p.Picks[0].File != 0 {
			t.Fatalf("%v %+v", err, p)
		}
		if chosen := p.Chosen(); chosen[1].Partly || !chosen[0].Partly {
			t.Errorf("%+v", chosen)
		}
		plan, err := h.Plan(t.Context(), c.ID, "the ferry?", files...)
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, part := range plan.Parts {
			if part.Kind == PartFile {
				named = append(named, fmt.Sprintf("%s %v %v", part.File.Name, part.File.Partly, part.Tokens > 0))
			}
		}
		if diff := cmp.Diff([]string{"long.pdf true true", "notes.txt false true"}, named); diff != "" {
			t.Error(diff)
		}
		total := 0
		for _, part := range plan.Parts {
			total += part.Tokens
		}
		if total != plan.PromptTokens {
			t.Errorf("the parts are %d tokens, the prompt %d", total, plan.PromptTokens)
		}
	})
}

func TestTooManyPassagesAreRefusedNotCut(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "long.pdf", longPages(20))
		_, err := h.Send(t.Context(), c.ID, SendRequest{Text: "the ferry?", Attachments: []backend.Attachment{a}})
		p, ok := errors.AsType[*Picking](err)
		if !ok {
			t.Fatal(err)
		}
		for i := range p.Picks[0].List {
			p.Picks[0].List[i].Picked = true
		}
		_, err = h.Send(t.Context(), c.ID, SendRequest{Text: "the ferry?", Attachments: p.Chosen(), Picked: true})
		if long, ok := errors.AsType[*TooLong](err); !ok || long.Tokens <= long.Room {
			t.Error(err)
		}
	})
}

func TestForgottenFilesAreGoneUnlessShared(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		one, other := h.newChat(), h.newChat()
		shared := h.attachFile(one.ID, "shared.txt", []byte("shared"))
		mine := h.attachFile(one.ID, "mine.txt", []byte("mine"))
		for id, files := range map[int64][]backend.Attachment{one.ID: {shared, mine}, other.ID: {shared}} {
			sent, err := h.Send(t.Context(), id, SendRequest{Text: "?", Attachments: files})
			if err != nil {
				t.Fatal(err)
			}
			h.wait(sent.Reply.ID)
		}
		before, err := h.ledger.AttachedSums(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Trash(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.ForgetFiles(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if _, err := h.AttachedText(t.Context(), mine); err != nil {
			t.Error("what lies in the trash lost its file", err)
		}
		if _, err := h.ledger.PurgeTrash(t.Context(), h.now().AddDate(1, 0, 0)); err != nil {
			t.Fatal(err)
		}
		if err := h.ForgetFiles(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if _, err := h.AttachedText(t.Context(), mine); !errors.Is(err, backend.ErrNotFound) {
			t.Error("the file outlives its chat", err)
		}
		if text, err := h.AttachedText(t.Context(), shared); err != nil || text != "shared" {
			t.Error(text, err)
		}
		hits, err := h.SearchFiles(t.Context(), "shar", 5)
		if err != nil || len(hits) != 1 || hits[0].Chat.ID != other.ID || hits[0].Snippet != "shared.txt" {
			t.Errorf("%+v %v", hits, err)
		}
	})
}

func TestFilesOfTemporaryChatsStayInMemory(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		files := attach.NewFiles(t.TempDir())
		h.files = files
		a := h.attachFile(backend.FirstTemporaryID, "secret.txt", []byte("secret"))
		if _, err := os.Stat(files.Path(a.SHA256)); !errors.Is(err, os.ErrNotExist) {
			t.Error("it is on the disk", err)
		}
		if text, err := h.AttachedText(t.Context(), a); err != nil || text != "secret" {
			t.Error(text, err)
		}
	})
}

func TestFilesGoAlongToATemporaryChat(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		files := attach.NewFiles(t.TempDir())
		h.files = files
		a := h.attachFile(0, "secret.txt", []byte("secret"))
		if _, err := os.Stat(files.Path(a.SHA256)); err != nil {
			t.Fatal(err)
		}
		if err := h.HoldFiles(t.Context(), []backend.Attachment{a}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(files.Path(a.SHA256)); !errors.Is(err, os.ErrNotExist) {
			t.Error("it is still on the disk", err)
		}
		if text, err := h.AttachedText(t.Context(), a); err != nil || text != "secret" {
			t.Error(text, err)
		}
	})
}

func TestMissingFileDoesNotEndTheChat(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		a := h.attachFile(c.ID, "notes.txt", []byte("pot"))
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: "?", Attachments: []backend.Attachment{a}})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		if err := h.files.Remove(a.Text); err != nil {
			t.Fatal(err)
		}
		if m := h.say(c.ID, "still there?"); m.State != backend.MessageComplete || !h.prompted("(This") {
			t.Error(m.State, m.Error)
		}
	})
}
