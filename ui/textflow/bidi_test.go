package textflow_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/ui/textflow"
)

// seen are the pieces of a line as they stand from left to right, "|" between them.
func seen(text string, l textflow.Line) string {
	runs := slices.Clone(l.Runs)
	slices.SortStableFunc(runs, func(a, b textflow.Run) int { return cmp.Compare(a.X, b.X) })
	var parts []string
	for _, r := range runs {
		parts = append(parts, r.Drawn(text))
	}
	return strings.Join(parts, "|")
}

func TestWordsStandInTheOrderOfTheirScript(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"one אבג two", "one |אבג| two"},
		{"one אבג דהו two", "one |דהו| |אבג| two"},
		{"אבג דהו", "דהו| |אבג"},
		{"אבג: דהו.", ".|דהו| |:|אבג"},
		{"אבג one two דהו", "דהו| |one two| |אבג"},
		{"אבג 10:30 דהו", "דהו| |10:30| |אבג"},
		{"אבג (דהו) זחט", "זחט| |(|דהו|)| |אבג"},
		{"אבג (one) דהו", "דהו| |(|one|)| |אבג"},
		{"one (אבג) two", "one (|אבג|) two"},
		{"one אבג (two) three", "one |אבג| (two) three"},
		{"אבג 5 דהו 6", "6| |דהו| |5| |אבג"},
		{"x אבג 12 דהו", "x |דהו| |12| |אבג"},
		{"דהו אבג ", " |אבג| |דהו"},
		{"שלום, world!", "!|world| |,|שלום"},
		{"مرحبا بالعالم", "بالعالم| |مرحبا"},
		{"وَصَلَ", "وَصَلَ"},
		{"אבג 👩\u200d🚀 דהו", "דהו| |👩\u200d🚀| |אבג"},
	} {
		lines := textflow.Wrap([]textflow.Span{{Text: tc.text}}, cells{}, textflow.Options{Width: 1000})
		if len(lines) != 1 || !lines[0].Bidi {
			t.Fatalf("%q: %+v", tc.text, lines)
		}
		if d := diff.Diff(tc.want, seen(tc.text, lines[0])); d != "" {
			t.Errorf("%q: (-want +got):\n%s", tc.text, d)
		}
	}
}

func TestStylesAndLinesKeepTheOrder(t *testing.T) {
	spans := []textflow.Span{{Text: "אבג "}, {Text: "דהו", Style: 1}, {Text: " זחט and more"}}
	text := textflow.Text(spans)
	var got []string
	for _, l := range textflow.Wrap(spans, cells{}, textflow.Options{Width: 130}) {
		if !l.RightToLeft {
			t.Errorf("line %+v does not begin on the right", l)
		}
		got = append(got, seen(text, l))
	}
	if d := diff.Diff([]string{" |זחט| |דהו| |אבג", "and more"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	code := textflow.Wrap([]textflow.Span{{Text: "אבג = 1"}}, cells{}, textflow.Options{Width: 1000, Break: true})
	if code[0].RightToLeft {
		t.Error("code begins on the right")
	}
}

// Where a byte stands and which byte is hit agree, whichever way the words run, and the stretches of all bytes are the line.
func TestPlacesAndHitsAgreeInBothDirections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-c אבגد1:().]{1,40}`).Draw(t, "text")
		spans := []textflow.Span{{Text: text}}
		for _, l := range textflow.Wrap(spans, cells{}, textflow.Options{Width: 170, Tab: 40}) {
			checkApart(t, text, l)
			for i := l.Start; i < l.End; i++ {
				if !utf8.RuneStart(text[i]) {
					continue
				}
				_, size := utf8.DecodeRuneInString(text[i:])
				e := l.Extents(text, cells{}, i, i+size)
				if len(e) != 1 || e[0].To-e[0].From != 10 {
					t.Fatalf("%q: byte %d has the stretch %v", text, i, e)
				}
				at := l.Offset(text, cells{}, (e[0].From+e[0].To)/2)
				if at != i && at != i+size {
					t.Fatalf("%q: the middle of byte %d hits %d", text, i, at)
				}
			}
			total := float32(0)
			for _, e := range l.Extents(text, cells{}, l.Start, l.End) {
				total += e.To - e.From
			}
			if want := float32(10 * utf8.RuneCountInString(text[l.Start:l.End])); total != want {
				t.Fatalf("%q: all of it is %v wide, want %v", text, total, want)
			}
		}
	})
}
