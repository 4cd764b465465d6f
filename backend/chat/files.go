package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/prompt"
)

// Files keeps the bytes of attachments by their hashes. *attach.Files meets it.
type Files interface {
	Put(data []byte) (string, error)
	Hold(data []byte) string // in memory only
	Get(sum string) ([]byte, error)
	Remove(sum string) error
	Clean(used map[string]bool, age time.Duration) (removed int, err error)
}

// KeyUnsentFiles is the setting with the attachments of the chat that is not stored yet: []backend.Attachment.
const KeyUnsentFiles = "window.draft.files"

// cleanAge is how old the bytes of an attachment must be to be removed where nothing refers to them: a draft is stored a moment
// after its files.
const cleanAge = time.Hour

// Attach reads a file or a folder and keeps what it says, to be sent with a message of a chat (0 = one that is not stored yet).
// Nothing of a temporary chat is written to the disk. What cannot be attached is a *backend.BadFile.
func (s *Service) Attach(ctx context.Context, chatID int64, path string) (backend.Attachment, error) {
	if s.files == nil {
		return backend.Attachment{}, backend.ErrUnsupported
	}
	src, err := s.reader.Open(ctx, path)
	if bad, ok := errors.AsType[*backend.BadFile](err); ok {
		return backend.Attachment{}, &backend.BadFile{Path: path, Reason: bad.Reason}
	}
	if err != nil {
		return backend.Attachment{}, fmt.Errorf("attach: %w", err)
	}
	return s.keepFile(chatID, src)
}

// AttachText makes an attachment of words, such as those that were pasted.
func (s *Service) AttachText(_ context.Context, chatID int64, name, text string) (backend.Attachment, error) {
	if s.files == nil {
		return backend.Attachment{}, backend.ErrUnsupported
	}
	text = strings.ReplaceAll(clean(text), "\f", "\n")
	if len(text) > attach.MaxText {
		return backend.Attachment{}, &backend.BadFile{Path: name, Reason: "it holds more than 8 MB of text"}
	}
	return s.keepFile(chatID, attach.Source{
		Name: name, Kind: backend.AttachPasted, Data: []byte(text), Doc: attach.Document{Kind: backend.AttachPasted, Text: text},
	})
}

func (s *Service) keepFile(chatID int64, src attach.Source) (backend.Attachment, error) {
	put := s.files.Put
	if backend.IsTemporary(chatID) {
		put = func(data []byte) (string, error) { return s.files.Hold(data), nil }
	}
	a := backend.Attachment{Name: clean(src.Name), Kind: src.Kind, Size: int64(len(src.Data)), Pages: src.Doc.Pages, Note: src.Doc.Note}
	var err error
	if a.SHA256, err = put(src.Data); err != nil {
		return a, err
	}
	if a.Text, err = put([]byte(src.Doc.Text)); err == nil && s.meaning != nil {
		s.meaning.Begin(a)
	}
	return a, err
}

// AttachedText is what an attachment says.
func (s *Service) AttachedText(_ context.Context, a backend.Attachment) (string, error) {
	if s.files == nil {
		return "", backend.ErrNotFound
	}
	data, err := s.files.Get(a.Text)
	return string(data), err
}

// ForgetFiles removes those of some bytes that nothing refers to any more, at once.
func (s *Service) ForgetFiles(ctx context.Context, were map[string]bool) error {
	used, err := s.usedFiles(ctx)
	if err != nil || used == nil {
		return err
	}
	for sum := range were {
		if sum != "" && !used[sum] {
			err = errors.Join(err, s.files.Remove(sum))
		}
	}
	return err
}

