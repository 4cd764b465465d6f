package cli

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"loam/backend/event"
	"loam/backend/prompt"
)

// However the growth of a reply is cut, repeated or lost on the way, what is printed is the whole text once.
func TestPrinterLosesAndRepeatsNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"<think>", "</think>", "\n", " ", "word", "<", "</thi", "é"})).Draw(t, "parts"), "")
		})).Draw(rt, "text")
		var out, aside bytes.Buffer
		p := &printer{out: &out, thoughts: &thoughts{out: &aside}, stream: true, progress: newProgress(&out, false)}
		const id = 3
		known := false
		for range rapid.IntRange(0, 12).Draw(rt, "events") {
			from := rapid.IntRange(0, len(text)).Draw(rt, "from")
			to := rapid.IntRange(from, len(text)).Draw(rt, "to")
			p.events([]event.Event{
				event.MessageGrew{MessageID: id, Offset: from, Text: text[from:to]},
				event.MessageGrew{MessageID: id + 1, Offset: 0, Text: "another reply"},
				event.MessageProgress{MessageID: id, Done: 1, Total: 2, Phase: event.PhaseReading},
			})
			if !known && rapid.Bool().Draw(rt, "known") {
				p.only(id)
				known = true
			}
		}
		if !known {
			p.only(id)
		}
		if err := p.finish(text); err != nil {
			rt.Fatal(err)
		}
		var want, thought string
		var split prompt.Splitter
		for _, piece := range append(split.Write(text), split.Close()...) {
			switch piece.Kind {
			case prompt.Answer:
				want += piece.Text
			case prompt.Reasoning:
				thought += piece.Text
			case prompt.Mark, prompt.Calls:
			}
		}
		if want != "" && want[len(want)-1] != '\n' {
			want += "\n"
		}
		if out.String() != want {
			rt.Fatalf("printed %q instead of %q", out.String(), want)
		}
		if got := strings.TrimSpace(aside.String()); got != strings.TrimSpace(steerless(thought)) {
			rt.Fatalf("thought %q instead of %q", got, thought)
		}
	})
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		p := newProgress(&out, terminal)
		p.show("Loading a\x1bb", 1, 2)
		p.end()
		if (out.Len() > 0) != terminal {
			t.Errorf("terminal %v: %q", terminal, out.String())
		}
		if bytes.Contains(out.Bytes(), []byte("a\x1bb")) {
			t.Errorf("a name reached the terminal unchanged: %q", out.String())
		}
	}
}
