package typeset_test

import (
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/ui/theme"
	"loam/ui/typeset"
)

func newApp(t *testing.T) {
	th, err := theme.New(os.DirFS("../../assets"), theme.Options{})
	if err != nil {
		t.Fatal(err)
	}
	test.NewTempApp(t).Settings().SetTheme(th)
}

var face = typeset.Face{Size: 15}

// seen are the words of a row from left to right, without what has no width.
func seen(r typeset.Row) []string {
	pieces := append([]typeset.Piece(nil), r.Pieces...)
	var out []string
	for len(pieces) > 0 {
		first := 0
		for i, p := range pieces {
			if p.X < pieces[first].X {
				first = i
			}
		}
		out = append(out, strings.Trim(pieces[first].Text, "\u200E\uFEFF\u200F "))
		pieces = append(pieces[:first], pieces[first+1:]...)
	}
	return out
}

func TestARowStandsInTheOrderInWhichItIsRead(t *testing.T) {
	newApp(t)
	for _, c := range []struct {
		text      string
		want      []string
		fromRight bool
	}{
		{"Trip to Norway", []string{"Trip to Norway"}, false},
		{"日本 trip", []string{"日本 trip"}, false},
		{"שלום עולם", []string{"עולם", "שלום"}, true},
		{"עולם 42", []string{"42", "עולם"}, true},
		{"plan שלום עולם ok", []string{"plan", "עולם", "שלום", "ok"}, false},
		{"(שלום)", []string{"(", "שלום", ")"}, true},
	} {
		row := typeset.Line(c.text, face)
		if d := cmp.Diff(c.want, seen(row)); d != "" || row.FromRight != c.fromRight {
			t.Errorf("%s (from the right: %v): %s", c.text, row.FromRight, d)
		}
	}
}

func TestPiecesOfARowDoNotOverlap(t *testing.T) {
	newApp(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("abc 日本ש ל מعربي12(),.😀ไทย"))).Draw(t, "text")
		row := typeset.Line(text, face)
		total := float32(0)
		for i, p := range row.Pieces {
			total += p.Width
			for _, o := range row.Pieces[:i] {
				if p.X < o.X+o.Width-0.5 && o.X < p.X+p.Width-0.5 {
					t.Fatalf("%q: %+v and %+v", text, o, p)
				}
			}
			if p.X < -0.5 || p.X+p.Width > row.Width+face.Width("  ", 0)+0.5 && strings.TrimSpace(text) != "" {
				t.Fatalf("%q: %+v reaches out of %v", text, p, row.Width)
			}
		}
		if total > row.Width+float32(len(text))*face.Width(" ", 0)+1 {
			t.Fatalf("%q: pieces are %v wide, the row %v", text, total, row.Width)
		}
	})
}

func TestWrappedRowsFitAndLoseNoLetter(t *testing.T) {
	newApp(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("abcdefg hij\n日本שלע "))).Draw(t, "text")
		width := rapid.Float32Range(30, 200).Draw(t, "width")
		rows := typeset.Wrap(text, width, face)
		if len(rows) != typeset.Height(text, width, face) {
			t.Fatalf("%q: %d rows, counted %d", text, len(rows), typeset.Height(text, width, face))
		}
		letters := map[rune]int{}
		for _, row := range rows {
			if row.Width > width*1.02+2 { // words beside each other may be kerned
				t.Fatalf("%q: a row is %v wide, there is room for %v", text, row.Width, width)
			}
			for _, p := range row.Pieces {
				for _, r := range p.Text {
					letters[r]++
				}
			}
		}
		for _, r := range "\u200E\uFEFF\u200F " {
			delete(letters, r)
		}
		want := map[rune]int{}
		for _, r := range text {
			if r != ' ' && r != '\n' {
				want[r]++
			}
		}
		if d := cmp.Diff(want, letters); d != "" {
			t.Fatalf("%q: %s", text, d)
		}
	})
}

func TestPlainTextIsLeftAlone(t *testing.T) {
	newApp(t)
	for _, text := range []string{"", "Trip", "Grüße, 5 € – “ok” …", "Привет"} {
		if n, tall := typeset.Cut(text, fyne.TextStyle{}); n != len(text) || tall {
			t.Errorf("%q: cut after %d, tall %v", text, n, tall)
		}
		if typeset.Anchored(text) != text {
			t.Errorf("%q needs no anchor", text)
		}
	}
	if typeset.Anchored("日本") == "日本" {
		t.Error("日本 needs an anchor")
	}
}

func TestAMenuShowsWordsInTheirOrder(t *testing.T) {
	newApp(t)
	for text, want := range map[string]string{
		"Move to Trips":      "Move to Trips",
		"日本":                 "日本",
		"שלום 2024":          "2024 שלום",
		"Move to שלום עולם!": "Move to עולם שלום!",
	} {
		got := strings.NewReplacer("\u200E", "", "\uFEFF", "", "\u200F", "").Replace(typeset.Visual(text))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}
