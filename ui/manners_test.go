package ui

import (
	"image/color"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/ui/chatview"
	"loam/ui/pages"
	"loam/ui/theme"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// write types text into whatever has the focus.
func (f *fixture) write(text string) {
	f.t.Helper()
	focused := f.window.Canvas().Focused()
	if focused == nil {
		f.t.Fatal("nothing has the focus")
	}
	for _, r := range text {
		focused.TypedRune(r)
	}
}

// press sends a key to what has the focus, or to the window.
func (f *fixture) press(name fyne.KeyName) {
	c := f.window.Canvas()
	e := &fyne.KeyEvent{Name: name}
	if focused := c.Focused(); focused != nil {
		focused.TypedKey(e)
		return
	}
	c.OnTypedKey()(e)
}

// mod presses a shortcut where the driver would deliver it: to the focused widget first.
func (f *fixture) mod(key fyne.KeyName) { f.typed(key, fyne.KeyModifierShortcutDefault) }

// modShift is mod with the Shift key.
func (f *fixture) modShift(key fyne.KeyName) {
	f.typed(key, fyne.KeyModifierShortcutDefault|fyne.KeyModifierShift)
}

func (f *fixture) typed(key fyne.KeyName, m fyne.KeyModifier) {
	s := &desktop.CustomShortcut{KeyName: key, Modifier: m}
	if w, ok := f.window.Canvas().Focused().(fyne.Shortcutable); ok {
		w.TypedShortcut(s)
		return
	}
	f.root.TypedShortcut(s)
}

func (f *fixture) focusedField() *widgets.Field {
	f.t.Helper()
	field, ok := f.window.Canvas().Focused().(*widgets.Field)
	if !ok {
		f.t.Fatalf("the focus is on %T, want a field", f.window.Canvas().Focused())
	}
	return field
}

// words are the texts of the notices, the newest first.
func (f *fixture) words() []string {
	var list []string
	for _, n := range f.notices.shown {
		switch o := n.object.(type) {
		case *widgets.Banner:
			list = append(list, o.Notice.Text)
		case *widgets.Panel:
			list = append(list, strings.TrimPrefix(n.key, "undo:"))
		}
	}
	return list
}

// sole is the only stored chat.
func (f *fixture) sole() backend.Chat {
	f.t.Helper()
	list, err := f.chats.Chats(f.t.Context())
	if err != nil || len(list) != 1 {
		f.t.Fatalf("%d chats, %v, want one", len(list), err)
	}
	return list[0]
}

func (f *fixture) path(chat int64) []backend.Message {
	f.t.Helper()
	path, err := f.chats.Transcript(f.t.Context(), chat)
	if err != nil {
		f.t.Fatal(err)
	}
	return path
}

func TestTypingAtOnceAndEnterSends(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello there")
	f.press(fyne.KeyReturn)
	path := f.path(f.sole().ID)
	if len(path) != 2 || path[0].Text != "Hello there" || path[1].State != backend.MessageRunning {
		t.Fatalf("stored: %+v", path)
	}
	if got := f.focusedField().Text; got != "" {
		t.Errorf("the composer still holds %q", got)
	}
}

func TestShiftEnterBeginsALine(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("one")
	field := f.focusedField()
	field.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	f.press(fyne.KeyReturn)
	field.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	f.write("two")
	if field.Text != "one\ntwo" {
		t.Errorf("the composer holds %q", field.Text)
	}
	if list, _ := f.chats.Chats(t.Context()); len(list) != 0 {
		t.Error("Shift+Enter sent the message")
	}
}

func TestEscStopsTheReplyAndKeepsWhatIsTyped(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	reply := f.path(f.sole().ID)[1]
	f.write("next thought")
	f.press(fyne.KeyReturn) // a reply is being written: nothing is sent
	f.press(fyne.KeyEscape)
	if d := cmp.Diff([]int64{reply.ID}, f.chats.Stopped); d != "" {
		t.Error(d)
	}
	if got := f.focusedField().Text; got != "next thought" {
		t.Errorf("the composer holds %q", got)
	}
	f.press(fyne.KeyReturn)
	if n := len(f.path(f.sole().ID)); n != 4 {
		t.Errorf("%d messages after the second send, want 4", n)
	}
}

func TestRefusedMessageStaysInTheComposerWithAWayOn(t *testing.T) {
	f := fakes(t)
	f.chats.Refuse = uitest.ErrRefused
	f.open(1280, 800)
	f.write("precious words")
	f.press(fyne.KeyReturn)
	if got := f.focusedField().Text; got != "precious words" {
		t.Errorf("the composer holds %q", got)
	}
	if d := cmp.Diff([]string{"Refused for a test."}, f.words()); d != "" {
		t.Error(d)
	}
	f.time.pass(time.Second)
	draft, _ := f.chats.Draft(t.Context(), f.sole().ID)
	if draft.Text != "precious words" {
		t.Errorf("the draft on disk is %q", draft.Text)
	}
	f.chats.Refuse = nil
	f.press(fyne.KeyReturn)
	if n := len(f.path(f.sole().ID)); n != 2 {
		t.Errorf("%d messages, want 2 in the same chat", n)
	}
}

func TestDraftIsStoredWithinASecondWhileTypingGoesOn(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	for range 10 {
		f.write("abc ")
		f.time.pass(100 * time.Millisecond)
	}
	if len(f.chats.Saved) == 0 || !strings.HasPrefix(f.chats.Saved[0].Text, "abc abc") {
		t.Fatalf("stored drafts: %+v", f.chats.Saved)
	}
	f.time.pass(time.Second)
	if got := f.chats.Saved[len(f.chats.Saved)-1].Text; got != strings.Repeat("abc ", 10) {
		t.Errorf("the last draft is %q", got)
	}
	f.mod(fyne.KeyN)
	if got := f.focusedField().Text; got != "" {
		t.Errorf("a new chat begins with %q", got)
	}
	f.UI.chats.Open(c.ID)
	if got := f.focusedField().Text; got != strings.Repeat("abc ", 10) {
		t.Errorf("back in the chat the composer holds %q", got)
	}
}

func TestLeavingAChatStoresItsDraftAtOnce(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.write("half a thought")
	f.mod(fyne.KeyN)
	draft, _ := f.chats.Draft(t.Context(), c.ID)
	if draft.Text != "half a thought" {
		t.Errorf("the draft is %q", draft.Text)
	}
}

func TestDraftOfANewChatSurvivesARestart(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("not sent yet")
	f.time.pass(time.Second)
	again := fakes(t)
	again.system, again.chats = f.system, f.chats
	again.open(1280, 800)
	if got := again.focusedField().Text; got != "not sent yet" {
		t.Errorf("after the restart the composer holds %q", got)
	}
	again.press(fyne.KeyReturn)
	again.mod(fyne.KeyN)
	if got := again.focusedField().Text; got != "" {
		t.Errorf("the next new chat begins with %q", got)
	}
}

func TestWindowReopensTheSameChatAndPage(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageInterrupted)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.resize(1000, 700)
	f.time.pass(2 * time.Second)
	again := fakes(t)
	again.system, again.chats = f.system, f.chats
	again.open(1000, 700)
	if _, ok := again.window.Canvas().Focused().(*chatview.View); !ok {
		t.Errorf("the focus is on %T, want the transcript with Resume", again.window.Canvas().Focused())
	}
	again.press(fyne.KeyReturn)
	if len(again.chats.Resumed) != 1 {
		t.Errorf("Enter resumed %v", again.chats.Resumed)
	}
	if again.state.Chat != c.ID || again.page != pages.PageChats {
		t.Errorf("reopened chat %d on page %s, want %d", again.state.Chat, again.page, c.ID)
	}
	if again.state.Width != 1000 || again.state.Height != 700 {
		t.Errorf("the window is %v x %v", again.state.Width, again.state.Height)
	}
}

