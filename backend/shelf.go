package backend

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Shelf is where a chat stands in the list.
type Shelf struct {
	Pinned   bool     `json:"pinned,omitempty"`   // above the others
	Archived bool     `json:"archived,omitempty"` // kept, but out of the way
	Folder   string   `json:"folder,omitempty"`   // "" = in none
	Tags     []string `json:"tags,omitempty"`
}

// The bounds of a Shelf: names in bytes, tags in number.
const (
	MaxShelfName = 64
	MaxTags      = 16
)

// Clean returns s with tidy names: one space between words, no tag twice, nothing beyond the bounds.
func (s Shelf) Clean() Shelf {
	s.Folder = shelfName(s.Folder)
	var tags []string
	for _, t := range s.Tags {
		t = strings.TrimLeft(shelfName(t), "# ")
		same := func(o string) bool { return strings.EqualFold(o, t) }
		if t != "" && len(tags) < MaxTags && !slices.ContainsFunc(tags, same) {
			tags = append(tags, t)
		}
	}
	s.Tags = tags
	return s
}

// shelfName is a name in one line, cut after a whole character.
func shelfName(name string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "")), " ")
	if len(name) <= MaxShelfName {
		return name
	}
	n := MaxShelfName
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return strings.TrimSpace(name[:n])
}
