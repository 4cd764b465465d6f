package modelfile

import (
	"path/filepath"
	"strings"
	"unicode"

	"loam/backend/license"
)

// licenseOf names the licence that the header states; "" when it states none.
func licenseOf(g GGUF) string {
	id := g.str("general.license")
	if name := g.str("general.license.name"); name != "" && (id == "" || strings.EqualFold(id, "other")) {
		return clip(name, 80)
	}
	return license.Name(id)
}

// nameOf makes a readable name from the header: its parts where they are given, else its title.
func nameOf(g GGUF) string {
	base := g.str("general.basename")
	if base == "" {
		return clip(g.str("general.name"), 100)
	}
	parts := []string{base}
	for _, key := range []string{"general.size_label", "general.finetune", "general.version"} {
		if p := g.str(key); p != "" && !strings.Contains(strings.ToLower(strings.Join(parts, " ")), strings.ToLower(p)) {
			parts = append(parts, p)
		}
	}
	return readable(strings.Join(parts, " "))
}

// chooseName prefers the file's name where it belongs to the model, since people publish models under it while headers
// often hold the working title of a training run; a file called "model" or by its hash takes the header's name.
func chooseName(f File, path string) string {
	fromPath := NameFromPath(path)
	if f.Name == "" {
		return fromPath
	}
	if b := letters(f.Basename); b != "" && strings.Contains(letters(fromPath), b) {
		return fromPath
	}
	return f.Name
}

// letters keeps letters and digits, in small letters, so that names compare whatever their separators.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// NameFromPath makes a readable name from a file's name: without its folder, ending and quantization.
func NameFromPath(path string) string {
	base := filepath.Base(path)
	if stem, _, _, ok := partName(base); ok {
		base = stem
	}
	for _, ext := range []string{".gguf", ".safetensors", ".sft"} {
		if len(base) > len(ext) && strings.EqualFold(base[len(base)-len(ext):], ext) {
			base = base[:len(base)-len(ext)]
		}
	}
	words := strings.FieldsFunc(base, func(r rune) bool { return r == '-' || r == '_' || r == ' ' })
	for len(words) > 1 && quantWord(words) {
		words = words[:len(words)-1]
	}
	if last := len(words) - 1; last >= 0 { // "name.Q4_1"
		if i := strings.LastIndexByte(words[last], '.'); i > 0 && isQuant(words[last][i+1:]) {
			words[last] = words[last][:i]
		}
	}
	if len(words) == 0 {
		return clip(base, 100)
	}
	return readable(strings.Join(words, " "))
}

// quantWord says whether the last word belongs to a quantization ("Q4", "K", "M" of Q4_K_M).
func quantWord(words []string) bool {
	last := strings.ToUpper(words[len(words)-1])
	if isQuant(last) {
		return true
	}
	if len(words) < 2 || len(last) > 3 {
		return false
	}
	prev := strings.ToUpper(words[len(words)-2])
	if i := strings.LastIndexByte(prev, '.'); i >= 0 {
		prev = prev[i+1:]
	}
	return (isQuant(prev) || prev == "K") && (strings.Trim(last, "0123456789") == "" || len(last) == 1 || last == "XL" ||
		last == "NL" || last == "XS" || last == "XXS")
}

func isQuant(s string) bool {
	u := strings.ToUpper(s)
	switch u {
	case "F16", "BF16", "FP16", "F32", "FP32", "FP8", "MXFP4":
		return true
	}
	for _, p := range []string{"IQ", "TQ", "Q"} {
		if rest, ok := strings.CutPrefix(u, p); ok {
			return rest != "" && rest[0] >= '1' && rest[0] <= '8' && (len(rest) == 1 || rest[1] == '_')
		}
	}
	return false
}

// readable turns separators into single blanks and gives words of small letters a capital.
func readable(s string) string {
	words := strings.FieldsFunc(printable(s), func(r rune) bool { return r == '-' || r == '_' || unicode.IsSpace(r) })
	for i, w := range words {
		r := []rune(w)
		switch {
		case unitWord(w):
			words[i] = strings.ToUpper(w)
		case strings.ToLower(w) == w && unicode.IsLetter(r[0]):
			r[0] = unicode.ToUpper(r[0])
			words[i] = string(r)
		}
	}
	return clip(strings.Join(words, " "), 100)
}

// unitWord says whether a word is a size such as "7b" or "135m".
func unitWord(w string) bool {
	if len(w) < 2 {
		return false
	}
	last := w[len(w)-1]
	return (last == 'b' || last == 'm') && strings.Trim(w[:len(w)-1], "0123456789.x") == ""
}