func TestReopeningARemovedChatBeginsANewOne(t *testing.T) {
	f := fakes(t)
	if err := f.system.SetSetting(t.Context(), stateKey, state{Chat: 999}); err != nil {
		t.Fatal(err)
	}
	f.open(1280, 800)
	f.write("still works")
	f.press(fyne.KeyReturn)
	if n := len(f.path(f.sole().ID)); n != 2 {
		t.Errorf("%d messages", n)
	}
	if w := f.words(); len(w) != 0 {
		t.Errorf("notices at the start: %q", w)
	}
}

func TestEveryShortcutWorksWhileTyping(t *testing.T) {
	for _, s := range table() {
		if s.what == "Quit" {
			continue // tested by closing
		}
		for _, key := range s.keys {
			f := fakes(t)
			f.conversation(backend.MessageComplete)
			f.open(1280, 800)
			if s.what == "Draw" {
				f.installPictures()
				f.show(pages.PagePictures)
				f.write("a lighthouse")
				if f.mod(key); len(f.studio.Queue()) != 1 {
					t.Errorf("Mod+%s draws %d pictures", key, len(f.studio.Queue()))
				}
				continue
			}
			if s.what == "Save a copy of the picture" {
				f.installPictures()
				f.show(pages.PagePictures)
				f.write("a lighthouse")
				f.mod(fyne.KeyReturn)
				f.finish(f.studio.Queue()[0])
				if f.mod(key); len(f.window.Canvas().Overlays().List()) != 1 {
					t.Errorf("Mod+%s opens %d dialogs", key, len(f.window.Canvas().Overlays().List()))
				}
				continue
			}
			f.focusedField()
			if s.only {
				f.modShift(key)
				if !backend.IsTemporary(f.UI.chats.Current()) {
					t.Errorf("Mod+Shift+%s (%s) did nothing", key, s.what)
				}
				continue
			}
			page, look, side := f.page, f.state.look, f.UI.chats.SidebarShown()
			f.mod(key)
			changed := f.page != page || f.state.look != look || f.UI.chats.SidebarShown() != side || f.float.open()
			switch s.what {
			case "New chat", "Chats", "Text at 100 %":
				f.focusedField() // already there: nothing to see, nothing broken
			case "Find on this page":
				if f.focusedField().PlaceHolder != "Find in this chat" {
					t.Errorf("%s focuses %q", s.what, f.focusedField().PlaceHolder)
				}
			case "Search chats, pictures and commands":
				if f.focusedField().PlaceHolder != "Search and commands" {
					t.Errorf("%s focuses %q", s.what, f.focusedField().PlaceHolder)
				}
			default:
				if !changed {
					t.Errorf("Mod+%s (%s) did nothing", key, s.what)
				}
			}
		}
	}
}

