package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/chat"
	"loam/ui/widgets"
)

// textFile writes a file to drop.
func (f *fixture) textFile(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// paste pastes a text into what has the focus.
func (f *fixture) paste(text string) {
	board := test.NewClipboard()
	board.SetContent(text)
	f.window.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutPaste{Clipboard: board})
}

func namesOf(list []backend.Attachment) (names []string) {
	for _, a := range list {
		names = append(names, a.Name)
	}
	return names
}

func TestADroppedTextIsAttachedAndSent(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop(f.textFile("notes.txt", "The key is under the pot."), f.textFile("main.go", "package main"))
	f.says("notes.txt, 1 KB", "main.go, 1 KB")
	f.write("Where is it?")
	f.press(fyne.KeyReturn)
	path := f.path(f.sole().ID)
	if diff := cmp.Diff([]string{"notes.txt", "main.go"}, namesOf(path[0].Attachments)); diff != "" {
		t.Fatal(diff)
	}
	f.says("notes.txt, 1 KB") // under the message now
	f.time.pass(2 * time.Second)
	if d := f.chats.Saved[len(f.chats.Saved)-1]; d.Text != "" || len(d.Attachments) != 0 {
		t.Errorf("the draft still holds %+v", d)
	}
}

func TestAnAttachmentIsPartOfTheDraft(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.drop(f.textFile("notes.txt", "words"))
	f.time.pass(time.Second)
	if d := f.chats.Saved[len(f.chats.Saved)-1]; d.ChatID != c.ID || len(d.Attachments) != 1 {
		t.Fatalf("saved within the second: %+v", d)
	}
	f.tap("New chat")
	if strings.Contains(f.shownText(), "notes.txt, 1 KB") {
		t.Error("the file went along to a new chat")
	}
	f.UI.chats.Open(c.ID)
	f.says("notes.txt, 1 KB")
	f.tapTip("Take notes.txt away")
	if strings.Contains(f.shownText(), "notes.txt, 1 KB") {
		t.Error("it is still there")
	}
	f.says("notes.txt is taken away from the message.")
	f.tap("Undo")
	f.says("notes.txt, 1 KB")
}

func TestALongPasteBecomesAnAttachmentAndGoesBack(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Read this:")
	f.paste("short")
	if got := f.focusedField().Text; got != "Read this:short" {
		t.Fatalf("the composer holds %q", got)
	}
	long := strings.Repeat("many words ", 1000)
	f.paste(long)
	if got := f.focusedField().Text; got != "Read this:short" {
		t.Fatalf("the composer holds %d characters", len(got))
	}
	f.says("Pasted text, 11 KB")
	f.tap("Put into the text")
	if got := f.focusedField().Text; got != "Read this:short\n"+long {
		t.Errorf("the composer holds %d characters", len(got))
	}
	if strings.Contains(f.shownText(), "Pasted text, 11 KB") {
		t.Error("the chip is still there")
	}
}

func TestACopiedFileIsAttached(t *testing.T) {
	f := fakes(t).open(1280, 800)
	path := f.textFile("notes.txt", "words")
	f.paste("file://" + filepath.ToSlash(path))
	f.says("notes.txt, 1 KB")
	f.paste("/no/such/file")
	if got := f.focusedField().Text; got != "/no/such/file" {
		t.Errorf("the composer holds %q", got)
	}
}

func TestAFileThatCannotBeReadSaysWhyInOneSentence(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop(f.textFile("half.pdf", "%PDF-1.4\nhalf"))
	f.says("half.pdf was not attached: the PDF is damaged.")
	f.write("hello")
	f.press(fyne.KeyReturn)
	if path := f.path(f.sole().ID); len(path[0].Attachments) != 0 {
		t.Error("it went along")
	}
}

