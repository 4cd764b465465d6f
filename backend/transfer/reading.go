package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"loam/backend"
	"loam/store"
)

// Program names where chats come from.
type Program string

// The programs whose chats are read.
const (
	ProgramLoam     Program = "Loam"
	ProgramChatGPT  Program = "ChatGPT"
	ProgramLMStudio Program = "LM Studio"
	ProgramOpenWeb  Program = "Open WebUI"
)

// found is a chat that was read.
type found struct {
	store.Tree
	pictures map[int][]pictureLine // of our own files, by the index of the message
}

// reading is one way through an origin.
type reading struct {
	ctx     context.Context
	models  modelTable
	emit    func(*found) error // takes every chat
	program Program            // of the first chat
	left    int64              // bytes that may still be read
	within  string             // the file's place in its folder or archive; "" = it stands alone
	Problems
}

// Problems counts what could not be read or brought over.
type Problems struct {
	Chats, BadChats       int      // all that were met, and those of them that are left out
	Messages, BadMessages int      // likewise, of the chats that are not left out
	Files                 int      // pictures and other files inside messages, which stay behind
	ChatReasons           []string // the first few, each once
	MessageReasons        []string
	Cut                   bool // a file ends early
	More                  bool // there is more in it than is looked at
}

const maxReasons = 5

func because(reasons []string, err error) []string {
	if reason := err.Error(); len(reasons) < maxReasons && !slices.Contains(reasons, reason) {
		reasons = append(reasons, reason)
	}
	return reasons
}

func (p *Problems) badChat(err error) {
	p.Chats++
	p.BadChats++
	p.ChatReasons = because(p.ChatReasons, err)
}

func (p *Problems) badMessage(err error) {
	p.Messages++
	p.lostMessages(1, err)
}

// lostMessages are messages that were counted already.
func (p *Problems) lostMessages(n int, err error) {
	p.BadMessages += n
	p.MessageReasons = because(p.MessageReasons, err)
}

// Sentences says to a person what was left out.
func (p Problems) Sentences() []string {
	var out []string
	if p.BadChats > 0 {
		out = append(out, fmt.Sprintf("%d of %s could not be read: %s.", p.BadChats, counting(p.Chats, "chat"), p.ChatReasons[0]))
	}
	if p.BadMessages > 0 {
		out = append(out, fmt.Sprintf("%d of %s could not be read: %s.", p.BadMessages, counting(p.Messages, "message"), p.MessageReasons[0]))
	}
	if p.Files > 0 {
		out = append(out, fmt.Sprintf("%s inside the messages stayed behind: only words are brought over.", counting(p.Files, "picture or file", "pictures or files")))
	}
	if p.Cut {
		out = append(out, "The file ends early: what is behind its end is not in it.")
	}
	if p.More {
		out = append(out, "There is more in it than is read in one go: import the rest in smaller parts.")
	}
	return out
}

// counting is a number with its noun.
func counting(n int, noun ...string) string {
	if n == 1 {
		return "1 " + noun[0]
	}
	many := noun[0] + "s"
	if len(noun) > 1 {
		many = noun[1]
	}
	return fmt.Sprintf("%d %s", n, many)
}

// found takes a chat that was read. Its messages are counted by who read them.
func (r *reading) found(p Program, f *found) error {
	if r.program == "" {
		r.program = p
	}
	r.Chats++
	finish(f)
	return r.emit(f)
}

// finish fills in what a file may leave out: the times of a chat are those of its messages.
func finish(f *found) {
	if f.Chat.Created.IsZero() {
		for _, m := range f.Messages {
			if t := m.Created; !t.IsZero() && (f.Chat.Created.IsZero() || t.Before(f.Chat.Created)) {
				f.Chat.Created = t
			}
		}
	}
	latest := f.Chat.Created
	for i := range f.Messages {
		m := &f.Messages[i].Message
		if m.Created.IsZero() {
			m.Created = f.Chat.Created
		}
		if m.Created.After(latest) {
			latest = m.Created
		}
	}
	if f.Chat.Updated.IsZero() {
		f.Chat.Updated = latest
	}
}