func TestEscGoesFromTheInnermostOut(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	f.notices.notify(widgets.Notice{Text: "Something happened.", Keep: true})
	f.listShortcuts()
	f.press(fyne.KeyEscape)
	if f.float.open() || len(f.chats.Stopped) != 0 {
		t.Fatal("the first Esc closes the dialog only")
	}
	f.press(fyne.KeyEscape)
	if len(f.chats.Stopped) != 1 || len(f.words()) != 1 {
		t.Fatal("the second Esc stops the reply only")
	}
	f.press(fyne.KeyEscape)
	if len(f.words()) != 0 {
		t.Error("the third Esc closes the notice")
	}
}

func TestDeathOfTheEngineIsSaidAndResumed(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	reply := f.path(f.sole().ID)[1]
	f.chats.Grow(reply.ID, "Once upon")
	f.show(pages.PageModels)
	f.dispatch.events([]event.Event{event.EngineChanged{State: event.EngineDied, Error: "The engine ran out of memory"}})
	f.chats.Finish(reply.ID, backend.MessageInterrupted, "The engine ran out of memory")
	if d := cmp.Diff([]string{"The engine ran out of memory. Every word is kept."}, f.words()); d != "" {
		t.Fatal(d)
	}
	f.notices.shown[0].object.(*widgets.Banner).Notice.Do()
	if d := cmp.Diff([]int64{reply.ID}, f.chats.Resumed); d != "" {
		t.Error(d)
	}
	if f.engines.Retried != 1 {
		t.Errorf("retried %d times", f.engines.Retried)
	}
}

