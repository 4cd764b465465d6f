package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"

	"loam/backend/event"
)

// printer writes a reply as it grows. Its methods may be called from any goroutine.
type printer struct {
	out      io.Writer
	stream   bool
	progress *progress

	mu      sync.Mutex
	id      int64 // of the reply; 0 = not known yet
	early   []event.MessageGrew
	written int // bytes of the reply's text
	last    byte
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
	p.last = text[len(text)-1]
	if p.stream && p.err == nil {
		_, p.err = io.WriteString(p.out, text)
	}
}

// finish writes what is missing of the whole text and ends the line.
func (p *printer) finish(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.written <= len(text) {
		p.write(text[p.written:])
	}
	if p.stream && p.written > 0 && p.last != '\n' && p.err == nil {
		_, p.err = io.WriteString(p.out, "\n")
	}
	if p.err != nil {
		return fmt.Errorf("write the answer: %w", p.err)
	}
	return nil
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

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear() // as above
		p.bar = nil
	}
}
