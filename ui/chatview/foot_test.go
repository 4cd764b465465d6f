package chatview

import "testing"

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
