package textflow_test

import (
	"strings"
	"testing"

	"loam/ui/textflow"
)

// Texts that are made to be dear in both directions at once cost no more than others of their length: each of these would
// take minutes if a line took longer than its length.
func TestFloodsInBothDirectionsAreWrapped(t *testing.T) {
	for name, text := range map[string]string{
		"words":            strings.Repeat("אבג דהו ", 10_000),
		"changing letters": strings.Repeat("אa", 20_000),
		"changing words":   strings.Repeat("א a ", 20_000),
		"open brackets":    "א" + strings.Repeat("(", 40_000),
		"wrong brackets":   strings.Repeat("א(]", 14_000),
		"pairs":            strings.Repeat("(", 10_000) + "א" + strings.Repeat(")", 10_000),
		"marks":            "א" + strings.Repeat("\u05B0", 20_000),
		"no width":         "א" + strings.Repeat("\u200f", 20_000),
		"numbers":          "א" + strings.Repeat("1:", 20_000),
		"tabs":             "א" + strings.Repeat("\t", 20_000),
	} {
		lines := textflow.Wrap([]textflow.Span{{Text: text}}, cells{}, textflow.Options{Width: 700, Tab: 40})
		if end := lines[len(lines)-1].End; end != len(text) {
			t.Errorf("%s: ends at %d of %d", name, end, len(text))
		}
	}
}
