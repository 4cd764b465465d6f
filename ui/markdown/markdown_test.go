package markdown_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"loam/ui/markdown"
)

type (
	block   = markdown.Block
	inlines = []markdown.Inline
)

func words(text string) inlines { return inlines{{Text: text}} }

func TestBlocks(t *testing.T) {
	q, ul, ol := markdown.Quote, markdown.Bullets, markdown.Numbers
	type kinds = []markdown.Container
	for _, tc := range []struct {
		name, text string
		want       []block
	}{
		{"nothing", "", nil},
		{"blank", " \n\n", nil},
		{"paragraphs", "one\ntwo\n\nthree", []block{{Inlines: words("one\ntwo")}, {Inlines: words("three")}}},
		{"hard break", "one  \ntwo\\\nthree", []block{{Inlines: words("one\ntwo\nthree")}}},
		{"headings", "# One\ntext\n\nTwo\n---\n", []block{
			{Kind: markdown.Heading, Level: 1, Inlines: words("One")},
			{Inlines: words("text")},
			{Kind: markdown.Heading, Level: 2, Inlines: words("Two")},
		}},
		{"styles", "a **b** *c* ***d*** ~~e~~ `f  g` [h](i \"j\")", []block{{Inlines: inlines{
			{Text: "a "},
			{Text: "b", Style: markdown.Bold},
			{Text: " "},
			{Text: "c", Style: markdown.Italic},
			{Text: " "},
			{Text: "d", Style: markdown.Bold | markdown.Italic},
			{Text: " "},
			{Text: "e", Style: markdown.Strike},
			{Text: " "},
			{Text: "f  g", Style: markdown.Mono},
			{Text: " "},
			{Text: "h", Style: markdown.Linked, Link: "i"},
		}}}},
		{"bare links", "see https://loam.example/a_b, ok", []block{{Inlines: inlines{
			{Text: "see "},
			{Text: "https://loam.example/a_b", Style: markdown.Linked, Link: "https://loam.example/a_b"},
			{Text: ", ok"},
		}}}},
		{"pictures", "![a cat](cat.png)", []block{{Inlines: inlines{{Text: "a cat", Style: markdown.Linked | markdown.Picture, Link: "cat.png"}}}}},
		{"escapes", `\*no\* &lt;b&gt; \&amp; &#65; & 1`, []block{{Inlines: words("*no* <b> &amp; A & 1")}}},
		{"tags are words", "<think>\nhm\n</think>\n\n<b>x</b>", []block{{Inlines: words("<think>\nhm\n</think>")}, {Inlines: words("<b>x</b>")}}},
		{"definitions are words", "[a]: b", []block{{Inlines: words("[a]: b")}}},
		{"code", "before\n```Go title=x\nfunc\n\n\tx  \n```\nafter", []block{
			{Inlines: words("before")},
			{Kind: markdown.Code, Lang: "go", Text: "func\n\n\tx  "},
			{Inlines: words("after")},
		}},
		{"code that has not ended", "```\na\nb\n", []block{{Kind: markdown.Code, Text: "a\nb"}}},
		{"the closing signs never show", "```\na\n``", []block{{Kind: markdown.Code, Text: "a"}}},
		{"closed without a line feed", "~~~\na\n~~~", []block{{Kind: markdown.Code, Text: "a"}}},
		{"indented fence", "  ```\n  a\n    b\n  ```", []block{{Kind: markdown.Code, Text: "a\n  b"}}},
		{"longer fence holds shorter", "````\n```\na\n```\n````", []block{{Kind: markdown.Code, Text: "```\na\n```"}}},
		{"indented code", "    a\n\n    b", []block{{Kind: markdown.Code, Text: "a\n\nb"}}},
		{"rule", "a\n\n***\n", []block{{Inlines: words("a")}, {Kind: markdown.Rule}}},
		{"tight list", "- a\n- b\n  - c\n", []block{
			{Containers: kinds{ul}, Marker: "•", Inlines: words("a")},
			{Containers: kinds{ul}, Marker: "•", Tight: true, Inlines: words("b")},
			{Containers: kinds{ul, ul}, Marker: "•", Tight: true, Inlines: words("c")},
		}},
		{"loose numbered list", "3. a\n\n   more\n\n4. b", []block{
			{Containers: kinds{ol}, Marker: "3.", Inlines: words("a")},
			{Containers: kinds{ol}, Inlines: words("more")},
			{Containers: kinds{ol}, Marker: "4.", Inlines: words("b")},
		}},
		{"code in a list", "1. a\n   ```sh\n   ls\n\n   pwd\n   ```\n2. b", []block{
			{Containers: kinds{ol}, Marker: "1.", Inlines: words("a")},
			{Kind: markdown.Code, Containers: kinds{ol}, Lang: "sh", Text: "ls\n\npwd"},
			{Containers: kinds{ol}, Marker: "2.", Tight: true, Inlines: words("b")},
		}},
		{"list in an item", "1. - a", []block{{Containers: kinds{ol, ul}, Marker: "1. •", Inlines: words("a")}}},
		{"empty item", "- \n- b", []block{
			{Containers: kinds{ul}, Marker: "•"},
			{Containers: kinds{ul}, Marker: "•", Tight: true, Inlines: words("b")},
		}},
		{"tasks", "- [ ] a\n- [x] b", []block{
			{Containers: kinds{ul}, Marker: "•", Task: markdown.TaskOpen, Inlines: words("a")},
			{Containers: kinds{ul}, Marker: "•", Task: markdown.TaskDone, Tight: true, Inlines: words("b")},
		}},
		{"quotes", "> a\n> > b\n", []block{
			{Containers: kinds{q}, Inlines: words("a")},
			{Containers: kinds{q, q}, Inlines: words("b")},
		}},
		{"table", "| a | b |\n|:--|--:|\n| 1 | `x` |\n| 2 |\n", []block{{
			Kind: markdown.Table, Aligns: []markdown.Align{markdown.AlignLeft, markdown.AlignRight},
			Rows: [][]markdown.Cell{
				{{{Text: "a"}}, {{Text: "b"}}},
				{{{Text: "1"}}, {{Text: "x", Style: markdown.Mono}}},
				{{{Text: "2"}}, nil},
			},
		}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, markdown.Parse(tc.text), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongCodeComesInPiecesThatJoin(t *testing.T) {
	code := strings.Repeat("a line of code\n", 2000) + "```not the end\nend"
	var got []string
	for i, b := range markdown.Parse("```go\n" + code + "\n```\nafter") {
		if b.Kind != markdown.Code {
			continue
		}
		if b.Continued != (i > 0) || b.Lang != "go" {
			t.Errorf("piece %d: Continued is %v, the language %q", i, b.Continued, b.Lang)
		}
		got = append(got, b.Text)
	}
	if len(got) < 3 {
		t.Fatalf("%d pieces", len(got))
	}
	if diff := cmp.Diff(code, strings.Join(got, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPersonsWordsStandAsTyped(t *testing.T) {
	got := markdown.Verbatim("\n*not* bold\n  indented\n\n```py\nx = 1\n```\n~~~ never closed\n```\ny\n```\n")
	want := []block{
		{Inlines: words("*not* bold\n  indented")},
		{Kind: markdown.Code, Lang: "py", Text: "x = 1"},
		{Inlines: words("~~~ never closed")},
		{Kind: markdown.Code, Text: "y"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALongPasteComesInPiecesThatJoin(t *testing.T) {
	for name, text := range map[string]string{
		"many lines": strings.Repeat("a line\n", 3000) + "end",
		"long lines": strings.Repeat(strings.Repeat("wörd ", 4000)+"\n", 3) + "end",
		"no space":   strings.Repeat("é", 50_000),
		"mixed":      "short\n" + strings.Repeat("x", 20_000) + "\n\nshort",
	} {
		var got strings.Builder
		blocks := markdown.Verbatim(text)
		for i, b := range blocks {
			if b.Continued != (i > 0) || len(markdown.Plain(b.Inlines)) > 9000 {
				t.Fatalf("%s: piece %d of %d bytes, Continued %v", name, i, len(markdown.Plain(b.Inlines)), b.Continued)
			}
			if b.Tight {
				got.WriteByte('\n')
			}
			got.WriteString(markdown.Plain(b.Inlines))
		}
		if got.String() != text || len(blocks) < 2 {
			t.Errorf("%s: %d pieces do not join to the text", name, len(blocks))
		}
	}
}

// pieces are what Markdown is made of, good and bad.
var pieces = []string{
	"word ", "two words", "\n", "\n\n", "\n\n\n", " ", "  ", "    ", "\t", "# ", "## head\n", "- ", "* ", "1. ", "10) ", "> ", ">> ",
	"```", "```go\n", "~~~\n", "\n```\n", "`", "``", "*", "**", "_", "~~", "[a](b)", "![", "](", "|", "| a | b |\n", "|---|:-:|\n",
	"---\n", "***\n", "===\n", "<b>", "<!--", "&amp;", "\\", "http://a.b ", "é", "漢字", "👩‍🚀", "\xe2\x82", "\r\n", "- [x] ", "[a]: b\n",
	"$x_1^2$", "$", "$$", "\\(", "\\)", "\\[", "\\frac{a}{b}",
}

func drawMarkdown(t *rapid.T) string {
	text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), "")
	switch rapid.IntRange(0, 9).Draw(t, "long") {
	case 0:
		text += strings.Repeat(rapid.SampledFrom(pieces).Draw(t, "many"), 1000) + text
	case 1:
		text = strings.Repeat(text+"\n", 100)
	}
	return text
}

func checkChunks(t interface{ Fatalf(string, ...any) }, text string, sizes []int) {
	var d markdown.Doc
	rest := text
	for i := 0; rest != ""; i++ {
		n := len(rest)
		if len(sizes) > 0 {
			n = min(n, 1+sizes[i%len(sizes)])
		}
		d.Append(rest[:n])
		rest = rest[n:]
		if i%3 == 0 {
			d.Blocks() // looking must not change anything
		}
		if d.Stable() > len(d.Blocks()) {
			t.Fatalf("%d of %d blocks are stable", d.Stable(), len(d.Blocks()))
		}
	}
	if diff := cmp.Diff(markdown.Parse(text), d.Blocks(), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("chunks of %v of %q (-whole +incremental):\n%s", sizes, text, diff)
	}
}

func TestIncrementalEqualsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawMarkdown(t)
		checkChunks(t, text, rapid.SliceOfN(rapid.IntRange(0, 20+len(text)/20), 1, 8).Draw(t, "sizes"))
	})
}

func TestStableBlocksStayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawMarkdown(t)
		var d markdown.Doc
		var seen []block
		step := max(17, len(text)/5)
		for len(text) > 0 {
			n := min(len(text), step)
			d.Append(text[:n])
			text = text[n:]
			now := d.Blocks()[:d.Stable()]
			if len(now) < len(seen) {
				t.Fatalf("%d blocks were stable, now %d", len(seen), len(now))
			}
			if diff := cmp.Diff(seen, now[:len(seen)], cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("a stable block changed (-before +after):\n%s", diff)
			}
			seen = append(seen, now[len(seen):]...)
		}
	})
}

// TestALongTextIsParsedAsAShortOne: what is parsed side by side comes out in order, also where a text went before.
func TestALongTextIsParsedAsAShortOne(t *testing.T) {
	part := strings.Join(pieces, " x\n\n") + "\n\n```go\n" + strings.Repeat("code\n", 3000) + "```\n\n"
	text := strings.Repeat(part, 10)
	var long, short markdown.Doc
	for _, text := range []string{"begin *here*\n\nand", text, "between", text, "end"} {
		long.Append(text)
		for len(text) > 0 {
			n := min(len(text), 1000)
			short.Append(text[:n])
			text = text[n:]
		}
		if diff := cmp.Diff(short.Blocks(), long.Blocks(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-in pieces +at once):\n%s", diff)
		}
		if long.Stable() != short.Stable() {
			t.Errorf("%d blocks are stable, want %d", long.Stable(), short.Stable())
		}
	}
}

// TestCutsDoNotChangeTheMeaning: ordinary documents read the same cut or in one piece.
func TestCutsDoNotChangeTheMeaning(t *testing.T) {
	parts := []string{
		"A paragraph of words.\nIt has two lines.", "# Heading", "Setext\n======", "- a\n- b\n\n  more of b\n- c", "1. one\n2. two\n   - deep",
		"> quote\n> more", "```go\nx := 1\n\ny := 2\n```", "| a | b |\n|---|---|\n| 1 | 2 |", "***", "- item\n  ```\n  code\n\n  more\n  ```\n- next",
		"    indented\n\n    code", "text:\n- list right after", "text\n```\ncode right after\n```\ntext right after", "* star\n\n* loose star",
	}
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfN(rapid.SampledFrom(parts), 1, 12).Draw(t, "parts")
		text := strings.Join(chosen, "\n\n")
		if diff := cmp.Diff(markdown.ParseUncut(text), markdown.Parse(text), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q (-uncut +cut):\n%s", text, diff)
		}
	})
}

