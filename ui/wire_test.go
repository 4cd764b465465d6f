package ui

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestASnippetBeginsShortlyBeforeItsMatch(t *testing.T) {
	for _, tc := range []struct{ snippet, match, want string }{
		{"Write sixty handlers", "sixty", "Write sixty handlers"},
		{"…time.Duration, names map[string][]string, a nil } // handler41 answers", "handler41", "…a nil } // handler41 answers"},
		{"averyveryverylongwordbefore/handler41", "handler41", "…handler41"},
		{"これは長い日本語の文章で、句読点の前で改行してはいけません", "改行", "…改行してはいけません"},
		{"found at the end", "end", "…at the end"},
	} {
		at := strings.Index(tc.snippet, tc.match)
		if d := cmp.Diff(tc.want, aroundMatch(tc.snippet, [][2]int{{at, at + len(tc.match)}})); d != "" {
			t.Errorf("%q: (-want +got):\n%s", tc.snippet, d)
		}
	}
	if got := aroundMatch("no match", nil); got != "no match" {
		t.Errorf("%q", got)
	}
}

func TestNothingOfAMatchIsCutOff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, rest := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "rest")
		got := aroundMatch(before+rest, [][2]int{{len(before), len(before + rest)}})
		if !strings.HasSuffix(got, rest) || utf8.RuneCountInString(strings.TrimSuffix(got, rest)) > beforeMatch+1 {
			t.Fatalf("%q of %q and %q", got, before, rest)
		}
	})
}
