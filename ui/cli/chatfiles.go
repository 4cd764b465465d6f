package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"loam/backend/attach"
	"loam/backend/chat"
)

// send sends a prompt with its files. Passages of those that do not fit as a whole are told on stderr before they are sent.
func (t *talk) send(chats *chat.Service, chatID int64, q chat.SendRequest) (chat.Sent, error) {
	for _, path := range t.files {
		a, err := chats.Attach(t.ctx, chatID, path)
		if reason, ok := attach.IsRefusal(err); ok {
			return chat.Sent{}, &coded{exitFailed, fmt.Sprintf("%s cannot go along: %s.", filepath.Base(path), reason)}
		}
		if err != nil {
			return chat.Sent{}, err
		}
		q.Attachments = append(q.Attachments, a)
	}
	sent, err := chats.Send(t.ctx, chatID, q)
	p, ok := errors.AsType[*chat.Picking](err)
	if !ok {
		return sent, err
	}
	if err := listPassages(t.Stderr, p, q.Text); err != nil {
		return chat.Sent{}, err
	}
	q.Attachments, q.Picked = p.Chosen(), true
	return chats.Send(t.ctx, chatID, q)
}

// listPassages says which passages the model is shown.
func listPassages(w io.Writer, p *chat.Picking, question string) error {
	var b strings.Builder
	for _, of := range p.Picks {
		picked := 0
		for _, k := range of.List {
			if k.Picked {
				picked++
			}
		}
		fmt.Fprintf(&b, "%s does not fit the model as a whole: %d of its %d passages are sent.\n", p.Files[of.File].Name, picked, of.Total)
		for _, k := range of.List {
			if k.Picked {
				fmt.Fprintf(&b, "  %s (%d tokens): %s\n", k.Passage.Place(), k.Passage.Tokens, attach.Around(k.Text, question, 90))
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("list the passages: %w", err)
	}
	return nil
}
