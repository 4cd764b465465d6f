package ui

import (
	"context"
	"time"

	"loam/ui/pages"
	"loam/ui/theme"
)

// The settings that the window keeps.
const (
	stateKey = "window.state"
	lookKey  = "window.look"
)

// The smallest and the first size of the window.
const (
	minWidth, minHeight     float32 = 720, 480
	firstWidth, firstHeight float32 = 1120, 760
)

// state is what the window remembers from one start to the next. Its place on the screen is not part of it: Fyne does
// not tell where a window stands.
type state struct {
	Width         float32 `json:"width"`
	Height        float32 `json:"height"`
	Page          string  `json:"page"`
	Chat          int64   `json:"chat"`
	SidebarHidden bool    `json:"sidebar_hidden,omitempty"`

	look pages.Look
}

func (s state) page() pages.Page {
	switch p := pages.Page(s.Page); p {
	case pages.PagePictures, pages.PageModels, pages.PageSettings, pages.PageGuide:
		return p
	case pages.PageChats:
	}
	return pages.PageChats
}

// loadState reads what was remembered; what cannot be read is as at the first start. It runs before the window is
// shown, because the window needs its size and its colours at once.
func (u *UI) loadState() state {
	s := state{Width: firstWidth, Height: firstHeight, look: pages.Look{Mode: theme.ModeSystem.String(), Scale: 1}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := u.deps.System.Setting(ctx, stateKey, &s); err != nil {
		u.log.Warn("Window state not read", "err", err)
	}
	if _, err := u.deps.System.Setting(ctx, lookKey, &s.look); err != nil {
		u.log.Warn("Look not read", "err", err)
	}
	s.Width, s.Height = max(s.Width, minWidth), max(s.Height, minHeight)
	if s.look.Scale == 0 {
		s.look.Scale = 1
	}
	return s
}

// touchState stores the state soon.
func (u *UI) touchState() {
	if u.saving != nil || u.closed {
		return
	}
	u.saving = u.tasks.after(time.Second, func() {
		u.saving = nil
		u.storeState()
	})
}

// storeState stores the state now.
func (u *UI) storeState() {
	if u.saving != nil {
		u.saving()
		u.saving = nil
	}
	if u.root != nil && u.root.Size().Width >= minWidth {
		u.state.Width, u.state.Height = u.root.Size().Width, u.root.Size().Height
	}
	u.state.Page = string(u.page)
	if u.chats != nil {
		u.state.SidebarHidden = !u.chats.SidebarShown()
	}
	s := u.state
	u.load("state", func(ctx context.Context) func() {
		if err := u.deps.System.SetSetting(ctx, stateKey, s); err != nil {
			u.log.Warn("Window state not stored", "err", err)
		}
		return nil
	})
}

// applyLook puts the chosen theme on.
func (u *UI) applyLook() {
	mode, _ := theme.ParseMode(u.state.look.Mode)
	u.app.Settings().SetTheme(u.theme.With(theme.Options{Mode: mode, TextScale: u.state.look.Scale}))
}

// setLook changes and keeps the look.
func (u *UI) setLook(l pages.Look) {
	l.Scale = min(max(l.Scale, theme.MinScale), theme.MaxScale)
	if l == u.state.look {
		return
	}
	u.state.look = l
	u.applyLook()
	u.setting.LookChanged()
	u.load("state", func(ctx context.Context) func() {
		if err := u.deps.System.SetSetting(ctx, lookKey, l); err != nil {
			return func() { u.fail(err, nil) }
		}
		return nil
	})
}
