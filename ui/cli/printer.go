package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"loam/backend/event"
	"loam/backend/prompt"
)

// printer writes a reply as it grows: the answer to out, what the model thinks before it to thoughts. The marks that the
// model writes around the two are never shown. Its methods may be called from any goroutine.
type printer struct {
	out      io.Writer
	thoughts *thoughts // nil = they are left out
	stream   bool
	progress *progress

	mu      sync.Mutex
	id      int64 // of the reply; 0 = not known yet
	early   []event.MessageGrew
	written int // bytes of the reply's text
	split   prompt.Splitter
	inLine  bool  // what was printed did not end its line
	err     error // of the first write that failed
}

// only tells which reply is meant. What came before that is not lost.
func (p *printer) only(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id = id
	for _, e := range p.early {
		p.grew(e)
	}
	p.early = nil
}

// events takes what the bus says.
func (p *printer) events(events []event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		switch e := e.(type) {
		case event.MessageGrew:
			if p.id == 0 {
				p.early = append(p.early, e)
			} else {
				p.grew(e)
			}
		case event.MessageProgress:
			if e.Phase == event.PhaseReading && p.written == 0 {
				p.progress.show("Reading the prompt", float64(e.Done), float64(e.Total))
			}
		}
	}
}

// engine shows the loading of the model.
func (p *printer) engine(events []event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if e, ok := e.(event.EngineChanged); ok && e.State == event.EngineLoading && p.written == 0 {
			p.progress.show("Loading "+e.Name, float64(e.Load), 1)
		}
	}
}

// grew writes what is new. Events are hints: one that begins behind what is written would leave a gap and is left to
// finish.
func (p *printer) grew(e event.MessageGrew) {
	if e.MessageID != p.id || e.Offset > p.written {
		return
	}
	if skip := p.written - e.Offset; skip < len(e.Text) {
		p.write(e.Text[skip:])
	}
}

func (p *printer) write(text string) {
	if text == "" {
		return
	}
	p.progress.end()
	p.written += len(text)
	p.pieces(p.split.Write(text))
}

func (p *printer) pieces(list []prompt.Piece) {
	for _, piece := range list {
		switch piece.Kind {
		case prompt.Reasoning:
			if p.stream && p.thoughts != nil {
				p.thoughts.write(piece.Text)
			}
		case prompt.Answer:
			p.print(piece.Text)
		case prompt.Calls:
			for _, c := range piece.Calls {
				p.line()
				p.print("Tool call: " + c.Name + " " + c.Arguments + "\n")
			}
		case prompt.Mark:
		}
	}
}

func (p *printer) print(text string) {
	if !p.stream || text == "" {
		return
	}
	if p.thoughts != nil {
		p.thoughts.end()
	}
	p.inLine = text[len(text)-1] != '\n'
	if p.err == nil {
		_, p.err = io.WriteString(p.out, text)
	}
}

// line ends the line that is begun.
func (p *printer) line() {
	if p.inLine {
		p.print("\n")
	}
}

// finish writes what is missing of the whole text and ends the line.
func (p *printer) finish(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.written <= len(text) {
		p.write(text[p.written:])
	}
	p.pieces(p.split.Close())
	if p.thoughts != nil {
		p.thoughts.end()
	}
	p.line()
	if p.err != nil {
		return fmt.Errorf("write the answer: %w", p.err)
	}
	return nil
}

// thoughts shows what a model thinks before it answers: dimmed on a terminal, apart from the answer. That it cannot be
// shown is no error.
type thoughts struct {
	out  io.Writer
	dim  bool
	open bool
	held string // white space that may be the last of them
}

// How a terminal is told to write dim text and to stop.
const dimText, plainText = "\x1b[2m", "\x1b[22m"

func (t *thoughts) write(text string) {
	text = t.held + steerless(text)
	words := strings.TrimRight(text, " \t\n")
	if t.held = text[len(words):]; words == "" {
		return
	}
	if !t.open && t.dim {
		words = dimText + words
	}
	t.open = true
	_, _ = io.WriteString(t.out, words)
}

// steerless is a text without what steers a terminal. Halves of runes stay: the other half follows.
func steerless(text string) string {
	var b strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			continue
		}
		b.WriteString(text[i : i+size])
	}
	return b.String()
}

// end leaves an empty line between the thoughts and what follows.
func (t *thoughts) end() {
	if t.held = ""; !t.open {
		return
	}
	t.open = false
	gap := "\n\n"
	if t.dim {
		gap = plainText + gap
	}
	_, _ = io.WriteString(t.out, gap)
}

// progress is a bar on a terminal and nothing elsewhere. It is used under its owner's lock.
type progress struct {
	out   io.Writer
	shown bool
	what  string
	bar   *progressbar.ProgressBar
}

func newProgress(out io.Writer, terminal bool) *progress { return &progress{out: out, shown: terminal} }

// steps is how finely a bar is drawn.
const steps = 1000

// show draws how much of something is done.
func (p *progress) show(what string, done, total float64) {
	if !p.shown || total <= 0 {
		return
	}
	what = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, what)
	if p.bar == nil || p.what != what {
		p.end()
		p.what = what
		p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	}
	_ = p.bar.Set(int(steps * min(1, done/total))) // a bar that cannot be drawn is no error
}

// describe is show for words that change all the time.
func (p *progress) describe(what string, done, total float64) {
	if p.bar != nil {
		p.what = what
		p.bar.Describe(what)
	}
	p.show(what, done, total)
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear() // as above
		p.bar = nil
	}
}
