// Package brush paints masks: strokes of a round brush that mark pixels of a picture or unmark them, and the way back.
// The editor of the pictures page drives it with the pointer or the keyboard; nothing here knows a window, and a mask
// belongs to one goroutine.
package brush

import (
	"image"
	"math"
)

// Mask is what was marked of a picture, in the picture's own pixels.
type Mask struct {
	width, height int
	now, before   []byte // 255 = marked; before is as it was when the stroke began
	marked        int    // pixels
	undo          []patch
	held, most    int // bytes in undo, and how many there may be

	stroke image.Rectangle // what the running stroke has touched
	at     point           // where it is
	radius float64
	erase  bool
	down   bool
}

type point struct{ x, y float64 }

// patch is how a part of the mask was before a stroke.
type patch struct {
	part image.Rectangle
	was  []byte
}

// maxUndo bounds the bytes that are kept for the way back; the oldest strokes go first.
const maxUndo = 64 << 20

// New makes an empty mask for a picture of a size.
func New(width, height int) *Mask {
	width, height = max(width, 0), max(height, 0)
	return &Mask{width: width, height: height, now: make([]byte, width*height), before: make([]byte, width*height), most: maxUndo}
}

// Load replaces everything by another mask of the same size, which can be undone; false = it has another size.
func (m *Mask) Load(g *image.Gray) bool {
	if g.Rect.Dx() != m.width || g.Rect.Dy() != m.height {
		return false
	}
	m.End()
	m.stroke = m.Bounds()
	for y := range m.height {
		for x := range m.width {
			m.set(y*m.width+x, g.Pix[y*g.Stride+x] != 0)
		}
	}
	m.down = true
	m.End()
	return true
}

// Bounds is the size of the picture.
func (m *Mask) Bounds() image.Rectangle { return image.Rect(0, 0, m.width, m.height) }

// Empty says whether nothing is marked.
func (m *Mask) Empty() bool { return m.marked == 0 }

// Share is how much of the picture is marked, from 0 to 1.
func (m *Mask) Share() float64 { return float64(m.marked) / float64(max(1, len(m.now))) }

// At says whether a pixel is marked.
func (m *Mask) At(x, y int) bool {
	return image.Pt(x, y).In(m.Bounds()) && m.now[y*m.width+x] != 0
}

// Image is a copy of the mask: 255 = marked.
func (m *Mask) Image() *image.Gray {
	g := image.NewGray(m.Bounds())
	copy(g.Pix, m.now)
	return g
}

// Begin puts a brush down at a point of the picture; radius is in pixels of the picture. What changed is returned, for
// whoever shows it.
func (m *Mask) Begin(x, y, radius float64, erase bool) image.Rectangle {
	m.End()
	m.at, m.radius, m.erase, m.down, m.stroke = point{x, y}, max(radius, 0.5), erase, true, image.Rectangle{}
	return m.To(x, y)
}

// To draws on to a point, in a straight line as thick as the brush. Without Begin nothing happens.
func (m *Mask) To(x, y float64) image.Rectangle {
	if !m.down || math.IsNaN(x+y) || math.IsInf(x+y, 0) {
		return image.Rectangle{}
	}
	from, to, r := m.at, point{x, y}, m.radius
	m.at = to
	box := image.Rect(
		clamp(math.Floor(min(from.x, to.x)-r), m.width), clamp(math.Floor(min(from.y, to.y)-r), m.height),
		clamp(math.Ceil(max(from.x, to.x)+r), m.width), clamp(math.Ceil(max(from.y, to.y)+r), m.height))
	dx, dy := to.x-from.x, to.y-from.y
	length := dx*dx + dy*dy
	for py := box.Min.Y; py < box.Max.Y; py++ {
		for px := box.Min.X; px < box.Max.X; px++ {
			// The distance of the pixel's middle to the line.
			cx, cy := float64(px)+0.5-from.x, float64(py)+0.5-from.y
			if length > 0 {
				t := min(max((cx*dx+cy*dy)/length, 0), 1)
				cx, cy = cx-t*dx, cy-t*dy
			}
			if cx*cx+cy*cy <= r*r {
				m.set(py*m.width+px, !m.erase)
			}
		}
	}
	m.stroke = m.stroke.Union(box)
	return box
}

func clamp(v float64, high int) int { return int(min(max(v, 0), float64(high))) }

func (m *Mask) set(i int, on bool) {
	switch {
	case on && m.now[i] == 0:
		m.now[i] = 255
		m.marked++
	case !on && m.now[i] != 0:
		m.now[i] = 0
		m.marked--
	}
}

// Down says whether the brush is on the picture.
func (m *Mask) Down() bool { return m.down }

// End lifts the brush. What the stroke changed can be undone.
func (m *Mask) End() {
	if !m.down {
		return
	}
	m.down = false
	part := m.stroke
	p := patch{part, make([]byte, 0, part.Dx()*part.Dy())}
	same := true
	for y := part.Min.Y; y < part.Max.Y; y++ {
		was, is := m.before[y*m.width+part.Min.X:y*m.width+part.Max.X], m.now[y*m.width+part.Min.X:y*m.width+part.Max.X]
		p.was = append(p.was, was...)
		same = same && string(was) == string(is)
		copy(was, is)
	}
	if same {
		return
	}
	m.undo = append(m.undo, p)
	for m.held += len(p.was); m.held > m.most && len(m.undo) > 1; {
		m.held -= len(m.undo[0].was)
		m.undo = m.undo[1:]
	}
}

// Clear unmarks everything, which can be undone.
func (m *Mask) Clear() {
	m.End()
	m.stroke, m.down = m.Bounds(), true
	clear(m.now)
	m.marked = 0
	m.End()
}

// CanUndo says whether there is a stroke to take back.
func (m *Mask) CanUndo() bool { return len(m.undo) > 0 || m.down }

// Undo takes the last stroke back, and says what changed; false = there is none.
func (m *Mask) Undo() (image.Rectangle, bool) {
	m.End()
	if len(m.undo) == 0 {
		return image.Rectangle{}, false
	}
	p := m.undo[len(m.undo)-1]
	m.undo = m.undo[:len(m.undo)-1]
	m.held -= len(p.was)
	for y := p.part.Min.Y; y < p.part.Max.Y; y++ {
		row := p.was[(y-p.part.Min.Y)*p.part.Dx():][:p.part.Dx()]
		for x, v := range row {
			i := y*m.width + p.part.Min.X + x
			m.set(i, v != 0)
			m.before[i] = v
		}
	}
	return p.part, true
}
