package chatview

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTheSelectionOutlivesANewPath(t *testing.T) {
	items := talk(3)
	f := show(t, 800, 500, items...)
	f.drag(f.textAt(t, "Question 2"), f.textAt(t, "about gardens"))
	want := f.Selection()
	f.Replace(append(items, Item{ID: 77, Role: RoleUser, Text: "more"}))
	if got := f.Selection(); got != want || got == "" {
		t.Errorf("selected %q, want %q", got, want)
	}
	f.Replace(items[:2])
	if got := f.Selection(); got != "" {
		t.Errorf("selected %q in a message that is gone", got)
	}
}

func TestSelectionReachesAcrossMessages(t *testing.T) {
	f := show(t, 800, 900,
		Item{ID: 1, Role: RoleUser, Text: "first question"},
		Item{ID: 2, Role: RoleAssistant, Text: "An **answer** here.\n\n1. one\n2. two\n\n```py\nif x:\n\tprint(1)  \n```\n\nlast words"},
	)
	f.drag(f.textAt(t, "question"), f.textAt(t, "words"))
	want := "question\n\nAn answer here.\n\n1. one\n2. two\n\nif x:\n\tprint(1)  \n\nlast "
	if diff := cmp.Diff(want, f.Selection()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.drag(f.textAt(t, "words"), f.textAt(t, "question")) // upwards
	if diff := cmp.Diff(want, f.Selection()); diff != "" {
		t.Errorf("upwards (-want +got):\n%s", diff)
	}
	f.TypedShortcut(&fyne.ShortcutCopy{})
	if f.copied != want {
		t.Errorf("copied %q", f.copied)
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if f.Selection() != "" {
		t.Error("Escape did not clear the selection")
	}
	f.TypedShortcut(&fyne.ShortcutSelectAll{})
	if got := f.Selection(); !strings.HasPrefix(got, "first question\n\nAn answer") || !strings.HasSuffix(got, "last words") {
		t.Errorf("all = %q", got)
	}
}

func TestClicksSelectWordsAndParagraphs(t *testing.T) {
	f := show(t, 800, 400, Item{ID: 1, Role: RoleAssistant, Text: "Plenty of words here.\n\nAnother paragraph."})
	at := f.textAt(t, "words")
	f.click(at)
	if f.Selection() != "" {
		t.Errorf("one click selects %q", f.Selection())
	}
	f.click(at)
	if got := f.Selection(); got != "words" {
		t.Errorf("two clicks select %q", got)
	}
	f.click(at)
	if got := f.Selection(); got != "Plenty of words here." {
		t.Errorf("three clicks select %q", got)
	}
	f.clock = f.clock.Add(time.Second)
	f.click(at)
	if f.Selection() != "" {
		t.Errorf("a click later selects %q", f.Selection())
	}
}

// TestCopiedCodeIsByteExact: what is selected by mouse or copied by the button is what the model wrote.
func TestCopiedCodeIsByteExact(t *testing.T) {
	lightApp()
	rapid.Check(t, func(r *rapid.T) {
		code := strings.Join(rapid.SliceOfN(rapid.StringMatching("[a-z {}\t\"<>&*_漢é]{0,120}"), 1, 30).Draw(r, "lines"), "\n")
		if strings.TrimSpace(code) == "" {
			return
		}
		var copied string
		v := New(Options{Clipboard: func(s string) { copied = s }})
		v.SetItems([]Item{{ID: 1, Role: RoleAssistant, Text: "~~~~\n" + code + "\n~~~~\n"}})
		w := test.NewWindow(v)
		defer w.Close()
		w.Resize(fyne.NewSize(500, 300))
		v.SelectAll()
		if diff := cmp.Diff(code, v.Selection()); diff != "" {
			r.Fatalf("selected (-want +got):\n%s", diff)
		}
		v.press(hotID{v.entries[0], 0, 1})
		if diff := cmp.Diff(code, copied); diff != "" {
			r.Fatalf("copied (-want +got):\n%s", diff)
		}
	})
}

func TestActionsStandWhereTheyArePromised(t *testing.T) {
	f := show(t, 800, 700,
		Item{ID: 1, Role: RoleUser, Text: "hello there"},
		Item{ID: 2, Role: RoleAssistant, Text: "first answer"},
		Item{ID: 3, Role: RoleUser, Text: "again please"},
		Item{ID: 4, Role: RoleAssistant, Text: "second answer", Sibling: 2, Siblings: 3},
	)
	if got := strings.Count(strings.Join(f.words(), " "), "Regenerate"); got != 1 {
		t.Fatalf("%d rows of actions without the pointer, want the last reply's only", got)
	}
	before := positions(f)
	f.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: f.textAt(t, "first answer")}})
	if got := strings.Count(strings.Join(f.words(), " "), "Regenerate"); got != 2 {
		t.Errorf("%d rows of actions at the pointer, want 2", got)
	}
	if diff := cmp.Diff(before, positions(f)); diff != "" {
		t.Errorf("the pointer moved text (-before +after):\n%s", diff)
	}
	f.MouseOut()

	m := f.mounts[mountKey{f.byID[4], len(f.byID[4].blocks)}]
	var row []Action
	for _, h := range m.hots {
		row = append(row, h.action)
		f.click(fyne.NewPos(m.x+h.x+4, m.y+h.y+4))
		for f.window.Canvas().Overlays().Top() != nil {
			f.window.Canvas().Overlays().Remove(f.window.Canvas().Overlays().Top())
		}
	}
	want := []Action{ActionPrevious, ActionNext, ActionCopy, ActionRegenerate, ActionEdit, ActionLike, ActionDislike, ActionMore}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"4 previous", "4 next", "4 copy", "4 regenerate", "4 edit", "4 like", "4 dislike"}, f.actions); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if f.copied != "second answer" {
		t.Errorf("copied %q", f.copied)
	}
	var menu []string
	for _, item := range f.menuItems(f.byID[4]) {
		if !item.IsSeparator {
			menu = append(menu, item.Label)
		}
	}
	wantMenu := []string{"Previous version", "Next version", "Copy", "Regenerate", "Edit", "Good reply", "Bad reply", "Select all"}
	if diff := cmp.Diff(wantMenu, menu); diff != "" {
		t.Errorf("the menu's order differs from the row's (-want +got):\n%s", diff)
	}
}

