package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/chatview"
)

type scene struct {
	name   string
	height float32
	items  []chatview.Item
	after  func(*chatview.View)
}

var scenes = []scene{
	{name: "talk", height: 760, items: []chatview.Item{
		{ID: 1, Role: chatview.RoleUser, Text: "Plan 3 days in Bergen", Sibling: 1, Siblings: 1},
		{ID: 2, Role: chatview.RoleAssistant, Note: "SmolLM2 135M - about 12 words/s", Sibling: 2, Siblings: 3, Text: "## Day 1\n\nStart at **Bryggen**, the old wharf. Take your time, it is *small* but rich. See `ferry --list` for boats, or [the timetable](https://example.org).\n\n- Fløibanen in the morning\n- Lunch at the fish market\n  - try the soup\n  - and the ***cod***\n- A walk to Nordnes\n\n1. First\n2. Second with a longer text that has to wrap around at the end of the line because it says much more than fits there\n\n> A quote from somebody who has been there.\n\n### Code\n\n```go\nfunc main() {\n\tfmt.Println(\"hello\") // a comment that is long enough to make the line wrap at the edge of the block of code\n}\n```\n\nDone ~~soon~~ now."},
	}},
	{name: "table", height: 560, items: []chatview.Item{
		{ID: 1, Role: chatview.RoleUser, Text: "Compare them, please.\n\nI care about:\n  price\n  size"},
		{ID: 2, Role: chatview.RoleAssistant, Text: "| Model | Size | Speed | Remark |\n|:--|--:|:-:|---|\n| SmolLM2 135M | 98 MB | fast | Tiny: shows how it works, often wrong |\n| Qwen 4B | 2.6 GB | middling | **Good** for everyday questions and `code` |\n| Gemma 27B | 16 GB | slow | Best answers, if the machine can hold it and you have the patience for it |\n\n- [x] compared\n- [ ] chosen\n\n---\n\nLast words."},
	}},
	{name: "states", height: 900, items: []chatview.Item{
		{ID: 1, Role: chatview.RoleUser, Text: "Hello"},
		{ID: 2, Role: chatview.RoleAssistant, State: chatview.StateStopped, Text: "Hello! I was going to say", Sibling: 1, Siblings: 2},
		{ID: 9, Role: chatview.RoleDivider, Text: "The model sees from here down (12,300 tokens above are left out)"},
		{ID: 3, Role: chatview.RoleUser, Text: "And?"},
		{ID: 4, Role: chatview.RoleAssistant, State: chatview.StateFailed, Error: "The model file is damaged: its header ends early. Download it again from the Models page."},
		{ID: 5, Role: chatview.RoleUser, Text: "Again"},
		{ID: 6, Role: chatview.RoleAssistant, State: chatview.StateInterrupted, Tokens: 214, Error: "The engine ran out of memory.", Text: "The first words of an answer that"},
		{ID: 7, Role: chatview.RoleUser, Text: "Once more, with a much longer question that needs more than one line in its bubble, so that one sees how it wraps."},
		{ID: 8, Role: chatview.RoleAssistant, State: chatview.StateRunning, Phase: chatview.PhaseReading, Done: 1240, Total: 3900},
	}, after: func(v *chatview.View) { v.FocusAction(6, chatview.ActionResume) }},
	{name: "scripts", height: 620, items: []chatview.Item{
		{ID: 1, Role: chatview.RoleUser, Text: "日本語と English, and 👩🏽‍🚀🇳🇴 too"},
		{ID: 2, Role: chatview.RoleAssistant, State: chatview.StateRunning, Text: "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n\nمرحبا بالعالم، هذا نص عربي قصير.\n\nEmoji 👍 in a line ❤️, math x² + y² ≤ z², arrows → ⇒, box ┌─┐.\n\n```text\n漢字 and emoji 👍 in code\n\ttab\n```\n\nThe end is near"},
	}},
	{name: "scrolled", height: 480, items: long(), after: func(v *chatview.View) {
		v.SetScrollState(chatview.ScrollState{Message: 5, Offset: 30})
		v.Grow(20, 0, "")
		v.Append(chatview.Item{ID: 99, Role: chatview.RoleAssistant, State: chatview.StateRunning, Text: "new words"})
		v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 60)}, Button: desktop.MouseButtonPrimary})
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(480, 260)}})
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 150)}})
	}},
}

func long() []chatview.Item {
	var items []chatview.Item
	for i := range int64(10) {
		items = append(items,
			chatview.Item{ID: 2*i + 1, Role: chatview.RoleUser, Text: "A question about gardens"},
			chatview.Item{ID: 2*i + 2, Role: chatview.RoleAssistant, Text: "Loam is a soil of sand, silt and clay in good shares. It holds water and lets it go, it is easy to work, and most plants like it.\n\nThat is why gardeners want it, and why a program can be named after it."})
	}
	return items
}