// TestNoWordIsLost: whatever the signs mean, the words of a text are in its blocks.
func TestNoWordIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		var want []string
		for i, p := range rapid.SliceOfN(rapid.SampledFrom([]string{"\n", "\n\n", " ", "- ", "> ", "1. ", "    ", "*", "`", "| ", "\n# "}), 1, 40).Draw(t, "signs") {
			w := "w" + strings.Repeat("x", i%3) + string(rune('a'+i%26))
			text.WriteString(p + w)
			want = append(want, w)
		}
		got := allText(markdown.Parse(text.String()))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Fatalf("%q lost %q: %q", text.String(), w, got)
			}
		}
	})
}

func allText(blocks []block) string {
	var b strings.Builder
	for _, bl := range blocks {
		b.WriteString(bl.Lang + " " + bl.Text + markdown.Plain(bl.Inlines) + "\n")
		for _, row := range bl.Rows {
			for _, cell := range row {
				b.WriteString(markdown.Plain(cell) + "\t")
			}
		}
	}
	return b.String()
}

func FuzzChunks(f *testing.F) {
	for _, p := range pieces {
		f.Add(p+"text "+p, uint8(3))
	}
	f.Add("1. a\n   ```\n   b\n\n   c\n   ```\n\n2. d\n\nend", uint8(1))
	f.Add(strings.Repeat("x", 13_000)+"\n\n"+strings.Repeat("é", 9_000), uint8(200))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		checkChunks(t, text, []int{int(size)})
	})
}

