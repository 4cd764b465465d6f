package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"loam/backend"
	"loam/backend/event"
	"loam/ui/pages"
	"loam/ui/uitest"
)

// says fails the test where the window does not show all of some texts; line ends do not count.
func (f *fixture) says(texts ...string) {
	f.t.Helper()
	s := strings.Join(strings.Fields(f.shownText()), " ")
	for _, want := range texts {
		if !strings.Contains(s, want) {
			f.t.Errorf("the window does not say %q: %q", want, s)
		}
	}
}

// drop drops files as the driver would.
func (f *fixture) drop(paths ...string) {
	var uris []fyne.URI
	for _, p := range paths {
		uris = append(uris, storage.NewFileURI(p))
	}
	f.dropped(uris)
}

func TestDroppedModelOffersToChat(t *testing.T) {
	f := fakes(t)
	m := uitest.Starter(0)
	m.Starter, m.Name = false, "Qwen3 0.6B"
	f.models.Files["/tmp/qwen.gguf"] = m
	f.open(1280, 800)
	f.drop("/tmp/qwen.gguf")
	f.says("Qwen3 0.6B", "Chat model, Llama, Q4_1, 98 MB", "licence: Apache-2.0", "Kept in Loam", "Undo")
	f.tap("Chat with it")
	f.write("hi")
	f.press(fyne.KeyReturn)
	if c := f.sole(); c.ModelID != 2 {
		t.Errorf("the chat has model %d, want the dropped one", c.ModelID)
	}
	if f.card != nil {
		t.Error("the card stays although its offer was taken")
	}
}

func TestTheCardComesOnEveryPageAtOnce(t *testing.T) {
	for _, p := range []pages.Page{pages.PageChats, pages.PagePictures, pages.PageModels, pages.PageSettings} {
		f := fakes(t).open(1280, 800)
		f.show(p)
		f.time.hold = true // nothing was read yet
		f.drop("/tmp/notes.gguf")
		f.says("notes.gguf", "Looking at it…")
		f.time.release()
		f.says("“notes.gguf” cannot be used: it is text, not a model file. Choose another file.")
		if f.page != p {
			t.Errorf("a drop on %s leads to %s", p, f.page)
		}
		f.press(fyne.KeyEscape)
		if f.card != nil {
			t.Errorf("%s: Esc does not close the card", p)
		}
	}
}

func TestEscClosesTheCardBeforeItStopsAReply(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	f.drop("/tmp/notes.gguf")
	f.press(fyne.KeyEscape)
	if f.card != nil || len(f.chats.Stopped) != 0 {
		t.Fatalf("card %v, stopped %v", f.card != nil, f.chats.Stopped)
	}
	f.press(fyne.KeyEscape)
	if len(f.chats.Stopped) != 1 {
		t.Error("the second Esc does not stop the reply")
	}
}

func TestWhatADropDidIsUndone(t *testing.T) {
	f := fakes(t)
	f.models.Files["/m/ink.safetensors"] = uitest.LoRA(0, "sdxl")
	f.open(1280, 800)
	f.drop("/m/ink.safetensors")
	f.says("ink sketch", "LoRA, SDXL, 44 MB", "trigger words", "inksk", "line art", "licence: not stated")
	f.tap("Undo")
	if len(f.models.Removed) != 1 || f.card != nil {
		t.Errorf("removed %v, card %v", f.models.Removed, f.card != nil)
	}
}

func TestThePartsOfASetSayWhatItStillLacks(t *testing.T) {
	f := fakes(t)
	m := uitest.PictureModel(0)
	m.Shape = backend.ModelShape{TextWidth: 64, HasVAE: true}
	f.models.Files["/m/flux.gguf"] = m
	f.models.Files["/m/t5.gguf"] = backend.Model{
		Name: "T5 encoder", Kind: backend.KindTextEncoder, Family: "t5", Format: "gguf", State: backend.ModelReady, Shape: backend.ModelShape{TextWidth: 64},
	}
	f.open(1280, 800)
	f.drop("/m/flux.gguf")
	f.says("Still lacks: text encoder (T5)")
	f.drop("/m/t5.gguf")
	f.says("Completes Flux schnell, which can draw now.")
	both := fakes(t)
	both.models.Files = f.models.Files
	both.open(720, 480)
	both.drop("/m/t5.gguf", "/m/flux.gguf")
	both.says("2 files", "Completes Flux schnell, which can draw now.", "The set is complete: T5 encoder found on this machine.", "Draw with it")
}

func TestAFolderSaysWhatIsInIt(t *testing.T) {
	dir := t.TempDir()
	f := fakes(t)
	f.models.Files[filepath.Join(dir, "ink.safetensors")] = uitest.LoRA(0, "sdxl")
	f.open(1280, 800)
	f.drop(dir)
	f.says("1 model file in it: ink sketch (LoRA).", "Show models")
	f.drop(t.TempDir())
	f.says("There is no model file that Loam can use in it.")
}

func TestADroppedPictureBringsItsSettings(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	id := f.drawing("a lighthouse")[0]
	p := f.finish(id)
	f.write(", and more")
	f.show(pages.PageSettings)
	f.drop(f.studio.Path(p))
	f.says("Says how it was made: “a lighthouse”")
	f.tap("Use its settings")
	f.mod(fyne.KeyReturn)
	if got := f.studio.Request(f.studio.Queue()[0]); got.Prompt != "a lighthouse" || got.Seed != p.Seed || got.Width != 1024 {
		t.Errorf("with the settings of the file: %+v", got)
	}
	plain := filepath.Join(t.TempDir(), "notes.png")
	if err := os.WriteFile(plain, []byte("\x89PNG\r\n\x1A\nno picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.drop(plain)
	f.says("notes.png", "Close")
}

func TestADroppedTextIsOfferedOnOtherPages(t *testing.T) {
	f := fakes(t).open(1280, 800)
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("Bergen\nOslo"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.write("Plan this:")
	f.show(pages.PageModels)
	f.drop(path)
	f.says("Text, 1 KB", "Attach to the chat")
	f.tap("Put into the message")
	if got := f.focusedField().Text; got != "Plan this:\n\nBergen\nOslo" {
		t.Errorf("the composer holds %q", got)
	}
}

func TestAHundredFilesStayACard(t *testing.T) {
	f := fakes(t).open(720, 480)
	var paths []string
	for range 100 {
		paths = append(paths, "/tmp/notes.gguf")
	}
	f.drop(paths...)
	f.says("100 files", "76 more files are taken in without a row here")
	if h := f.card.Body().Size().Height; h > 480*0.8 {
		t.Errorf("the card is %v high in a window of 480", h)
	}
}

func TestFilesOfASecondStartAreTaken(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.dispatch.events([]event.Event{event.FilesHanded{Paths: []string{"/tmp/notes.gguf"}}})
	f.says("“notes.gguf” cannot be used")
}
