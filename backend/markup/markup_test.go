package markup_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"loam/backend/markup"
)

func FuzzFormula(f *testing.F) {
	for _, s := range []string{`\frac{a}{b}`, `x^{2}_{3}`, `\sqrt[3]{x}`, `\begin{cases} a & b \\ c \end{cases}`, `\left.\right|`, `\`, `^`, `\begin{array}{cc}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, tex string) {
		shown := markup.Readable(tex)
		if utf8.ValidString(tex) && !utf8.ValidString(shown) {
			t.Errorf("%q became %q", tex, shown)
		}
		if strings.TrimSpace(tex) != "" && strings.TrimSpace(shown) == "" {
			t.Errorf("%q is lost", tex)
		}
		if len(shown) > 60*len(tex)+60 {
			t.Errorf("%d bytes became %d", len(tex), len(shown))
		}
	})
}
