package textflow_test

import (
	cmp2 "cmp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/ui/textflow"
)

// cells measures like a terminal: 10 per character, 20 for wide ones, none for marks and joiners.
type cells struct{}

func (cells) Width(text string, _ textflow.Style) float32 {
	var w float32
	for _, r := range text {
		switch {
		case r >= 0x300 && r < 0x370 || r >= 0x200B && r <= 0x200F || r == 0xFE0F || r >= 0x1F3FB && r <= 0x1F3FF:
		case r >= 0x2E80:
			w += 20
		default:
			w += 10
		}
	}
	return w
}

func wrapped(text string, o textflow.Options) []string {
	var out []string
	for _, l := range textflow.Wrap([]textflow.Span{{Text: text}}, cells{}, o) {
		out = append(out, text[l.Start:l.End])
	}
	return out
}

func TestLinesBreakWhereReadersExpect(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		width      float32
		want       []string
	}{
		{"empty", "", 100, []string{""}},
		{"fits", "one two", 100, []string{"one two"}},
		{"between words", "one two three", 80, []string{"one two ", "three"}},
		{"spaces hang over the edge", "one two    three", 70, []string{"one two    ", "three"}},
		{"line feeds", "a\n\nb\n", 100, []string{"a\n", "\n", "b\n", ""}},
		{"after a hyphen", "well-known words", 60, []string{"well-", "known ", "words"}},
		{"not before punctuation", "abcde fgh, ijk", 90, []string{"abcde ", "fgh, ijk"}},
		{"long words are cut", "abcdefghij", 40, []string{"abcd", "efgh", "ij"}},
		{"a long word starts on its own line", "ab cdefghijk", 50, []string{"ab ", "cdefg", "hijk"}},
		{"Chinese breaks between characters", "春眠不覺曉處處", 60, []string{"春眠不", "覺曉處", "處"}},
		{"Chinese full stop stays", "春眠。覺曉", 50, []string{"春", "眠。", "覺曉"}},
		{"clusters stay whole", "e\u0301e\u0301e\u0301e\u0301", 20, []string{"e\u0301e\u0301", "e\u0301e\u0301"}},
		{"a family is one sign", "👨\u200d👩\u200d👧 ok", 60, []string{"👨\u200d👩\u200d👧 ", "ok"}},
		{"wider than the line", "ab", 5, []string{"a", "b"}},
		{"no-break space", "10\u00a0km far", 60, []string{"10\u00a0km ", "far"}},
		{"Windows line ends", "a\r\nb", 100, []string{"a\r\n", "b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, wrapped(tc.text, textflow.Options{Width: tc.width})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCodeBreaksAnywhereAndHangs(t *testing.T) {
	text := "abcdefgh ijkl"
	lines := textflow.Wrap([]textflow.Span{{Text: text}}, cells{}, textflow.Options{Width: 60, Break: true, Hanging: 20})
	if len(lines) < 2 || lines[1].Runs[0].X != 20 {
		t.Fatalf("second line does not hang: %+v", lines)
	}
	if got := text[lines[0].Start:lines[0].End]; got != "abcdef" {
		t.Errorf("first line is %q", got)
	}
}

func TestTabsReachTheNextStop(t *testing.T) {
	text := "a\tbc\n\td"
	lines := textflow.Wrap([]textflow.Span{{Text: text}}, cells{}, textflow.Options{Width: 500, Tab: 40})
	if got := lines[0].Runs[2].X; got != 40 {
		t.Errorf("text after the tab stands at %v, want 40", got)
	}
	if got := lines[1].Runs[1].X; got != 40 {
		t.Errorf("text after a leading tab stands at %v, want 40", got)
	}
}

func TestAStyleInsideAWordDoesNotBreakIt(t *testing.T) {
	spans := []textflow.Span{{Text: "one two"}, {Text: "bold", Style: 1}, {Text: "er three"}}
	text := textflow.Text(spans)
	var got []string
	for _, l := range textflow.Wrap(spans, cells{}, textflow.Options{Width: 110}) {
		got = append(got, text[l.Start:l.End])
	}
	if diff := cmp.Diff([]string{"one ", "twobolder ", "three"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOneRunPerStyleAndLine(t *testing.T) {
	spans := []textflow.Span{{Text: "plain words and "}, {Text: "bold words", Style: 1}, {Text: " and more"}}
	lines := textflow.Wrap(spans, cells{}, textflow.Options{Width: 1000})
	if len(lines) != 1 || len(lines[0].Runs) != 3 {
		t.Fatalf("want one line of three runs, got %+v", lines)
	}
	for i, x := range []float32{0, 160, 260} {
		if lines[0].Runs[i].X != x {
			t.Errorf("run %d stands at %v, want %v", i, lines[0].Runs[i].X, x)
		}
	}
}

// drawSpans draws styled text out of what breaks wrappers.
func drawSpans(t *rapid.T) []textflow.Span {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{" ", "  ", "\n", "\t", "\r\n", "-", "—", "\u00a0", "\u200b", "\u200d", "\u0301", "👩🏽‍🚀", "🇳🇴", "漢字", "。", "العربية", "\u2028", "\xff", "\xe2\x82", "a b", "word", "longlonglonglongword"}),
		rapid.String(),
	)
	var spans []textflow.Span
	for range rapid.IntRange(0, 5).Draw(t, "spans") {
		spans = append(spans, textflow.Span{
			Text:  strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "text"), ""),
			Style: textflow.Style(rapid.IntRange(0, 2).Draw(t, "style")),
		})
	}
	return spans
}

func checkFlow(t interface {
	Fatalf(string, ...any)
	Helper()
}, spans []textflow.Span, o textflow.Options,
) {
	t.Helper()
	text := textflow.Text(spans)
	at := 0
	for n, l := range textflow.Wrap(spans, cells{}, o) {
		if l.Start != at || l.End < l.Start {
			t.Fatalf("line %d of %q is %d..%d after %d", n, text, l.Start, l.End, at)
		}
		at = l.End
		run, x := l.Start, float32(0)
		for _, r := range l.Runs {
			if r.Start < run || r.End <= r.Start || r.End > l.End {
				t.Fatalf("line %d of %q has run %d..%d after %d in %d..%d", n, text, r.Start, r.End, run, l.Start, l.End)
			}
			if hidden := text[run:r.Start]; strings.Trim(hidden, "\n") != "" {
				t.Fatalf("line %d of %q does not draw %q", n, text, hidden)
			}
			if r.X < x-0.01 && !l.Bidi {
				t.Fatalf("line %d of %q has a run at %v before %v", n, text, r.X, x)
			}
			run, x = r.End, r.X+r.Width
		}
		if l.Bidi {
			checkApart(t, text, l)
		}
		if hidden := text[run:l.End]; strings.Trim(hidden, "\n") != "" {
			t.Fatalf("line %d of %q does not draw %q", n, text, hidden)
		}
		for _, x := range []float32{-5, 0, 13, 55, 1e6} {
			if got := l.Offset(text, cells{}, x); got < l.Start || got > l.End {
				t.Fatalf("line %d of %q: x %v hits byte %d outside %d..%d", n, text, x, got, l.Start, l.End)
			}
		}
	}
	if at != len(text) {
		t.Fatalf("%q: lines end at %d of %d", text, at, len(text))
	}
}

// checkApart fails where two runs of a line lie on each other.
func checkApart(t interface {
	Fatalf(string, ...any)
	Helper()
}, text string, l textflow.Line,
) {
	t.Helper()
	runs := slices.Clone(l.Runs)
	slices.SortStableFunc(runs, func(a, b textflow.Run) int {
		return cmp2.Or(cmp2.Compare(a.X, b.X), cmp2.Compare(a.Width, b.Width))
	})
	for i := 1; i < len(runs); i++ {
		if runs[i].X < runs[i-1].X+runs[i-1].Width-0.01 {
			t.Fatalf("%q: runs %+v and %+v lie on each other", text, runs[i-1], runs[i])
		}
	}
}

func TestWrappingLosesNoByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkFlow(t, drawSpans(t), textflow.Options{
			Width:   float32(rapid.IntRange(1, 400).Draw(t, "width")),
			Hanging: float32(rapid.SampledFrom([]int{0, 20}).Draw(t, "hanging")),
			Tab:     40,
			Break:   rapid.Bool().Draw(t, "code"),
		})
	})
}

func TestHitsAgreeWithPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zé漢 \t]{0,60}`).Draw(t, "text")
		spans := []textflow.Span{{Text: text}}
		for _, l := range textflow.Wrap(spans, cells{}, textflow.Options{Width: 170, Tab: 40}) {
			for i := l.Start; i < l.End; i++ {
				if !utf8.RuneStart(text[i]) {
					continue
				}
				x := l.At(text, cells{}, i)
				if got := l.Offset(text, cells{}, x); l.At(text, cells{}, got) != x {
					t.Fatalf("%q: byte %d stands at %v but %v hits byte %d", text, i, x, x, got)
				}
			}
		}
	})
}

func TestDoubleClickFindsTheWord(t *testing.T) {
	for _, tc := range []struct {
		text   string
		offset int
		want   string
	}{
		{"one two three", 5, "two"},
		{"one two", 0, "one"},
		{"one two", 7, "two"},
		{"don't go", 2, "don't"},
		{"line\nnext word", 6, "next"},
		{"a  b", 1, "  "},
		{strings.Repeat("x", 9000) + " end", 9001, "end"},
	} {
		s, e := textflow.Word(tc.text, tc.offset)
		if got := tc.text[s:e]; got != tc.want {
			t.Errorf("word at %d of %.20q is %.20q, want %q", tc.offset, tc.text, got, tc.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	for _, seed := range []string{"", "one two", "漢字 and\ttabs\n", "e\u0301\u0301\u0301", "\xff\xfe\n", "👨‍👩‍👧‍👦", strings.Repeat("\u200b", 300)} {
		f.Add(seed, uint16(90), true)
		f.Add(seed, uint16(9), false)
	}
	f.Fuzz(func(t *testing.T, text string, width uint16, code bool) {
		half := len(text) / 2
		spans := []textflow.Span{{Text: text[:half]}, {Text: text[half:], Style: 1}}
		checkFlow(t, spans, textflow.Options{Width: float32(width), Tab: 40, Break: code})
	})
}

func TestFloodsOfOddCharactersGiveBoundedLines(t *testing.T) {
	for name, text := range map[string]string{
		"zero width":     strings.Repeat("\u200b", 100_000),
		"marks":          "a" + strings.Repeat("\u0301", 100_000),
		"unbroken":       strings.Repeat("x", 100_000),
		"joined emoji":   strings.Repeat("👩\u200d", 20_000),
		"not UTF-8":      strings.Repeat("\x80", 100_000),
		"mixed word":     strings.Repeat("?/a", 60_000) + "é",
		"no-break space": strings.Repeat("a\u00a0", 50_000),
	} {
		longest := 0
		for _, l := range textflow.Wrap([]textflow.Span{{Text: text}}, cells{}, textflow.Options{Width: 700}) {
			longest = max(longest, utf8.RuneCountInString(text[l.Start:l.End]))
		}
		if longest > 2000*32 {
			t.Errorf("%s: a line of %d characters", name, longest)
		}
	}
}

func TestCacheMeasuresAWordOnce(t *testing.T) {
	counter := &counting{}
	c := textflow.NewCache(counter)
	for range 5 {
		c.Width("word", 1)
	}
	c.Width("word", 2)
	if counter.calls != 2 {
		t.Errorf("measured %d times, want 2", counter.calls)
	}
	c.Forget()
	c.Width("word", 1)
	if counter.calls != 3 {
		t.Errorf("measured %d times after forgetting, want 3", counter.calls)
	}
}

type counting struct {
	cells
	calls int
}

func (c *counting) Width(text string, s textflow.Style) float32 {
	c.calls++
	return c.cells.Width(text, s)
}

func BenchmarkWrapParagraph(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, and it does so well-known gracefully. ", 40)
	c := textflow.NewCache(cells{})
	for b.Loop() {
		textflow.Wrap([]textflow.Span{{Text: text}}, c, textflow.Options{Width: 760})
	}
	b.SetBytes(int64(len(text)))
}
