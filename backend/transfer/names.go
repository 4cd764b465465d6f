package transfer

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend"
)

// maxName is how long the name of a file becomes, in bytes without its ending: every file system takes it.
const maxName = 100

// reserved are names that Windows keeps for devices.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "com1": true, "com2": true, "com3": true, "com4": true, "com5": true,
	"com6": true, "com7": true, "com8": true, "com9": true, "lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true,
	"lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// FileName is a name for the export of one chat, good on every system: its title without what file systems refuse.
func FileName(c backend.Chat, f Format) string {
	stem := fileStem(c.Title)
	if f == Training {
		stem += " training"
	}
	return stem + f.ending()
}

func fileStem(title string) string {
	stem := strings.Join(strings.FieldsFunc(title, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`<>:"/\|?*`, r) || r == utf8.RuneError
	}), " ")
	for len(stem) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	stem = strings.Trim(stem, " .")
	first, _, _ := strings.Cut(stem, ".")
	if stem == "" || reserved[strings.ToLower(strings.TrimSpace(first))] {
		stem = strings.TrimSpace("Chat " + stem)
	}
	return stem
}

// names hands out names that differ, also where the system does not tell capitals apart.
type names map[string]bool

func (n names) unique(stem, ending string) string {
	name := stem + ending
	for i := 2; n[strings.ToLower(name)]; i++ {
		name = stem + " (" + itoa(i) + ")" + ending
	}
	n[strings.ToLower(name)] = true
	return name
}

// mediaBeside is the folder of pictures that belongs to a plain file: "trip-media" beside "trip.jsonl".
func mediaBeside(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-media"
}

func itoa(n int) string { return strconv.Itoa(n) }
