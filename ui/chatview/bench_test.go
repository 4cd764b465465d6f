package chatview

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

// bigTranscript is a conversation of about 300,000 tokens (1.2 MB) of what models write.
func bigTranscript() []Item {
	reply := strings.Repeat("A paragraph with **bold** words and `code`, and enough of it to fill some lines of the window, as answers do. ", 3) +
		"\n\n## A heading\n\n- an item of a list\n- another item, which is long enough to need a second line in a window that is not wide, and so it does\n\n" +
		"```go\nfunc main() {\n\tfor i := range 10 {\n\t\tfmt.Println(i)\n\t}\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> a quote\n\n"
	var items []Item
	size := 0
	for id := int64(1); size < 1_200_000; id += 2 {
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

// report turns the time per operation into the unit of the budgets.
func report(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/op")
}

func BenchmarkOpen300kTokens(b *testing.B) {
	for name, items := range map[string][]Item{"messages": bigTranscript(), "one_reply": {oneReply()}} {
		b.Run(name, func(b *testing.B) {
			f := show(b, 1224, 800)
			for b.Loop() {
				f.SetItems(items)
			}
			report(b)
		})
	}
}

func BenchmarkFrameWhileStreaming(b *testing.B) {
	for name, items := range map[string][]Item{
		"messages":  append(bigTranscript(), Item{ID: 1 << 40, Role: RoleAssistant, State: StateRunning}),
		"one_reply": {oneReply()},
	} {
		b.Run(name, func(b *testing.B) {
			f := show(b, 1224, 800, items...)
			e := f.entries[len(f.entries)-1]
			words := strings.Fields(strings.Repeat("words of an answer that grows with **bold** ones\n\n - and lists ", 20))
			i := 0
			for b.Loop() {
				f.Grow(e.item.ID, e.text.Len(), words[i%len(words)]+" ")
				if i%40 == 39 {
					f.Grow(e.item.ID, e.text.Len(), "\n\n")
				}
				i++
			}
			report(b)
		})
	}
}

func BenchmarkFrameWhileStreamingCode(b *testing.B) {
	f := show(b, 1224, 800, Item{ID: 1, Role: RoleAssistant, State: StateRunning, Text: "```go\n" + strings.Repeat("x := compute(y, 100) // words\n", 3000)})
	e := f.entries[0]
	for b.Loop() {
		f.Grow(1, e.text.Len(), "x := compute(y) ")
	}
	report(b)
}

func BenchmarkFrameWhileScrolling(b *testing.B) {
	f := show(b, 1224, 800, bigTranscript()...)
	f.scrollToPart(0.5)
	for b.Loop() {
		f.wheel(25)
		if f.anchor.entry < 2 {
			f.scrollToPart(0.9)
		}
	}
	report(b)
}

func BenchmarkObjectsInCanvas(b *testing.B) {
	most := 0
	f := show(b, 1224, 800, bigTranscript()...)
	for b.Loop() {
		for part := 0.0; part <= 1; part += 0.05 {
			f.scrollToPart(part)
			most = max(most, len(f.objects))
		}
	}
	b.ReportMetric(float64(most), "objects")
}

func BenchmarkMemory(b *testing.B) {
	items := bigTranscript()
	var before, after runtime.MemStats
	f := show(b, 1224, 800)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		f.SetItems(items)
		for part := 0.0; part <= 1; part += 0.002 { // everything is seen once
			f.scrollToPart(part)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/(1<<20), "MB")
	runtime.KeepAlive(f)
}

func BenchmarkResize(b *testing.B) {
	f := show(b, 1224, 800, bigTranscript()...)
	f.scrollToPart(0.5)
	width := float32(700)
	for b.Loop() {
		f.View.Resize(fyne.NewSize(width, 800))
		if width += 3; width > 1200 {
			width = 700
		}
	}
	report(b)
}

// TestObjectsAreBoundedByTheWindow: a long transcript puts no more into the canvas than a short one.
func TestObjectsAreBoundedByTheWindow(t *testing.T) {
	for name, items := range map[string][]Item{"messages": bigTranscript(), "one reply": {oneReply()}} {
		f := show(t, 1224, 800, items...)
		for part := 0.0; part <= 1; part += 0.1 {
			f.scrollToPart(part)
			if len(f.objects) > 500 {
				t.Fatalf("%s at %v: %d objects", name, part, len(f.objects))
			}
		}
	}
}
