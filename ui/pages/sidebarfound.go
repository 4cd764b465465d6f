package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/studio"
	"loam/ui/widgets"
)

// picturesMost is how many pictures the search in the list shows; a row under them leads to all.
const picturesMost = 4

// filesMost is how many files the search in the list shows before it is asked for all that it found.
const filesMost = 4

// finds are what a search found.
type finds struct {
	messages, files []Found
	pictures        []studio.Found
}

// searchAll finds messages, files and, one more than are shown, pictures.
func (s *sidebar) searchAll(ctx context.Context, query string) (f finds, err error) {
	if s.env.Search != nil {
		if f.messages, err = s.env.Search(ctx, query, searchMost); err != nil {
			return finds{}, err
		}
	}
	if s.env.SearchFiles != nil {
		if f.files, err = s.env.SearchFiles(ctx, query, searchMost); err != nil {
			return finds{}, err
		}
	}
	if s.env.Studio != nil {
		f.pictures, err = s.env.Studio.Search(ctx, query, picturesMost+1)
	}
	return f, err
}

// groupFiles adds the rows of the files that were found.
func (s *sidebar) groupFiles() {
	if len(s.found.files) == 0 {
		return
	}
	s.rows = append(s.rows, sidebarRow{heading: "In files"})
	for i, f := range s.found.files {
		if left := len(s.found.files) - i; i == filesMost && left > 1 && !s.allFiles {
			rest := Command{Name: count(left, "more file"), Keep: true, Do: func() {
				s.allFiles = true
				s.group()
			}}
			s.rows = append(s.rows, sidebarRow{command: &rest})
			return
		}
		s.rows = append(s.rows, sidebarRow{found: &f})
	}
}

// fillFound shows a message or a file that was found in a row.
func (s *sidebar) fillFound(row *widgets.ChoiceRow, f Found) {
	name, facts := chatTitle(backend.Chat{Title: f.Title}), f.Snippet
	switch {
	case f.File != nil && f.Place != nil:
		name = f.File.Name + ", " + f.Place.Place()
	case f.File != nil:
		name, facts = f.File.Name, "In “"+name+"”"
	}
	row.Set(name, facts, func() { s.onGoTo(f, s.search.Text) })
}

// groupPictures adds the rows of the pictures that were found.
func (s *sidebar) groupPictures() {
	if len(s.found.pictures) == 0 {
		return
	}
	s.rows = append(s.rows, sidebarRow{heading: "Pictures"})
	for i, p := range s.found.pictures {
		if i == picturesMost {
			query := strings.TrimSpace(s.search.Text)
			all := Command{Name: "All with these words", Keep: true, Do: func() { s.env.Host.ShowPictures(query, 0) }}
			s.rows = append(s.rows, sidebarRow{command: &all})
			break
		}
		s.rows = append(s.rows, sidebarRow{picture: &p})
	}
}

// fillPicture shows a picture that was found in a row.
func (s *sidebar) fillPicture(o fyne.CanvasObject, p studio.Found) {
	row := o.(*fyne.Container).Objects[0].(*widgets.ChoiceRow)
	w := s.places[o]
	if w == nil {
		w = new(wanting)
		s.places[o] = w
	}
	facts := p.Picture.Created.Local().Format("2 January 2006")
	row.Set(p.Snippet, facts, func() { s.env.Host.ShowPictures(strings.TrimSpace(s.search.Text), p.Picture.ID) })
	s.thumbs.fill(w, row, p.Picture.ID, p.Picture.SHA256, s.env.Studio.Path(p.Picture), func() {
		row.Set(p.Snippet, "Its file cannot be read.", nil)
	})
}

// namesMost is how many chats a search shows by their names before what else it found.
const namesMost = 8

// shortenNames leaves out all but the first chats, and offers the others.
func (s *sidebar) shortenNames() {
	shown := 0
	for i, r := range s.rows {
		if r.chat.ID == 0 {
			continue
		}
		if shown++; shown <= namesMost {
			continue
		}
		left := 0
		for _, r := range s.rows[i:] {
			if r.chat.ID != 0 {
				left++
			}
		}
		if left == 1 {
			return // its row takes no more room
		}
		rest := Command{Name: count(left, "more chat"), Keep: true, Do: func() {
			s.allNames = true
			s.group()
		}}
		s.rows = s.rows[:i]
		if i > 0 && s.rows[i-1].heading != "" { // nothing stands under it
			s.rows = s.rows[:i-1]
		}
		s.rows = append(s.rows, sidebarRow{command: &rest})
		return
	}
}

// pick moves the mark of the row that Enter opens, while the focus stays in the search. Where nothing is searched, Down leads
// into the list.
func (s *sidebar) pick(delta int) bool {
	if strings.TrimSpace(s.search.Text) == "" {
		if i := s.next(-1, +1); delta > 0 && i >= 0 {
			s.focusRow(i)
		}
		return true
	}
	for i := s.enters() + delta; i >= 0 && i < len(s.rows); i += delta {
		if s.opens(i) {
			s.picked = i
			s.list.Reload()
			s.list.Reveal(i)
			break
		}
	}
	return true
}

// opens says whether Enter does something with a row.
func (s *sidebar) opens(i int) bool { return s.rows[i].heading == "" && s.rows[i].folder == "" }

// enters is the row that Enter in the search opens: the one that was picked, or else the first one; -1 = there is none, or
// nothing is searched.
func (s *sidebar) enters() int {
	if strings.TrimSpace(s.search.Text) == "" {
		return -1
	}
	if s.picked >= 0 && s.picked < len(s.rows) && s.opens(s.picked) {
		return s.picked
	}
	for i := range s.rows {
		if s.opens(i) {
			return i
		}
	}
	return -1
}

// openPicked opens what is picked, or else the first thing that was found.
func (s *sidebar) openPicked() {
	i := s.enters()
	if i < 0 {
		return
	}
	switch r := s.rows[i]; {
	case r.command != nil:
		s.run(*r.command)
	case r.picture != nil:
		s.env.Host.ShowPictures(strings.TrimSpace(s.search.Text), r.picture.Picture.ID)
	case r.found != nil:
		s.onGoTo(*r.found, s.search.Text)
	default:
		s.onOpen(r.chat.ID)
	}
}
