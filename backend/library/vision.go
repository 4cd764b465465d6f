package library

import (
	"strings"
	"unicode"

	"loam/backend"
)

// ChatOf is the chat model among all that a vision projector belongs to: its vectors are as wide as the model's, and where several
// are, its name has most words of the projector's. False where none is, or where the names do not tell.
func ChatOf(projector backend.Model, all []backend.Model) (backend.Model, bool) {
	var best backend.Model
	most, same := -1, 0
	for _, m := range all {
		width := projector.Shape.Embedding
		if m.Kind != backend.KindChat || !m.Deleted.IsZero() || width > 0 && m.Shape.Embedding != width {
			continue
		}
		switch n := sharedWords(projector.Name, m.Name); {
		case n > most:
			best, most, same = m, n, 1
		case n == most:
			same++
		}
	}
	found := most > 0 && same == 1 || most == 0 && same == 1 && projector.Shape.Embedding > 0
	if !found {
		return backend.Model{}, false
	}
	return best, true
}

// ProjectorOf is the vision projector among all that belongs to a chat model.
func ProjectorOf(chat backend.Model, all []backend.Model) (backend.Model, bool) {
	for _, p := range all {
		if p.Kind != backend.KindProjector || !p.Deleted.IsZero() {
			continue
		}
		if m, ok := ChatOf(p, all); ok && m.ID == chat.ID {
			return p, true
		}
	}
	return backend.Model{}, false
}

// sharedWords counts the words that two names share, but for those that say nothing of the model.
func sharedWords(a, b string) int {
	words := func(name string) map[string]bool {
		set := map[string]bool{}
		for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' }) {
			switch w {
			case "mmproj", "model", "gguf", "f16", "f32", "bf16", "q8", "0", "q4", "k", "m", "instruct", "it", "chat", "vision", "the":
			default:
				set[w] = true
			}
		}
		return set
	}
	n, of := 0, words(b)
	for w := range words(a) {
		if of[w] {
			n++
		}
	}
	return n
}
