// Package guide is the guide that comes with the program: chapters in Markdown, cut at their headings so that links,
// errors and searches can lead to one. The window shows it; package words names the headings that its errors lead to.
//
// It is pure: Load reads the files once, and a Guide is never changed afterwards, so that any goroutine may use it.
package guide

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// Guide is all chapters in their order.
type Guide struct{ Chapters []Chapter }

// Chapter is one file of the guide.
type Chapter struct {
	ID       string // the file's name without its number: "first-chat"
	Title    string
	Sections []Section // the first one holds what stands above the first smaller heading
}

// Section is a heading with what stands under it, up to the next one.
type Section struct {
	Anchor string // what links name after "#"
	Title  string
	Text   string // Markdown, the heading included
}

// Place is a section of a guide.
type Place struct{ Chapter, Section int }

// Load reads guide/*.md; the number before a file's name gives the order.
func Load(files fs.FS) (*Guide, error) {
	names, err := fs.Glob(files, "guide/*.md")
	if err != nil {
		return nil, fmt.Errorf("read the guide: %w", err)
	}
	g := &Guide{}
	for _, name := range names { // Glob sorts
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read the guide: %w", err)
		}
		c := parse(string(text))
		c.ID = idOf(name)
		if len(c.Sections) == 0 {
			return nil, fmt.Errorf("read the guide: %s has no heading", name)
		}
		g.Chapters = append(g.Chapters, c)
	}
	if len(g.Chapters) == 0 {
		return nil, errors.New("read the guide: it has no chapter")
	}
	return g, nil
}

// idOf is a file's name without folder, number and ending.
func idOf(name string) string {
	id := strings.TrimSuffix(path.Base(name), ".md")
	if digits, rest, ok := strings.Cut(id, "-"); ok && strings.Trim(digits, "0123456789") == "" {
		return rest
	}
	return id
}

// parse cuts a text at its headings. Text above the first heading is left out.
func parse(text string) Chapter {
	var c Chapter
	fenced := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if title, ok := heading(line); ok && !fenced {
			if len(c.Sections) == 0 {
				c.Title = title
			}
			c.Sections = append(c.Sections, Section{Anchor: Anchor(title), Title: title})
		}
		if n := len(c.Sections); n > 0 {
			c.Sections[n-1].Text += line
		}
	}
	return c
}

// heading is the title of a line that is one.
func heading(line string) (title string, ok bool) {
	rest := strings.TrimLeft(line, "#")
	if n := len(line) - len(rest); n == 0 || n > 6 || !strings.HasPrefix(rest, " ") {
		return "", false
	}
	title = strings.TrimSpace(rest)
	return title, title != ""
}

// Anchor is what a link names to reach a heading: its letters and digits in lower case, blanks as hyphens.
func Anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case r == ' ' || r == '-':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// Find resolves a link that stands in chapter from: "models.md#get-a-model", "models", "#get-a-model". A heading that is
// not there leads to the beginning of its chapter, with ok false.
func (g *Guide) Find(link string, from int) (p Place, ok bool) {
	id, anchor, _ := strings.Cut(link, "#")
	id = strings.TrimSuffix(id, ".md")
	p.Chapter = -1
	if id == "" && from >= 0 && from < len(g.Chapters) {
		p.Chapter = from
	}
	for i, c := range g.Chapters {
		if id != "" && c.ID == id {
			p.Chapter = i
		}
	}
	if p.Chapter < 0 {
		return Place{}, false
	}
	if anchor == "" {
		return p, true
	}
	for i, s := range g.Chapters[p.Chapter].Sections {
		if s.Anchor == anchor {
			p.Section = i
			return p, true
		}
	}
	return p, false
}
