package chatview

import (
	"runtime"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

// floods are the texts of hostile or broken models, in the sizes that a window has to bear.
func floods() map[string]string {
	return map[string]string{
		"10 MB of stars":      strings.Repeat("*", 10<<20),
		"stars and letters":   strings.Repeat("*a", 1<<20),
		"quotes 10,000 deep":  strings.Repeat(strings.Repeat(">", 10_000)+"x\n", 20),
		"lists 10,000 deep":   strings.Repeat("- ", 10_000) + "deep",
		"a line of 1 MB":      strings.Repeat("word ", 1<<20/5),
		"a word of 1 MB":      strings.Repeat("x", 1<<20),
		"a code line of 1 MB": "```\n" + strings.Repeat("x", 1<<20),
		"5,000 columns": strings.Repeat("|a", 5000) + "|\n" + strings.Repeat("|-", 5000) + "|\n" +
			strings.Repeat(strings.Repeat("|b", 5000)+"|\n", 10),
		"zero width": strings.Repeat("\u200b", 1<<20),
		"joiners":    strings.Repeat("a\u200d", 1<<19),
		"marks":      "a" + strings.Repeat("\u0301", 1<<19),
	}
}

// allocated is how many bytes f takes: a measure of work that no other program disturbs.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Whatever a model writes: opening it costs a bounded multiple of its length, a frame and a new width cost what is seen,
// and the canvas holds what fits the window.
func TestAFloodIsShownWithBoundedWork(t *testing.T) {
	show(t, 900, 600, Item{ID: 1, Role: RoleAssistant, Text: "fonts are read with the first words"})
	for name, text := range floods() {
		roles := []Role{RoleAssistant}
		if strings.Contains(name, " MB ") || name == "marks" { // a person's words are not Markdown: these tell the difference
			roles = append(roles, RoleUser)
		}
		for _, role := range roles {
			t.Run(name, func(t *testing.T) {
				item := Item{ID: 1, Role: role, Text: text, State: StateRunning}
				if role == RoleUser {
					item.State = StateDone
				}
				var f *fixture
				open := allocated(func() { f = show(t, 900, 600, item) })
				if most := uint64(64<<20 + 48*len(text)); open > most {
					t.Errorf("opening it takes %d KB, at most %d", open>>10, most>>10)
				}
				seen := func(when string) {
					if len(f.objects) > 1500 || f.laidOut > keptLayouts {
						t.Errorf("%s: %d objects, %d blocks laid out", when, len(f.objects), f.laidOut)
					}
				}
				const frames = 20
				streams := allocated(func() {
					for i := range frames {
						f.Grow(1, len(text)+i, "a")
					}
				})
				if most := uint64(3 << 20); streams/frames > most {
					t.Errorf("a frame takes %d KB, at most %d", streams/frames>>10, most>>10)
				}
				seen("streaming")
				for _, part := range []float64{1, 0.5, 0.2, 0} {
					f.scrollToPart(part)
					seen("scrolling")
				}
				if resize := allocated(func() { f.window.Resize(fyne.NewSize(500, 600)) }); resize > 32<<20 {
					t.Errorf("a new width takes %d KB", resize>>10)
				}
				seen("resized")
			})
		}
	}
}

// An endless line of code comes in steps while it is written, and is whole in the end.
func TestAnEndlessLineOfCodeIsWholeInTheEnd(t *testing.T) {
	line := strings.Repeat("é", 20<<10+7)
	f := show(t, 900, 600, Item{ID: 1, Role: RoleAssistant, Text: "```\nshort\n" + line, State: StateRunning})
	code := func() string { return codeText(f.byID[1], len(f.byID[1].blocks)-1) }
	if got := code(); len(got) >= len("short\n"+line) || !strings.HasPrefix("short\n"+line, got) {
		t.Errorf("while it runs %d bytes are shown", len(got))
	}
	f.Update(Item{ID: 1, Role: RoleAssistant, Text: "```\nshort\n" + line, State: StateDone})
	if got := code(); got != "short\n"+line {
		t.Errorf("in the end %d bytes are shown, want %d", len(got), len("short\n"+line))
	}
	if got := steady("a\nb"); got != "a\nb" {
		t.Errorf("a short line became %q", got)
	}
}
