package guide

import (
	"slices"
	"strings"
)

// Hit is a section that a search found.
type Hit struct {
	Place
	Mark string // what is to be marked in its text
}

// most bounds the hits of one search.
const most = 60

// Search finds the sections that have all words of a query, those with the words in their heading first.
func (g *Guide) Search(query string) []Hit {
	query = strings.Join(strings.Fields(strings.ToLower(query)), " ")
	words := strings.Fields(query)
	if len(words) == 0 {
		return nil
	}
	type rated struct {
		hit  Hit
		rank int
	}
	var found []rated
	for c, chapter := range g.Chapters {
		for s, section := range chapter.Sections {
			text := Plain(section.Text)
			if !all(strings.ToLower(text), words) {
				continue
			}
			r := rated{Hit{Place{c, s}, mark(text, query, words)}, 1}
			if all(strings.ToLower(section.Title), words) {
				r.rank = 0
			}
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b rated) int { return a.rank - b.rank })
	var hits []Hit
	for _, r := range found[:min(len(found), most)] {
		hits = append(hits, r.hit)
	}
	return hits
}

func all(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// mark is the whole query where it stands so, else its longest word.
func mark(text, query string, words []string) string {
	if strings.Contains(strings.ToLower(text), query) {
		return query
	}
	return slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
}

// Plain is Markdown without its marks and the targets of its links, roughly as it is read.
func Plain(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "](")
		b.WriteString(before)
		if !ok {
			break
		}
		_, after, closed := strings.Cut(rest, ")")
		if !closed {
			break
		}
		text = after
	}
	return strings.NewReplacer("*", "", "`", "", "[", "", "#", "").Replace(b.String())
}
