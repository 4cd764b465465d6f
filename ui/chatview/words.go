package chatview

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Words are what a transcript says. A translation gives its own; functions get numbers and write them its way.
type Words struct {
	Copy, Copied, Regenerate, Edit, Resume, Stop, More, Previous, Next string

	CopyCode     string
	CopySelected string
	SelectAll    string
	NewText      string // there is text below the window
	Queued       string
	Writing      string // the first words are on their way
	Stopped      string
	Interrupted  func(tokens int) string
	Failed       string // when no reason is known
	Loading      func(done, total int) string
	Reading      func(done, total int) string
	Sibling      func(n, of int) string
}

// English returns the English words.
func English() *Words {
	p := message.NewPrinter(language.English)
	return &Words{
		Copy: "Copy", Copied: "Copied", Regenerate: "Regenerate", Edit: "Edit", Resume: "Resume", Stop: "Stop", More: "More",
		Previous: "Previous version", Next: "Next version",
		CopyCode: "Copy", CopySelected: "Copy selected text", SelectAll: "Select all", NewText: "New text below",
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
		Sibling: func(n, of int) string { return fmt.Sprintf("%d/%d", n, of) },
	}
}
