// Package license knows the licences that open models come under: their names, their identifiers and, in one sentence for
// a person, what each allows. It is the only such table in the program.
//
// It is pure: no files, no network, safe from any goroutine. The readers of model files name licences with it, the pages
// of models and of the hub explain them with it, and the bill of materials takes its identifiers from it. A sentence here
// is a help to read a licence and never stands for it.
package license

import (
	"strings"
	"unicode"
)

// Use is the short answer to "may I use it for my work?".
type Use uint8

// What a licence allows, roughly.
const (
	UseUnknown       Use = iota // nothing is stated, or nobody here knows the licence
	UseFree                     // for any purpose, also commercially
	UseConditions               // also commercially, under conditions that somebody has to look at
	UseNonCommercial            // not for business without another licence
)

func (u Use) String() string {
	switch u {
	case UseUnknown:
		return "not known"
	case UseFree:
		return "any use"
	case UseConditions:
		return "any use, with conditions"
	case UseNonCommercial:
		return "not commercial"
	}
	return "not known"
}

// License is what is known of a licence.
type License struct {
	ID     string // as Hugging Face writes it, in small letters: "apache-2.0", "llama3.1"
	SPDX   string // its identifier in the SPDX list; "" = it is not on the list
	Name   string // for a row: "Apache-2.0", "Llama 3.1 Community License"
	Use    Use
	Allows string // one sentence for a person
	URL    string // where its words are; "" = beside the model
}

// longest is how much of what a file states is looked at: some hold the whole text of a licence.
const longest = 4096

// Lookup finds a licence by what a file, a card or a catalogue states: an identifier, a name, or the beginning of the
// text. It returns false where nobody here knows it.
func Lookup(stated string) (License, bool) {
	if len(stated) > longest {
		stated = stated[:longest]
	}
	first := firstLine(stated)
	key := letters(strings.TrimPrefix(strings.ToLower(first), "license:"))
	if key == "" {
		return License{}, false
	}
	if l, ok := byKey[key]; ok {
		return l, true
	}
	for _, cut := range []string{"licenseagreement", "license", "licence", "agreement"} {
		if short, found := strings.CutSuffix(key, cut); found && short != "" {
			if l, ok := byKey[short]; ok {
				return l, true
			}
		}
	}
	text := letters(strings.ToLower(stated))
	for _, w := range wordings {
		if containsAll(text, w.words) {
			l, ok := byKey[letters(w.id)]
			return l, ok
		}
	}
	return License{}, false
}

// Name makes what is stated into a short name: the known one, else its first line, at most 80 letters; "" when nothing is
// stated.
func Name(stated string) string {
	if l, ok := Lookup(stated); ok {
		return l.Name
	}
	return clip(firstLine(stated), 80)
}

// Explain says in one sentence what is allowed, for every statement, also none.
func Explain(stated string) string {
	if l, ok := Lookup(stated); ok {
		return l.Allows
	}
	switch letters(strings.ToLower(firstLine(stated))) {
	case "", "notstated", "unknown", "none":
		return "No licence is stated, so nobody has given you any right to use it: ask its maker before you build on it."
	case "other":
		return "It has a licence of its own, which only its page tells."
	}
	return "Loam does not know this licence: read it at the model's source before you build on it."
}

// All lists the known licences, the freest first as the table has them.
func All() []License {
	list := make([]License, len(table))
	copy(list, table)
	return list
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// letters keeps letters, digits and plus signs, which tell OpenRAIL-M from OpenRAIL++-M.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '+' {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func clip(s string, most int) string {
	if n := 0; len(s) > most {
		for i := range s {
			if n++; n > most {
				return strings.TrimSpace(s[:i])
			}
		}
	}
	return s
}

// byKey finds a licence by each of its names, in letters only.
var byKey = func() map[string]License {
	m := map[string]License{}
	for _, l := range table {
		for _, name := range append([]string{l.ID, l.SPDX, l.Name}, aliases[l.ID]...) {
			if k := letters(name); k != "" {
				if _, taken := m[k]; !taken {
					m[k] = l
				}
			}
		}
	}
	return m
}()
