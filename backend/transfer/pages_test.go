package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/transfer"
	"loam/store"
)

// page exports one chat for a reader.
func page(t testing.TB, h *house, f transfer.Format, chatID int64) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := h.Write(context.Background(), &out, transfer.ExportOptions{Format: f, Chats: []int64{chatID}}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// unruly is a text that may leave something open.
var unruly = rapid.Custom(func(rt *rapid.T) string {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
		"```", "~~~~", "`````go", "<!--", "-->", "<?php", "<![CDATA[", "<!DOCTYPE", "<script>", "</script>", "<pre>", "<div>", "- ", "> ", "1. ", "    ", "\t", "\n",
		"\n\n", "word", "a < b && c > d", "# Head", "| a | b |", "***", "`", "\\", "&lt;", "[x]: y", "\r\n", "- [ ] ", "  ```", "   ~~~",
	}), 0, 14).Draw(rt, "pieces")
	return strings.Join(pieces, rapid.SampledFrom([]string{"", "\n", " "}).Draw(rt, "between"))
})

// However a message ends, its bytes stand in the Markdown as they were, and the next message begins as a message.
func TestMarkdownKeepsMessagesApart(t *testing.T) {
	h := newHouse(t)
	rapid.Check(t, func(rt *rapid.T) {
		said, answer := unruly.Draw(rt, "said"), unruly.Draw(rt, "answer")
		tree := store.Tree{Chat: backend.Chat{Title: "T", Leaf: 3}, Messages: []store.TreeMessage{
			{Message: backend.Message{Role: backend.RoleUser, Text: said}},
			{Message: backend.Message{Parent: 1, Role: backend.RoleTool, Text: answer}},
			{Message: backend.Message{Parent: 2, Role: backend.RoleUser, Text: "The end"}},
		}}
		c, err := h.store.AddTree(t.Context(), tree)
		if err != nil {
			rt.Fatal(err)
		}
		out := page(t, h, transfer.Markdown, c.ID)
		for _, words := range []string{said, answer} {
			if !strings.Contains(out, words) {
				rt.Fatalf("%q is not in %q", words, out)
			}
		}
		source := []byte(out)
		doc := goldmark.DefaultParser().Parse(text.NewReader(source))
		var speakers []string
		for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
			if head, ok := n.(*ast.Heading); ok && head.Level == 2 {
				if name := string(head.Lines().Value(source)); name == "You" || name == "Tool" {
					speakers = append(speakers, name)
				}
			}
		}
		if fmt.Sprint(speakers) != "[You Tool You]" {
			rt.Fatalf("%v in %q", speakers, out)
		}
	})
}

// elements a page may have; none of them runs or loads anything.
const harmless = ` html head meta title style body main h1 h2 h3 h4 h5 h6 p article div details summary pre code ul ol li a em strong
	del blockquote hr br table thead tbody tr th td figure figcaption img input span `

// Whatever is said, the page holds nothing but text in harmless elements, loads nothing, and shows code byte for byte.
func TestHTMLShowsWordsAndNothingElse(t *testing.T) {
	h := newHouse(t)
	attacks := []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `[x](javascript:alert(1))`, `<javascript:alert(1)>`, `![x](http://tracker.example/p.png)`,
		`[x](data:text/html,<script>alert(1)</script>)`, `"><svg onload=alert(1)>`, `<a href="http://x" onclick="y">`, "```\n</code></pre><script>\n```", `[a]: javascript:x`,
		"`</code><b>`", `<style>*{display:none}</style>`, `</title><script>`, `&lt;b&gt;`, `[x](HTTP://EXAMPLE.com/?q="><b>)`, "\x00\x01\u2028", `<http://x/"onmouseover=alert(1)>`,
	}
	rapid.Check(t, func(rt *rapid.T) {
		attack := rapid.OneOf(rapid.SampledFrom(attacks), unruly, rapid.String())
		tree := store.Tree{Chat: backend.Chat{Title: attack.Draw(rt, "title"), System: attack.Draw(rt, "system"), Leaf: 2}, Messages: []store.TreeMessage{
			{Message: backend.Message{Role: backend.RoleUser, Text: attack.Draw(rt, "said") + "\n\n" + attack.Draw(rt, "more")}},
			{Message: backend.Message{
				Parent: 1, Role: backend.RoleAssistant, Text: attack.Draw(rt, "answer"), ModelName: attack.Draw(rt, "name"), Error: attack.Draw(rt, "error"),
				State: backend.MessageInterrupted,
				Usage: backend.Usage{Parts: &backend.ReplyParts{
					Reasoning: attack.Draw(rt, "thought"), Answer: attack.Draw(rt, "rest"),
					Calls: []backend.ReplyCall{{Name: attack.Draw(rt, "tool"), Arguments: attack.Draw(rt, "arguments")}},
				}},
			}},
		}}
		c, err := h.store.AddTree(t.Context(), tree)
		if err != nil {
			rt.Fatal(err)
		}
		out := page(t, h, transfer.HTML, c.ID)
		z := html.NewTokenizer(strings.NewReader(out))
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			token := z.Token()
			if kind == html.CommentToken {
				rt.Fatalf("a comment: %s", token)
			}
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
				continue
			}
			if !slices.Contains(strings.Fields(harmless), token.Data) {
				rt.Fatalf("%s in\n%s", token, out)
			}
			for _, a := range token.Attr {
				link := a.Key == "href" && (strings.HasPrefix(strings.ToLower(a.Val), "http") || strings.HasPrefix(a.Val, "mailto:"))
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !link {
					rt.Fatalf("%s in\n%s", token, out)
				}
			}
		}
	})
	code := "if a < b && c > d {\n\tx := \"<b>\" // &amp;\n}\n\n\n  </pre>\r\n"
	out := page(t, h, transfer.HTML, add(t, h, "code", "~~~~go\n"+code+"~~~~").ID)
	doc, err := html.Parse(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if got := contentOf(doc, "code"); got != code {
		t.Errorf("%q", got)
	}
	if strings.Contains(out, "<script") || !strings.Contains(out, "default-src 'none'") {
		t.Error(out)
	}
}

