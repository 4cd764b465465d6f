package chatview

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/google/go-cmp/cmp"
)

// wideCode is code whose second line needs more room than any window here has, with its end marked.
const wideLine = "call(first, " + "second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, thirteenth, fourteenth, fifteenth, LAST)"

func wideCode() Item {
	return Item{ID: 1, Role: RoleAssistant, Text: "Before.\n\n```py\nshort = 1\n" + wideLine + "\n\tdone()\n```\n\nAfter."}
}

// inside fails where anything that slides is drawn outside of its strip.
func (f *fixture) inside(t *testing.T) {
	t.Helper()
	for _, m := range f.visible {
		if m.layout == nil || !m.layout.strip.on() {
			continue
		}
		left, right := m.x+m.layout.strip.x, m.x+m.layout.strip.x+m.layout.strip.w
		if m.layout.code { // its button stands over the text, in the margin
			left, right = left-codePad, right+codePad
		}
		for _, p := range append(m.under[:len(m.under):len(m.under)], m.over...) {
			o := p.object
			if from, to := o.Position().X, o.Position().X+max(o.MinSize().Width, o.Size().Width); from < left-4 || to > right+4 {
				t.Errorf("%T reaches from %v to %v, its strip from %v to %v", o, from, to, left, right)
			}
		}
		for _, h := range m.hots {
			if from, to := m.x+h.x, m.x+h.x+h.w; from < left-4 || to > right+4 {
				t.Errorf("a place to click reaches from %v to %v, its strip from %v to %v", from, to, left, right)
			}
		}
	}
	for _, o := range f.marks {
		if o.Position().X < 0 || o.Position().X+o.Size().Width > f.Size().Width {
			t.Error("a mark reaches out of the window")
		}
	}
}

func (f *fixture) slideAt(t *testing.T, on string, dx float32) {
	t.Helper()
	f.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: f.textAt(t, on)}, Scrolled: fyne.Delta{DX: dx}})
}