// A thumb that is set is seen without the pointer and ticked in the menu; nothing else of the row is.
func TestAThumbThatIsSetStaysInSight(t *testing.T) {
	f := show(t, 800, 700,
		Item{ID: 1, Role: RoleAssistant, Text: "liked", Rating: 1},
		Item{ID: 2, Role: RoleAssistant, Text: "disliked", Rating: -1},
		Item{ID: 3, Role: RoleAssistant, Text: "failed", State: StateFailed},
		Item{ID: 4, Role: RoleAssistant, Text: "last"},
	)
	for id, want := range map[int64][]Action{1: {ActionLike}, 2: {ActionDislike}, 3: nil} {
		var row []Action
		for _, h := range f.mounts[mountKey{f.byID[id], len(f.byID[id].blocks)}].hots {
			row = append(row, h.action)
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("message %d (-want +got):\n%s", id, diff)
		}
	}
	for id, want := range map[int64]string{1: "Good reply", 2: "Bad reply", 4: ""} {
		got := ""
		for _, item := range f.menuItems(f.byID[id]) {
			if item.Checked {
				got += item.Label
			}
		}
		if got != want {
			t.Errorf("in the menu of message %d %q is ticked, want %q", id, got, want)
		}
	}
	f.Update(Item{ID: 1, Role: RoleAssistant, Text: "liked"})
	if n := len(f.mounts[mountKey{f.byID[1], len(f.byID[1].blocks)}].hots); n != 0 {
		t.Errorf("taken back, %d actions are still in sight", n)
	}
}

