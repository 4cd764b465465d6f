package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/ui/widgets"
)

// told opens a chat whose reply knows its alternatives, and returns that reply.
func (f *fixture) told() backend.Message {
	f.t.Helper()
	c := f.chats.AddChat(backend.Chat{Title: "Rivers", Updated: noon})
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "What is it?"})
	var text strings.Builder
	var list []backend.TokenChoice
	for i, word := range strings.SplitAfter("It is a quiet river. It runs from the hills down to the sea,\nand nobody ever saw it stand still.", " ") {
		text.WriteString(word)
		own := float32(-0.1) - float32(i%7)/2
		list = append(list, backend.TokenChoice{Index: i, ID: int32(i), Alts: []backend.TokenAlt{
			backend.NewTokenAlt(1000, []byte("other "), -0.9), backend.NewTokenAlt(int32(i), []byte(word), own),
			backend.NewTokenAlt(1001, []byte{0xe2, 0x82}, -4),
			{ID: 1002, Text: "<|im_end|>", LogProb: -5, Control: true},
		}})
	}
	m := f.chats.AddMessage(backend.Message{
		ChatID: c.ID, Role: backend.RoleAssistant, Text: text.String(), ModelName: "SmolLM2 135M Instruct", Choices: true,
		Usage: backend.Usage{Engine: &backend.EngineInfo{Engine: "llama-pack", Build: "b1", Variant: "haswell"}},
	})
	f.chats.Choices[m.ID] = list
	f.chats.Records[m.ID] = backend.Generation{
		MessageID: m.ID, Context: 4096, Sampling: backend.Sampling{Seed: 42, Temperature: 0.5, TopK: 40},
		Engine: backend.EngineInfo{Engine: "llama-pack", Build: "b6789", Device: "CPU", Variant: "haswell", Threads: 3},
		Model:  backend.ModelRef{Name: m.ModelName, SHA256: strings.Repeat("ab", 32)},
	}
	f.UI.chats.Reload()
	f.UI.chats.Open(c.ID)
	return m
}

// within calls see for an object and all that is visible in it, until see says stop.
func within(o fyne.CanvasObject, see func(o fyne.CanvasObject) (stop bool)) bool {
	if o == nil || !o.Visible() {
		return false
	}
	if see(o) {
		return true
	}
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		children = o.Objects
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	}
	return slices.ContainsFunc(children, func(c fyne.CanvasObject) bool { return within(c, see) })
}

// floats returns the first visible object that is meant of what floats over the window.
func floats[T fyne.CanvasObject](f *fixture, is func(T) bool) (found T, ok bool) {
	for _, o := range f.window.Canvas().Overlays().List() {
		if within(o, func(o fyne.CanvasObject) bool {
			t, isT := o.(T)
			if ok = isT && is(t); ok {
				found = t
			}
			return ok
		}) {
			break
		}
	}
	return found, ok
}

func TestAnotherTokenBeginsAnotherVersion(t *testing.T) {
	f := fakes(t).open(1280, 800)
	m := f.told()
	f.UI.chats.ShowAlternatives(m.ID)
	text, ok := f.window.Canvas().Focused().(*widgets.TokenText)
	if !ok {
		t.Fatalf("the focus is on %T", f.window.Canvas().Focused())
	}
	f.press(fyne.KeyRight)
	f.press(fyne.KeyRight)
	f.press(fyne.KeyDown)
	f.press(fyne.KeyUp)
	f.press(fyne.KeyLeft)
	f.press(fyne.KeyRight)
	if text.Chosen() != 2 {
		t.Errorf("token %d is chosen, want 2", text.Chosen())
	}
	if _, ok := floats(f, func(r *widgets.ShareRow) bool { return r.Text == "“a ”" && r.Disabled() }); !ok {
		t.Error("the token itself can be picked, or is not shown")
	}
	f.press(fyne.KeyReturn) // to the first other one
	row, ok := f.window.Canvas().Focused().(*widgets.ShareRow)
	if !ok || row.Text != "“other ”" {
		t.Fatalf("the focus is on %T %+v", f.window.Canvas().Focused(), row)
	}
	f.press(fyne.KeyReturn)
	if f.float.open() {
		t.Error("the view stays open")
	}
	path := f.path(m.ChatID)
	last := path[len(path)-1]
	if last.ID == m.ID || last.Text != "It is other " || last.State != backend.MessageRunning {
		t.Errorf("the last message is %+v", last)
	}
	f.chats.Finish(last.ID, backend.MessageComplete, "")
}

