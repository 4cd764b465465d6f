package chatview

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Words are what a transcript says. A translation gives its own; functions get numbers and write them its way.
type Words struct {
	Copy, Copied, Regenerate, Learn, Edit, Like, Dislike, Unpin, Alternatives, Resume, Stop, Change, More, Previous, Next string

	CopyCode     string
	CopySelected string
	CopyMarkdown string
	SelectAll    string
	NewText      string // there is text below the window
	Queued       string
	Writing      string // the first words are on their way
	Stopped      string
	Interrupted  func(tokens int) string
	Failed       string // when no reason is known
	Loading      func(done, total int) string
	Reading      func(done, total int) string
	Summarising  func(done, total int) string
	Sibling      func(n, of int) string

	Thinking    func(since time.Duration) string // 0 = not known
	Thought     func(took time.Duration) string  // 0 = not known
	WritingCall string
	Calls       func(names, summary string) string
}

// English returns the English words.
func English() *Words {
	p := message.NewPrinter(language.English)
	return &Words{
		Copy: "Copy", Copied: "Copied", Regenerate: "Regenerate", Learn: "Learn more", Edit: "Edit", Like: "Good reply", Dislike: "Bad reply", Unpin: "Pinned: the model always sees it. Click to unpin.", Alternatives: "Alternatives", Resume: "Resume", Stop: "Stop", Change: "Change", More: "More",
		Previous: "Previous version", Next: "Next version",
		CopyCode: "Copy", CopySelected: "Copy selected text", CopyMarkdown: "Copy selected as Markdown", SelectAll: "Select all", NewText: "New text below",
		Queued: "Waiting for its turn", Writing: "Starting to write", Stopped: "Stopped",
		Interrupted: func(tokens int) string {
			switch tokens {
			case 0:
				return "Interrupted"
			case 1:
				return "Interrupted - 1 token kept"
			}
			return p.Sprintf("Interrupted - %d tokens kept", tokens)
		},
		Failed: "The model gave no answer.",
		Loading: func(done, total int) string {
			if total <= 0 {
				return "Loading model"
			}
			return fmt.Sprintf("Loading model %d %%", 100*done/total)
		},
		Reading: func(done, total int) string {
			if total <= 0 {
				return "Reading"
			}
			return p.Sprintf("Reading %d of %d tokens", done, total)
		},
		Summarising: func(done, total int) string {
			if total <= 0 {
				return "Summarising older messages"
			}
			return p.Sprintf("Summarising older messages: %d of %d", done, total)
		},
		Sibling: func(n, of int) string { return fmt.Sprintf("%d/%d", n, of) },
		Thinking: func(since time.Duration) string {
			if since < time.Second {
				return "Thinking…"
			}
			return "Thinking for " + seconds(since) + "…"
		},
		Thought: func(took time.Duration) string {
			switch {
			case took <= 0:
				return "Thought"
			case took < time.Second:
				return "Thought for less than a second"
			}
			return "Thought for " + seconds(took)
		},
		WritingCall: "Writing a tool call…",
		Calls: func(names, summary string) string {
			if summary == "" {
				return "Tool call: " + names
			}
			return "Tool call: " + names + " (" + summary + ")"
		},
	}
}

// seconds is a time as people say it: "12 s", "2 min 5 s".
func seconds(d time.Duration) string {
	n := int(d / time.Second)
	if n < 60 {
		return fmt.Sprintf("%d s", n)
	}
	if n%60 == 0 {
		return fmt.Sprintf("%d min", n/60)
	}
	return fmt.Sprintf("%d min %d s", n/60, n%60)
}
