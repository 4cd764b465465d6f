package chatview

import (
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/assets"
	"loam/backend"
	"loam/ui/theme"
)

type fixture struct {
	*View
	window  fyne.Window
	app     fyne.App
	copied  string
	actions []string
	links   []string
	scrolls []ScrollState
	clock   time.Time
}

var sharedLook = func() *theme.Theme {
	t, err := theme.New(assets.FS, theme.Options{Mode: theme.ModeLight})
	if err != nil {
		panic(err)
	}
	return t
}()

func show(t testing.TB, width, height float32, items ...Item) *fixture {
	f := &fixture{clock: time.Unix(1000, 0), app: test.NewApp()}
	f.app.Settings().SetTheme(sharedLook)
	f.View = New(Options{
		OnAction:  func(id int64, a Action) { f.actions = append(f.actions, fmt.Sprintf("%d %v", id, a)) },
		OnLink:    func(url string) { f.links = append(f.links, url) },
		OnScroll:  func(s ScrollState) { f.scrolls = append(f.scrolls, s) },
		Clipboard: func(text string) { f.copied = text },
	})
	f.now = func() time.Time { return f.clock }
	f.window = test.NewWindow(f.View)
	f.window.SetPadded(false)
	f.window.Resize(fyne.NewSize(width, height))
	f.SetItems(items)
	t.Cleanup(func() { f.window.Close(); test.NewApp() })
	return f
}

// words returns the words on screen, from the top down, one string per canvas.Text.
func (f *fixture) words() []string {
	var out []string
	for _, o := range f.objects {
		if t, ok := o.(*canvas.Text); ok && o.Position().Y+o.Size().Height > 0 && o.Position().Y < f.Size().Height {
			out = append(out, t.Text)
		}
	}
	return out
}

func (f *fixture) sees(text string) bool { return strings.Contains(strings.Join(f.words(), " "), text) }

func (f *fixture) textAt(t testing.TB, text string) fyne.Position {
	t.Helper()
	for _, o := range f.objects {
		if c, ok := o.(*canvas.Text); ok && strings.Contains(c.Text, text) {
			x := fyne.MeasureText(c.Text[:strings.Index(c.Text, text)], c.TextSize, c.TextStyle).Width
			return c.Position().Add(fyne.NewPos(x+3, c.Size().Height/2))
		}
	}
	t.Fatalf("%q is not on screen: %q", text, f.words())
	return fyne.Position{}
}

func (f *fixture) mouseDown(at fyne.Position) {
	f.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
	f.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary})
}

func (f *fixture) mouseUp(at fyne.Position) {
	f.MouseUp(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary})
	f.DragEnd()
}

func (f *fixture) click(at fyne.Position) { f.mouseDown(at); f.mouseUp(at) }

func (f *fixture) drag(from, to fyne.Position) {
	f.clock = f.clock.Add(time.Hour)
	f.mouseDown(from)
	f.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}})
	f.mouseUp(to)
}

func (f *fixture) wheel(dy float32) {
	f.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: dy}})
}

func talk(n int) []Item {
	var items []Item
	for i := range n {
		items = append(items,
			Item{ID: int64(2*i + 1), Role: RoleUser, Text: fmt.Sprintf("Question %d about gardens", i)},
			Item{ID: int64(2*i + 2), Role: RoleAssistant, Text: fmt.Sprintf("Answer %d. ", i) + strings.Repeat("Loam holds water and lets it go. ", 12) +
				"\n\n- one\n- two\n\n```go\nx := 1\n```\n"})
	}
	return items
}

func TestATranscriptOpensAtItsEnd(t *testing.T) {
	f := show(t, 800, 600, talk(30)...)
	if !f.sees("Answer 29.") || f.sees("Answer 2. ") {
		t.Errorf("on screen: %q", f.words())
	}
	if !f.Following() {
		t.Error("the end is not followed")
	}
}

func TestAFewWordsStandAtTheTop(t *testing.T) {
	f := show(t, 800, 600, Item{ID: 1, Role: RoleUser, Text: "Hello"})
	if at := f.textAt(t, "Hello"); at.Y > 60 {
		t.Errorf("the first words stand at %v", at)
	}
	f.wheel(-500)
	f.wheel(500)
	if at := f.textAt(t, "Hello"); at.Y > 60 {
		t.Errorf("scrolling moved words that fit: %v", at)
	}
}

