package ui

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend/engine"
	"loam/backend/event"
	"loam/ui/pages"
	"loam/ui/widgets"
	"loam/ui/words"
)

// engineChanged tells of the death of an engine and of a load that failed: what happened, that the words are kept, and
// the way on.
func (u *UI) engineChanged(e event.EngineChanged) {
	switch e.State {
	case event.EngineDied:
		if u.page == pages.PageChats && u.chats.Cut() {
			return // the reply says it, with the same way on
		}
		u.notices.notify(widgets.Notice{
			Key: "engine", Tone: widgets.ToneError, Text: deathWords(e.Error) + " Every word is kept.", Details: e.Error,
			Learn:  func() { u.openGuide(words.LearnEngine) },
			Action: "Resume", Do: u.resume,
		})
	case event.EngineFailed:
		if strings.Contains(e.Error, engine.ErrOtherBuild.Error()) { // no other model would help
			said, _, learn := words.Explain(engine.ErrOtherBuild)
			u.notices.notify(widgets.Notice{
				Key: "engine", Tone: widgets.ToneWarn, Text: said, Learn: func() { u.openGuide(learn) }, Action: "Close Loam", Do: u.quit,
			})
			return
		}
		u.notices.notify(widgets.Notice{
			Key: "engine", Tone: widgets.ToneError, Text: sentenceEnd(e.Error), Learn: func() { u.openGuide(words.LearnEngine) },
			Action: "Models", Do: func() { u.show(pages.PageModels) },
		})
	case event.EngineReady:
		u.notices.dismiss("engine")
	case event.EngineNone, event.EngineLoading:
	}
}

// deathWords says what ended an engine. The event carries the text of an engine.Crashed: its cause finds the words that
// the same death has everywhere else.
func deathWords(text string) string {
	for _, cause := range []engine.Cause{
		engine.CauseMemory, engine.CauseBadFile, engine.CauseAssertion, engine.CauseGPU, engine.CauseKilled, engine.CauseHang,
	} {
		if strings.Contains(text, ": "+string(cause)) {
			said, _ := words.Sentence(&engine.Crashed{Cause: cause, GaveUp: strings.Contains(text, "three times")})
			return said
		}
	}
	return sentenceEnd(text)
}

// sentenceEnd makes a sentence of an error's text.
func sentenceEnd(s string) string {
	if s == "" {
		return "The engine stopped."
	}
	if r, n := utf8.DecodeRuneInString(s); n > 0 {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if last := s[len(s)-1]; last == '.' || last == '!' || last == '?' {
		return s
	}
	return s + "."
}

// resume lets a given-up engine start again and goes on with the reply that was cut off.
func (u *UI) resume() {
	u.show(pages.PageChats)
	u.load("engine", func(context.Context) func() { return u.chats.ResumeLast })
}
