package chatview

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

type scene struct {
	name   string
	height float32
	items  []Item
	after  func(*View)
}

var scenes = []scene{
	{name: "talk", height: 760, items: []Item{
		{ID: 1, Role: RoleUser, Text: "Plan 3 days in Bergen", Sibling: 1, Siblings: 1},
		{ID: 2, Role: RoleAssistant, Note: "SmolLM2 135M - about 12 words/s", Sibling: 2, Siblings: 3, Text: "## Day 1\n\nStart at **Bryggen**, the old wharf. Take your time, it is *small* but rich. See `ferry --list` for boats, or [the timetable](https://example.org).\n\n- Fløibanen in the morning\n- Lunch at the fish market\n  - try the soup\n  - and the ***cod***\n- A walk to Nordnes\n\n1. First\n2. Second with a longer text that has to wrap around at the end of the line because it says much more than fits there\n\n> A quote from somebody who has been there.\n\n### Code\n\n```go\nfunc main() {\n\tfmt.Println(\"hello\") // a comment that is long enough to make the line wrap at the edge of the block of code\n}\n```\n\nDone ~~soon~~ now."},
	}},
	{name: "table", height: 560, items: []Item{
		{ID: 1, Role: RoleUser, Text: "Compare them, please.\n\nI care about:\n  price\n  size"},
		{ID: 2, Role: RoleAssistant, Text: "| Model | Size | Speed | Remark |\n|:--|--:|:-:|---|\n| SmolLM2 135M | 98 MB | fast | Tiny: shows how it works, often wrong |\n| Qwen 4B | 2.6 GB | middling | **Good** for everyday questions and `code` |\n| Gemma 27B | 16 GB | slow | Best answers, if the machine can hold it and you have the patience for it |\n\n- [x] compared\n- [ ] chosen\n\n---\n\nLast words."},
	}},
	{name: "states", height: 900, items: []Item{
		{ID: 1, Role: RoleUser, Text: "Hello"},
		{ID: 2, Role: RoleAssistant, State: StateStopped, Text: "Hello! I was going to say", Sibling: 1, Siblings: 2},
		{ID: 9, Role: RoleDivider, Text: "The model sees from here down (12,300 tokens above are left out)"},
		{ID: 3, Role: RoleUser, Text: "And?"},
		{ID: 4, Role: RoleAssistant, State: StateFailed, Error: "The model file is damaged: its header ends early. Download it again from the Models page."},
		{ID: 5, Role: RoleUser, Text: "Again"},
		{ID: 6, Role: RoleAssistant, State: StateInterrupted, Tokens: 214, Error: "The engine ran out of memory.", Text: "The first words of an answer that"},
		{ID: 7, Role: RoleUser, Text: "Once more, with a much longer question that needs more than one line in its bubble, so that one sees how it wraps."},
		{ID: 8, Role: RoleAssistant, State: StateRunning, Phase: PhaseReading, Done: 1240, Total: 3900},
	}, after: func(v *View) { v.FocusAction(6, ActionResume) }},
	{name: "parts", height: 900, items: []Item{
		{ID: 1, Role: RoleUser, Text: "What is the weather in Bergen?"},
		{ID: 2, Role: RoleAssistant, Thought: 12 * time.Second, Text: thoughtful},
		{ID: 3, Role: RoleUser, Text: "And why?"},
		{ID: 4, Role: RoleAssistant, Thought: 75 * time.Second, Text: thoughtful},
		{ID: 5, Role: RoleUser, Text: "Sure?"},
		{ID: 6, Role: RoleAssistant, State: StateRunning, Text: "<think>\nLet me see"},
	}, after: func(v *View) {
		for range 2 {
			for _, m := range v.visible {
				if e := m.key.entry; e.item.ID == 4 && m.key.piece < len(e.blocks) && e.blocks[m.key.piece].fold != nil && !e.blocks[m.key.piece].unfolded {
					v.toggle(m)
					break
				}
			}
		}
	}},
	{name: "scripts", height: 620, items: []Item{
		{ID: 1, Role: RoleUser, Text: "日本語と English, and 👩🏽‍🚀🇳🇴 too"},
		{ID: 2, Role: RoleAssistant, State: StateRunning, Text: "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n\nمرحبا بالعالم، هذا نص عربي قصير.\n\nEmoji 👍 in a line ❤️, math x² + y² ≤ z², arrows → ⇒, box ┌─┐.\n\n```text\n漢字 and emoji 👍 in code\n\ttab\n```\n\nThe end is near"},
	}},
	{name: "scrolled", height: 480, items: longScene(), after: func(v *View) {
		v.SetScrollState(ScrollState{Message: 5, Offset: 30})
		v.Grow(20, 0, "")
		v.Append(Item{ID: 99, Role: RoleAssistant, State: StateRunning, Text: "new words"})
		v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 60)}, Button: desktop.MouseButtonPrimary})
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(480, 260)}})
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 150)}})
	}},
}

func longScene() []Item {
	var items []Item
	for i := range int64(10) {
		items = append(items,
			Item{ID: 2*i + 1, Role: RoleUser, Text: "A question about gardens"},
			Item{ID: 2*i + 2, Role: RoleAssistant, Text: "Loam is a soil of sand, silt and clay in good shares. It holds water and lets it go, it is easy to work, and most plants like it.\n\nThat is why gardeners want it, and why a program can be named after it."})
	}
	return items
}
