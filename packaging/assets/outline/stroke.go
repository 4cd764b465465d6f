package main

import "math"

type point struct{ x, y float64 }

func (p point) add(dx, dy float64) point { return point{p.x + dx, p.y + dy} }

// polyline is a path without curves.
type polyline struct {
	points []point
	closed bool
}

// stroke returns the polygons that a round pen of the given radius covers along a line. All of them turn the same way,
// so that overlaps stay filled under the non-zero rule.
func stroke(line []point, closed bool, radius float64) [][]point {
	if closed && len(line) > 1 && math.Hypot(line[0].x-line[len(line)-1].x, line[0].y-line[len(line)-1].y) < 0.02 {
		line = line[:len(line)-1]
	}
	if len(line) == 1 {
		return [][]point{arc(nil, line[0], radius, 0, 2*math.Pi)}
	}
	back := make([]point, len(line))
	for i, p := range line {
		back[len(line)-1-i] = p
	}
	if closed && len(line) > 2 {
		return [][]point{side(line, true, radius), side(back, true, radius)}
	}
	out := side(line, false, radius)
	return [][]point{append(out, side(back, false, radius)...)}
}

// side walks along one side of a line, with a round cap at its end unless it is closed.
func side(line []point, closed bool, radius float64) []point {
	var out []point
	n := len(line)
	segments := n - 1
	if closed {
		segments = n
	}
	for i := range segments {
		a, b := line[i], line[(i+1)%n]
		angle := math.Atan2(b.y-a.y, b.x-a.x)
		nx, ny := -math.Sin(angle)*radius, math.Cos(angle)*radius
		out = append(out, a.add(nx, ny), b.add(nx, ny))
		if !closed && i == segments-1 {
			out = arc(out, b, radius, angle+math.Pi/2, angle-math.Pi/2)
			break
		}
		c := line[(i+2)%n]
		turn := math.Remainder(math.Atan2(c.y-b.y, c.x-b.x)-angle, 2*math.Pi)
		if turn < 0 { // this side is the outer one
			out = arc(out, b, radius, angle+math.Pi/2, angle+turn+math.Pi/2)
		} else if turn > 0.3 {
			out = append(out, b) // through the middle, so that the inner side never turns inside out
		}
	}
	return out
}

func arc(out []point, center point, radius, from, to float64) []point {
	steps := max(1, int(math.Ceil(math.Abs(to-from)/(math.Pi/10))))
	for i := 0; i <= steps; i++ {
		angle := from + (to-from)*float64(i)/float64(steps)
		out = append(out, center.add(math.Cos(angle)*radius, math.Sin(angle)*radius))
	}
	return out
}

// tolerance is how far, in units of the icon's box, a dropped point may lie from the outline that remains.
const tolerance = 0.01

// simplify drops the points that the outline does not need (Douglas and Peucker's method) and rounds to 1/100.
func simplify(polygon []point) []point {
	half := len(polygon) / 2
	// A closed outline ends where it starts: two halves give the method the base lines that it needs.
	out := append(thin(polygon[:half+1]), thin(polygon[half:])[1:]...)
	for i, p := range out {
		out[i] = point{math.Round(p.x*100) / 100, math.Round(p.y*100) / 100}
	}
	return out
}

func thin(points []point) []point {
	first, last := points[0], points[len(points)-1]
	far, at := 0.0, 0
	for i := 1; i < len(points)-1; i++ {
		if d := distance(first, last, points[i]); d > far {
			far, at = d, i
		}
	}
	if far <= tolerance {
		return []point{first, last}
	}
	return append(thin(points[:at+1]), thin(points[at:])[1:]...)
}

// distance is how far p lies from the line between a and b.
func distance(a, b, p point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length < 1e-6 {
		return math.Hypot(p.x-a.x, p.y-a.y)
	}
	return math.Abs(dx*(a.y-p.y)-dy*(a.x-p.x)) / length
}
