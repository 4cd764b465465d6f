package chat

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"loam/backend"
	"loam/backend/attach/attachtest"
)

func TestWhatSentFilesSayIsFound(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		pdf := h.attachFile(c.ID, "coast.pdf", attachtest.PDF("The first page", "The ferry leaves at eight"))
		long := h.attachFile(c.ID, "long.txt", []byte(strings.Repeat("nothing of note here\n", 200)+"the walrus sleeps\n"))
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: "When?", Attachments: []backend.Attachment{pdf}})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		if err := h.SaveDraft(t.Context(), backend.Draft{ChatID: c.ID, Attachments: []backend.Attachment{long}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		hits, err := h.SearchFiles(t.Context(), "ferry", 10)
		if err != nil || len(hits) != 1 {
			t.Fatal(hits, err)
		}
		if got := hits[0]; got.Message.ID != sent.User.ID || got.Chat.ID != c.ID || got.File.Name != "coast.pdf" || got.Place.Page != 2 {
			t.Errorf("%+v", got)
		}
		text, err := h.AttachedText(t.Context(), *hits[0].File)
		if err != nil || text[hits[0].Place.Start:hits[0].Place.End] != "The ferry leaves at eight" {
			t.Errorf("%q, %v", text, err)
		}
		if hits, err := h.SearchFiles(t.Context(), "walrus", 10); err != nil || len(hits) != 0 {
			t.Error("what is not sent was found", hits, err)
		}
	})
}

func TestAMessageOnAnotherBranchIsShown(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		h.say(c.ID, "One?")
		h.say(c.ID, "And on?")
		path := h.transcript(c.ID)
		edited, err := h.Edit(t.Context(), path[0].ID, "Two?")
		if err != nil {
			t.Fatal(err)
		}
		h.wait(edited.Reply.ID)
		for _, x := range []struct{ show, end int64 }{
			{path[1].ID, path[3].ID}, {path[0].ID, path[3].ID}, {edited.User.ID, edited.Reply.ID},
		} {
			if err := h.ShowMessage(t.Context(), x.show); err != nil {
				t.Fatal(err)
			}
			if shown := h.transcript(c.ID); shown[len(shown)-1].ID != x.end {
				t.Errorf("message %d: the branch ends with %d, not %d", x.show, shown[len(shown)-1].ID, x.end)
			}
		}
		if err := h.ShowMessage(t.Context(), 1<<40); !errors.Is(err, backend.ErrNotFound) {
			t.Error(err)
		}
	})
}
