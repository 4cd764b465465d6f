package chatview

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"

	"loam/backend"
)

// benchBytes is the size of the transcripts that are measured: about 300,000 tokens of what models write.
const benchBytes = 1_200_000

// bigTranscript is a conversation of benchBytes.
func bigTranscript() []Item {
	reply := strings.Repeat("A paragraph with **bold** words and `code`, and enough of it to fill some lines of the window, as answers do. ", 3) +
		"\n\n## A heading\n\n- an item of a list\n- another item, which is long enough to need a second line in a window that is not wide, and so it does\n\n" +
		"```go\nfunc main() {\n\tfor i := range 10 {\n\t\tfmt.Println(i)\n\t}\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> a quote\n\n"
	var items []Item
	size := 0
	for id := int64(1); size < benchBytes; id += 2 {
		text := strings.Repeat(reply, int(id%7)+1)
		items = append(items, Item{ID: id, Role: RoleUser, Text: fmt.Sprintf("Question %d, in some words", id)},
			Item{ID: id + 1, Role: RoleAssistant, Text: text})
		size += len(text) + 30
	}
	return items
}

// oneReply is the same amount in a single reply, which is harder.
func oneReply() Item {
	var b strings.Builder
	for _, it := range bigTranscript() {
		b.WriteString(it.Text + "\n\n")
	}
	return Item{ID: 1, Role: RoleAssistant, Text: b.String(), State: StateRunning}
}

// benchWords are the pieces of a reply that streams.
func benchWords() []string {
	return strings.Fields(strings.Repeat("words of an answer that grows with **bold** ones\n\n - and lists ", 20))
}

// stream lets a transcript's last message grow by the i-th piece.
func (v *View) stream(words []string, i int) {
	e := v.entries[len(v.entries)-1]
	v.Grow(e.item.ID, e.text.Len(), words[i%len(words)]+" ")
	if i%40 == 39 {
		v.Grow(e.item.ID, e.text.Len(), "\n\n")
	}
}

// Bench measures a transcript of 300,000 tokens in a canvas without a screen, with the theme that is set, on the
// goroutine of the window: milliseconds of layout (without painting), objects in the canvas, megabytes of heap.
func Bench(ctx context.Context) ([]backend.Figure, error) {
	const width, height, frames = 1224, 800, 200
	canvas := software.NewCanvas()
	view := New(Options{})
	canvas.SetPadded(false)
	canvas.SetContent(view)
	canvas.Resize(fyne.NewSize(width, height))
	defer canvas.SetContent(nil)

	var figures []backend.Figure
	add := func(name string, value float64, unit string) {
		figures = append(figures, backend.Figure{Name: name, Value: value, Unit: unit, Better: backend.BetterLower})
	}
	// median of a few runs, and the slowest, in milliseconds
	measure := func(n int, f func(i int)) (middle, worst float64) {
		took := make([]float64, n)
		for i := range took {
			begin := time.Now()
			f(i)
			took[i] = float64(time.Since(begin).Microseconds()) / 1000
		}
		slices.Sort(took)
		return took[n/2], took[n-1]
	}
	words := benchWords()
	for _, x := range []struct {
		name  string
		items []Item
	}{
		{"300k tokens in messages", append(bigTranscript(), Item{ID: 1 << 40, Role: RoleAssistant, State: StateRunning})},
		{"300k tokens in one reply", []Item{oneReply()}},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		view.SetItems(nil)
		before := heap()
		middle, _ := measure(5, func(int) { view.SetItems(x.items) })
		add("open, "+x.name, middle, "ms")
		middle, worst := measure(frames, func(i int) { view.stream(words, i) })
		add("frame while streaming, "+x.name, middle, "ms")
		add("worst frame while streaming, "+x.name, worst, "ms")
		most := 0
		middle, _ = measure(frames, func(i int) {
			view.scrollToPart(float64(i) / frames)
			most = max(most, len(view.objects))
		})
		add("frame at another place, "+x.name, middle, "ms")
		add("objects, "+x.name, float64(most), "objects")
		middle, _ = measure(frames, func(i int) { view.Resize(fyne.NewSize(float32(700+i), height)) })
		add("resize, "+x.name, middle, "ms")
		view.Resize(fyne.NewSize(width, height))
		add("memory, "+x.name, max(0, heap()-before), "MB")
	}
	return figures, nil
}

// heap is how many megabytes live in the heap.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
