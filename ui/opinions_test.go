package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
)

func TestThumbsAreToggledAndKept(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	id := f.path(c.ID)[1].ID
	rating := func() backend.Rating { return f.path(c.ID)[1].Rating }
	for i, step := range []struct {
		rate backend.Rating
		want backend.Rating
	}{{backend.ThumbsUp, backend.ThumbsUp}, {backend.ThumbsDown, backend.ThumbsDown}, {backend.ThumbsDown, backend.Unrated}, {backend.ThumbsUp, backend.ThumbsUp}} {
		f.UI.chats.Rate(id, step.rate)
		if got := rating(); got != step.want {
			t.Errorf("step %d: the rating is %d, want %d", i, got, step.want)
		}
	}
	f.chats.Refuse = backend.ErrDiskFull
	f.UI.chats.Rate(id, backend.ThumbsUp)
	f.says("The disk is full")
}

func TestAReplyIsEditedInPlace(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.UI.chats.Edit(f.path(c.ID)[1].ID)
	f.says("Editing a reply: the old one is kept beside it, and nothing is written anew.")
	f.focusedField().SetText("My answer")
	f.press(fyne.KeyReturn)
	path := f.path(c.ID)
	if len(path) != 2 || path[1].Text != "My answer" || !path[1].Usage.Edited {
		t.Errorf("stored: %+v", path)
	}
	f.says("edited by you")
	if got := f.focusedField().Text; got != "" {
		t.Errorf("the composer holds %q", got)
	}
}