// usedFiles are the hashes that anything refers to; nil = that is not known.
func (s *Service) usedFiles(ctx context.Context) (map[string]bool, error) {
	sums, ok := s.store.(interface {
		AttachedSums(ctx context.Context) (map[string]bool, error)
	})
	if !ok || s.files == nil {
		return nil, nil
	}
	var unsent []backend.Attachment
	if _, err := s.store.Setting(ctx, KeyUnsentFiles, &unsent); err != nil {
		return nil, err
	}
	used, err := sums.AttachedSums(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range unsent {
		used[a.SHA256], used[a.Text] = true, true
	}
	return used, nil
}

// HoldFiles moves the bytes of attachments from the disk to memory, but for those that other messages have, too.
func (s *Service) HoldFiles(ctx context.Context, list []backend.Attachment) error {
	if s.files == nil || len(list) == 0 {
		return nil
	}
	held, gone := map[string][]byte{}, map[string]bool{}
	for _, a := range list {
		for _, sum := range []string{a.SHA256, a.Text} {
			data, err := s.files.Get(sum)
			if err != nil {
				return err
			}
			held[sum], gone[sum] = data, true
		}
	}
	err := s.ForgetFiles(ctx, gone)
	for _, data := range held {
		s.files.Hold(data)
	}
	return err
}

// CleanFiles removes the bytes of attachments that no message, no draft and no chat in the trash has any more.
func (s *Service) CleanFiles(ctx context.Context) (removed int, err error) {
	used, err := s.usedFiles(ctx)
	if err != nil || used == nil {
		return 0, err
	}
	return s.files.Clean(used, cleanAge)
}

// shown is what the model is shown of a message: what its files say, and its words.
func (s *Service) shown(ctx context.Context, m backend.Message) string {
	if len(m.Attachments) == 0 {
		return m.Text
	}
	var parts []string
	for _, a := range m.Attachments {
		if part := s.shownFile(ctx, a); part != "" {
			parts = append(parts, part)
		}
	}
	if m.Text != "" {
		parts = append(parts, m.Text)
	}
	return strings.Join(parts, "\n\n")
}

func (s *Service) shownFile(ctx context.Context, a backend.Attachment) string {
	text, err := s.AttachedText(ctx, a)
	if err != nil { // the rest of the conversation goes on
		s.log.Warn("An attachment cannot be read", "error", err)
		a.Partly = false
		return attach.Shown(a, "(This file is not there any more.)")
	}
	return attach.Shown(a, text)
}

// withFiles are messages with what their files say in their texts.
func (s *Service) withFiles(ctx context.Context, path []backend.Message) []backend.Message {
	out := path
	for i, m := range path {
		if len(m.Attachments) == 0 {
			continue
		}
		if &out[0] == &path[0] {
			out = slices.Clone(path)
		}
		out[i].Text = s.shown(ctx, m)
	}
	return out
}

// fitFiles decides what of a message's files is shown: all of them as a whole where they fit; else a *Picking says which
// passages of which could be. As long as bytes alone prove that they fit, no model is needed.
func (r *run) fitFiles(ctx context.Context, path []backend.Message, user backend.Message) ([]backend.Attachment, *Picking, error) {
	files := slices.Clone(user.Attachments)
	bytes := len(user.Text) + len(r.chat.System) + 256
	for i := range files {
		files[i].Partly, files[i].Passages = false, nil
		bytes += len(r.s.shownFile(ctx, files[i])) + 64
	}
	if usual, _ := room(r.contextSize(ctx), r.sampling); bytes <= usual*3/4 {
		return files, nil, nil
	}
	if err := r.keepDraft(ctx, user.Text); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	if err := r.s.checkTemplate(ctx, r.model); err != nil {
		return nil, nil, err
	}
	adapters, err := r.s.adaptersOf(ctx, r.chat)
	if err != nil {
		return nil, nil, err
	}
	e, release, err := r.s.engines.Acquire(ctx, Need{Model: r.model, Adapters: weights(adapters), Context: r.s.context(ctx)})
	if err != nil {
		return nil, nil, err
	}
	defer release()
	return r.s.fitFilesOn(ctx, e, r.model, r.chat, path, user, files, r.sampling)
}

// fitFilesOn is fitFiles with the model's own tokenizer.
func (s *Service) fitFilesOn(ctx context.Context, e engine.Chat, model backend.Model, c backend.Chat, path []backend.Message, user backend.Message, files []backend.Attachment, sampling backend.Sampling) ([]backend.Attachment, *Picking, error) {
	usual, _ := room(e.Info().Context, sampling)
	bare := user
	bare.Attachments = nil
	if strings.TrimSpace(bare.Text) == "" {
		bare.Text = "?"
	}
	p, err := s.render(ctx, e, model, view{system: c.System, turns: prompt.Turns([]backend.Message{bare})}, 0)
	if err != nil {
		return nil, nil, err
	}
	left := usual*3/4 - len(p.tokens)
	order := make([]int, len(files))
	total := 0
	for i := range files {
		order[i] = i
		if files[i].Tokens, err = s.counts.of(ctx, e, model, s.shownFile(ctx, files[i])); err != nil {
			return nil, nil, fmt.Errorf("count tokens: %w", err)
		}
		total += files[i].Tokens
	}
	if total <= left {
		return files, nil, nil
	}
	// The smallest ones go in as a whole as long as half of the room is left for passages of the others.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(files[a].Tokens, files[b].Tokens) })
	picking := &Picking{Files: files}
	half := left / 2
	for _, i := range order {
		if files[i].Tokens <= half {
			half -= files[i].Tokens
			left -= files[i].Tokens
			continue
		}
		files[i].Partly = true
		picking.Picks = append(picking.Picks, Picks{File: i})
	}
	slices.SortFunc(picking.Picks, func(a, b Picks) int { return cmp.Compare(a.File, b.File) })
	picking.Room = max(left, 0)
	if err := s.pick(ctx, e, model, picking, path, user.Text); err != nil {
		return nil, nil, err
	}
	return picking.Chosen(), picking, nil
}