func TestAlternativesAreOnlyLookedAtWhileAReplyIsWritten(t *testing.T) {
	f := fakes(t).open(1280, 800)
	m := f.told()
	f.write("More")
	f.press(fyne.KeyReturn)
	f.UI.chats.ShowAlternatives(m.ID)
	if _, ok := floats(f, func(r *widgets.ShareRow) bool { return !r.Disabled() }); ok {
		t.Error("another version can be begun while a reply is written")
	}
	f.press(fyne.KeyEscape)
	if f.float.open() {
		t.Error("Esc does not close the view")
	}
}

func TestAReplyWithoutAlternativesOffersToWriteItWithThem(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	path := f.path(c.ID)
	f.UI.chats.ShowAlternatives(path[1].ID)
	f.tap("Regenerate with them")
	if ch, _ := f.chats.Chat(t.Context(), c.ID); ch.Alternatives != backend.DefaultAlternatives {
		t.Errorf("the chat keeps %d", ch.Alternatives)
	}
	if path = f.path(c.ID); path[len(path)-1].State != backend.MessageRunning {
		t.Error("nothing is written")
	}
}

func TestKeepAlternativesIsSwitchedInTheChatsSettings(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	for _, want := range []int{backend.DefaultAlternatives, 0} {
		f.UI.chats.Open(c.ID)
		f.UI.chats.OpenTuning()
		row, ok := floats(f, func(c *fyne.Container) bool {
			_, isRow := c.Layout.(widgets.Row)
			return isRow && within(c, func(o fyne.CanvasObject) bool {
				l, is := o.(*widgets.Label)
				return is && l.Text() == "Keep alternatives"
			})
		})
		if !ok {
			t.Fatal("there is no switch")
		}
		within(row, func(o fyne.CanvasObject) bool {
			s, is := o.(*widgets.Switch)
			if is {
				s.Tapped(nil)
			}
			return is
		})
		if ch, _ := f.chats.Chat(t.Context(), c.ID); ch.Alternatives != want || ch.Sampling != nil {
			t.Errorf("the chat keeps %d, with settings %v", ch.Alternatives, ch.Sampling)
		}
		f.float.close()
	}
}

func TestHowAReplyWasWrittenNamesItsEngine(t *testing.T) {
	f := fakes(t).open(1280, 800)
	m := f.told()
	f.UI.chats.ShowReceipt(m.ID)
	for _, want := range []string{"llama.cpp (newest build), b6789", "CPU, code for haswell, 3 threads", "42", "temperature 0.5, top-k 40"} {
		if _, ok := floats(f, func(l *widgets.Label) bool { return l.Text() == want }); !ok {
			t.Errorf("it does not say %q", want)
		}
	}
	f.tapFloating("Copy")
	if got := f.app.Clipboard().Content(); !strings.Contains(got, "Seed: 42\n") {
		t.Errorf("copied %q", got)
	}
}

func TestAClickedTokenStaysChosenWhileThePointerLeaves(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.UI.chats.ShowAlternatives(f.told().ID)
	text := f.window.Canvas().Focused().(*widgets.TokenText)
	over := func(x float32) {
		text.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 8)}})
	}
	over(60)
	first := text.Chosen()
	if over(200); first == 0 || text.Chosen() <= first {
		t.Errorf("the pointer chose %d, then %d", first, text.Chosen())
	}
	text.Tapped(&fyne.PointEvent{Position: fyne.NewPos(60, 8)})
	if over(200); text.Chosen() != first {
		t.Errorf("after a click on %d it is %d", first, text.Chosen())
	}
	text.Tapped(&fyne.PointEvent{Position: fyne.NewPos(60, 300)}) // beside the words
	if over(200); text.Chosen() == first {
		t.Error("nothing lets it go")
	}
}
