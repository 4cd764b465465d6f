package chatview

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/ui/markdown"
	"loam/ui/textflow"
)

func colored(lang, code string) (texts []string, inks []ink) {
	out := &blockLayout{}
	for _, s := range out.highlight(&markdown.Block{Kind: markdown.Code, Lang: lang, Text: code}, []textflow.Span{{Text: code}}) {
		texts = append(texts, s.Text)
	}
	return texts, out.inks
}

func TestCodeIsColoredByItsParts(t *testing.T) {
	for _, tc := range []struct {
		lang, code string
		texts      []string
		inks       []ink
	}{
		{
			"go", `func f(a int) { return "x\"y" } // end`,
			[]string{"func", " ", "f", "(a ", "int", ") { ", "return", " ", `"x\"y"`, " } ", "// end"},
			[]ink{inkKeyword, inkText, inkName, inkText, inkType, inkText, inkKeyword, inkText, inkString, inkText, inkComment},
		},
		{"py", "x = '''a\nb''' # c", []string{"x = ", "'''a\nb'''", " ", "# c"}, []ink{inkText, inkString, inkText, inkComment}},
		{"rust", "fn a<'b>(c: &'b str) {}", []string{"fn", " a<'b>(c: &'b ", "str", ") {}"}, []ink{inkKeyword, inkText, inkType, inkText}},
		{"sh", "echo $HOME", []string{"echo", " ", "$HOME"}, []ink{inkKeyword, inkText, inkName}},
		{"html", `<a href="x">`, []string{"<", "a", " ", "href", "=", `"x"`, ">"}, []ink{inkText, inkKeyword, inkText, inkName, inkText, inkString, inkText}},
		{"json", `{"a": 1.5}`, []string{"{", `"a"`, ": ", "1.5", "}"}, []ink{inkText, inkString, inkText, inkNumber, inkText}},
		{"", "func x", []string{"func x"}, []ink{inkText}},
		{"go", "", []string{""}, []ink{inkText}},
	} {
		texts, inks := colored(tc.lang, tc.code)
		if diff := cmp.Diff(tc.texts, texts); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tc.lang, tc.code, diff)
		}
		if diff := cmp.Diff(tc.inks, inks); diff != "" {
			t.Errorf("%s %q inks (-want +got):\n%s", tc.lang, tc.code, diff)
		}
	}
}

// FuzzHighlight: colours never change the text, whatever it is.
func FuzzHighlight(f *testing.F) {
	for _, lang := range []string{"go", "py", "sh", "sql", "lua", "yaml", "json", "css", "html", "unknown"} {
		f.Add(lang, "a 'b \"c` /* -- # <!-- é \\")
		f.Add(lang, "")
	}
	f.Fuzz(func(t *testing.T, lang, code string) {
		texts, inks := colored(lang, code)
		joined := ""
		for _, s := range texts {
			joined += s
		}
		if joined != code || len(texts) != len(inks) {
			t.Fatalf("%q became %q in %d colours", code, texts, len(inks))
		}
	})
}