func TestGrowingTextIsFollowedOnlyByAReaderAtTheEnd(t *testing.T) {
	f := show(t, 800, 500, append(talk(5), Item{ID: 100, Role: RoleAssistant, State: StateRunning, Text: "Start "})...)
	grow := func() {
		it, _ := f.Item(100)
		if !f.Grow(100, len(it.Text), strings.Repeat("and more words ", 60)+"\n\n") {
			t.Fatal("text that goes on was refused")
		}
	}
	grow()
	before := f.textAt(t, "more words").Y
	grow()
	if !f.Following() || f.textAt(t, "and more words").Y > 500 || before < 0 {
		t.Fatal("the end was not followed")
	}
	f.wheel(300)
	if f.Following() {
		t.Fatal("scrolling up still follows")
	}
	want := f.words()
	places := positions(f)
	for range 20 {
		grow()
	}
	if diff := cmp.Diff(places, positions(f)[:len(places)]); diff != "" || len(want) == 0 {
		t.Errorf("text moved under the reader (-before +after):\n%s", diff)
	}
	if !f.sees("New text below") {
		t.Errorf("no way to the new text: %q", f.words())
	}
	f.click(fyne.NewPos(f.pill.x+5, f.pill.y+5))
	if !f.Following() || f.sees("New text below") {
		t.Error("the pill did not lead to the end")
	}
}

func positions(f *fixture) []string {
	var out []string
	for _, m := range f.visible {
		if m.y < f.Size().Height && m.layout != nil && !m.sign.caret {
			out = append(out, fmt.Sprintf("%d/%d at %.2f", m.key.entry.item.ID, m.key.piece, m.y))
		}
	}
	return out
}

func TestScrollingDownToTheEndFollowsAgain(t *testing.T) {
	f := show(t, 800, 500, talk(6)...)
	f.wheel(400)
	for range 30 {
		f.wheel(-100)
	}
	if !f.Following() {
		t.Error("the end is not followed")
	}
	if len(f.scrolls) == 0 || f.scrolls[len(f.scrolls)-1] != (ScrollState{}) {
		t.Errorf("the page was told %v", f.scrolls)
	}
}

func TestGrowSkipsWhatIsThereAndRefusesGaps(t *testing.T) {
	f := show(t, 800, 500, Item{ID: 1, Role: RoleAssistant, State: StateRunning, Text: "abc"})
	for _, tc := range []struct {
		offset int
		text   string
		ok     bool
		want   string
	}{{3, "def", true, "abcdef"}, {1, "bcd", true, "abcdef"}, {4, "efgh", true, "abcdefgh"}, {9, "x", false, "abcdefgh"}, {0, "", true, "abcdefgh"}} {
		ok := f.Grow(1, tc.offset, tc.text)
		if it, _ := f.Item(1); ok != tc.ok || it.Text != tc.want {
			t.Errorf("Grow(%d, %q) = %v, text %q; want %v, %q", tc.offset, tc.text, ok, it.Text, tc.ok, tc.want)
		}
	}
	if f.Grow(2, 0, "x") {
		t.Error("an unknown message grew")
	}
}

func TestThePlaceIsKeptWhenThingsAboveChange(t *testing.T) {
	items := talk(8)
	f := show(t, 800, 500, items...)
	f.SetScrollState(ScrollState{Message: 10, Offset: 40})
	before := f.textAt(t, "Answer 5.").Y
	items[1].Text = strings.Repeat(items[1].Text, 5)
	f.Update(items[1])
	if got := f.textAt(t, "Answer 5.").Y; got != before {
		t.Errorf("a longer message above moved the text from %v to %v", before, got)
	}
	f.Replace(append([]Item{{ID: 500, Role: RoleUser, Text: "new first"}}, items[2:]...))
	if got := f.textAt(t, "Answer 5.").Y; got != before {
		t.Errorf("another path above moved the text from %v to %v", before, got)
	}
	if got := f.ScrollState(); got.Message != 10 || abs(got.Offset-40) > 0.01 {
		t.Errorf("scroll state is %+v", got)
	}
}

func TestThePlaceIsKeptThroughResizeAndTextSize(t *testing.T) {
	f := show(t, 900, 500, talk(12)...)
	f.SetScrollState(ScrollState{Message: 14, Offset: 0})
	for _, width := range []float32{500, 1300, 700, 900} {
		f.window.Resize(fyne.NewSize(width, 500))
		if got := f.ScrollState(); got.Message != 14 {
			t.Fatalf("width %v shows %+v", width, got)
		}
	}
	f.app.Settings().SetTheme(sharedLook.With(theme.Options{TextScale: 1.6}))
	f.Refresh()
	if got := f.ScrollState(); got.Message != 14 {
		t.Errorf("larger text shows %+v", got)
	}
}

