package chatview

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/google/go-cmp/cmp"
)

// wideCode is code whose second line needs more room than any window here has, with its end marked.
const wideLine = "call(first, " + "second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, thirteenth, fourteenth, fifteenth, LAST)"

func wideCode() Item {
	return Item{ID: 1, Role: RoleAssistant, Text: "Before.\n\n```py\nshort = 1\n" + wideLine + "\n\tdone()\n```\n\nAfter."}
}

// inside fails where anything of the code is drawn outside of its ground.
func (f *fixture) inside(t *testing.T) {
	t.Helper()
	for _, m := range f.visible {
		if m.layout == nil || !m.layout.code {
			continue
		}
		left := m.x + m.layout.codeX
		for _, p := range m.over {
			if c, ok := p.object.(*canvas.Text); ok && (c.Position().X < left || c.Position().X+c.MinSize().Width > left+m.layout.codeW+1) {
				t.Errorf("%q reaches from %v to %v, its ground from %v to %v", c.Text, c.Position().X, c.Position().X+c.MinSize().Width, left, left+m.layout.codeW)
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

func TestCodeKeepsItsLinesAndSlides(t *testing.T) {
	f := show(t, 720, 480, wideCode())
	f.inside(t)
	first, done := f.textAt(t, "call"), f.textAt(t, "done")
	if lines := (done.Y - first.Y) / f.look.heights[classCode]; lines < 0.9 || lines > 1.1 {
		t.Errorf("the long line takes %v lines", lines)
	}
	if f.sees("LAST") || len(f.codeBars) != 1 {
		t.Fatalf("the end of the line is seen (%v) and %d bars", f.sees("LAST"), len(f.codeBars))
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
	b := f.codeBars[0]
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
