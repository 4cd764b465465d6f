package chatview

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWordsAreFoundWithoutCaseAndDiacritics(t *testing.T) {
	for _, c := range []struct {
		text  string
		words []string
		want  []string
	}{
		{"The Sea, the sea", []string{"sea"}, []string{"Sea", "sea"}},
		{"Résumé, re\u0301sume\u0301, resume", []string{"resume"}, []string{"Résumé", "re\u0301sume\u0301", "resume"}},
		{"Ναύπλιο Ёлка", []string{"ναυπλιο", "елка"}, []string{"Ναύπλιο", "Ёлка"}},
		{"한국 하나", []string{"하"}, []string{"하"}},
		{"İstanbul ẞ", []string{"istanbul", "ß"}, []string{"İstanbul", "ẞ"}},
		{"one two one", []string{"two", "one"}, []string{"one", "two", "one"}},
		{"aaaa", []string{"aa", "aaa"}, []string{"aa", "aa"}},
		{"a\xffb", []string{"b"}, []string{"b"}},
		{"nothing", []string{"absent"}, nil},
	} {
		var got []string
		for _, at := range fold(c.text).all(c.words) {
			got = append(got, c.text[at[0]:at[1]])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q in %q: %s", c.words, c.text, diff)
		}
	}
}

func TestQuotedWordsStayTogether(t *testing.T) {
	want := []string{"fish", "the old market", "x"}
	if diff := cmp.Diff(want, asked(` fish "the old market"x "" `)); diff != "" {
		t.Error(diff)
	}
}

// Places lie in the text, in order, and hold the word that was asked for.
func TestFoldedPlacesLieInTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aAäÄé\u0301 ßſİ한\uFFFDx"))).Draw(t, "text")
		word := rapid.StringOfN(rapid.RuneFrom([]rune("aäex한 ß")), 1, 3, -1).Draw(t, "word")
		f := fold(text)
		if f.at != nil && len(f.at) != len(f.text) {
			t.Fatal(len(f.at), len(f.text))
		}
		last := 0
		for _, at := range f.all([]string{fold(word).text}) {
			if at[0] < last || at[1] < at[0] || at[1] > len(text) {
				t.Fatal(at)
			}
			if got := fold(text[at[0]:at[1]]).text; !strings.Contains(got, fold(word).text) {
				t.Fatalf("%q for %q", got, word)
			}
			last = at[1]
		}
	})
}
