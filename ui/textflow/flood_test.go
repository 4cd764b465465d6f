package textflow_test

import (
	"strings"
	"testing"

	"loam/ui/textflow"
)

// measured counts what a layout asks its font for.
type measured struct {
	cells
	bytes int
}

func (m *measured) Width(text string, s textflow.Style) float32 {
	m.bytes += len(text)
	return m.cells.Width(text, s)
}

// Wrapping measures a bounded multiple of the text, however it is made: not its lines again and again from their start.
func TestAFloodIsMeasuredABoundedNumberOfTimes(t *testing.T) {
	for name, text := range map[string]string{
		"a long line":   strings.Repeat("word ", 1<<18/5),
		"a long word":   strings.Repeat("x", 1<<16),
		"zero width":    strings.Repeat("\u200b", 1<<16),
		"joiners":       strings.Repeat("a\u200d", 1<<16),
		"marks":         "a" + strings.Repeat("\u0301", 1<<16),
		"emoji":         strings.Repeat("👩🏽\u200d🚀", 1<<12),
		"right to left": strings.Repeat("مرحبا\u202e ", 1<<12),
		"no break":      strings.Repeat("a\u00a0", 1<<16),
		"bytes":         strings.Repeat("\xff\xc3", 1<<16),
	} {
		for _, code := range []bool{false, true} {
			m := &measured{}
			lines := textflow.Wrap([]textflow.Span{{Text: text}}, textflow.NewCache(m), textflow.Options{Width: 700, Break: code})
			if most := 48 * len(text); m.bytes > most {
				t.Errorf("%s (code %v): %d bytes were measured for %d of text", name, code, m.bytes, len(text))
			}
			end := 0
			for _, l := range lines {
				end = max(end, l.End)
			}
			if end != len(text) {
				t.Errorf("%s (code %v): the lines end at %d of %d", name, code, end, len(text))
			}
		}
	}
}