func TestDeathIsSaidOnceWhereItsReplyIsShown(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	reply := f.path(f.sole().ID)[1]
	f.chats.Grow(reply.ID, "Once upon")
	f.dispatch.events([]event.Event{event.EngineChanged{State: event.EngineDied, Error: "The engine ran out of memory"}})
	f.chats.Finish(reply.ID, backend.MessageInterrupted, "The engine ran out of memory")
	if len(f.words()) != 0 {
		t.Errorf("the reply says it, and so do notices: %q", f.words())
	}
	f.UI.chats.ResumeLast() //nolint:staticcheck // the fake has chats of its own
	if d := cmp.Diff([]int64{reply.ID}, f.chats.Resumed); d != "" || f.engines.Retried != 1 {
		t.Errorf("%s, retried %d times", d, f.engines.Retried)
	}
}

func TestDeathIsSaidInTheWordsOfItsCause(t *testing.T) {
	for cause, want := range map[engine.Cause]string{
		engine.CauseKilled: "ended from outside", engine.CauseMemory: "memory ran out", engine.CauseGPU: "graphics card",
	} {
		for _, gaveUp := range []bool{false, true} {
			got := deathWords((&engine.Crashed{Cause: cause, GaveUp: gaveUp}).Error())
			if !gaveUp && !strings.Contains(got, want) || gaveUp && !strings.Contains(got, "three times in a row") {
				t.Errorf("%s (gave up %v): %q", cause, gaveUp, got)
			}
		}
	}
	if got := deathWords("something odd"); got != "Something odd." {
		t.Error(got)
	}
}

func TestNoticesStayFewAndGoByThemselves(t *testing.T) {
	f := fakes(t).open(1280, 800)
	for _, text := range []string{"one", "two", "three", "four", "two"} {
		f.notices.notify(widgets.Notice{Text: text})
	}
	if d := cmp.Diff([]string{"two", "four", "three"}, f.words()); d != "" {
		t.Error(d)
	}
	f.notices.notify(widgets.Notice{Text: "bad", Tone: widgets.ToneError})
	f.time.pass(time.Minute)
	if d := cmp.Diff([]string{"bad"}, f.words()); d != "" {
		t.Error(d)
	}
}

func TestTextSizeIsChangedByKeysAndKept(t *testing.T) {
	f := fakes(t).open(1280, 800)
	for range 30 {
		f.mod(fyne.KeyPlus)
	}
	if f.state.look.Scale != 2 {
		t.Errorf("scale %v, want 2", f.state.look.Scale)
	}
	var kept pages.Look
	if _, err := f.system.Setting(t.Context(), lookKey, &kept); err != nil || kept.Scale != 2 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	f.mod(fyne.Key0)
	if f.state.look.Scale != 1 {
		t.Errorf("scale %v, want 1", f.state.look.Scale)
	}
}

func TestLookReachesPagesThatAreNotShown(t *testing.T) {
	f := fakes(t)
	f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.show(pages.PageModels)
	f.show(pages.PagePictures)
	f.show(pages.PageGuide)
	f.show(pages.PageSettings)
	all := func(see func(*canvas.Text)) {
		for _, page := range []fyne.CanvasObject{f.UI.chats.Body(), f.UI.models.Body(), f.UI.pictures.Body(), f.UI.guide.Body()} {
			texts(page, fyne.Position{}, false, func(t *canvas.Text, _ fyne.Position, _ bool) { see(t) })
		}
	}
	before := map[*canvas.Text]color.Color{}
	all(func(t *canvas.Text) { before[t] = t.Color })
	mode := "dark"
	if th := f.app.Settings().Theme(); th.Color(theme.ColorText, 0) == theme.Color(theme.ColorText) {
		mode = "light"
	}
	f.setLook(pages.Look{Mode: mode, Scale: 1})
	stale := 0
	all(func(text *canvas.Text) {
		if old, known := before[text]; known && text.Color == old {
			stale++
			t.Logf("%q kept its colour", text.Text)
		}
	})
	if len(before) < 10 || stale > 0 {
		t.Errorf("%d of %d texts kept their colour", stale, len(before))
	}
}

