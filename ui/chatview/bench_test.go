package chatview

import (
	"runtime"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/google/go-cmp/cmp"
)

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
			words := benchWords()
			for i := 0; b.Loop(); i++ {
				f.stream(words, i)
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

// TestBenchMeasuresWithoutAScreen: the figures that the command line prints have the names that others look for.
func TestBenchMeasuresWithoutAScreen(t *testing.T) {
	lightApp()
	figures, err := Bench(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range figures {
		name, _, _ := strings.Cut(f.Name, ",")
		seen[name] = seen[name] || f.Value > 0
		if strings.HasPrefix(f.Name, "objects") && f.Value > 2000 {
			t.Errorf("%s: %v", f.Name, f.Value)
		}
	}
	want := map[string]bool{
		"open": true, "frame while streaming": true, "worst frame while streaming": true, "frame at another place": true,
		"objects": true, "resize": true, "memory": true,
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
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
