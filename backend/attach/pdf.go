package attach

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ledongthuc/pdf"

	"loam/backend"
)

const (
	maxForms     = 8       // forms within forms on a page
	maxFragments = 1 << 18 // pieces of text on a page
	maxOperators = 1 << 22 // of a page
)

var errTooMuch = errors.New("too much on the page")

// readPDF reads the words of a PDF file, page by page.
func readPDF(data []byte) (d Document, err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics on what it does not understand
			d, err = Document{}, refuse("the PDF is damaged")
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	switch {
	case errors.Is(err, pdf.ErrInvalidPassword):
		return Document{}, refuse("the PDF is locked with a password; save a copy without one to attach it")
	case err != nil && strings.Contains(err.Error(), "encrypt"):
		return Document{}, refuse("the PDF is encrypted in a way that Loam cannot open; save a copy without it to attach it")
	case err != nil:
		return Document{}, refuse("the PDF is damaged")
	}
	var tree pageTree
	if err := tree.walk(r.Trailer().Key("Root").Key("Pages"), pdf.Value{}, 0); err != nil {
		return Document{}, refuse(fmt.Sprintf("the PDF has more than %d pages, or is damaged", MaxPages))
	}
	list := tree.leaves
	n := len(list)
	if n == 0 {
		return Document{}, refuse("the PDF is damaged")
	}
	pages := make([]string, n)
	broken, empty, size := 0, 0, 0
	for i := range n {
		text, err := list[i].text()
		if err != nil {
			broken++
		}
		if strings.TrimSpace(text) == "" {
			empty++
		}
		if size += len(text); size > MaxText {
			return Document{}, refuse("it holds more than 8 MB of text")
		}
		pages[i] = text
	}
	if empty == n {
		if broken == n {
			return Document{}, refuse("the PDF is damaged")
		}
		return Document{}, refuse("the PDF has no text, only pictures of its pages; it would have to be recognised (OCR) first")
	}
	d = Document{Kind: backend.AttachPDF, Text: strings.Join(pages, "\f"), Pages: n}
	if unreadable(d.Text) {
		return Document{}, refuse("the fonts of the PDF do not say which letters they show, so its words cannot be read")
	}
	switch empty -= broken; {
	case broken > 0:
		d.Note = count(broken, "page") + " could not be read."
	case empty > 0:
		d.Note = count(empty, "page") + " without text, perhaps pictures of pages."
	}
	return d, nil
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// unreadable says whether a text is mostly signs that stand for nothing.
func unreadable(text string) bool {
	bad, all := 0, 0
	for _, r := range text {
		if r == '\n' || r == ' ' || r == '\f' {
			continue
		}
		all++
		if r == '\uFFFD' || r < ' ' || r >= 0xE000 && r <= 0xF8FF {
			bad++
		}
	}
	return all > 0 && bad*2 > all
}

// matrix is a transformation of the plane: x' = a*x + c*y + e, y' = b*x + d*y + f (ISO 32000-1, 8.3.3).
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// then is m followed by n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d, m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

func (m matrix) at(x, y float64) (float64, float64) { return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f }

// fragment is a piece of text as it stands on a page: from (x, y) to (end, y), size high.
type fragment struct {
	text            string
	x, y, end, size float64
}

// face is a font that text is shown in.
type face struct {
	font   pdf.Font
	enc    pdf.TextEncoding
	wide   bool // two bytes a code
	widths map[int]float64
	usual  float64
	simple [256]float64 // of a font with codes of one byte
}

// canvas reads the content of a page (ISO 32000-1, 9).
type canvas struct {
	out   []fragment
	ops   int
	forms int
	faces map[string]*face // by object and name
}

// state is what q and Q keep.
type state struct {
	ctm                             matrix
	face                            *face
	size, char, word, lead, rise, h float64
}

// leaf is a page with the resources that it has or inherits.
type leaf struct{ page, resources pdf.Value }

// pageTree collects the pages of a document. The library's own walk does not end where a tree goes round in circles.
type pageTree struct {
	leaves []leaf
	nodes  int
}

func (t *pageTree) walk(node, resources pdf.Value, depth int) error {
	if t.nodes++; t.nodes > 4*MaxPages || len(t.leaves) > MaxPages {
		return errTooMuch
	}
	if own := node.Key("Resources"); !own.IsNull() {
		resources = own
	}
	kids := node.Key("Kids")
	if node.Key("Type").Name() == "Page" || kids.Kind() != pdf.Array {
		if node.Kind() == pdf.Dict {
			t.leaves = append(t.leaves, leaf{node, resources})
		}
		return nil
	}
	const deepest = 40
	for i := range kids.Len() {
		if kid := kids.Index(i); kid.Kind() == pdf.Dict && depth < deepest {
			if err := t.walk(kid, resources, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// text reads the words of a page, as far as they can be read.
func (l leaf) text() (text string, err error) {
	c := &canvas{faces: map[string]*face{}}
	func() {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("read page: %v", r)
			}
		}()
		if content := l.page.Key("Contents"); !content.IsNull() {
			c.run(content, l.resources, identity, 0, "")
		}
	}()
	return layOut(c.out), err
}

// run interprets a content stream.
func (c *canvas) run(stream, resources pdf.Value, base matrix, depth int, path string) {
	s := state{ctm: base, h: 1}
	var stack []state
	tm, line := identity, identity
	show := func(raw string) {
		f := s.face
		if f == nil || raw == "" {
			return
		}
		text := f.enc.Decode(raw)
		m := matrix{a: s.size * s.h, d: s.size, f: s.rise}.then(tm).then(s.ctm)
		width := f.advance(raw, s)
		x, y := m.at(0, 0)
		tm = matrix{a: 1, d: 1, e: width}.then(tm)
		end, _ := matrix{a: s.size * s.h, d: s.size, f: s.rise}.then(tm).then(s.ctm).at(0, 0)
		if len(c.out) >= maxFragments {
			panic(errTooMuch)
		}
		size := math.Hypot(m.c, m.d)
		if text != "" && size > 0.01 && size < 10000 && !math.IsNaN(x+y+end) {
			c.out = append(c.out, fragment{text, x, y, end, size})
		}
	}
	next := func(x, y float64) { line = matrix{a: 1, d: 1, e: x, f: y}.then(line); tm = line }
	interpret(contentOf(stream), func(op string, args []operand) {
		if c.ops++; c.ops > maxOperators {
			panic(errTooMuch)
		}
		num := func(i int) float64 {
			if i < len(args) {
				return args[i].number
			}
			return 0
		}
		six := func() matrix { return matrix{num(0), num(1), num(2), num(3), num(4), num(5)} }
		switch op {
		case "q":
			if len(stack) < 1000 {
				stack = append(stack, s)
			}
		case "Q":
			if n := len(stack); n > 0 {
				s, stack = stack[n-1], stack[:n-1]
			}
		case "cm":
			s.ctm = six().then(s.ctm)
		case "BT":
			tm, line = identity, identity
		case "Tf":
			if len(args) == 2 {
				s.face, s.size = c.face(resources, args[0].name, path), num(1)
			}
		case "Tc":
			s.char = num(0)
		case "Tw":
			s.word = num(0)
		case "Tz":
			s.h = num(0) / 100
		case "TL":
			s.lead = num(0)
		case "Ts":
			s.rise = num(0)
		case "Td":
			next(num(0), num(1))
		case "TD":
			s.lead = -num(1)
			next(num(0), num(1))
		case "Tm":
			line = six()
			tm = line
		case "T*":
			next(0, -s.lead)
		case "Tj":
			if len(args) > 0 {
				show(args[0].text)
			}
		case "'":
			next(0, -s.lead)
			if len(args) > 0 {
				show(args[0].text)
			}
		case "\"":
			s.word, s.char = num(0), num(1)
			next(0, -s.lead)
			if len(args) > 2 {
				show(args[2].text)
			}
		case "TJ":
			if len(args) == 0 {
				return
			}
			for _, o := range args[0].list {
				if o.isText {
					show(o.text)
				} else {
					tm = matrix{a: 1, d: 1, e: -o.number / 1000 * s.size * s.h}.then(tm)
				}
			}
		case "Do":
			if c.forms++; len(args) == 0 || depth >= maxForms || c.forms > 2000 {
				return
			}
			name := args[0].name
			form := resources.Key("XObject").Key(name)
			if form.Key("Subtype").Name() != "Form" {
				return
			}
			m := identity
			if v := form.Key("Matrix"); v.Len() == 6 {
				f := func(i int) float64 { return v.Index(i).Float64() }
				m = matrix{f(0), f(1), f(2), f(3), f(4), f(5)}
			}
			own := form.Key("Resources")
			if own.IsNull() {
				own = resources
			}
			c.run(form, own, m.then(s.ctm), depth+1, path+"/"+name)
		}
	})
}

// face is a font of a page or form.
func (c *canvas) face(resources pdf.Value, name, path string) *face {
	key := path + "/" + name
	if f, ok := c.faces[key]; ok {
		return f
	}
	f := &face{font: pdf.Font{V: resources.Key("Font").Key(name)}}
	f.enc = f.font.Encoder()
	if f.font.V.Key("Subtype").Name() == "Type0" {
		f.wide = true
		f.readWidths(f.font.V.Key("DescendantFonts").Index(0))
	} else {
		f.readSimple()
	}
	c.faces[key] = f
	return f
}

// readWidths reads the widths of a composite font (ISO 32000-1, 9.7.4.3).
func (f *face) readWidths(v pdf.Value) {
	f.widths, f.usual = map[int]float64{}, 1000
	if dw := v.Key("DW"); !dw.IsNull() {
		f.usual = dw.Float64()
	}
	w := v.Key("W")
	for i := 0; i+1 < w.Len() && len(f.widths) < 1<<16; {
		first, second := int(w.Index(i).Int64()), w.Index(i+1)
		if second.Kind() == pdf.Array {
			for k := range min(second.Len(), 1<<16) {
				f.widths[first+k] = second.Index(k).Float64()
			}
			i += 2
			continue
		}
		for code := first; code <= int(second.Int64()) && code < first+1<<16; code++ {
			f.widths[code] = w.Index(i + 2).Float64()
		}
		i += 3
	}
}

// advance is how far a text of a font moves the pen, in the unit of the text matrix.
func (f *face) advance(raw string, s state) float64 {
	width := 0.0
	if f.wide {
		for i := 0; i+1 < len(raw); i += 2 {
			w, ok := f.widths[int(raw[i])<<8|int(raw[i+1])]
			if !ok {
				w = f.usual
			}
			width += w/1000*s.size + s.char
		}
		return width * s.h
	}
	for i := range len(raw) {
		width += f.simple[raw[i]]/1000*s.size + s.char
		if raw[i] == ' ' {
			width += s.word
		}
	}
	return width * s.h
}

// readSimple reads the widths of a font with codes of one byte. Those of the standard fonts are not in the file.
func (f *face) readSimple() {
	usual := 500.0
	if strings.Contains(f.font.BaseFont(), "Courier") {
		usual = 600
	}
	first, widths := f.font.FirstChar(), f.font.V.Key("Widths")
	n := widths.Len()
	for code := range f.simple {
		f.simple[code] = usual
		if i := code - first; i >= 0 && i < n {
			if w := widths.Index(i).Float64(); w != 0 {
				f.simple[code] = w
			}
		}
	}
}
