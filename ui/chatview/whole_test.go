package chatview

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAPlaceInAHugeReplyIsCheapToKeep(t *testing.T) {
	huge := oneReply()
	f := show(t, 900, 600, huge)
	f.scrollToPart(0.5)
	want := f.words()
	f.Replace([]Item{huge, {ID: 2, Role: RoleUser, Text: "next"}})
	if diff := cmp.Diff(want[:5], f.words()[:5]); diff != "" {
		t.Errorf("another path moved the text (-before +after):\n%s", diff)
	}
	if f.laidOut > keptLayouts {
		t.Errorf("%d blocks are laid out", f.laidOut)
	}
	state := f.ScrollState()
	f.ScrollToBottom()
	f.SetScrollState(state)
	if diff := cmp.Diff(want[:5], f.words()[:5]); diff != "" {
		t.Errorf("going back leads elsewhere (-before +after):\n%s", diff)
	}
	if f.laidOut > keptLayouts {
		t.Errorf("%d blocks are laid out", f.laidOut)
	}
}

func TestAStreamedReplyLooksLikeAWholeOne(t *testing.T) {
	text := talk(1)[1].Text + "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n\nThe **end** of it."
	whole := show(t, 700, 2000, Item{ID: 1, Role: RoleAssistant, Text: text})
	want := whole.words()
	for _, step := range []int{1, 3, 17} {
		f := show(t, 700, 2000, Item{ID: 1, Role: RoleAssistant, State: StateRunning})
		for at := 0; at < len(text); at += step {
			f.Grow(1, at, text[at:min(at+step, len(text))])
		}
		f.Update(Item{ID: 1, Role: RoleAssistant, Text: text})
		if diff := cmp.Diff(want, f.words()); diff != "" {
			t.Errorf("step %d (-whole +streamed):\n%s", step, diff)
		}
	}
}

// TestAnyUseKeepsTheViewWhole runs random uses and checks what must always hold.
func TestAnyUseKeepsTheViewWhole(t *testing.T) {
	lightApp()
	texts := []string{"", "short", strings.Repeat("many words ", 200), "```\ncode\n", "- a\n- b\n\n# h\n", "| a | b |\n|--|--|\n| 1 | 2 |\n", "\n\n", "漢字👍 ", "> q\n\n***\n"}
	rapid.Check(t, func(r *rapid.T) {
		v := New(Options{})
		w := test.NewWindow(v)
		defer w.Close()
		w.SetPadded(false)
		w.Resize(fyne.NewSize(600, 400))
		next := int64(1)
		text := rapid.SampledFrom(texts)
		item := func() Item {
			it := Item{
				ID: next, Role: Role(rapid.IntRange(0, 3).Draw(r, "role")), Text: text.Draw(r, "text"), State: State(rapid.IntRange(0, 4).Draw(r, "state")),
				Siblings: rapid.IntRange(0, 3).Draw(r, "siblings"), Sibling: 1,
			}
			next++
			return it
		}
		some := func() int64 { return int64(rapid.IntRange(1, int(next)).Draw(r, "id")) }
		r.Repeat(map[string]func(*rapid.T){
			"append": func(*rapid.T) { v.Append(item()) },
			"update": func(*rapid.T) {
				it := item()
				it.ID = some()
				v.Update(it)
			},
			"remove": func(*rapid.T) { v.Remove(some()) },
			"set":    func(*rapid.T) { v.SetItems([]Item{item(), item(), item()}) },
			"grow": func(r *rapid.T) {
				id := some()
				it, _ := v.Item(id)
				v.Grow(id, len(it.Text), text.Draw(r, "more"))
			},
			"scroll": func(r *rapid.T) { v.scrollBy(float32(rapid.IntRange(-900, 900).Draw(r, "dy"))) },
			"bar":    func(r *rapid.T) { v.scrollToPart(rapid.Float64Range(0, 1).Draw(r, "part")) },
			"resize": func(r *rapid.T) {
				w.Resize(fyne.NewSize(float32(rapid.IntRange(250, 1500).Draw(r, "w")), float32(rapid.IntRange(100, 900).Draw(r, "h"))))
			},
			"click": func(r *rapid.T) {
				at := fyne.NewPos(float32(rapid.IntRange(0, 900).Draw(r, "x")), float32(rapid.IntRange(0, 500).Draw(r, "y")))
				v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
				v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary})
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at.AddXY(90, float32(rapid.IntRange(-200, 200).Draw(r, "dy")))}})
				v.DragEnd()
				v.Selection()
			},
			"replace": func(*rapid.T) {
				items := v.Items()
				v.Replace(append(items[len(items)/2:], item()))
			},
			"all":   func(*rapid.T) { v.SelectAll() },
			"find":  func(*rapid.T) { v.SetFind("o"); v.FindNext(1) },
			"state": func(*rapid.T) { v.SetScrollState(v.ScrollState()) },
			"":      func(r *rapid.T) { checkWhole(r, v) },
		})
	})
}