// asked has the service ask about passages of a file of 10.
func (f *fixture) asked() *chat.Picking {
	a := backend.Attachment{Name: "long.pdf", Kind: backend.AttachPDF, Pages: 10, Tokens: 9000, SHA256: "1", Text: "1", Partly: true}
	pick := func(page, tokens int, picked bool, text string) chat.Pick {
		return chat.Pick{Passage: backend.Passage{Start: page * 10, End: page*10 + 9, Page: page, From: 1, To: 1, Tokens: tokens}, Text: text, Picked: picked}
	}
	return &chat.Picking{Room: 500, Files: []backend.Attachment{a}, Picks: []chat.Picks{{Total: 10, List: []chat.Pick{
		pick(3, 300, true, "The ferry leaves at eight."), pick(7, 150, true, "Ferries are slow."), pick(9, 400, false, "Hotels."),
	}}}}
}

// tick taps a row of what floats over the window.
func (f *fixture) tick(name string) {
	f.t.Helper()
	var find func(o fyne.CanvasObject) bool
	find = func(o fyne.CanvasObject) bool {
		switch o := o.(type) {
		case *widgets.ChoiceRow:
			if o.Text() == name {
				o.Tapped(nil)
				return true
			}
		case *fyne.Container:
			return slices.ContainsFunc(o.Objects, find)
		case fyne.Widget:
			return slices.ContainsFunc(test.WidgetRenderer(o).Objects(), find)
		}
		return false
	}
	if !slices.ContainsFunc(f.window.Canvas().Overlays().List(), find) {
		f.t.Fatalf("no row %q is shown", name)
	}
}

func TestPassagesAreListedBeforeTheyAreSent(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop(f.textFile("long.txt", "words"))
	f.write("When does the ferry leave?")
	f.chats.Refuse = f.asked()
	f.press(fyne.KeyReturn)
	f.says("Passages that the model will see", "p. 3 · The ferry leaves at eight.", "300 tokens", "450 tokens picked, there is room for 500 tokens.", "7 passages of it answer less well")
	if path := f.path(f.sole().ID); len(path) != 0 {
		t.Fatal("it was sent before")
	}
	f.tick("p. 9 · Hotels.")
	f.says("850 tokens picked, 350 tokens too many.")
	f.tick("p. 9 · Hotels.")
	f.tick("p. 7 · Ferries are slow.")
	f.chats.Refuse = nil
	f.tapFloating("Send with these")
	path := f.path(f.sole().ID)
	if len(path) < 1 || len(path[0].Attachments) != 1 || len(path[0].Attachments[0].Passages) != 1 || path[0].Attachments[0].Passages[0].Page != 3 {
		t.Fatalf("%+v", path)
	}
	f.says("long.pdf, 1 passage of it", "long.pdf, 10 pages") // the file stays for the next question
	if got := f.focusedField().Text; got != "" {
		t.Errorf("the composer holds %q", got)
	}
}

func TestASourceOpensAtItsPassage(t *testing.T) {
	f := fakes(t)
	c := f.chats.AddChat(backend.Chat{Title: "Ferries", Updated: noon})
	text := "First page.\fThe ferry leaves at eight.\fThird page."
	a, err := f.chats.AttachText(t.Context(), c.ID, "long.pdf", text)
	if err != nil {
		t.Fatal(err)
	}
	a.Kind, a.Pages, a.Partly = backend.AttachPDF, 3, true
	a.Passages = []backend.Passage{{Start: 12, End: 38, Page: 2, From: 1, To: 1}}
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "When?", Attachments: []backend.Attachment{a}})
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleAssistant, Text: "At eight.", State: backend.MessageComplete})
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.says("long.pdf, 1 passage of it", "long.pdf p. 2")
	f.UI.chats.OpenChip(f.path(c.ID)[1].ID, 0)
	f.says("The marked passage, p. 2, was shown to the model.", "The ferry leaves at eight.", "Page 2")
}

func TestAPictureCannotBeSeenYetAndThatIsSaid(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.UI.chats.Attach([]string{f.textFile("photo.png", "\x89PNG\r\n\x1a\n0000")})
	f.says("photo.png was not attached: it is a picture, and the chat engine cannot look at pictures yet.")
}