// origin reads all files of an origin.
func (r *reading) origin(o *origin) error {
	r.left, r.More = maxRead, o.more
	for _, file := range o.files {
		f, err := file.open()
		if err != nil {
			if o.single {
				return err
			}
			r.badChat(fmt.Errorf("%s cannot be opened", short(file.name)))
			continue
		}
		if r.within = ""; !o.single {
			r.within = path.Dir(file.name)
		}
		err = r.file(f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		switch {
		case err == nil:
		case errors.Is(err, errNotThis):
			if o.single {
				return ErrNotChats
			}
		case r.ctx.Err() != nil, o.single, errors.Is(err, errTooMuch), errors.As(err, new(*storing)):
			return err
		default:
			r.badChat(err) // this file is damaged, another may not be
		}
	}
	if r.Chats == 0 {
		return ErrNotChats
	}
	return nil
}

// errNotThis says that a file holds no chats.
var errNotThis = errors.New("no chats")

// storing is an error of taking a chat in, not of reading it.
type storing struct{ err error }

func (e *storing) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *storing) Unwrap() error { return e.err }

// file reads one file.
func (r *reading) file(in io.Reader) error {
	b := bufio.NewReaderSize(counted{r.ctx, in, &r.left}, 64<<10)
	head := beginning(b)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	var h headLine
	if json.Unmarshal(line, &h) == nil && h.Loam != "" {
		return r.lines(b)
	}
	trimmed := bytes.TrimLeft(head, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		return errNotThis
	}
	return r.foreign(b)
}

// foreign reads a file of another program: one chat, or an array of chats.
func (r *reading) foreign(b *bufio.Reader) error {
	v := newValues(b)
	any, odd := false, 0
	for {
		raw, err := v.next()
		switch {
		case errors.Is(err, io.EOF):
			if !any {
				return errNotThis
			}
			return nil
		case errors.Is(err, errTooLong), errors.Is(err, errTooDeep):
			r.badChat(err)
			continue
		case errors.Is(err, errCut):
			if !any {
				return errNotThis
			}
			r.Cut = true
			r.badChat(err)
			return nil
		case err != nil:
			return err
		}
		known, err := r.element(raw)
		if err != nil {
			return err
		}
		if any = any || known; !known {
			// Something that never was a chat is given up early; among chats an odd one is counted.
			if odd++; !any && (!v.array || odd > 100) {
				return errNotThis
			}
			if any {
				r.badChat(errors.New("it is not like the chats around it"))
			}
		}
	}
}

// element reads one value that may be a chat; false = it is like none that is known.
func (r *reading) element(raw []byte) (bool, error) {
	o := object(raw)
	var f *found
	var err error
	program := ProgramChatGPT
	switch {
	case o["mapping"] != nil:
		f, err = r.chatGPT(o)
	case o.object("chat")["history"] != nil || o.object("chat")["messages"] != nil:
		program = ProgramOpenWeb
		f, err = r.openWeb(o, o.object("chat"))
	case o["history"] != nil && o["models"] != nil:
		program = ProgramOpenWeb
		f, err = r.openWeb(o, o)
	case o["messages"] != nil && (o["createdAt"] != nil || o["systemPrompt"] != nil || o["lastUsedModel"] != nil):
		program = ProgramLMStudio
		f, err = r.lmStudio(o)
	default:
		return false, nil
	}
	if err != nil {
		r.badChat(err)
		return true, nil
	}
	if len(f.Messages) == 0 {
		r.Chats++ // nothing was said in it
		if r.program == "" {
			r.program = program
		}
		return true, nil
	}
	return true, r.found(program, f)
}

// draft of a message of another program.
type draft struct {
	role      backend.Role
	reasoning []string
	text      []string
	model     string
	created   time.Time
	state     backend.MessageState
	stop      backend.StopReason
	err       string
	usage     backend.Usage
}

// message is what becomes of it. What the model thought stands before its words in the marks that most models write.
func (d *draft) message() store.TreeMessage {
	text := join(d.text)
	if thought := join(d.reasoning); thought != "" {
		text = "<think>\n" + thought + "\n</think>\n\n" + text
	}
	return store.TreeMessage{Message: backend.Message{
		Role: d.role, Text: text, ModelName: d.model, Created: d.created, State: d.state, Stop: d.stop, Error: d.err, Usage: d.usage,
	}}
}

func (d *draft) empty() bool { return len(d.text) == 0 && len(d.reasoning) == 0 && d.err == "" }

func (d *draft) say(text string) {
	if text != "" {
		d.text = append(d.text, text)
	}
}

func (d *draft) think(text string) {
	if text != "" {
		d.reasoning = append(d.reasoning, text)
	}
}

// join puts pieces under each other.
func join(pieces []string) string {
	if len(pieces) == 1 {
		return pieces[0] // byte for byte
	}
	var b bytes.Buffer
	for i, p := range pieces {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(p)
	}
	return b.String()
}