func TestAScrollStateMayComeBeforeTheSize(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(sharedLook)
	v := New(Options{})
	v.SetItems(talk(10))
	v.SetScrollState(ScrollState{Message: 8, Offset: 25})
	w := test.NewTempWindow(t, v)
	w.Resize(fyne.NewSize(800, 500))
	if got := v.ScrollState(); got.Message != 8 || abs(got.Offset-25) > 0.01 {
		t.Errorf("scroll state is %+v", got)
	}
	v.SetScrollState(ScrollState{Message: 12345})
	if !v.Following() {
		t.Error("a message that is gone does not lead to the end")
	}
}

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

func TestAPlaceInAHugeReplyIsCheapToKeep(t *testing.T) {
	huge := oneReply()
	f := show(t, 900, 600, huge)
	f.scrollToPart(0.5)
	want := f.words()
	f.Replace([]Item{huge, {ID: 2, Role: RoleUser, Text: "next"}})
	if diff := cmp.Diff(want[:5], f.words()[:5]); diff != "" {
		t.Errorf("another path moved the text (-before +after):\n%s", diff)
	}
	if f.laidOut > keptLayouts {
		t.Errorf("%d blocks are laid out", f.laidOut)
	}
	state := f.ScrollState()
	f.ScrollToBottom()
	f.SetScrollState(state)
	if diff := cmp.Diff(want[:5], f.words()[:5]); diff != "" {
		t.Errorf("going back leads elsewhere (-before +after):\n%s", diff)
	}
	if f.laidOut > keptLayouts {
		t.Errorf("%d blocks are laid out", f.laidOut)
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
	test.NewTempApp(t).Settings().SetTheme(sharedLook)
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
	want := []Action{ActionPrevious, ActionNext, ActionCopy, ActionRegenerate, ActionEdit, ActionMore}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"4 previous", "4 next", "4 copy", "4 regenerate", "4 edit"}, f.actions); diff != "" {
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
	wantMenu := []string{"Previous version", "Next version", "Copy", "Regenerate", "Edit", "Select all"}
	if diff := cmp.Diff(wantMenu, menu); diff != "" {
		t.Errorf("the menu's order differs from the row's (-want +got):\n%s", diff)
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

func TestStatesSayWhatHappened(t *testing.T) {
	f := show(t, 900, 900)
	for _, tc := range []struct {
		item Item
		want string
	}{
		{Item{State: StateRunning, Phase: PhaseQueued}, "Waiting for its turn"},
		{Item{State: StateRunning, Phase: PhaseLoading, Done: 400, Total: 1000}, "Loading model 40 %"},
		{Item{State: StateRunning, Phase: PhaseReading, Done: 1240, Total: 3900}, "Reading 1,240 of 3,900 tokens"},
		{Item{State: StateInterrupted, Tokens: 214, Text: "kept"}, "Interrupted - 214 tokens kept"},
		{Item{State: StateInterrupted, Tokens: 1, Text: "kept"}, "Interrupted - 1 token kept"},
		{Item{State: StateInterrupted, Error: "The engine crashed."}, "The engine crashed."},
		{Item{State: StateStopped, Text: "kept"}, "Stopped"},
		{Item{State: StateFailed, Error: "No memory."}, "No memory."},
		{Item{State: StateFailed}, "The model gave no answer."},
	} {
		tc.item.ID, tc.item.Role = 7, RoleAssistant
		f.SetItems([]Item{tc.item})
		if !f.sees(tc.want) || tc.item.Text != "" && !f.sees(tc.item.Text) {
			t.Errorf("%+v shows %q, want %q", tc.item, f.words(), tc.want)
		}
	}
	f.SetItems([]Item{{ID: 7, Role: RoleAssistant, State: StateRunning}})
	f.Progress(7, PhaseReading, 10, 20)
	if !f.sees("Reading 10 of 20 tokens") {
		t.Errorf("progress shows %q", f.words())
	}
	f.Grow(7, 0, "First words")
	if f.sees("Reading") || !f.sees("First words") {
		t.Errorf("the first words show %q", f.words())
	}
	f.Update(Item{ID: 7, Role: RoleAssistant, Text: "First words, and last"})
	if !f.sees("Regenerate") {
		t.Errorf("a finished reply offers %q", f.words())
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

func TestTheViewFollowsTheTheme(t *testing.T) {
	f := show(t, 800, 400, Item{ID: 1, Role: RoleAssistant, Text: "words"})
	f.app.Settings().SetTheme(sharedLook.With(theme.Options{Mode: theme.ModeDark}))
	f.Refresh()
	for _, o := range f.objects {
		if c, ok := o.(*canvas.Text); ok && c.Text == "words" && c.Color != color.Color(color.NRGBA{0xED, 0xE8, 0xE1, 0xFF}) {
			t.Errorf("text colour in the dark is %v", c.Color)
		}
	}
}

func TestAStreamedReplyLooksLikeAWholeOne(t *testing.T) {
	text := talk(1)[1].Text + "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n\nThe **end** of it."
	whole := show(t, 700, 2000, Item{ID: 1, Role: RoleAssistant, Text: text})
	want := whole.words()
	for _, step := range []int{1, 3, 17} {
		f := show(t, 700, 2000, Item{ID: 1, Role: RoleAssistant, State: StateRunning})
		for at := 0; at < len(text); at += step {
			f.Grow(1, at, text[at:min(at+step, len(text))])
		}
		f.Update(Item{ID: 1, Role: RoleAssistant, Text: text})
		if diff := cmp.Diff(want, f.words()); diff != "" {
			t.Errorf("step %d (-whole +streamed):\n%s", step, diff)
		}
	}
}

func TestMessagesBecomeItems(t *testing.T) {
	got := FromMessage(backend.Message{
		ID: 3, Role: backend.RoleAssistant, Text: "x", State: backend.MessageInterrupted, Error: "died", ModelName: "m",
		Usage: backend.Usage{ReplyTokens: 9}, Sibling: 1, Siblings: 2,
	})
	want := Item{ID: 3, Role: RoleAssistant, Text: "x", State: StateInterrupted, Error: "died", Note: "m", Tokens: 9, Sibling: 1, Siblings: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnyUseKeepsTheViewWhole runs random uses and checks what must always hold.
func TestAnyUseKeepsTheViewWhole(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(sharedLook)
	texts := []string{"", "short", strings.Repeat("many words ", 200), "```\ncode\n", "- a\n- b\n\n# h\n", "| a | b |\n|--|--|\n| 1 | 2 |\n", "\n\n", "漢字👍 ", "> q\n\n***\n"}
	rapid.Check(t, func(r *rapid.T) {
		v := New(Options{})
		w := test.NewWindow(v)
		defer w.Close()
		w.SetPadded(false)
		w.Resize(fyne.NewSize(600, 400))
		next := int64(1)
		text := rapid.SampledFrom(texts)
		item := func() Item {
			it := Item{
				ID: next, Role: Role(rapid.IntRange(0, 3).Draw(r, "role")), Text: text.Draw(r, "text"), State: State(rapid.IntRange(0, 4).Draw(r, "state")),
				Siblings: rapid.IntRange(0, 3).Draw(r, "siblings"), Sibling: 1,
			}
			next++
			return it
		}
		some := func() int64 { return int64(rapid.IntRange(1, int(next)).Draw(r, "id")) }
		r.Repeat(map[string]func(*rapid.T){
			"append": func(*rapid.T) { v.Append(item()) },
			"update": func(*rapid.T) {
				it := item()
				it.ID = some()
				v.Update(it)
			},
			"remove": func(*rapid.T) { v.Remove(some()) },
			"set":    func(*rapid.T) { v.SetItems([]Item{item(), item(), item()}) },
			"grow": func(r *rapid.T) {
				id := some()
				it, _ := v.Item(id)
				v.Grow(id, len(it.Text), text.Draw(r, "more"))
			},
			"scroll": func(r *rapid.T) { v.scrollBy(float32(rapid.IntRange(-900, 900).Draw(r, "dy"))) },
			"bar":    func(r *rapid.T) { v.scrollToPart(rapid.Float64Range(0, 1).Draw(r, "part")) },
			"resize": func(r *rapid.T) {
				w.Resize(fyne.NewSize(float32(rapid.IntRange(250, 1500).Draw(r, "w")), float32(rapid.IntRange(100, 900).Draw(r, "h"))))
			},
			"click": func(r *rapid.T) {
				at := fyne.NewPos(float32(rapid.IntRange(0, 900).Draw(r, "x")), float32(rapid.IntRange(0, 500).Draw(r, "y")))
				v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
				v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary})
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at.AddXY(90, float32(rapid.IntRange(-200, 200).Draw(r, "dy")))}})
				v.DragEnd()
				v.Selection()
			},
			"replace": func(*rapid.T) {
				items := v.Items()
				v.Replace(append(items[len(items)/2:], item()))
			},
			"all":   func(*rapid.T) { v.SelectAll() },
			"find":  func(*rapid.T) { v.SetFind("o"); v.FindNext(1) },
			"state": func(*rapid.T) { v.SetScrollState(v.ScrollState()) },
			"":      func(r *rapid.T) { checkWhole(r, v) },
		})
	})
}

func checkWhole(t *rapid.T, v *View) {
	var sum float64
	for i, e := range v.entries {
		if e.index != i || v.byID[e.item.ID] != e {
			t.Fatalf("entry %d has index %d", i, e.index)
		}
		if e.parsed {
			h := v.footHeight(e)
			for _, p := range e.blocks {
				h += p.height
			}
			if abs(h-e.sum) > 0.5 {
				t.Fatalf("entry %d is %v high, its pieces are %v", i, e.sum, h)
			}
		}
		sum += float64(e.sum)
	}
	if d := sum - v.heights.total(); d > 1 || d < -1 {
		t.Fatalf("heights are %v, their index says %v", sum, v.heights.total())
	}
	for i := 1; i < len(v.visible); i++ {
		a, b := v.visible[i-1], v.visible[i]
		if d := abs(a.y + a.height - b.y); d > 0.01 {
			t.Fatalf("pieces %d and %d stand %v apart", i-1, i, d)
		}
	}
	if len(v.entries) > 0 && len(v.visible) == 0 {
		t.Fatal("nothing is in sight")
	}
	if len(v.visible) > 0 && v.visible[0].y > 0.01 {
		t.Fatalf("the first piece stands at %v", v.visible[0].y)
	}
}

func TestTheHeightIndexAgreesWithSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		each := rapid.SliceOfN(rapid.Float32Range(0, 500), 1, 60).Draw(t, "heights")
		var h heightIndex
		h.reset(append([]float32(nil), each...))
		for range 5 {
			i := rapid.IntRange(0, len(each)-1).Draw(t, "i")
			each[i] = rapid.Float32Range(0, 500).Draw(t, "new")
			h.set(i, each[i])
		}
		var sum float64
		for i, v := range each {
			if d := h.before(i) - sum; d > 0.01 || d < -0.01 {
				t.Fatalf("before(%d) = %v, want %v", i, h.before(i), sum)
			}
			if v > 1 {
				if got, into := h.find(sum + 0.5); got != i || into < 0.4 || into > 0.6 {
					t.Fatalf("find(%v) = %d, %v; want %d", sum+0.5, got, into, i)
				}
			}
			sum += float64(v)
		}
	})
}