// contentOf is the text of the first element of a name.
func contentOf(n *html.Node, name string) string {
	if n.Type == html.ElementNode && n.Data == name {
		var b strings.Builder
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
		}
		return b.String()
	}
	for c := range n.ChildNodes() {
		if got := contentOf(c, name); got != "" {
			return got
		}
	}
	return ""
}

// A page for a reader shows the branch that is shown, with thoughts folded, tools, pictures, and how a reply ended.
func TestPagesShowTheShownBranch(t *testing.T) {
	h := newHouse(t)
	sha := h.addPicture(t, "pixels")
	at := time.Date(2026, 3, 4, 5, 6, 0, 0, time.Local)
	c, err := h.store.AddTree(t.Context(), store.Tree{
		Chat: backend.Chat{Title: "A *trip*", System: "Be kind.", Leaf: 3, Created: at},
		Messages: []store.TreeMessage{
			{Message: backend.Message{Role: backend.RoleUser, Text: "Where to?"}},
			{Message: backend.Message{Parent: 1, Role: backend.RoleAssistant, Text: "Nowhere."}},
			{
				Message: backend.Message{
					Parent: 1, Role: backend.RoleAssistant, ModelName: "Alder", Text: "<think>\nhills\n</think>\n\nTo **Norway**.",
					State: backend.MessageStopped, Stop: backend.StopCancel,
				},
				Pictures: []backend.Picture{{SHA256: sha, Prompt: "a [fjord]", Settings: []byte("{}")}},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "# A \\*trip\\*\n\n*4 March 2026, 05:06*\n\n## Instructions\n\nBe kind.\n\n## You\n\nWhere to?\n\n## Alder\n\n" +
		"<details>\n<summary>Thinking</summary>\n\nhills\n\n</details>\n\nTo **Norway**.\n\n*Stopped here.*\n\n![a \\[fjord\\]](trip%20log-media/" + sha + ".png)\n\n"
	dir := t.TempDir()
	e := export(t, h, transfer.ExportOptions{Format: transfer.Markdown, Chats: []int64{c.ID}, Path: filepath.Join(dir, "trip log.md")})
	got, err := os.ReadFile(e.Path)
	if string(got) != want || err != nil {
		t.Errorf("%s\n%v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "trip log-media", sha+".png")); err != nil || e.Pictures != 1 {
		t.Error(e, err)
	}
	out := page(t, h, transfer.HTML, c.ID)
	for _, piece := range []string{"<summary>Thinking</summary>\n<p>hills</p>", "To <strong>Norway</strong>.", "Stopped here.", "data:image/png;base64,cGl4ZWxz", "<h2>Alder</h2>", "Be kind."} {
		if !strings.Contains(out, piece) {
			t.Errorf("%s is not in\n%s", piece, out)
		}
	}
	if strings.Contains(out, "Nowhere") {
		t.Error("another branch is shown")
	}
}

// Markdown that would take a renderer minutes is written all the same.
func TestHostileMarkdownIsWritten(t *testing.T) {
	h := newHouse(t)
	for name, text := range map[string]string{
		"stars": strings.Repeat("*", 1<<20), "emphasis": strings.Repeat("_a*b~~c", 1<<15), "quotes": strings.Repeat(">", 10_000), "links": strings.Repeat("[a](", 1<<16),
		"brackets": strings.Repeat("[", 1<<18), "columns": strings.Repeat("|a", 5000) + "\n" + strings.Repeat("|-", 5000) + "\n", "line": strings.Repeat("word ", 1<<18),
		"lists": func() string {
			var b strings.Builder
			for i := range 500 {
				b.WriteString(strings.Repeat("  ", i) + "- a\n")
			}
			return b.String()
		}(),
	} {
		c := add(t, h, name, text)
		if out := page(t, h, transfer.HTML, c.ID); len(out) < len(text)/4 {
			t.Error(name, len(out))
		}
		if out := page(t, h, transfer.Markdown, c.ID); !strings.Contains(out, text) {
			t.Error(name)
		}
	}
}

// A page reads formulas as the window does: their stars and underscores are TeX's, and the TeX is kept beside the words.
func TestHTMLShowsFormulasAsTheWindowDoes(t *testing.T) {
	h := newHouse(t)
	c, err := h.store.AddTree(t.Context(), store.Tree{Chat: backend.Chat{Title: "T", Leaf: 1}, Messages: []store.TreeMessage{
		{Message: backend.Message{Role: backend.RoleAssistant, Text: "So $a_1*b_2*c_3 < \\frac{x}{2}$, which costs $5 and $6.\n\n\\[ \\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\]"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	out := page(t, h, transfer.HTML, c.ID)
	for _, want := range []string{
		`<span class="formula" title="a_1*b_2*c_3 &lt; \frac{x}{2}">a₁*b₂*c₃ &lt; x/2</span>`, "which costs $5 and $6.", ">a = b<br>c = d</span>",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %s:\n%s", want, out)
		}
	}
}
