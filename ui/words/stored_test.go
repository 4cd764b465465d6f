package words

import (
	"fmt"
	"testing"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine"
)

// A reply keeps only the sentence about its failure: it leads to where the error itself would have led.
func TestAStoredSentenceLeadsWhereItsErrorDoes(t *testing.T) {
	for _, err := range []error{
		&engine.Crashed{Cause: engine.CauseMemory}, &engine.Crashed{Cause: engine.CauseBadFile}, &engine.Crashed{Cause: engine.CauseGPU},
		&engine.Crashed{Cause: engine.CauseKilled}, &engine.Crashed{Cause: engine.CauseHang}, &engine.Crashed{Cause: engine.CauseAssertion},
		&engine.Crashed{Cause: engine.CauseUnknown}, &engine.Crashed{Cause: engine.CauseUnknown, GaveUp: true},
		&backend.DoesNotFit{Model: "Large"}, &backend.BadFile{Path: "a.gguf", Reason: "it ends in the middle"},
		&chat.TooLong{Tokens: 4000, Room: 2000}, &chat.BrokenTemplate{Model: "Odd", Reason: "a bracket is missing"},
		engine.ErrPromptTooLong, engine.ErrOtherBuild, fmt.Errorf("send: %w", &engine.Crashed{Cause: engine.CauseMemory}),
	} {
		_, _, want := Explain(err)
		if got := LearnOf(chat.Sentence(err)); got != want {
			t.Errorf("%q leads to %s, and its error to %s", chat.Sentence(err), got, want)
		}
	}
	for sentence, want := range map[string]string{
		"The disk is full, so the answer was stopped.":                           LearnDiskFull,
		"The data folder cannot be written any more, so the answer was stopped.": LearnReadOnly,
		"Something nobody foresaw.":                                              LearnElse,
		"":                                                                       LearnElse,
	} {
		if got := LearnOf(sentence); got != want {
			t.Errorf("%q leads to %s, want %s", sentence, got, want)
		}
	}
}
