package chatview

import (
	"fmt"
	"image/color"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

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

// testApp is the app behind these tests: Fyne reads all typefaces again for a new one, and for each look that is put on.
var testApp = sync.OnceValue(test.NewApp)

// lightApp is that app in the light look.
func lightApp() fyne.App {
	app := testApp()
	if app.Settings().Theme() != sharedLook {
		app.Settings().SetTheme(sharedLook)
	}
	return app
}

func show(t testing.TB, width, height float32, items ...Item) *fixture {
	f := &fixture{clock: time.Unix(1000, 0), app: lightApp()}
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
	t.Cleanup(f.window.Close)
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
	lightApp()
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
