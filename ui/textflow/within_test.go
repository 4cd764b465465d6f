package textflow_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"loam/ui/textflow"
)

// What is within a stretch stands within it, and nothing that would is left out.
func TestWithinKeepsWhatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := drawSpans(t)
		text := textflow.Text(spans)
		from := float32(rapid.IntRange(0, 400).Draw(t, "from"))
		to := from + float32(rapid.IntRange(0, 400).Draw(t, "room"))
		for _, l := range textflow.Wrap(spans, cells{}, textflow.Options{Width: 900, Break: true}) {
			for _, r := range l.Runs {
				start, end, x := l.Within(r, text, cells{}, from, to)
				if start < r.Start || end > r.End || start > end {
					t.Fatalf("%d to %d of a run from %d to %d", start, end, r.Start, r.End)
				}
				if start == end {
					continue
				}
				odd := func(c rune) bool { return unicode.In(c, unicode.C, unicode.Zl, unicode.Zp, unicode.M) } // as wide as their neighbours say
				if r.Tab || r.Blank || l.Bidi || strings.ContainsFunc(text[r.Start:r.End], odd) || !utf8.ValidString(text[r.Start:r.End]) {
					continue
				}
				if w := (cells{}).Width(text[start:end], r.Style); x < from-1 || x+w > to+1 {
					t.Fatalf("%q stands from %v to %v, the room reaches from %v to %v", text[start:end], x, x+w, from, to)
				}
			}
		}
	})
	line := textflow.Wrap([]textflow.Span{{Text: "abcdefghij"}}, cells{}, textflow.Options{Width: 900})[0]
	for _, tc := range []struct {
		from, to float32
		want     string
		x        float32
	}{
		{0, 900, "abcdefghij", 0},
		{20, 50, "cde", 20},
		{25, 50, "de", 30},
		{20, 58, "cde", 20},
		{95, 200, "", 0},
		{200, 300, "", 0},
	} {
		start, end, x := line.Within(line.Runs[0], "abcdefghij", cells{}, tc.from, tc.to)
		if got := "abcdefghij"[start:end]; got != tc.want || got != "" && x != tc.x {
			t.Errorf("from %v to %v: %q at %v, want %q at %v", tc.from, tc.to, got, x, tc.want, tc.x)
		}
	}
}
