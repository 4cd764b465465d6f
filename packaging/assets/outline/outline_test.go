package main

import (
	"math"
	"testing"
)

func TestPathsAreReadAsSVGSays(t *testing.T) {
	for _, tc := range []struct {
		d      string
		end    point
		paths  int
		closed bool
	}{
		{"M1 2L3 4", point{3, 4}, 1, false},
		{"m1 2 3 4 1-1", point{5, 5}, 1, false},                    // lines follow a move; numbers touch
		{"M2 2h5v5.5.5z", point{7, 8}, 1, true},                    // .5.5 are two numbers
		{"M0 0a2 2 0 0 1 4 0 2 2 0 01-4 0", point{0, 0}, 1, false}, // repeated arcs, touching flags
		{"M0 0C1 1 2 1 3 0S5-1 6 0", point{6, 0}, 1, false},
		{"M0 0q1 1 2 0t2 0M9 9l1 1", point{10, 10}, 2, false},
	} {
		lines, err := parsePath(tc.d)
		if err != nil {
			t.Errorf("%s: %v", tc.d, err)
			continue
		}
		last := lines[len(lines)-1]
		end := last.points[len(last.points)-1]
		if math.Hypot(end.x-tc.end.x, end.y-tc.end.y) > 0.03 || len(lines) != tc.paths || last.closed != tc.closed {
			t.Errorf("%s ends at %v in %d paths, closed %v; want %v, %d, %v", tc.d, end, len(lines), last.closed, tc.end, tc.paths, tc.closed)
		}
	}
	if _, err := parsePath("M1 2 X"); err == nil {
		t.Error("an unknown command was taken")
	}
}

func TestAnArcBulgesToItsSide(t *testing.T) {
	for flag, want := range map[string]float64{"M0 0A5 5 0 0 1 10 0": -5, "M0 0A5 5 0 0 0 10 0": 5} {
		lines, err := parsePath(flag)
		if err != nil {
			t.Fatal(err)
		}
		far := 0.0
		for _, p := range lines[0].points {
			if math.Abs(p.y) > math.Abs(far) {
				far = p.y
			}
		}
		if math.Abs(far-want) > 0.1 {
			t.Errorf("%s reaches y %.2f, want %.0f", flag, far, want)
		}
	}
}

func TestAStrokeIsAsWideAsThePen(t *testing.T) {
	polygons := stroke([]point{{0, 0}, {10, 0}}, false, 1)
	low, high := 0.0, 0.0
	for _, p := range polygons[0] {
		low, high = min(low, p.y), max(high, p.y)
	}
	if len(polygons) != 1 || math.Abs(low+1) > 1e-9 || math.Abs(high-1) > 1e-9 {
		t.Errorf("%d polygons from %.2f to %.2f", len(polygons), low, high)
	}
}
