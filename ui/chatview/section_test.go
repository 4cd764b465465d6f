package chatview

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend/prompt"
)

const thoughtful = "<think>\nFirst I add.\n\nThen I *divide*.\n</think>\n\nThe answer is **4**.\n\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Bergen\", \"days\": [1, 2], \"note\": \"a\\nb\"}}\n</tool_call>"

func TestReasoningIsFoldedWithItsTime(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: thoughtful, Thought: 12 * time.Second})
	if !f.sees("Thought for 12 s") || f.sees("divide") || !f.sees("The answer is") || f.sees("<think>") {
		t.Fatalf("folded: %q", f.words())
	}
	f.click(f.textAt(t, "Thought for"))
	if !f.sees("Then I") || !f.sees("The answer is") {
		t.Errorf("unfolded: %q", f.words())
	}
	f.clock = f.clock.Add(time.Minute)
	f.click(f.textAt(t, "Thought for"))
	if f.sees("divide") || !f.sees("The answer is") {
		t.Errorf("folded again: %q", f.words())
	}
}

func TestCallsOfToolsAreNeverJSON(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: thoughtful})
	if !f.sees("Tool call: get_weather (city: Bergen, days: 1, 2, note: a b)") {
		t.Fatalf("folded: %q", f.words())
	}
	f.click(f.textAt(t, "Tool call"))
	for _, want := range []string{"city", "Bergen", "days", "note"} {
		if !f.sees(want) {
			t.Errorf("unfolded without %q: %q", want, f.words())
		}
	}
	if f.sees(`{"`) || f.sees("tool_call>") {
		t.Errorf("JSON on screen: %q", f.words())
	}
}

func TestWhatIsNoCallIsShownAsItIs(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: "<tool_call>broken {</tool_call> and on"})
	if !f.sees("broken {") || !f.sees("and on") {
		t.Errorf("%q", f.words())
	}
}

func TestCopyLeavesTheReasoningOut(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: "<think>\nhm\n</think>\n\nyes, **4**"},
		Item{ID: 2, Role: RoleAssistant, Text: "<think>\nonly thoughts", State: StateStopped})
	f.act(f.byID[1], ActionCopy)
	if f.copied != "yes, **4**" {
		t.Errorf("copied %q", f.copied)
	}
	f.act(f.byID[2], ActionCopy)
	if f.copied != "<think>\nonly thoughts" {
		t.Errorf("copied %q of a reply without an answer", f.copied)
	}
}

func TestThinkingIsSeenLive(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, State: StateRunning})
	grow := func(text string) { f.Grow(1, f.byID[1].text.Len(), text) }
	grow("<think>\n")
	if !f.sees("Thinking…") {
		t.Fatalf("at the mark: %q", f.words())
	}
	grow("one step")
	f.clock = f.clock.Add(3 * time.Second)
	grow(" and another")
	if !f.sees("Thinking for 3 s…") || f.sees("one step") {
		t.Errorf("folded: %q", f.words())
	}
	f.click(f.textAt(t, "Thinking"))
	grow(" further")
	if !f.sees("one step and another further") {
		t.Errorf("unfolded: %q", f.words())
	}
	grow("</think>\n\nDone.")
	if !f.sees("Thought for 3 s") || !f.sees("one step") || !f.sees("Done.") {
		t.Errorf("answering: %q", f.words())
	}
	grow("\n\n<tool_call>\n{\"name\": ")
	if !f.sees("Writing a tool call…") {
		t.Errorf("calling: %q", f.words())
	}
	grow("\"f\"}\n</tool_call>")
	if f.sees("Writing a tool call") || !f.sees("Tool call: f") {
		t.Errorf("called: %q", f.words())
	}
	f.Update(Item{ID: 1, Role: RoleAssistant, Text: f.byID[1].text.String(), Thought: 5 * time.Second})
	if !f.sees("Thought for 5 s") || !f.sees("one step") {
		t.Errorf("done: %q", f.words())
	}
}

