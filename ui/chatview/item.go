package chatview

import (
	"time"

	"loam/backend"
	"loam/backend/prompt"
)

// Role says who speaks.
type Role uint8

// The roles. A divider is a hairline with words in the middle, as where the model's sight begins. A document is a text
// that nobody said, such as a page of the guide: it has no actions.
const (
	RoleUser Role = iota
	RoleAssistant
	RoleSystem
	RoleDivider
	RoleDocument
	RoleText // of a file, as it stands there: no actions
)

// State is the life of an item.
type State uint8

// The states.
const (
	StateDone State = iota
	StateRunning
	StateStopped
	StateInterrupted
	StateFailed
)

// Phase says what a running item without text is waiting for; the words are those of event.Phase.
type Phase string

// The phases.
const (
	PhaseQueued  Phase = "queued"
	PhaseLoading Phase = "loading" // Done and Total count the load in any unit
	PhaseReading Phase = "reading" // Done and Total are tokens
	PhaseWriting Phase = "writing"

	PhaseSummarising Phase = "summarising" // Done and Total are messages
)

// Item is one message of a transcript, as it is shown.
type Item struct {
	ID       int64 // unique in a View
	Role     Role
	Text     string // Markdown of the model, the person's words as typed
	State    State
	Error    string // one sentence; why it failed or was interrupted
	Note     string // quiet words beside the actions, as the model's name
	Facts    string // what the pointer over the note tells
	Tokens   int    // tokens of the reply so far
	Sibling  int    // 1-based place among Siblings
	Siblings int
	Edited   bool          // a person wrote it anew
	Rating   int8          // a person's thumb: 1 up, -1 down, 0 none
	Pinned   bool          // it stays in the model's sight
	Choices  bool          // what else could have stood in it is known
	Thought  time.Duration // how long the model thought before it answered; 0 = not known
	Chips    *Chips        // under it; nil = none
	Marked   bool          // of a RoleText: it is what was looked for
	Parts    *prompt.Parts // a reply as its engine took it apart; nil = the text says it itself

	Phase       Phase // while running without text
	Done, Total int
}

// Action is what a person can do with a message.
type Action uint8

// The actions, in the order in which they are offered.
const (
	ActionNone Action = iota
	ActionPrevious
	ActionNext
	ActionCopy
	ActionRegenerate
	ActionLearn // why a reply failed
	ActionEdit
	ActionLike
	ActionDislike
	ActionUnpin // offered where a message is pinned
	ActionAlternatives
	ActionResume
	ActionStop
	ActionChange // offered on a divider
	ActionMore
)

func (a Action) String() string {
	switch a {
	case ActionNone:
		return "none"
	case ActionPrevious:
		return "previous"
	case ActionNext:
		return "next"
	case ActionCopy:
		return "copy"
	case ActionRegenerate:
		return "regenerate"
	case ActionLearn:
		return "learn"
	case ActionEdit:
		return "edit"
	case ActionLike:
		return "like"
	case ActionDislike:
		return "dislike"
	case ActionUnpin:
		return "unpin"
	case ActionAlternatives:
		return "alternatives"
	case ActionResume:
		return "resume"
	case ActionStop:
		return "stop"
	case ActionChange:
		return "change"
	case ActionMore:
		return "more"
	}
	return "unknown"
}

// FromMessage returns the item that shows a stored message.
func FromMessage(m backend.Message) Item {
	it := Item{
		ID: m.ID, Text: m.Text, Error: m.Error, Note: m.ModelName, Tokens: m.Usage.ReplyTokens,
		Sibling: m.Sibling, Siblings: m.Siblings, Edited: m.Usage.Edited, Rating: int8(m.Rating), Pinned: m.Pinned, Choices: m.Choices, Thought: m.Usage.Reasoning,
	}
	if p := m.Usage.Parts; p != nil {
		it.Parts = &prompt.Parts{Reasoning: p.Reasoning, Answer: p.Answer}
		for _, c := range p.Calls {
			it.Parts.Calls = append(it.Parts.Calls, prompt.Call(c))
		}
	}
	switch m.Role {
	case backend.RoleUser:
		it.Role = RoleUser
	case backend.RoleAssistant:
		it.Role = RoleAssistant
	case backend.RoleSystem, backend.RoleTool:
		it.Role = RoleSystem
	}
	switch m.State {
	case backend.MessageComplete:
		it.State = StateDone
	case backend.MessageRunning:
		it.State = StateRunning
	case backend.MessageStopped:
		it.State = StateStopped
	case backend.MessageInterrupted:
		it.State = StateInterrupted
	case backend.MessageFailed:
		it.State = StateFailed
	}
	return it
}

// set says whether an action that switches something is on.
func (it *Item) set(a Action) bool {
	return a == ActionLike && it.Rating > 0 || a == ActionDislike && it.Rating < 0 || a == ActionUnpin
}

// actions returns what is offered for an item, in order.
func (it *Item) actions() []Action {
	if it.State == StateRunning || it.Role == RoleDivider || it.Role == RoleDocument || it.Role == RoleText {
		return nil
	}
	var out []Action
	if it.Siblings > 1 {
		out = append(out, ActionPrevious, ActionNext)
	}
	if it.Role != RoleAssistant || it.State != StateFailed {
		out = append(out, ActionCopy)
	}
	if it.Role == RoleAssistant {
		out = append(out, ActionRegenerate)
	}
	if it.Role == RoleAssistant && it.Error != "" && (it.State == StateFailed || it.State == StateInterrupted) {
		out = append(out, ActionLearn)
	}
	if it.Role == RoleUser || it.Role == RoleAssistant && it.State != StateFailed {
		out = append(out, ActionEdit)
	}
	if it.Role == RoleAssistant && it.State != StateFailed {
		out = append(out, ActionLike, ActionDislike)
	}
	if it.Role == RoleAssistant && it.Choices {
		out = append(out, ActionAlternatives)
	}
	if it.Pinned {
		out = append(out, ActionUnpin)
	}
	return append(out, ActionMore)
}
