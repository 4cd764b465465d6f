package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// shapes reads the drawn elements of an SVG icon as polylines in the icon's own units.
func shapes(source []byte) ([]polyline, error) {
	var out []polyline
	d := xml.NewDecoder(strings.NewReader(string(source)))
	for {
		token, err := d.Token()
		if err != nil {
			if len(out) == 0 {
				return nil, fmt.Errorf("no shape: %w", err)
			}
			return out, nil
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		drawn, err := lines(element)
		if err != nil {
			return nil, err
		}
		out = append(out, drawn...)
	}
}

func lines(e xml.StartElement) ([]polyline, error) {
	text := map[string]string{}
	number := map[string]float64{}
	for _, a := range e.Attr {
		text[a.Name.Local] = a.Value
		if v, err := strconv.ParseFloat(a.Value, 64); err == nil {
			number[a.Name.Local] = v
		}
	}
	var p pen
	switch e.Name.Local {
	case "svg":
		return nil, nil
	case "path":
		return parsePath(text["d"])
	case "line":
		p.move(point{number["x1"], number["y1"]})
		p.line(point{number["x2"], number["y2"]})
	case "circle":
		p.ellipse(number["cx"], number["cy"], number["r"], number["r"])
	case "ellipse":
		p.ellipse(number["cx"], number["cy"], number["rx"], number["ry"])
	case "rect":
		p.rect(number["x"], number["y"], number["width"], number["height"], max(number["rx"], number["ry"]))
	case "polyline", "polygon":
		values, err := numbers(text["points"])
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(values); i += 2 {
			if i == 0 {
				p.move(point{values[0], values[1]})
			} else {
				p.line(point{values[i], values[i+1]})
			}
		}
		if e.Name.Local == "polygon" {
			p.close()
		}
	default:
		return nil, fmt.Errorf("unknown element %s", e.Name.Local)
	}
	return p.paths, nil
}

// pen draws polylines.
type pen struct {
	paths []polyline
	at    point
}

func (p *pen) move(to point) {
	p.paths = append(p.paths, polyline{points: []point{to}})
	p.at = to
}

func (p *pen) line(to point) {
	if len(p.paths) == 0 || p.paths[len(p.paths)-1].closed {
		p.move(p.at)
	}
	last := &p.paths[len(p.paths)-1]
	if end := last.points[len(last.points)-1]; math.Hypot(to.x-end.x, to.y-end.y) >= 0.02 {
		last.points = append(last.points, to) // nearer ones have no direction; such strokes are dots anyway
	}
	p.at = to
}

func (p *pen) close() {
	if len(p.paths) > 0 {
		last := &p.paths[len(p.paths)-1]
		last.closed = true
		p.at = last.points[0]
	}
}

// curveSteps is into how many lines a curve is cut; simplify removes what is not needed.
const curveSteps = 24

func (p *pen) cubic(b, c, d point) {
	a := p.at
	for i := 1; i <= curveSteps; i++ {
		t := float64(i) / curveSteps
		u := 1 - t
		w0, w1, w2, w3 := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		p.line(point{w0*a.x + w1*b.x + w2*c.x + w3*d.x, w0*a.y + w1*b.y + w2*c.y + w3*d.y})
	}
	p.at = d
}

// arc draws an elliptical arc from where the pen is (SVG 1.1, appendix F.6: from end points to the centre).
func (p *pen) arc(rx, ry, rotation float64, large, sweep bool, to point) {
	from := p.at
	if rx == 0 || ry == 0 || from == to {
		p.line(to)
		return
	}
	rx, ry = math.Abs(rx), math.Abs(ry)
	sin, cos := math.Sincos(rotation * math.Pi / 180)
	dx, dy := (from.x-to.x)/2, (from.y-to.y)/2
	x1, y1 := cos*dx+sin*dy, -sin*dx+cos*dy
	if grow := x1*x1/(rx*rx) + y1*y1/(ry*ry); grow > 1 {
		rx, ry = rx*math.Sqrt(grow), ry*math.Sqrt(grow)
	}
	over := rx*rx*ry*ry - rx*rx*y1*y1 - ry*ry*x1*x1
	scale := math.Sqrt(max(over, 0) / (rx*rx*y1*y1 + ry*ry*x1*x1))
	if large == sweep {
		scale = -scale
	}
	cx, cy := scale*rx*y1/ry, -scale*ry*x1/rx
	start := math.Atan2((y1-cy)/ry, (x1-cx)/rx)
	turn := math.Atan2((-y1-cy)/ry, (-x1-cx)/rx) - start
	if sweep && turn < 0 {
		turn += 2 * math.Pi
	} else if !sweep && turn > 0 {
		turn -= 2 * math.Pi
	}
	midX, midY := cos*cx-sin*cy+(from.x+to.x)/2, sin*cx+cos*cy+(from.y+to.y)/2
	for i := 1; i < curveSteps; i++ {
		s, c := math.Sincos(start + turn*float64(i)/curveSteps)
		p.line(point{midX + cos*rx*c - sin*ry*s, midY + sin*rx*c + cos*ry*s})
	}
	p.line(to)
}

func (p *pen) ellipse(cx, cy, rx, ry float64) {
	p.move(point{cx - rx, cy})
	p.arc(rx, ry, 0, false, true, point{cx + rx, cy})
	p.arc(rx, ry, 0, false, true, point{cx - rx, cy})
	p.close()
}

func (p *pen) rect(x, y, w, h, r float64) {
	r = min(r, w/2, h/2)
	p.move(point{x + r, y})
	p.line(point{x + w - r, y})
	p.arc(r, r, 0, false, true, point{x + w, y + r})
	p.line(point{x + w, y + h - r})
	p.arc(r, r, 0, false, true, point{x + w - r, y + h})
	p.line(point{x + r, y + h})
	p.arc(r, r, 0, false, true, point{x, y + h - r})
	p.line(point{x, y + r})
	p.arc(r, r, 0, false, true, point{x + r, y})
	p.close()
}

// parsePath reads the data of a path element.
func parsePath(d string) ([]polyline, error) {
	r := pathReader{rest: d}
	var p pen
	var command byte
	var handle point // of the last curve, for the smooth ones
	for r.skip(); r.rest != ""; r.skip() {
		if c := r.rest[0]; c|0x20 >= 'a' && c|0x20 <= 'z' {
			command, r.rest = c, r.rest[1:]
		} else if command == 'M' { // more points after a move are lines
			command = 'L'
		} else if command == 'm' {
			command = 'l'
		}
		origin := point{}
		if command >= 'a' {
			origin = p.at
		}
		to := func() point { return point{origin.x + r.number(), origin.y + r.number()} }
		smooth := point{2*p.at.x - handle.x, 2*p.at.y - handle.y}
		next := point{math.NaN(), 0}
		switch command | 0x20 {
		case 'm':
			p.move(to())
		case 'l':
			p.line(to())
		case 'h':
			p.line(point{origin.x + r.number(), p.at.y})
		case 'v':
			p.line(point{p.at.x, origin.y + r.number()})
		case 'c':
			b := to()
			next = to()
			p.cubic(b, next, to())
		case 's':
			next = to()
			p.cubic(smooth, next, to())
		case 'q':
			next = to()
			p.quad(next, to())
		case 't':
			next = smooth
			p.quad(next, to())
		case 'a':
			rx, ry, rotation := r.number(), r.number(), r.number()
			large, sweep := r.flag(), r.flag()
			p.arc(rx, ry, rotation, large, sweep, to())
		case 'z':
			p.close()
		default:
			return nil, fmt.Errorf("unknown path command %q", command)
		}
		if r.err != nil {
			return nil, r.err
		}
		if handle = next; math.IsNaN(next.x) {
			handle = p.at
		}
	}
	return p.paths, nil
}

func (p *pen) quad(b, c point) {
	a := p.at
	p.cubic(point{a.x + 2*(b.x-a.x)/3, a.y + 2*(b.y-a.y)/3}, point{c.x + 2*(b.x-c.x)/3, c.y + 2*(b.y-c.y)/3}, c)
}

// pathReader reads numbers that may touch each other.
type pathReader struct {
	rest string
	err  error
}

func (r *pathReader) skip() { r.rest = strings.TrimLeft(r.rest, " ,\t\r\n") }

func (r *pathReader) number() float64 {
	r.skip()
	n, dot := 0, false
	for n < len(r.rest) {
		c := r.rest[n]
		if c == '.' && !dot {
			dot = true
		} else if (c < '0' || c > '9') && !((c == '-' || c == '+') && n == 0) {
			break
		}
		n++
	}
	v, err := strconv.ParseFloat(r.rest[:n], 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("path data at %.10q: %w", r.rest, err)
		r.rest = ""
		return 0
	}
	r.rest = r.rest[min(n, len(r.rest)):]
	return v
}

// flag reads one digit: flags may stand without a space before what follows.
func (r *pathReader) flag() bool {
	r.skip()
	if r.rest == "" {
		return false
	}
	set := r.rest[0] == '1'
	r.rest = r.rest[1:]
	return set
}

func numbers(text string) ([]float64, error) {
	r := pathReader{rest: text}
	var out []float64
	for r.skip(); r.rest != ""; r.skip() {
		out = append(out, r.number())
	}
	return out, r.err
}