func TestEmptyReasoningIsNotShown(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: "<think>\n\n</think>\n\nyes"})
	if f.sees("Thought") || !f.sees("yes") {
		t.Errorf("%q", f.words())
	}
}

func TestPartsOfTheEngineComeFirst(t *testing.T) {
	f := show(t, 700, 600, Item{ID: 1, Role: RoleAssistant, Text: "hmm##yes", Parts: &prompt.Parts{Reasoning: "hmm", Answer: "yes"}})
	if !f.sees("Thought") || !f.sees("yes") || f.sees("##") {
		t.Errorf("%q", f.words())
	}
}

// TestAnyStreamWithPartsLooksLikeTheWhole: however a reply is cut and folded while it grows, it ends as the whole one.
func TestAnyStreamWithPartsLooksLikeTheWhole(t *testing.T) {
	lightApp()
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"<think>", "</think>", "<thi", "words ", "\n\n", "**bold**", "```\ncode\n", "<tool_call>", "</tool_call>",
			`{"name":"f","arguments":{"a":"b"}}`, "- item\n", "é", "<tool_call>{\"name\":\"g\"}</tool_call>",
		}), 1, 25).Draw(r, "parts"), "")
		if rapid.Bool().Draw(r, "thinks") {
			text = "<think>\n" + text
		}
		streamed, whole := New(Options{}), New(Options{})
		for _, v := range []*View{streamed, whole} {
			v.now = func() time.Time { return time.Unix(1000, 0) }
			w := test.NewWindow(v)
			defer w.Close()
			w.Resize(fyne.NewSize(500, 3000))
		}
		streamed.SetItems([]Item{{ID: 1, Role: RoleAssistant, State: StateRunning}})
		for at := 0; at < len(text); {
			n := rapid.IntRange(1, min(9, len(text)-at)).Draw(r, "n")
			streamed.Grow(1, at, text[at:at+n])
			at += n
			if rapid.IntRange(0, 5).Draw(r, "fold") == 0 {
				for _, m := range streamed.visible {
					if m.key.piece < len(m.key.entry.blocks) && m.key.entry.blocks[m.key.piece].fold != nil {
						streamed.toggle(m)
						break
					}
				}
			}
		}
		for _, s := range streamed.entries[0].sections {
			if s.unfolded && s.folds() {
				for _, m := range streamed.visible {
					if m.key.piece == s.at && s.n > 0 {
						streamed.toggle(m)
						break
					}
				}
			}
		}
		done := Item{ID: 1, Role: RoleAssistant, Text: text, Thought: time.Second}
		streamed.Update(done)
		whole.SetItems([]Item{done})
		kinds := func(v *View) (out []string) {
			for i := range v.entries[0].blocks {
				p := &v.entries[0].blocks[i]
				out = append(out, p.label+"|"+blockText(&p.block))
			}
			return out
		}
		if d := cmp.Diff(kinds(whole), kinds(streamed)); d != "" {
			r.Fatalf("%q (-whole +streamed):\n%s", text, d)
		}
		sum := streamed.footHeight(streamed.entries[0])
		for i := range streamed.entries[0].blocks {
			sum += streamed.entries[0].blocks[i].height
		}
		if got := streamed.entries[0].sum; got-sum > 0.5 || sum-got > 0.5 {
			r.Fatalf("the height is %v, its pieces make %v", got, sum)
		}
	})
}

func FuzzCallBlocks(f *testing.F) {
	f.Add(`{"a":{"b":[1,[2,{"c":null}]]},"d":"x\ny"}`)
	f.Add(`{"a":[[[[[[[[1]]]]]]]]}`)
	f.Fuzz(func(t *testing.T, arguments string) {
		calls := []prompt.Call{{Name: "f", Arguments: arguments}}
		if got := len(callBlocks(calls)); got > 2*mostArguments+2 {
			t.Errorf("%d blocks", got)
		}
		callSummary(calls)
	})
}
