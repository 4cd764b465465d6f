package release_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"loam/backend/engine/release"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// outcome is what a reader of the reply sees: the text before the end, and what the end adds.
type outcome struct {
	Text    string
	Flushed string
	Stopped bool
}

func play(stops []string, pieces ...[]byte) outcome {
	t := release.New(stops)
	var o outcome
	for _, p := range pieces {
		s, stopped := t.Add(p)
		o.Text += s
		o.Stopped = stopped
	}
	o.Flushed = t.Flush()
	return o
}

func TestReleasedText(t *testing.T) {
	for _, c := range []struct {
		name   string
		stops  []string
		pieces []string
		want   outcome
	}{
		{"plain text passes", nil, []string{"Hello", " world"}, outcome{Text: "Hello world"}},
		{"a rune waits for its last byte", nil, []string{"a\xe2", "\x82", "\xac!"}, outcome{Text: "a€!"}},
		{"an unfinished rune comes at the end", nil, []string{"a\xe2\x82"}, outcome{Text: "a", Flushed: "\ufffd\ufffd"}},
		{"a byte that starts no rune is shown as one", nil, []string{"a\xffb"}, outcome{Text: "a\ufffdb"}},
		{"a stop across tokens", []string{"<end>"}, []string{"Hi <", "en", "d> more"}, outcome{Text: "Hi ", Stopped: true}},
		{"nearly a stop is released", []string{"<end>"}, []string{"a <e", "lse"}, outcome{Text: "a <else"}},
		{"held text comes at the end", []string{"<end>"}, []string{"a <en"}, outcome{Text: "a ", Flushed: "<en"}},
		{"the first complete stop wins", []string{"abc", "b"}, []string{"xabc"}, outcome{Text: "xa", Stopped: true}},
		{"of two that end together the longer wins", []string{"c", "abc"}, []string{"xabc"}, outcome{Text: "x", Stopped: true}},
		{"overlapping beginnings", []string{"aab"}, []string{"aa", "ab"}, outcome{Text: "a", Stopped: true}},
		{"an empty stop is none", []string{""}, []string{"ab"}, outcome{Text: "ab"}},
		{"nothing after a stop", []string{"."}, []string{"a.", "b"}, outcome{Text: "a", Stopped: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pieces [][]byte
			for _, p := range c.pieces {
				pieces = append(pieces, []byte(p))
			}
			if d := cmp.Diff(c.want, play(c.stops, pieces...)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// byteWise is the reader that defines the result: one byte at a time, with the whole text in view.
func byteWise(stops []string, text []byte) outcome {
	var shown string
	for i := 0; i < len(text); {
		if !utf8.FullRune(text[i:]) {
			break
		}
		r, n := utf8.DecodeRune(text[i:])
		for _, b := range []byte(string(r)) {
			shown += string([]byte{b})
			longest := 0
			for _, s := range stops {
				if s != "" && strings.HasSuffix(shown, s) {
					longest = max(longest, len(s))
				}
			}
			if longest > 0 {
				return outcome{Text: shown[:len(shown)-longest], Stopped: true}
			}
		}
		i += n
	}
	return outcome{Text: shown}
}

func cut(t *rapid.T, text []byte) [][]byte {
	var pieces [][]byte
	for len(text) > 0 {
		n := rapid.IntRange(1, len(text)).Draw(t, "piece")
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

func TestAnyCutIntoTokensReleasesTheSameText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]string{"a", "b", "<", "é", "\xe2", "\x82", "\xac", "\xff", "語"})
		text := []byte(strings.Join(rapid.SliceOfN(alphabet, 0, 30).Draw(t, "text"), ""))
		stops := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab<é語")), 0, 4, -1), 0, 3).Draw(t, "stops")
		want := play(stops, text)
		got := play(stops, cut(t, text)...)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("cut into tokens changes the text (-whole +cut)\n%s", d)
		}
		model := byteWise(stops, text)
		if got.Stopped != model.Stopped || got.Stopped && got.Text != model.Text {
			t.Fatalf("want %+v, got %+v", model, got)
		}
		if !got.Stopped && !strings.HasPrefix(got.Text+got.Flushed, model.Text) {
			t.Fatalf("lost text: want %q, got %q + %q", model.Text, got.Text, got.Flushed)
		}
		if !got.Stopped && got.Text+got.Flushed != strings.ToValidUTF8(got.Text+got.Flushed, "") {
			t.Fatal("released text is not UTF-8")
		}
	})
}

// A reply that is continued releases, after the tokens it already had, exactly the rest.
func TestContinuedReplyReleasesTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.StringOfN(rapid.SampledFrom([]rune("ab<é")), 1, 30, -1).Draw(t, "text"))
		stops := []string{"<a", "ébb"}
		pieces := cut(t, text)
		at := rapid.IntRange(0, len(pieces)).Draw(t, "crash")
		first := release.New(stops)
		var before string
		for _, p := range pieces[:at] {
			s, _ := first.Add(p)
			before += s
		}
		second := release.New(stops)
		for _, p := range pieces[:at] {
			second.Add(p)
		}
		var after string
		for _, p := range pieces[at:] {
			s, _ := second.Add(p)
			after += s
		}
		after += second.Flush()
		whole := play(stops, text)
		if d := cmp.Diff(whole.Text+whole.Flushed, before+after); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
	})
}

func FuzzReleasedTextIsIndependentOfTheCut(f *testing.F) {
	f.Add([]byte("Hello <end> world"), "<end>", "w", uint8(3))
	f.Add([]byte("\xe2\x82\xac\xff\xe2"), "€", "", uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, a, b string, size uint8) {
		stops := []string{a, b}
		n := int(size)%7 + 1
		var pieces [][]byte
		for i := 0; i < len(text); i += n {
			pieces = append(pieces, text[i:min(i+n, len(text))])
		}
		want := play(stops, text)
		got := play(stops, pieces...)
		want.Stopped, got.Stopped = want.Stopped && len(text) > 0, got.Stopped && len(text) > 0
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-whole +cut)\n%s", d)
		}
	})
}
