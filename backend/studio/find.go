package studio

import (
	"path/filepath"
	"strings"
	"unicode"

	"loam/backend"
)

// FindLoRA gives the installed LoRA that a prompt means by a name: as it is called here, or by its file's name as other
// programs write it, whatever the case and the separators. The first of several wins. false = there is none.
func FindLoRA(name string, installed []backend.Model) (backend.Model, bool) {
	key := letters(name)
	for _, fits := range []func(m backend.Model) bool{
		func(m backend.Model) bool { return strings.EqualFold(m.Name, name) },
		func(m backend.Model) bool { return key != "" && letters(m.Name) == key },
		func(m backend.Model) bool {
			file := filepath.Base(m.Path)
			return key != "" && letters(strings.TrimSuffix(file, filepath.Ext(file))) == key
		},
	} {
		for _, m := range installed {
			if m.Kind == backend.KindLoRA && fits(m) {
				return m, true
			}
		}
	}
	return backend.Model{}, false
}

// letters keeps the letters and digits of a name, in small letters.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// WithoutLoRA takes the tags that name a LoRA out of a prompt; other words and tags stay as they are.
func WithoutLoRA(prompt, name string) string {
	out := loraTag.ReplaceAllStringFunc(prompt, func(tag string) string {
		if letters(loraTag.FindStringSubmatch(tag)[1]) == letters(name) {
			return ""
		}
		return tag
	})
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(out, " ,", ","), "  ", " "))
}
