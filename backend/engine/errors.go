package engine

import "errors"

// Cause is why a worker child ended, as far as its parent can tell.
type Cause string

// The causes of a death.
const (
	CauseMemory    Cause = "out of memory"
	CauseBadFile   Cause = "bad file"
	CauseAssertion Cause = "assertion"
	CauseGPU       Cause = "gpu fault"
	CauseKilled    Cause = "killed"
	CauseHang      Cause = "hang"
	CauseUnknown   Cause = "unknown"
)

// Crashed is the death of the engine's process during or before a request. The next request starts a fresh one, until
// GaveUp says that it died too often in a row.
type Crashed struct {
	Cause  Cause
	Detail string // the telling lines of its last words; for "details", not for the sentence
	GaveUp bool   // three deaths in a row without one token in between: no more restarts until a person asks
}

func (e *Crashed) Error() string {
	s := "the engine stopped: " + string(e.Cause)
	if e.GaveUp {
		s += " (three times in a row)"
	}
	return s
}

// Sentinels of requests.
var (
	ErrPromptTooLong = errors.New("the prompt is longer than the context")
	ErrClosed        = errors.New("the engine is closed")
	ErrEmptyPrompt   = errors.New("the prompt is empty")
	ErrOtherBuild    = errors.New("the program was updated while it was running; start it again")
)
