package ui

import (
	"context"

	"loam/backend/event"
	"loam/ui/pages"
	"loam/ui/widgets"
)

// engineChanged tells of the death of an engine and of a load that failed: what happened, that the words are kept, and
// the way on.
func (u *UI) engineChanged(e event.EngineChanged) {
	switch e.State {
	case event.EngineDied:
		u.notices.notify(widgets.Notice{
			Key: "engine", Tone: widgets.ToneError, Text: sentenceEnd(e.Error) + " Every word is kept.",
			Action: "Resume", Do: u.resume,
		})
	case event.EngineFailed:
		u.notices.notify(widgets.Notice{
			Key: "engine", Tone: widgets.ToneError, Text: sentenceEnd(e.Error),
			Action: "Models", Do: func() { u.show(pages.PageModels) },
		})
	case event.EngineReady:
		u.notices.dismiss("engine")
	case event.EngineNone, event.EngineLoading:
	}
}

func sentenceEnd(s string) string {
	if s == "" {
		return "The engine stopped."
	}
	if last := s[len(s)-1]; last == '.' || last == '!' || last == '?' {
		return s
	}
	return s + "."
}

// resume lets a given-up engine start again and goes on with the reply that was cut off.
func (u *UI) resume() {
	u.show(pages.PageChats)
	u.load("engine", func(context.Context) func() {
		u.deps.Engines.Retry()
		return u.chats.ResumeLast
	})
}