func TestNewsOfAChatThatIsBeingLeftDoesNotBringItBack(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.time.hold = true
	f.UI.chats.NewChat(0)
	if err := f.chats.Rename(t.Context(), c.ID, "renamed"); err != nil {
		t.Fatal(err)
	}
	f.dispatch.events([]event.Event{event.MessageChanged{ChatID: c.ID, MessageID: 1}})
	f.time.release()
	f.time.pass(time.Second)
	found := false
	texts(f.root, fyne.Position{}, false, func(t *canvas.Text, _ fyne.Position, _ bool) {
		found = found || strings.HasPrefix(t.Text, "What is on your mind")
	})
	if !found || f.state.Chat != 0 {
		t.Errorf("the new chat is not shown (state: chat %d)", f.state.Chat)
	}
}

func TestTipComesAfterAMomentAndStaysThroughALayout(t *testing.T) {
	f := fakes(t).open(1280, 800)
	var button *widgets.Button
	each(f.root, func(o fyne.CanvasObject) {
		if b, is := o.(*widgets.Button); is && button == nil {
			button = b
		}
	})
	f.root.ShowTip("Goes on (Ctrl+G)", button)
	if f.root.tip.Visible() {
		t.Fatal("the tip is there at once")
	}
	f.time.pass(tipDelay)
	f.root.Refresh()
	if !f.root.tip.Visible() || f.root.tips.Text() != "Goes on (Ctrl+G)" {
		t.Fatal("no tip after its delay")
	}
	f.root.HideTip()
	f.root.ShowTip("another", button)
	f.root.HideTip()
	f.time.pass(time.Minute)
	if f.root.tip.Visible() {
		t.Error("a tip came after the pointer had left")
	}
	f.root.ShowTip("of nothing", widgets.NewButton("Gone", widgets.KindPlain, nil))
	f.time.pass(tipDelay)
	if f.root.tip.Visible() {
		t.Error("a tip came for a control that is not there any more")
	}
}

// TestTipsStandBesideWhatTheyExplain: never over it, and inside the window.
func TestTipsStandBesideWhatTheyExplain(t *testing.T) {
	for _, scale := range []float32{1, 2} {
		f := fakes(t)
		f.open(720, 480)
		f.setLook(pages.Look{Mode: "light", Scale: scale})
		seen := 0
		each(f.root, func(o fyne.CanvasObject) {
			b, is := o.(*widgets.Button)
			if !is || !b.Visible() || b.Size().Width == 0 {
				return
			}
			at := f.app.Driver().AbsolutePositionForObject(b)
			if at.IsZero() || at.X > 720 || at.Y > 480 {
				return
			}
			f.root.ShowTip(strings.Repeat("Words that explain. ", 6), b)
			f.time.pass(tipDelay)
			seen++
			tip, size := f.root.tip.Position(), f.root.tip.Size()
			over := tip.X < at.X+b.Size().Width && at.X < tip.X+size.Width && tip.Y < at.Y+b.Size().Height && at.Y < tip.Y+size.Height
			if !f.root.tip.Visible() || over || tip.X < 0 || tip.Y < 0 || tip.X+size.Width > 720 || tip.Y+size.Height > 480 {
				t.Errorf("text %v: the tip of %q stands at %v, %v; its control at %v, %v", scale, b.Text+b.Tip, tip, size, at, b.Size())
			}
			f.root.HideTip()
		})
		if seen == 0 {
			t.Error("no control was seen")
		}
	}
}

func TestClosingStoresTheDraft(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.write("last words")
	f.Close()
	draft, _ := f.chats.Draft(t.Context(), c.ID)
	if draft.Text != "last words" {
		t.Errorf("the draft is %q", draft.Text)
	}
}
