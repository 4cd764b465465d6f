package pages

import (
	"loam/backend"
	"loam/ui/widgets"
)

// choose marks a chat among several, or no longer.
func (s *sidebar) choose(id int64) {
	if s.chosen[id] {
		delete(s.chosen, id)
	} else {
		s.chosen[id] = true
	}
	s.anchor = id
	s.group()
}

// chooseHere is choose with a key held: it begins the choosing, with the open chat where all up to a row are meant.
func (s *sidebar) chooseHere(i int, reach bool) {
	if s.chosen == nil {
		s.chosen = map[int64]bool{}
		s.anchor = 0
		if reach {
			s.anchor = s.current
		}
	}
	if reach {
		s.chooseTo(i)
		return
	}
	s.choose(s.rows[i].chat.ID)
}

// chooseTo chooses all chats from the last one on up to a row.
func (s *sidebar) chooseTo(i int) {
	from := i
	for n, r := range s.rows {
		if r.chat.ID != 0 && r.chat.ID == s.anchor {
			from = n
		}
	}
	for n := min(from, i); n <= max(from, i); n++ {
		if id := s.rows[n].chat.ID; id != 0 {
			s.chosen[id] = true
		}
	}
	s.anchor = s.rows[i].chat.ID
	s.group()
}

// extend chooses a row and the next one, which gets the focus.
func (s *sidebar) extend(i, delta int) {
	if s.chosen == nil {
		s.chosen = map[int64]bool{}
	}
	s.anchor = s.rows[i].chat.ID
	if n := s.next(i, delta); n >= 0 {
		s.chooseTo(n)
		s.focusRow(n)
		if r, ok := s.list.Row(n).(*widgets.ListRow); ok {
			r.HoldShift()
		}
	}
}

// chooseAll chooses all chats that are listed.
func (s *sidebar) chooseAll() {
	s.chosen = map[int64]bool{}
	for _, r := range s.rows {
		if r.chat.ID != 0 {
			s.chosen[r.chat.ID] = true
		}
	}
	s.group()
}

func (s *sidebar) chosenChats() []backend.Chat {
	var list []backend.Chat
	for _, c := range s.chats {
		if s.chosen[c.ID] {
			list = append(list, c)
		}
	}
	return list
}

func (s *sidebar) endSelecting() {
	if s.chosen != nil {
		s.chosen = nil
		s.group()
	}
}
