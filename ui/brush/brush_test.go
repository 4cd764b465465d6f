package brush

import (
	"bytes"
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// marked counts the slow way.
func marked(g *image.Gray) int { return bytes.Count(g.Pix, []byte{255}) }

func distance(px, py float64, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = min(max(((px-a.x)*dx+(py-a.y)*dy)/l, 0), 1)
	}
	return math.Hypot(px-a.x-t*dx, py-a.y-t*dy)
}

func TestAStrokeMarksWhatIsWithinTheBrush(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 50).Draw(t, "h")
		r := rapid.Float64Range(0.5, 20).Draw(t, "radius")
		coordinate := rapid.Float64Range(-30, 80)
		var line []point
		for range rapid.IntRange(1, 4).Draw(t, "points") {
			line = append(line, point{coordinate.Draw(t, "x"), coordinate.Draw(t, "y")})
		}
		m := New(w, h)
		m.Begin(line[0].x, line[0].y, r, false)
		for _, p := range line[1:] {
			m.To(p.x, p.y)
		}
		m.End()
		for y := range h {
			for x := range w {
				near := math.Inf(1)
				for i := range line {
					near = min(near, distance(float64(x)+0.5, float64(y)+0.5, line[max(i-1, 0)], line[i]))
				}
				if math.Abs(near-r) > 1e-6 && m.At(x, y) != (near < r) {
					t.Fatalf("pixel %d, %d at %g of a brush of %g: %t", x, y, near, r, m.At(x, y))
				}
			}
		}
	})
}

func TestUndoGoesBackStrokeByStroke(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := New(rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"))
		states := []*image.Gray{m.Image()}
		for range rapid.IntRange(0, 8).Draw(t, "strokes") {
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				m.Clear()
			default:
				m.Begin(rapid.Float64Range(-5, 45).Draw(t, "x"), rapid.Float64Range(-5, 45).Draw(t, "y"),
					rapid.Float64Range(0, 15).Draw(t, "radius"), rapid.Bool().Draw(t, "erase"))
				m.To(rapid.Float64Range(-5, 45).Draw(t, "x"), rapid.Float64Range(-5, 45).Draw(t, "y"))
				m.End()
			}
			if now := m.Image(); !bytes.Equal(now.Pix, states[len(states)-1].Pix) { // a stroke without effect is none
				states = append(states, now)
			}
			if n := marked(m.Image()); m.Empty() != (n == 0) || m.marked != n {
				t.Fatalf("%d pixels are marked, and it counts %d", n, m.marked)
			}
		}
		for i := len(states) - 2; i >= 0; i-- {
			part, ok := m.Undo()
			if !ok || !bytes.Equal(m.Image().Pix, states[i].Pix) || !part.In(m.Bounds()) {
				t.Fatalf("undo to state %d of %d: %t", i, len(states), ok)
			}
		}
		if _, ok := m.Undo(); ok || m.CanUndo() || !m.Empty() {
			t.Fatal("there is more to undo than was done")
		}
	})
}

func TestErasingTheWholeOfAStrokeLeavesNothing(t *testing.T) {
	m := New(64, 64)
	if m.Begin(10, 10, 8, false).Empty() || m.Empty() || !m.Down() {
		t.Error("a dot marks nothing")
	}
	m.To(50, 40)
	m.Begin(10, 10, 8, true) // a new stroke ends the one before
	m.To(50, 40)
	m.End()
	if !m.Empty() || m.Share() != 0 {
		t.Errorf("%d pixels are left", m.marked)
	}
	if !m.To(30, 30).Empty() || !m.Empty() {
		t.Error("a lifted brush paints")
	}
	m.Begin(math.NaN(), 3, 4, false)
	m.To(math.Inf(1), 0)
	m.End()
}

func TestALoadedMaskCanBeUndone(t *testing.T) {
	m, g := New(8, 4), image.NewGray(image.Rect(0, 0, 8, 4))
	g.Pix[3] = 200
	if !m.Load(g) || !m.At(3, 0) || m.marked != 1 {
		t.Error("the mask was not loaded")
	}
	if m.Load(image.NewGray(image.Rect(0, 0, 4, 8))) {
		t.Error("a mask of another size was loaded")
	}
	if _, ok := m.Undo(); !ok || !m.Empty() {
		t.Error("it cannot be undone")
	}
}

func TestTheWayBackIsBounded(t *testing.T) {
	m := New(40, 20) // 800 bytes for each stroke that touches all of it
	m.most = 3000
	for i := range 12 {
		m.Begin(0, 0, 1, i%2 == 1) // painted and erased again
		m.To(39, 19)
		m.End()
	}
	if m.held > m.most || len(m.undo) != 3 {
		t.Errorf("%d bytes in %d strokes", m.held, len(m.undo))
	}
}
