package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"loam/backend"
)

// ownChat is a chat of our own format while its lines come in.
type ownChat struct {
	found
	line   chatLine
	places map[int64]int64 // of the messages, by their number in the file
	bad    int
}

// lines reads a file of our own. A line that cannot be read costs one message: what follows it hangs where it hung.
func (r *reading) lines(b *bufio.Reader) error {
	in := lineReader{r: b}
	var open *ownChat
	ended := false
	flush := func() error {
		if open == nil {
			return nil
		}
		c := open
		open = nil
		return r.endOwn(c)
	}
	for {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			r.Cut = r.Cut || !ended
			return flush()
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var kind struct {
			Type    string `json:"type"`
			Loam    string `json:"loam"`
			Version int    `json:"version"`
			ID      int64  `json:"id"`
			Parent  int64  `json:"parent"`
		}
		if err == nil && json.Unmarshal(line, &kind) != nil {
			err = errNoJSON
		}
		switch {
		case err != nil:
			if open == nil {
				r.badChat(err)
			} else {
				open.skip(kind.ID, 0)
				r.badMessage(err)
			}
		case kind.Loam != "":
			if kind.Version > formatVersion {
				return &backend.BadFile{Reason: "it was written by a newer version of Loam"}
			}
			ended = false
		case kind.Type == typeChat:
			if err := flush(); err != nil {
				return err
			}
			if open, err = r.beginOwn(line); err != nil {
				r.badChat(err)
			}
		case kind.Type == typeMessage && open != nil:
			if err := r.ownMessage(open, line); err != nil {
				open.skip(kind.ID, kind.Parent)
				r.badMessage(err)
			}
		case kind.Type == typeMessage:
			r.badMessage(errors.New("it belongs to no chat"))
		case kind.Type == typeEnd:
			ended = true
		}
	}
}

func (r *reading) beginOwn(line []byte) (*ownChat, error) {
	c := &ownChat{places: map[int64]int64{}}
	if err := json.Unmarshal(line, &c.line); err != nil {
		return nil, errNoJSON
	}
	c.pictures = map[int][]pictureLine{}
	c.Chat, c.Draft = c.line.chat(r.models)
	return c, nil
}

// skip remembers where what hangs under a message hangs when it is left out: under its parent, or, where that is not known,
// under the message before it.
func (c *ownChat) skip(id, parent int64) {
	c.bad++
	at, ok := c.places[parent]
	if !ok {
		at = int64(len(c.Messages))
	}
	if id == 0 {
		id = int64(len(c.Messages)+c.bad-1) + 1 // files are numbered without gaps
	}
	if _, taken := c.places[id]; !taken {
		c.places[id] = at
	}
}

func (r *reading) ownMessage(c *ownChat, line []byte) error {
	var m messageLine
	if err := json.Unmarshal(line, &m); err != nil {
		return errNoJSON
	}
	if _, taken := c.places[m.ID]; taken || m.ID <= 0 {
		return fmt.Errorf("its number %d is taken", m.ID)
	}
	if len(c.Messages) >= maxMessages {
		return fmt.Errorf("its chat has more than %d messages", maxMessages)
	}
	parent, ok := c.places[m.Parent]
	if !ok && m.Parent != 0 {
		return fmt.Errorf("it stands under the message %d, which is not there", m.Parent)
	}
	t, err := m.message(r.models)
	if err != nil {
		return err
	}
	t.Parent = parent
	if m.Usage != nil {
		t.Usage.SeenFrom = c.places[m.Usage.SeenFrom]
	}
	c.Messages = append(c.Messages, t)
	c.places[m.ID] = int64(len(c.Messages))
	if len(m.Pictures) > 0 {
		c.pictures[len(c.Messages)-1] = m.Pictures
	}
	r.Messages++
	return nil
}

// endOwn takes a chat whose lines are all there.
func (r *reading) endOwn(c *ownChat) error {
	c.Chat.Leaf = c.places[c.line.Leaf]
	if c.line.Draft != nil {
		c.Draft.ScrollMessage = c.places[c.line.Draft.ScrollMessage]
		c.Draft.Editing = c.places[c.line.Draft.Editing]
	}
	if lost := c.line.Messages - len(c.Messages) - c.bad; lost > 0 {
		r.Messages += lost
		r.lostMessages(lost, fmt.Errorf("“%s” is cut off", short(c.line.Title)))
		if c.Chat.Leaf == 0 {
			c.Chat.Leaf = int64(len(c.Messages))
		}
	}
	return r.found(ProgramLoam, &c.found)
}
