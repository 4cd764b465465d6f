package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
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
	if slices.ContainsFunc(p.Picks, func(of chat.Picks) bool { return of.Unread }) {
		t.readMeaning(p)
		if sent, err = chats.Send(t.ctx, chatID, q); err == nil {
			return sent, nil
		}
		if p, ok = errors.AsType[*chat.Picking](err); !ok {
			return sent, err
		}
	}
	if err := listPassages(t.Stderr, p, q.Text); err != nil {
		return chat.Sent{}, err
	}
	q.Attachments, q.Picked = p.Chosen(), true
	return chats.Send(t.ctx, chatID, q)
}

// readMeaning waits until the files are read for their meaning. What cannot be is told, and words alone find its passages.
func (t *talk) readMeaning(p *chat.Picking) {
	bar := newProgress(t.Stderr, t.Terminal && !t.quiet)
	defer bar.end()
	for _, of := range p.Picks {
		a := p.Files[of.File]
		err := t.app.Meaning.Wait(t.ctx, a, func(done, total int) {
			bar.show("Reading "+a.Name+" for its meaning", float64(done), float64(total))
		})
		if err != nil && t.ctx.Err() == nil && !t.quiet {
			bar.end()
			fmt.Fprintf(t.Stderr, "%s is not read for its meaning: %s.\n", a.Name, strings.TrimRight(err.Error(), "."))
		}
	}
}

// foundBy says how a passage was found; "" = by words, since nothing else was tried.
func foundBy(of chat.Picks, by attach.By) string {
	switch {
	case of.Meaning == "":
		return ""
	case by == attach.ByMeaning:
		return ", by meaning"
	case by == attach.ByWords:
		return ", by words"
	}
	return ", by words and meaning"
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
				fmt.Fprintf(&b, "  %s (%d tokens%s): %s\n", k.Passage.Place(), k.Passage.Tokens, foundBy(of, k.By), attach.Around(k.Text, question, 90))
			}
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("list the passages: %w", err)
	}
	return nil
}
