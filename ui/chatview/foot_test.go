package chatview

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/google/go-cmp/cmp"
)

func TestANoteGivesUpItsLastPartsFirst(t *testing.T) {
	width := func(s string) float32 { return float32(len([]rune(s))) }
	for room, want := range map[float32]string{
		100: "model · 7 words/s · engine", 26: "model · 7 words/s · engine", 25: "model · 7 words/s", 16: "model", 4: "", -3: "",
	} {
		if got := fitNote("model · 7 words/s · engine", room, width); got != want {
			t.Errorf("in %v: %q, want %q", room, got, want)
		}
	}
}

// The pointer over the quiet line tells the exact numbers, over a picture without a word what it does; elsewhere nothing.
func TestThePointerIsToldTheNumbers(t *testing.T) {
	var said []string
	f := show(t, 800, 500, Item{ID: 1, Role: RoleAssistant, Text: "an answer", Note: "Model · about 9 words/s", Facts: "214 tokens · 12 tokens/s"})
	f.options.Tip = func(text string, at fyne.CanvasObject) {
		if said = append(said, text); text != "" && at == nil {
			t.Errorf("%q is told of nothing", text)
		}
	}
	m := f.mounts[mountKey{f.byID[1], len(f.byID[1].blocks)}]
	tips := slices.Clone(m.tips)
	for _, tip := range tips {
		f.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(m.x+tip.x+2, m.y+tip.y+2)}})
		f.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(m.x+tip.x+3, m.y+tip.y+2)}})
	}
	f.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(m.x+5, m.y-5)}})
	f.MouseOut()
	want := []string{"Good reply", "Bad reply", "More", "214 tokens · 12 tokens/s", ""}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
}
