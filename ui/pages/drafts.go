package pages

import (
	"context"
	"errors"
	"time"

	"loam/backend"
	"loam/backend/chat"
)

// draftEvery is how long a change may wait before it is stored: within the second that is promised.
const draftEvery = 600 * time.Millisecond

// unsentKey is the setting that holds the draft of a chat that is not stored yet.
const unsentKey = "window.draft"

// draftKeeper stores what is written and where the transcript is scrolled to, soon after it changed and whenever the
// chat is left. Nothing is stored while the page itself changes the composer.
type draftKeeper struct {
	env    Env
	now    func() backend.Draft
	cancel func() // of the waiting store; nil = none waits
	held   bool
	parked string // the draft while the composer holds an edited message
	parks  bool
}

// touch stores the draft soon. It does not wait for a pause: a fast writer's words are stored too.
func (k *draftKeeper) touch() {
	if k.held || k.cancel != nil {
		return
	}
	k.cancel = k.env.Host.After(draftEvery, func() {
		k.cancel = nil
		k.store()
	})
}

// flush stores at once what waits.
func (k *draftKeeper) flush() {
	if k.cancel == nil {
		return
	}
	k.cancel()
	k.cancel = nil
	k.store()
}

func (k *draftKeeper) store() {
	d := k.now()
	k.env.Host.Load("drafts", func(ctx context.Context) func() {
		var err error
		if d.ChatID == 0 {
			err = errors.Join(k.env.System.SetSetting(ctx, unsentKey, d.Text), k.env.System.SetSetting(ctx, chat.KeyUnsentFiles, draftFiles(d.Attachments)))
		} else {
			err = k.env.Chats.SaveDraft(ctx, d)
		}
		if err == nil {
			return nil
		}
		return func() { k.env.Host.Fail(err, nil) }
	})
}

// loadUnsent reads the draft of the chat that is not stored yet.
func (k *draftKeeper) loadUnsent(ctx context.Context) (backend.Draft, error) {
	var d backend.Draft
	_, err := k.env.System.Setting(ctx, unsentKey, &d.Text)
	_, err2 := k.env.System.Setting(ctx, chat.KeyUnsentFiles, &d.Attachments)
	return d, errors.Join(err, err2)
}

// draftFiles are the attachments of a draft as a setting.
type draftFiles []backend.Attachment

// clearUnsent forgets the draft of the chat that is stored now.
func (k *draftKeeper) clearUnsent() {
	k.env.Host.Load("drafts", func(ctx context.Context) func() {
		err := errors.Join(k.env.System.SetSetting(ctx, unsentKey, ""), k.env.System.SetSetting(ctx, chat.KeyUnsentFiles, draftFiles{}))
		if err != nil {
			return func() { k.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// hold runs f, whose changes are not the person's.
func (k *draftKeeper) hold(f func()) {
	was := k.held
	k.held = true
	f()
	k.held = was
}

// park keeps the draft aside while a message is being edited.
func (k *draftKeeper) park(text string) {
	if !k.parks {
		k.parked, k.parks = text, true
	}
}

// unpark gives it back.
func (k *draftKeeper) unpark() string {
	text := k.parked
	k.parked, k.parks = "", false
	return text
}