// A bar never lies over the text above its code, however little of the code is in sight.
func TestTheBarOfCodeStandsUnderALineOfIt(t *testing.T) {
	item := wideCode()
	item.Text = strings.Repeat("Words above.\n\n", 40) + item.Text
	f := show(t, 720, 480, item)
	seen := 0
	for range 400 {
		f.scrollBy(-7)
		for _, b := range f.slideBars {
			seen++
			for _, m := range f.visible {
				if m.layout == nil {
					continue
				}
				if m.layout.code && b.y < m.y+m.gap+m.layout.frags[0].y+m.layout.frags[0].height || !m.layout.code && b.y > m.y && b.y < m.y+m.height {
					t.Fatalf("the bar stands at %v, a block from %v to %v", b.y, m.y, m.y+m.height)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("there never was a bar")
	}
}

func TestCodeKeepsItsLinesAndSlides(t *testing.T) {
	f := show(t, 720, 480, wideCode())
	f.inside(t)
	first, done := f.textAt(t, "call"), f.textAt(t, "done")
	if lines := (done.Y - first.Y) / f.look.heights[classCode]; lines < 0.9 || lines > 1.1 {
		t.Errorf("the long line takes %v lines", lines)
	}
	if f.sees("LAST") || len(f.slideBars) != 1 {
		t.Fatalf("the end of the line is seen (%v) and %d bars", f.sees("LAST"), len(f.slideBars))
	}
	f.slideAt(t, "call", -200)
	f.inside(t)
	if f.sees("call") || f.sees("short") {
		t.Errorf("the start of the line is still seen: %q", f.words())
	}
	if !f.sees("Before.") || !f.sees("After.") {
		t.Error("the words around the code went along")
	}
	f.slideAt(t, "eighth", -1e6)
	f.inside(t)
	if !f.sees("LAST") {
		t.Errorf("the end of the line is not seen: %q", f.words())
	}
	f.slideAt(t, "LAST", 1e6)
	if !f.sees("short") || f.sees("LAST") {
		t.Errorf("it does not slide back: %q", f.words())
	}
	f.wheel(-100)
	if !f.sees("short") {
		t.Error("a wheel that goes down slid the code")
	}
}

func TestSlidCodeIsSelectedAndFoundWhereItIsSeen(t *testing.T) {
	f := show(t, 720, 480, wideCode())
	if n := f.SetFind("LAST"); n != 1 || !f.sees("LAST") {
		t.Fatalf("%d places, on screen %q", n, f.words())
	}
	f.inside(t)
	f.SetFind("")
	f.drag(f.textAt(t, "fourteenth"), f.textAt(t, "fifteenth"))
	if diff := cmp.Diff("fourteenth, ", f.Selection()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.inside(t)
	// From the beginning, beyond the right edge: the code follows the pointer.
	f.slideAt(t, "fifteenth", 1e6)
	from := f.textAt(t, "call")
	f.mouseDown(from)
	for range 60 {
		f.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(f.Size().Width+40, from.Y)}})
	}
	f.mouseUp(from)
	if diff := cmp.Diff(wideLine, strings.TrimSuffix(f.Selection(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.inside(t)
}

func TestTheBarAndTheKeysSlideCode(t *testing.T) {
	f := show(t, 720, 480, wideCode())
	b := f.slideBars[0]
	at := fyne.NewPos(b.x+b.thumb/2, b.y+2)
	f.drag(at, at.AddXY(b.w, 0))
	if !f.sees("LAST") {
		t.Errorf("dragged to its end: %q", f.words())
	}
	f.click(fyne.NewPos(b.x+2, b.y+2)) // beside the thumb
	if !f.sees("short") || f.Selection() != "" {
		t.Errorf("clicked at its beginning: %q, selected %q", f.words(), f.Selection())
	}
	for range 100 {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	}
	if !f.sees("LAST") {
		t.Errorf("by the key: %q", f.words())
	}
	for range 100 {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	}
	if !f.sees("short") {
		t.Errorf("back by the key: %q", f.words())
	}
}

func TestAllPiecesOfLongCodeSlideTogether(t *testing.T) {
	var code strings.Builder
	for i := range 400 {
		fmt.Fprintf(&code, "row%d = %s\n", i, strings.Repeat("x", 40))
	}
	f := show(t, 720, 480, Item{ID: 1, Role: RoleAssistant, Text: "```\n" + code.String() + wideLine + "\n```"})
	f.slideAt(t, "second", -160)
	seen := 0
	for range 40 {
		f.wheel(300)
		f.inside(t)
		if f.sees("row") {
			t.Fatalf("a piece did not slide: %q", f.words()[:2])
		}
		if f.sees("xxxx") {
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("code was in sight %d times", seen)
	}
	if n := len(f.entries[0].slides); n != 1 {
		t.Errorf("%d slides", n)
	}
}

func TestFloodsOfCodeAreWrappedAtLast(t *testing.T) {
	f := show(t, 720, 480, Item{ID: 1, Role: RoleAssistant, Text: "```\n" + strings.Repeat("y", 1<<20) + "\n```"})
	f.inside(t)
	if l := f.entries[0].blocks[0].layout; l == nil || len(l.frags) < (1<<20)/codeColumns {
		t.Error("a line of a megabyte is one line")
	}
	if n := len(f.objects); n > 400 {
		t.Errorf("%d objects", n)
	}
}

// wideTable has more columns than fit into any window here, without a word of theirs breaking.
func wideTable() Item {
	var head, rule, row strings.Builder
	for i := range 16 {
		fmt.Fprintf(&head, "| Heading%d ", i)
		rule.WriteString("|---")
		fmt.Fprintf(&row, "| unbreakable%d `chip%d` [linked%d](https://example.org) ", i, i, i)
	}
	return Item{ID: 1, Role: RoleAssistant, Text: "Before.\n\n" + head.String() + "|\n" + rule.String() + "|\n" + row.String() + "|\n\nAfter."}
}

func TestAWideTableKeepsItsWordsAndSlides(t *testing.T) {
	for _, size := range []fyne.Size{fyne.NewSize(720, 480), fyne.NewSize(1280, 800)} {
		f := show(t, size.Width, size.Height, wideTable())
		f.inside(t)
		if len(f.slideBars) != 1 || f.sees("Heading15") || !f.sees("unbreakable0") {
			t.Fatalf("%d bars, on screen %q", len(f.slideBars), f.words())
		}
		under := f.slideBars[0].y
		if last, after := f.textAt(t, "linked0").Y, f.textAt(t, "After.").Y; under <= last || under+barSlim >= after {
			t.Errorf("the bar at %v, the table's last line at %v, what comes after at %v", under, last, after)
		}
		// Every heading comes into sight whole while the table slides, and nothing is ever drawn beside it.
		seen := map[int]bool{}
		for range 200 {
			for i := range 16 {
				for _, w := range f.words() {
					if w == fmt.Sprintf("Heading%d", i) {
						seen[i] = true
					}
				}
			}
			if !f.slideTo(f.entries[0], f.slideBars[0].root, f.entries[0].slides[f.slideBars[0].root]+40) {
				break
			}
			f.inside(t)
		}
		if len(seen) != 16 || !f.sees("Heading15") || !f.sees("Before.") || !f.sees("After.") {
			t.Errorf("seen %v, at the end %q", seen, f.words())
		}
	}
}

func TestAWideTableIsSelectedAndFoundWhereItIsSeen(t *testing.T) {
	f := show(t, 720, 480, wideTable())
	if n := f.SetFind("unbreakable12"); n != 1 || !f.sees("unbreakable12") {
		t.Fatalf("%d places, on screen %q", n, f.words())
	}
	f.inside(t)
	f.SetFind("")
	at := f.textAt(t, "unbreakable12")
	f.click(at)
	f.click(at)
	if diff := cmp.Diff("unbreakable12", f.Selection()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.inside(t)
}

func TestATableInABubbleStaysInIt(t *testing.T) {
	item := wideTable()
	item.Role = RoleUser
	f := show(t, 1280, 800, item)
	f.inside(t)
	e := f.entries[0]
	left, right := f.column.x+f.column.width-f.bubbleWidth(e), f.column.x+f.column.width
	for _, m := range f.visible {
		if m.layout == nil {
			continue
		}
		for _, p := range m.over {
			if o := p.object; o.Position().X < left || o.Position().X+o.Size().Width > right {
				t.Errorf("%T reaches from %v to %v, the bubble from %v to %v", o, o.Position().X, o.Position().X+o.Size().Width, left, right)
			}
		}
	}
}
