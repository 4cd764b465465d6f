package transfer

import (
	"context"
	"io"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/prompt"
	"loam/store"
)

// writePage writes the shown branch of one chat to a file of its own.
func (e *export) writePage(ctx context.Context, name string, c backend.Chat) error {
	var p page
	return e.d.Store.ReadTree(ctx, c.ID, store.TreeReader{
		Shown: true,
		Chat: func(c backend.Chat, _ backend.Draft, _ []int64) error {
			w, err := e.next(name)
			if err != nil {
				return err
			}
			p = e.page(ctx, w)
			return p.begin(c, e.titleOf(c))
		},
		Message: func(m store.TreeMessage) error {
			e.done.Messages++
			if err := p.message(m, speech(m)); err != nil {
				return err
			}
			for _, pic := range m.Pictures {
				if err := p.picture(pic); err != nil {
					return err
				}
			}
			return p.endMessage()
		},
		End: func() error { return p.end() },
	})
}

// attachedNames names the files beside a message and what of them the model saw; "" = there are none.
func attachedNames(m store.TreeMessage) string {
	var names []string
	for _, a := range m.Attachments {
		name := oneLine(a.Name)
		if a.Partly {
			var places []string
			for _, p := range a.Passages {
				places = append(places, p.Place())
			}
			name += " (" + strings.Join(places, ", ") + ")"
			if len(places) == 0 {
				name = oneLine(a.Name) + " (nothing of it)"
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return "Attached: " + strings.Join(names, ", ")
}

// titleOf is what a chat is called.
func (e *export) titleOf(c backend.Chat) string {
	if c.Title != "" {
		return c.Title
	}
	return "Chat of " + c.Created.Local().Format("2 January 2006")
}

// page is one chat on its way to a reader.
type page interface {
	begin(c backend.Chat, title string) error
	message(m store.TreeMessage, s spoken) error
	picture(p backend.Picture) error
	endMessage() error
	end() error
}

func (e *export) page(ctx context.Context, w io.Writer) page {
	if e.Format == HTML {
		return &htmlPage{e: e, ctx: ctx, w: w}
	}
	return &markdownPage{e: e, w: w}
}

// spoken is a message taken apart for a reader.
type spoken struct {
	Who       string
	Reasoning string
	Text      string
	Calls     []prompt.Call
	End       string // a sentence about how it ended; "" = as it should
}

func speech(m store.TreeMessage) spoken {
	s := spoken{Text: m.Text}
	switch m.Role {
	case backend.RoleUser:
		s.Who = "You"
	case backend.RoleSystem:
		s.Who = "System"
	case backend.RoleTool:
		s.Who = "Tool"
	case backend.RoleAssistant:
		s.Who = "Assistant"
		if m.ModelName != "" {
			s.Who = oneLine(m.ModelName)
		}
		if p := m.Usage.Parts; p != nil {
			s.Reasoning, s.Text = p.Reasoning, p.Answer
			for _, c := range p.Calls {
				s.Calls = append(s.Calls, prompt.Call(c))
			}
		} else if p := prompt.Split(m.Text); p.Reasoning != "" || len(p.Calls) > 0 {
			s.Reasoning, s.Text, s.Calls = p.Reasoning, p.Answer, p.Calls
		}
	}
	switch m.State {
	case backend.MessageComplete:
	case backend.MessageStopped:
		s.End = "Stopped here."
	case backend.MessageInterrupted, backend.MessageRunning:
		s.End = "Interrupted here."
	case backend.MessageFailed:
		s.End = "Failed."
	}
	if m.Error != "" && s.End != "" {
		s.End = strings.TrimRight(oneLine(m.Error), ".") + "."
	}
	return s
}

// oneLine makes one line of a name or title.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// dateText is a time for a reader.
func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2 January 2006, 15:04")
}