func checkWhole(t *rapid.T, v *View) {
	var sum float64
	for i, e := range v.entries {
		if e.index != i || v.byID[e.item.ID] != e {
			t.Fatalf("entry %d has index %d", i, e.index)
		}
		if e.parsed {
			h := v.footHeight(e)
			for _, p := range e.blocks {
				h += p.height
			}
			if abs(h-e.sum) > 0.5 {
				t.Fatalf("entry %d is %v high, its pieces are %v", i, e.sum, h)
			}
		}
		sum += float64(e.sum)
	}
	if d := sum - v.heights.total(); d > 1 || d < -1 {
		t.Fatalf("heights are %v, their index says %v", sum, v.heights.total())
	}
	for i := 1; i < len(v.visible); i++ {
		a, b := v.visible[i-1], v.visible[i]
		if d := abs(a.y + a.height - b.y); d > 0.01 {
			t.Fatalf("pieces %d and %d stand %v apart", i-1, i, d)
		}
	}
	if len(v.entries) > 0 && len(v.visible) == 0 {
		t.Fatal("nothing is in sight")
	}
	if len(v.visible) > 0 && v.visible[0].y > 0.01 {
		t.Fatalf("the first piece stands at %v", v.visible[0].y)
	}
}

func TestTheHeightIndexAgreesWithSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		each := rapid.SliceOfN(rapid.Float32Range(0, 500), 1, 60).Draw(t, "heights")
		var h heightIndex
		h.reset(append([]float32(nil), each...))
		for range 5 {
			i := rapid.IntRange(0, len(each)-1).Draw(t, "i")
			each[i] = rapid.Float32Range(0, 500).Draw(t, "new")
			h.set(i, each[i])
		}
		var sum float64
		for i, v := range each {
			if d := h.before(i) - sum; d > 0.01 || d < -0.01 {
				t.Fatalf("before(%d) = %v, want %v", i, h.before(i), sum)
			}
			if v > 1 {
				if got, into := h.find(sum + 0.5); got != i || into < 0.4 || into > 0.6 {
					t.Fatalf("find(%v) = %d, %v; want %d", sum+0.5, got, into, i)
				}
			}
			sum += float64(v)
		}
	})
}

// TestHostileTextsAreShownWithFewObjects: what breaks parsers and layouts ends in an ordinary window.
func TestHostileTextsAreShownWithFewObjects(t *testing.T) {
	texts := map[string]string{
		"stars":          strings.Repeat("*", 2<<20),
		"quotes":         strings.Repeat(">", 10_000) + " deep",
		"one line":       strings.Repeat("word ", 1<<17),
		"no space":       strings.Repeat("é", 1<<17),
		"zero width":     strings.Repeat("\u200b", 1<<17),
		"marks":          "a" + strings.Repeat("\u0301", 1<<16),
		"wide table":     strings.Repeat("|a", 700) + "|\n" + strings.Repeat("|-", 700) + "|\n" + strings.Repeat(strings.Repeat("|b", 700)+"|\n", 30),
		"columns":        strings.Repeat("|a", 5000) + "|\n" + strings.Repeat("|-", 5000) + "|\n" + strings.Repeat("|b", 5000) + "|\n",
		"code line":      "```\n" + strings.Repeat("x", 1<<18),
		"nul":            strings.Repeat("\x00", 1<<16),
		"right to left":  strings.Repeat("مرحبا\u202e ", 1<<13),
		"emoji":          strings.Repeat("👩🏽‍🚀", 1<<12),
		"deep list":      strings.Repeat("- ", 4000) + "deep",
		"bytes":          strings.Repeat("\xff\xc3", 1<<15),
		"tabs":           strings.Repeat("\t", 1<<16),
		"empty items":    strings.Repeat("-\n", 1<<13),
		"line separator": strings.Repeat("\u2028", 1<<14),
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			f := show(t, 900, 600, Item{ID: 1, Role: RoleUser, Text: text}, Item{ID: 2, Role: RoleAssistant, Text: text, State: StateRunning})
			for _, part := range []float64{1, 0.5, 0.2, 0} {
				f.scrollToPart(part)
				if len(f.objects) > 3000 {
					t.Fatalf("%d objects", len(f.objects))
				}
			}
			f.Grow(2, len(text), "more")
			f.window.Resize(fyne.NewSize(500, 600))
		})
	}
}
