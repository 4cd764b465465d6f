package transfer

import (
	"context"
	"errors"
	"strings"

	"loam/backend"
	"loam/backend/prompt"
	"loam/store"
)

// ErrNoTraining is returned where no reply of the chats is good enough to train a model on.
var ErrNoTraining = errors.New("no reply has a thumb up or was edited")

// trainingFile is what the file is called in an archive.
const trainingFile = "training.jsonl"

// trainLine is one line of training data: a conversation that ends with a good reply. It is the format that OpenAI's
// fine-tuning takes for chats, and trainers of open models with it: "weight" 0 marks replies that are only context.
type trainLine struct {
	Messages []trainMessage `json:"messages"`
}

type trainMessage struct {
	Role    backend.Role `json:"role"`
	Content string       `json:"content"`
	Weight  *int         `json:"weight,omitempty"`
}

// good says whether a person wants a model to answer like this.
func good(m backend.Message) bool {
	return m.Role == backend.RoleAssistant && (m.Rating == backend.ThumbsUp || m.Usage.Edited && m.Rating != backend.ThumbsDown) &&
		m.State != backend.MessageRunning && strings.TrimSpace(m.Text) != ""
}

// writeTraining writes a line for every good reply of the chats, on whatever branch it stands.
func (e *export) writeTraining(ctx context.Context) error {
	w, err := e.next(trainingFile)
	if err != nil {
		return err
	}
	out := lineWriter{w: w}
	for i, c := range e.chats {
		before := e.done.Replies
		if err := e.train(ctx, &out, c.ID); gone(err) && e.Chats == nil {
			continue
		} else if err != nil {
			return err
		}
		if e.done.Replies > before {
			e.done.Chats++
		}
		tell(e.Progress, Progress{Chats: i + 1, Total: len(e.chats), Title: c.Title})
	}
	if e.done.Replies == 0 {
		return ErrNoTraining
	}
	return nil
}

// train writes the good replies of one chat, each below what was said before it. The chat is in memory meanwhile.
func (e *export) train(ctx context.Context, out *lineWriter, chatID int64) error {
	var system string
	var list []backend.Message
	places := map[int64]int{}
	err := e.d.Store.ReadTree(ctx, chatID, store.TreeReader{
		Light: true,
		Chat:  func(c backend.Chat, _ backend.Draft, _ []int64) error { system = c.System; return nil },
		Message: func(m store.TreeMessage) error {
			places[m.ID] = len(list)
			list = append(list, m.Message)
			return nil
		},
	})
	if err != nil {
		return err
	}
	for _, m := range list {
		if !good(m) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		path := []backend.Message{m}
		for id := m.Parent; id != 0; {
			parent := list[places[id]]
			path = append(path, parent)
			id = parent.Parent
		}
		line := trainingOf(system, path)
		if line == nil {
			continue
		}
		e.done.Replies++
		e.done.Messages += len(line.Messages)
		if err := out.line(line); err != nil {
			return err
		}
	}
	return nil
}

// trainingOf is the line of a reply with all that was said before it, given from the reply up; nil where it answers nothing.
func trainingOf(system string, up []backend.Message) *trainLine {
	path := make([]backend.Message, 0, len(up))
	for i := len(up) - 1; i >= 0; i-- {
		path = append(path, up[i])
	}
	line, asked, none := &trainLine{}, false, 0
	list := prompt.Request(system, path).Messages
	for i, m := range list {
		t := trainMessage{Role: m.Role, Content: m.Content}
		asked = asked || m.Role == backend.RoleUser
		if m.Role == backend.RoleAssistant && i < len(list)-1 {
			t.Weight = &none
		}
		line.Messages = append(line.Messages, t)
	}
	if n := len(line.Messages); !asked || n == 0 || line.Messages[n-1].Role != backend.RoleAssistant {
		return nil
	}
	return line
}
