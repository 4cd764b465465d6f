package chat

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/engine"
)

// Sentence says in one sentence for a person what became of a reply. It is stored with the message.
func Sentence(err error) string {
	var crash *engine.Crashed
	var big *backend.DoesNotFit
	var file *backend.BadFile
	var long *TooLong
	var save *saveError
	var broken *BrokenTemplate
	switch {
	case errors.As(err, &save):
		return unsavedSentence(save)
	case errors.As(err, &crash):
		return crashSentence(crash)
	case errors.As(err, &big):
		return fmt.Sprintf("%s needs %s of memory, and %s are free. Close other programs or choose a smaller model.",
			big.Model, humanize.Bytes(uint64(max(0, big.Forecast.Needed()))), humanize.Bytes(uint64(max(0, big.Forecast.Free))))
	case errors.As(err, &file):
		return "The model file cannot be used: " + file.Reason + "."
	case errors.As(err, &long):
		return fmt.Sprintf("The message is too long for this model: it takes %s tokens, and there is room for %s. Shorten it, or choose a model with a larger context.",
			humanize.Comma(int64(long.Tokens)), humanize.Comma(int64(long.Room)))
	case errors.As(err, &broken):
		return fmt.Sprintf("The chat template of %s is broken: %s. Choose a format to talk to it in another way.", broken.Model, broken.Reason)
	case errors.Is(err, engine.ErrPromptTooLong):
		return "The conversation is too long for this model's context."
	case errors.Is(err, engine.ErrOtherBuild):
		return "Loam was updated while it was running. Start it again to go on."
	}
	return asSentence(err.Error())
}

func unsavedSentence(err error) string {
	switch {
	case errors.Is(err, backend.ErrDiskFull):
		return "The disk is full, so the answer was stopped. Nothing is lost as long as Loam stays open: free some space and it will be saved."
	case errors.Is(err, backend.ErrReadOnly):
		return "The data folder cannot be written any more, so the answer was stopped. Nothing is lost as long as Loam stays open."
	}
	return "The answer could not be saved and was stopped. Nothing is lost as long as Loam stays open; it will be tried again."
}

func crashSentence(c *engine.Crashed) string {
	var words string
	switch c.Cause {
	case engine.CauseMemory:
		words = "The engine ran out of memory. A smaller model or a shorter context needs less."
	case engine.CauseBadFile:
		words = "The engine stopped because of the model file; it may be damaged."
	case engine.CauseGPU:
		words = "The graphics card or its driver failed while the answer was written."
	case engine.CauseKilled:
		words = "The engine was ended from outside, perhaps because memory ran out."
	case engine.CauseHang:
		words = "The engine did not answer any more and was ended."
	case engine.CauseAssertion, engine.CauseUnknown:
		words = "The engine stopped unexpectedly."
	default:
		words = "The engine stopped unexpectedly."
	}
	if c.GaveUp {
		words += " It has stopped three times in a row now."
	}
	return words
}

// asSentence makes a sentence of an error's text.
func asSentence(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ".")
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// clean makes the text of an engine storable as it is, so that what is shown and what is stored have the same length.
func clean(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