// hostile texts break parsers that look too far or too deep.
func hostile() map[string]string {
	return map[string]string{
		"10 MB of stars":       strings.Repeat("*", 10<<20),
		"stars and words":      strings.Repeat("*a **b ", 1<<15),
		"quotes 10,000 deep":   strings.Repeat(">", 10_000) + " deep\n" + strings.Repeat("> ", 10_000) + "deeper\n",
		"many deep quotes":     strings.Repeat(strings.Repeat(">", 500)+" a\n", 400),
		"deep list":            strings.Repeat("- ", 10_000) + "deep\n",
		"stairs of lists":      stairs(400),
		"a line of 1 MB":       strings.Repeat("word ", 200_000),
		"no space in 256 KB":   strings.Repeat("é", 1<<17),
		"5,000 columns":        strings.Repeat("|a", 5000) + "|\n" + strings.Repeat("|-", 5000) + "|\n" + strings.Repeat(strings.Repeat("|b", 5000)+"|\n", 20),
		"wide table":           strings.Repeat("|a", 1000) + "|\n" + strings.Repeat("|-", 1000) + "|\n" + strings.Repeat(strings.Repeat("|b", 1000)+"|\n", 200),
		"zero width":           strings.Repeat("\u200b", 1<<17),
		"marks":                "a" + strings.Repeat("\u0301", 1<<17),
		"open brackets":        strings.Repeat("[", 1<<17),
		"open links":           strings.Repeat("[a](", 1<<16),
		"backticks":            strings.Repeat("`a``b```c````", 1<<16),
		"open code":            "```\n" + strings.Repeat("code line\n", 1<<17),
		"underscores":          strings.Repeat("_a_ __b ", 1<<14),
		"entities":             strings.Repeat("&", 1<<17),
		"list without an end":  strings.Repeat("- item\n\n", 1<<13),
		"loose deep paragraph": "- a\n" + strings.Repeat("  b\n", 1<<16),
		"links":                strings.Repeat("http://a", 1<<14),
		"nul bytes":            strings.Repeat("\x00", 1<<17),
		"angle brackets":       strings.Repeat("<a@", 1<<16),
	}
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("  ", i) + "- step\n")
	}
	return b.String()
}