// TestHostileTextsAreShownWithFewObjects: what breaks parsers and layouts ends in an ordinary window.
func TestHostileTextsAreShownWithFewObjects(t *testing.T) {
	texts := map[string]string{
		"stars":          strings.Repeat("*", 2<<20),
		"quotes":         strings.Repeat(">", 10_000) + " deep",
		"one line":       strings.Repeat("word ", 1<<17),
		"no space":       strings.Repeat("é", 1<<17),
		"zero width":     strings.Repeat("\u200b", 1<<17),
		"marks":          "a" + strings.Repeat("\u0301", 1<<16),
		"wide table":     strings.Repeat("|a", 700) + "|\n" + strings.Repeat("|-", 700) + "|\n" + strings.Repeat(strings.Repeat("|b", 700)+"|\n", 30),
		"columns":        strings.Repeat("|a", 5000) + "|\n" + strings.Repeat("|-", 5000) + "|\n" + strings.Repeat("|b", 5000) + "|\n",
		"code line":      "```\n" + strings.Repeat("x", 1<<18),
		"nul":            strings.Repeat("\x00", 1<<16),
		"right to left":  strings.Repeat("مرحبا\u202e ", 1<<13),
		"emoji":          strings.Repeat("👩🏽‍🚀", 1<<12),
		"deep list":      strings.Repeat("- ", 4000) + "deep",
		"bytes":          strings.Repeat("\xff\xc3", 1<<15),
		"tabs":           strings.Repeat("\t", 1<<16),
		"empty items":    strings.Repeat("-\n", 1<<13),
		"line separator": strings.Repeat("\u2028", 1<<14),
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			f := show(t, 900, 600, Item{ID: 1, Role: RoleUser, Text: text}, Item{ID: 2, Role: RoleAssistant, Text: text, State: StateRunning})
			for _, part := range []float64{1, 0.5, 0.2, 0} {
				f.scrollToPart(part)
				if len(f.objects) > 3000 {
					t.Fatalf("%d objects", len(f.objects))
				}
			}
			f.Grow(2, len(text), "more")
			f.window.Resize(fyne.NewSize(500, 600))
		})
	}
}
