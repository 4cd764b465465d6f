package chat

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func TestTitle(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"  \n\t":                      "",
		"Hello":                       "Hello",
		"\n\n# A **bold** plan\nmore": "A bold plan",
		"> quoted":                    "quoted",
		"```go\nfunc main() {}\n```":  "go",
		"tabs\tand   spaces":          "tabs and spaces",
		"Please explain how a transformer attends to its context": "Please explain how a transformer attends to its…",
		strings.Repeat("a", 60):                                   strings.Repeat("a", 47) + "…",
		strings.Repeat("文", 40):                                   strings.Repeat("文", 23) + "…",
		"👩‍👩‍👧‍👦 " + strings.Repeat("family ", 9):                 "👩‍👩‍👧‍👦 family family family family family family…",
	} {
		if got := Title(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTitleFitsALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		title := Title(rapid.String().Draw(t, "text"))
		if uniseg.StringWidth(title) > titleWidth || strings.ContainsAny(title, "\n\r") || !utf8.ValidString(title) {
			t.Fatalf("%q", title)
		}
	})
}