func TestHostileTextGivesBoundedBlocks(t *testing.T) {
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			blocks := markdown.Parse(text)
			if len(blocks) == 0 {
				t.Fatal("no block")
			}
			for _, b := range blocks {
				if len(b.Containers) > markdown.MaxDepth {
					t.Fatalf("a block in %d containers", len(b.Containers))
				}
				if size := len(markdown.Plain(b.Inlines)); size > 80<<10 {
					t.Fatalf("a paragraph of %d bytes", size)
				}
				if len(b.Text) > 300<<10 {
					t.Fatalf("a piece of code of %d bytes", len(b.Text))
				}
			}
			if utf8.ValidString(text) && !utf8.ValidString(allText(blocks)) {
				t.Fatal("a character was cut in two")
			}
		})
	}
}

func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile() {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				markdown.Parse(text)
			}
		})
	}
}

func BenchmarkStream(b *testing.B) {
	reply := strings.Repeat("A paragraph with **bold** words and `code`, long enough to be one.\n\n- item\n- item\n\n```go\nx := 1\n```\n\n", 4000)
	b.Run("frame", func(b *testing.B) {
		var d markdown.Doc
		d.Append(reply)
		d.Blocks()
		i := 0
		for b.Loop() {
			d.Append(reply[i%1000 : i%1000+12])
			d.Blocks()
			i += 12
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.SetBytes(int64(len(reply)))
		for b.Loop() {
			markdown.Parse(reply)
		}
	})
}

// A paragraph that is cut for its length stays one to the eye; what stands apart stays apart.
func TestALongParagraphHasNoGaps(t *testing.T) {
	line := "The gentle soul, a gentle soul,\n"
	for name, text := range map[string]string{
		"lines":    strings.Repeat(line, 1000),
		"one line": strings.Repeat("word ", 10_000),
	} {
		blocks := markdown.Parse(text)
		if len(blocks) < 3 {
			t.Fatalf("%s: %d blocks", name, len(blocks))
		}
		for i, b := range blocks {
			if b.Kind != markdown.Paragraph || b.Tight != (i > 0) {
				t.Errorf("%s: block %d is a %v, tight: %v", name, i, b.Kind, b.Tight)
			}
		}
	}
	apart := markdown.Parse(strings.Repeat("word ", 2000) + "\n\nAnother paragraph.\n\n# Head\n")
	if n := len(apart); n < 3 || apart[n-2].Tight || apart[n-1].Tight {
		t.Errorf("%+v", apart)
	}
}
