package markdown_test

import (
	"runtime"
	"strings"
	"testing"

	"loam/ui/markdown"
)

// flood are texts that were written to keep a parser busy.
func flood() map[string]string {
	var stairs strings.Builder
	for i := range 1000 {
		stairs.WriteString(strings.Repeat("> ", i) + "x\n")
	}
	return map[string]string{
		"stars":             strings.Repeat("*", 10<<20),
		"stars and letters": strings.Repeat("*a", 1<<20),
		"stars in lines":    strings.Repeat("**a\n", 1<<18),
		"underscores":       strings.Repeat("_a", 1<<20),
		"tildes":            strings.Repeat("~~a ~", 1<<18),
		"quotes":            strings.Repeat(">", 10_000) + " deep",
		"quotes apart":      strings.Repeat("> ", 10_000) + "deep",
		"quotes in lines":   strings.Repeat(strings.Repeat(">", 10_000)+"x\n", 40),
		"lists":             strings.Repeat("- ", 10_000) + "deep",
		"numbers":           strings.Repeat("1. ", 10_000) + "deep",
		"lists and quotes":  strings.Repeat("- > ", 10_000) + "deep",
		"stairs":            stairs.String(),
		"one line":          strings.Repeat("word ", 1<<20/5),
		"one word":          strings.Repeat("x", 1<<20),
		"columns": strings.Repeat("|a", 5000) + "|\n" + strings.Repeat("|-", 5000) + "|\n" +
			strings.Repeat(strings.Repeat("|b", 5000)+"|\n", 20),
		"zero width": strings.Repeat("\u200b", 1<<20),
		"joiners":    strings.Repeat("a\u200d", 1<<19),
		"marks":      "a" + strings.Repeat("\u0301", 1<<19),
	}
}

// worked is what f allocates: a measure of work that no other program disturbs.
func worked(f func()) (bytes, allocations uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs
}

// However a text is made, reading it costs a bounded multiple of its length.
func TestAFloodCostsNoMoreThanItsLength(t *testing.T) {
	for name, text := range flood() {
		t.Run(name, func(t *testing.T) {
			var blocks []markdown.Block
			lines := strings.Count(text, "\n")
			bytes, allocations := worked(func() { blocks = markdown.Parse(text) })
			if most := uint64(48*len(text) + 512*lines + 1<<20); bytes > most {
				t.Errorf("%d bytes of text take %d bytes, at most %d", len(text), bytes, most)
			}
			if most := uint64(len(text)/8 + 4*lines + 20_000); allocations > most {
				t.Errorf("%d bytes of text take %d allocations, at most %d", len(text), allocations, most)
			}
			if len(blocks) == 0 {
				t.Error("nothing is shown")
			}
		})
	}
}

// What nests deeper than anybody writes is flattened, and its words stay.
func TestTooDeepNestingKeepsItsWords(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"quotes":    {strings.Repeat(">", 500) + " deep *words*\n" + strings.Repeat(">", 500) + " and more", "deep words\nand more"},
		"lists":     {strings.Repeat("- ", 500) + "deep **words**", "deep words"},
		"rule":      {strings.Repeat("- ", 500) + "\n\nafter", "after"},
		"long word": {strings.Repeat(">", 199) + strings.Repeat("w", 300), strings.Repeat("w", 300)},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, b := range markdown.Parse(c.text) {
				if text := markdown.Plain(b.Inlines); text != "" {
					got = append(got, text)
				}
			}
			if s := strings.Join(got, "\n"); s != c.want {
				t.Errorf("it shows %q, want %q", s, c.want)
			}
		})
	}
	// What people write keeps its marks, and so do rows of them in code.
	code := "- a\n\n  ```\n  " + strings.Repeat("> ", 150) + "x\n  ```"
	for _, b := range markdown.Parse(code) {
		if b.Kind == markdown.Code && b.Text != strings.Repeat("> ", 150)+"x" {
			t.Errorf("the code has become %q", b.Text)
		}
	}
	dense := strings.Repeat("**a** _b_ ", 100)
	if blocks := markdown.Parse(dense); strings.Contains(markdown.Plain(blocks[0].Inlines), "*") {
		t.Error("dense emphasis is shown as it is written")
	}
}
