package chatview

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/ui/markdown"
)

const everything = `# Head *one*

Words with **bold**, *italic*, ~~gone~~, ` + "`code_`" + `, a [link](https://example.org/a_b), snake_case and 5 * 3 [no link].

1. first
   - nested **one**
   - nested two
2. second

   more of it

- [x] done
- [ ] open

> a quote
>
> > a nested one

` + "```go\nfunc f() {\n\tprintln(\"```\")  \n}\n```" + `

| Name | Value |
| :-- | --: |
| a \| b | 1 |
| c | *2* |

---

1\. not a list, # not a head

Last & least.`

// all selects a range of blocks of the only message.
func (f *fixture) all(from, to int) {
	e := f.entries[0]
	e.parse(f.View)
	f.chosen = selection{from: spot{entry: e, block: from}}
	f.chosen.to = spot{entry: e, block: to}
	f.chosen.to.offset = len(f.textOf(f.chosen.to))
	f.chosen.start, f.chosen.end = f.chosen.from, f.chosen.to
}

// alone is what a block looks like, without what depends on the blocks around it.
func alone(b markdown.Block) markdown.Block {
	b.Tight, b.Continued, b.Continues = false, false, false
	return b
}

func TestAWholeMessageIsCopiedAsItWasWritten(t *testing.T) {
	f := show(t, 800, 600, Item{ID: 1, Role: RoleUser, Text: "What is *this*?"}, Item{ID: 2, Role: RoleAssistant, Text: everything})
	f.TypedShortcut(&fyne.ShortcutSelectAll{})
	f.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyC, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift})
	if d := cmp.Diff("What is *this*?\n\n"+everything, f.copied); d != "" {
		t.Error(d)
	}
}

// Whatever blocks are selected, what is copied reads as these blocks again.
func TestBlocksCopiedAsMarkdownReadAsTheSameBlocks(t *testing.T) {
	f := show(t, 800, 600, Item{ID: 1, Role: RoleAssistant, Text: everything})
	blocks := markdown.Parse(everything)
	for from := range blocks {
		for to := from; to < len(blocks); to++ {
			f.all(from, to)
			if len(f.textOf(f.chosen.to)) == 0 {
				continue // nothing of a rule can be selected at the end
			}
			text := f.SelectionMarkdown()
			var got, want []markdown.Block
			for _, b := range markdown.Parse(text) {
				got = append(got, alone(b))
			}
			for _, b := range blocks[from : to+1] {
				want = append(want, alone(b))
			}
			if from > 0 { // an inner item without its outer one is an outer one
				if len(want[0].Containers) > 1 && want[0].Containers[0] != markdown.Quote || want[0].Marker == "" && len(want[0].Containers) > 0 {
					continue
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("blocks %d to %d:\n%s\n%s", from, to, text, d)
			}
		}
	}
}

// Code comes out byte for byte, whatever it holds, also when it is copied as Markdown.
func TestCodeCopiedAsMarkdownIsExact(t *testing.T) {
	f := show(t, 800, 600)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("ab `~*_<>#\\\t|$日🌳"))), 1, 30).Draw(t, "lines")
		code := strings.Join(lines, "\n")
		fence := "```"
		for strings.Contains(code, fence) {
			fence += "`"
		}
		if strings.Contains(code, "~~~") || strings.HasPrefix(strings.TrimLeft(code, " \t"), "`") {
			return
		}
		text := "Before.\n\n" + fence + "txt\n" + code + "\n" + fence + "\n\nAfter."
		f.SetItems([]Item{{ID: 1, Role: RoleAssistant, Text: text}})
		parsed := markdown.Parse(text)
		f.all(1, len(parsed)-1)
		again := markdown.Parse(f.SelectionMarkdown())
		var got, want []string
		for _, b := range parsed[1:] {
			want = append(want, blockText(&b))
		}
		for _, b := range again {
			got = append(got, blockText(&b))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestTextIsSelectedByTheKeyboard(t *testing.T) {
	f := show(t, 800, 600,
		Item{ID: 1, Role: RoleUser, Text: "first question"},
		Item{ID: 2, Role: RoleAssistant, Text: "One line.\n\nAnother line here.\n\nThe last."},
	)
	hold := func(down bool) { f.shiftKey(&fyne.KeyEvent{Name: desktop.KeyShiftLeft}, down) }
	shifted := func(keys ...fyne.KeyName) string {
		hold(true)
		for _, k := range keys {
			f.TypedKey(&fyne.KeyEvent{Name: k})
		}
		hold(false)
		return f.Selection()
	}
	far := func(k fyne.KeyName) string {
		f.TypedShortcut(&desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift})
		return f.Selection()
	}
	for _, step := range []struct{ got, want string }{
		{shifted(fyne.KeyRight, fyne.KeyRight), "fi"},
		{far(fyne.KeyRight), "first"},
		{far(fyne.KeyRight), "first question"},
		{shifted(fyne.KeyRight, fyne.KeyRight), "first question\n\nO"},
		{far(fyne.KeyRight), "first question\n\nOne"},
		{far(fyne.KeyLeft), "first question\n\n"},
		{shifted(fyne.KeyEnd), "first question\n\nOne line."},
		{shifted(fyne.KeyLeft), "first question\n\nOne line"},
		{far(fyne.KeyEnd), "first question\n\nOne line.\n\nAnother line here.\n\nThe last."},
		{far(fyne.KeyHome), ""},
	} {
		if d := cmp.Diff(strings.TrimSpace(step.want), strings.TrimSpace(step.got)); d != "" {
			t.Error(d)
		}
	}
	at := f.textAt(t, "Another")
	f.drag(at, at.AddXY(1, 0))
	if got := shifted(fyne.KeyDown); !strings.HasPrefix(got, "Another line here.") || strings.Contains(got, "The last.") {
		t.Errorf("a line down is %q", got)
	}
	if got := shifted(fyne.KeyDown, fyne.KeyDown); !strings.HasSuffix(got, "The last.") {
		t.Errorf("two more are %q", got)
	}
	if got := shifted(fyne.KeyUp, fyne.KeyUp, fyne.KeyUp); got != "first question\n\nOne line." {
		t.Errorf("three up are %q", got)
	}
}

// The keyboard reaches what is not in sight, and brings it there.
func TestTheKeyboardSelectsBeyondTheWindow(t *testing.T) {
	f := show(t, 600, 300, Item{ID: 1, Role: RoleAssistant, Text: strings.Repeat("A paragraph of some words.\n\n", 60) + "The end."})
	f.scrollToPart(0)
	f.shiftKey(&fyne.KeyEvent{Name: desktop.KeyShiftLeft}, true)
	for range 200 {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	}
	if !strings.HasSuffix(f.Selection(), "The end.") || !f.sees("The end.") {
		t.Errorf("the selection ends with %q, in sight: %v", f.Selection()[max(0, len(f.Selection())-20):], f.sees("The end."))
	}
	for range 200 {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	}
	if got := f.Selection(); got != "" {
		t.Errorf("back at the beginning %q is selected", got)
	}
}