func TestSiblingsEndAtTheirEnds(t *testing.T) {
	f := show(t, 800, 500, Item{ID: 1, Role: RoleAssistant, Text: "x", Sibling: 1, Siblings: 2})
	f.act(f.byID[1], ActionPrevious)
	f.act(f.byID[1], ActionNext)
	if diff := cmp.Diff([]string{"1 next"}, f.actions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResumeIsReachedByKeyboard(t *testing.T) {
	f := show(t, 800, 600, append(talk(4), Item{ID: 50, Role: RoleAssistant, State: StateInterrupted, Tokens: 3, Text: "half an"})...)
	if !f.FocusAction(50, ActionResume) {
		t.Fatal("Resume is not in sight")
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if diff := cmp.Diff([]string{"50 resume"}, f.actions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if diff := cmp.Diff([]string{"50 resume", "50 regenerate"}, f.actions); diff != "" {
		t.Errorf("after Tab (-want +got):\n%s", diff)
	}
	for range 100 {
		if !f.AcceptsTab() {
			return // Tab leaves the transcript after its last action
		}
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	}
	t.Error("Tab never leaves")
}

func TestLinksOpen(t *testing.T) {
	f := show(t, 800, 400, Item{ID: 1, Role: RoleAssistant, Text: "see [the page](https://loam.example/x) now"})
	f.click(f.textAt(t, "page"))
	if diff := cmp.Diff([]string{"https://loam.example/x"}, f.links); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKeysScroll(t *testing.T) {
	f := show(t, 800, 500, talk(20)...)
	key := func(name fyne.KeyName) ScrollState {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return f.ScrollState()
	}
	if got := key(fyne.KeyHome); got.Message != 1 || got.Offset != 0 {
		t.Errorf("Home leads to %+v", got)
	}
	down := key(fyne.KeyPageDown)
	if down.Message == 1 && down.Offset == 0 {
		t.Error("Page Down does nothing")
	}
	if got := key(fyne.KeyPageUp); got.Message != 1 || abs(got.Offset) > 0.5 {
		t.Errorf("Page Up leads to %+v", got)
	}
	if key(fyne.KeyEnd); !f.Following() {
		t.Error("End does not follow the end")
	}
}

func TestTheScrollBarReachesBothEnds(t *testing.T) {
	f := show(t, 800, 500, talk(40)...)
	x := f.Size().Width - 5
	f.mouseDown(fyne.NewPos(x, f.bar.y+3))
	for y := float32(490); y >= -20; y -= 30 {
		f.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}})
	}
	f.mouseUp(fyne.NewPos(x, 0))
	if got := f.ScrollState(); got.Message != 1 || got.Offset > 1 {
		t.Errorf("the upper end is %+v", got)
	}
	f.mouseDown(fyne.NewPos(x, f.bar.y+3))
	f.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 700)}})
	f.mouseUp(fyne.NewPos(x, 700))
	if !f.Following() {
		t.Error("the lower end is not the end")
	}
}

func TestFindMarksAndWalks(t *testing.T) {
	f := show(t, 800, 500, talk(10)...)
	if got := f.SetFind("QUESTION"); got != 10 {
		t.Fatalf("%d hits, want 10", got)
	}
	first := f.FindNext(0)
	if got := f.FindNext(1); got != first%10+1 {
		t.Errorf("next of %d is %d", first, got)
	}
	if got := f.FindNext(-1); got != first {
		t.Errorf("back leads to %d, want %d", got, first)
	}
	marked := 0
	for _, o := range f.marks {
		if c := o.(*canvas.Rectangle).FillColor; c == f.look.colors[inkFindCurrent] {
			marked++
		}
	}
	if marked != 1 {
		t.Errorf("%d current places are marked in sight", marked)
	}
	if got := f.SetFind("no such words"); got != 0 || f.FindNext(1) != 0 {
		t.Errorf("%d hits of words that are not there", got)
	}
	f.SetFind("")
	if len(f.marks) != 0 {
		t.Error("marks remain")
	}
}

func TestAFailedReplyOffersToLearnWhy(t *testing.T) {
	for name, c := range map[string]struct {
		state State
		err   string
		want  []Action
	}{
		"failed":      {StateFailed, "The engine ran out of memory.", []Action{ActionRegenerate, ActionLearn, ActionMore}},
		"interrupted": {StateInterrupted, "The disk is full.", []Action{ActionCopy, ActionRegenerate, ActionLearn, ActionEdit, ActionLike, ActionDislike, ActionMore}},
		"no reason":   {StateInterrupted, "", []Action{ActionCopy, ActionRegenerate, ActionEdit, ActionLike, ActionDislike, ActionMore}},
		"done":        {StateDone, "", []Action{ActionCopy, ActionRegenerate, ActionEdit, ActionLike, ActionDislike, ActionMore}},
	} {
		it := Item{ID: 1, Role: RoleAssistant, Text: "x", State: c.state, Error: c.err}
		if diff := cmp.Diff(c.want, it.actions()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f := show(t, 800, 500, Item{ID: 1, Role: RoleAssistant, State: StateFailed, Error: "The engine ran out of memory."})
	if !f.sees("Learn more") {
		t.Error("the row does not offer it")
	}
}

func TestATipOfTheEmptyPageGoesWithIt(t *testing.T) {
	f := show(t, 800, 500)
	var tips []string
	f.options.Empty = canvas.NewRectangle(nil)
	f.options.Tip = func(text string, _ fyne.CanvasObject) { tips = append(tips, text) }
	f.arrange()
	if len(tips) != 0 {
		t.Errorf("tips %q while the page is empty", tips)
	}
	f.SetItems(talk(1))
	if diff := cmp.Diff([]string{""}, tips); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
