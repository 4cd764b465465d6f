// Package prompt turns messages into what an engine renders, and what an engine wrote into what a person reads. It is
// pure: no goroutine, no input or output, safe from any goroutine. chat calls it before a reply; whoever shows replies
// calls Split or a Splitter to tell the answer from the reasoning in front of it, where the engine has no parser for that.
package prompt

import (
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// Request asks for the prompt of a conversation: the system prompt, then the path. Messages without text are left out
// (replies that failed before their first token), the reasoning of earlier replies stands apart, so that the model sees it
// again only where its template wants that, and neighbours of the same role become one message, because many templates insist on the roles taking turns.
func Request(system string, path []backend.Message) engine.RenderRequest {
	r := engine.RenderRequest{AddGenerationPrompt: true}
	add := func(role backend.Role, text, reasoning string) {
		if strings.TrimSpace(text) == "" {
			return
		}
		if n := len(r.Messages); n > 0 && r.Messages[n-1].Role == role {
			r.Messages[n-1].Content += "\n\n" + text
			return
		}
		r.Messages = append(r.Messages, engine.Message{Role: role, Content: text, Reasoning: reasoning})
	}
	add(backend.RoleSystem, system, "")
	for _, m := range path {
		text, reasoning := m.Text, ""
		switch {
		case m.Role == backend.RoleAssistant && m.Usage.Parts != nil && m.Usage.Parts.Answer != "":
			text, reasoning = m.Usage.Parts.Answer, m.Usage.Parts.Reasoning
		case m.Role == backend.RoleAssistant:
			text, reasoning = withoutReasoning(text), Split(text).Reasoning
		}
		add(m.Role, text, reasoning)
	}
	return r
}

// withoutReasoning is a reply as the model is shown it in later turns: the answer and the calls of tools, as written.
func withoutReasoning(text string) string {
	var b strings.Builder
	var s Splitter
	for _, piece := range append(s.Write(text), s.Close()...) {
		if piece.Kind == Answer || piece.Kind == Calls {
			b.WriteString(piece.Text)
		}
	}
	return b.String()
}

// Turns cuts a path into turns, oldest first: a message of a person and everything up to the next one. What stands
// before the first message of a person belongs to the first turn.
func Turns(path []backend.Message) [][]backend.Message {
	var turns [][]backend.Message
	start := 0
	for i := 1; i < len(path); i++ {
		if path[i].Role == backend.RoleUser && path[i-1].Role != backend.RoleUser {
			turns = append(turns, path[start:i])
			start = i
		}
	}
	if len(path) > 0 {
		turns = append(turns, path[start:])
	}
	return turns
}

// Opening is the mark that begins the reasoning of a reply, with the white space after it; nothing where there is none.
func Opening(reply string) string {
	for _, m := range reasoningMarks {
		if rest, ok := strings.CutPrefix(reply, m.open); ok {
			return reply[:len(reply)-len(strings.TrimLeft(rest, space))]
		}
	}
	return ""
}

// OpensReasoning says whether a rendered prompt ends inside a reasoning block, so that the model continues it without
// writing the opening mark itself. It returns that mark, to be put in front of the reply's text, or nothing.
func OpensReasoning(rendered string) string {
	tail := strings.TrimRight(rendered, space)
	for _, m := range reasoningMarks {
		if strings.HasSuffix(tail, m.open) {
			return rendered[len(tail)-len(m.open):]
		}
	}
	return ""
}
