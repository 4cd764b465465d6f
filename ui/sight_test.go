package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/chat"
	"loam/ui/chatview"
	"loam/ui/pages"
	"loam/ui/widgets"
)

var planned = chat.Plan{
	Context: 4096, Reserved: 1024, PromptTokens: 2890, SeenFrom: 3, LeftOut: []int64{1, 2},
	Parts: []chat.Part{
		{Kind: chat.PartSystem, Tokens: 120},
		{Kind: chat.PartPinned, Messages: 2, Tokens: 310},
		{Kind: chat.PartHistory, Messages: 14, Tokens: 2310},
		{Kind: chat.PartNewest, Messages: 1, Tokens: 40},
		{Kind: chat.PartFormat, Tokens: 110},
	},
	Messages: []chat.Count{
		{Message: backend.Message{ID: 3, Role: backend.RoleUser, Text: "A short one", Pinned: true}, Tokens: 12},
		{Message: backend.Message{ID: 4, Role: backend.RoleAssistant, Text: "A long answer"}, Tokens: 2298},
		{Message: backend.Message{Role: backend.RoleUser, Text: "What comes next"}, Tokens: 40},
	},
}

func TestContextMeterAppearsWhenItCountsAndOpensThePlan(t *testing.T) {
	for _, look := range []string{"light", "dark"} {
		for _, size := range []fyne.Size{{Width: 720, Height: 480}, {Width: 1280, Height: 800}} {
			f := fakes(t)
			c := f.conversation(backend.MessageComplete)
			f.chats.Sight.Plan, f.chats.Sight.Context, f.chats.Sight.Used = planned, 4096, 2000
			f.open(size.Width, size.Height)
			f.UI.setLook(pages.Look{Mode: look, Scale: 1})
			f.UI.chats.Open(c.ID)
			if strings.Contains(f.shownText(), "full") {
				t.Error("a chat that takes half of the context shows its meter")
			}
			f.chats.Sight.Used = 3700
			f.UI.chats.Open(c.ID)
			name := fmt.Sprintf("sight-%s-%.0f", look, size.Width)
			f.draw(name + "-meter")
			f.tap("90 % full")
			text := f.shownText()
			for _, want := range []string{
				"What the model sees", "2,890 tokens of 4,096 tokens", "Pinned messages (2 messages)", "2,310 tokens", "2 older messages left out.",
				"A long answer", "2,298 tokens, written by the model", "12 tokens, written by you, pinned", "40 tokens, written by you, not sent yet",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("the plan does not say %q:\n%s", want, text)
				}
			}
			f.fits(name)
			f.draw(name)
			row, ok := floats(f, func(r *widgets.ChoiceRow) bool { return r.Text() == "Ask me first" })
			if !ok {
				t.Fatal("the plan offers no choice")
			}
			row.Tapped(nil)
			if ch, err := f.chats.Chat(t.Context(), c.ID); err != nil || ch.Overflow != backend.OverflowAsk {
				t.Errorf("chosen: %q, %v", ch.Overflow, err)
			}
		}
	}
}

func TestMessageThatWouldPushOthersOutOfSightAsksFirst(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.chats.Refuse = &chat.Overflowing{Plan: planned}
	f.write("one more")
	f.press(fyne.KeyReturn)
	if got := f.focusedField().Text; got != "one more" {
		t.Fatalf("the composer holds %q", got)
	}
	f.says("no longer see the 2 oldest messages")
	f.draw("sight-asks")
	f.chats.Refuse = nil
	f.tap("Leave them out")
	path := f.path(c.ID)
	if got := f.focusedField().Text; got != "" || path[len(path)-2].Text != "one more" {
		t.Errorf("the composer holds %q, stored is %+v", got, path)
	}
}

func TestPinnedMessagesShowIt(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	for _, m := range f.path(c.ID) {
		f.UI.chats.Pin(m.ID, true)
	}
	f.draw("sight-pinned")
	for _, m := range f.path(c.ID) {
		if !m.Pinned {
			t.Errorf("message %d is not pinned", m.ID)
		}
	}
}

func TestLineOfSightHasItsOwnChange(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 720, Height: 480}, {Width: 1280, Height: 800}} {
		for _, scale := range []float32{1, 2} {
			f := fakes(t)
			c := f.conversation(backend.MessageComplete)
			path := f.path(c.ID)
			f.chats.Sight.Plan, f.chats.Sight.Context, f.chats.Sight.Used = planned, 4096, 1560
			f.chats.Leave(path[len(path)-1].ID, path[0].ID, 14)
			f.open(size.Width, size.Height)
			f.UI.setLook(pages.Look{Mode: "light", Scale: scale})
			f.UI.chats.Open(c.ID)
			f.UI.chats.FocusAction(path[0].ID, chatview.ActionEdit)
			f.press(fyne.KeyHome) // a small window shows the end
			name := fmt.Sprintf("sight-line-%.0f-%.0f", size.Width, scale)
			f.fits(name)
			f.draw(name)
			f.says("The model sees from here down", "Change")
			if !f.UI.chats.FocusAction(-1, chatview.ActionChange) {
				t.Fatal("the line has no button")
			}
			f.press(fyne.KeyReturn)
			f.says("When the chat no longer fits", "Summarise them")
		}
	}
}

func TestTitleTellsHowFullTheContextIs(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.chats.Sight.Plan, f.chats.Sight.Context, f.chats.Sight.Used = planned, 4096, 1560
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	title := f.UI.chats.TitleArea()
	title.MouseIn(nil)
	f.time.pass(2 * time.Second)
	f.says("38 % of the model's context is full: 1,560 tokens of 4,096 tokens.")
	f.draw("title-hover")
	title.MouseOut()
	title.Tapped(nil)
	f.says("When the chat no longer fits")
}
