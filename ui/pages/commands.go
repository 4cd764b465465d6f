package pages

import (
	"strings"
)

// Command is something that the window can do, as the search offers it.
type Command struct {
	Name, Keys string // Keys "" = none
	Do         func()
	Keep       bool // the search stays
}

// commandsMost is how many commands a search shows.
const commandsMost = 6

// findCommands are the commands whose words begin with all words of a query, in their order. Nothing asked is nothing found.
func findCommands(list []Command, query string) []Command {
	asked := strings.Fields(strings.ToLower(query))
	if len(asked) == 0 {
		return nil
	}
	var out []Command
	for _, c := range list {
		if len(out) < commandsMost && named(c.Name, asked) {
			out = append(out, c)
		}
	}
	return out
}

func named(name string, asked []string) bool {
	for _, a := range asked {
		found := false
		for word := range strings.FieldsSeq(strings.ToLower(name)) {
			found = found || strings.HasPrefix(word, a)
		}
		if !found {
			return false
		}
	}
	return true
}

// Commands are what the search offers beside chats and messages.
func (p *ChatsPage) Commands() []Command {
	list := []Command{
		{Name: "Choose the model", Do: p.OpenPicker},
		{Name: "Settings of this chat", Do: p.OpenTuning},
		{Name: "What the model sees", Do: p.ShowPlan},
		{Name: "Rename this chat", Do: func() { p.side.rename(p.Current()) }},
		{Name: "Show the archive", Do: func() { p.side.showArchived(true) }},
		{Name: "Select several chats", Do: func() {
			p.side.chosen = map[int64]bool{}
			p.side.group()
		}},
	}
	if p.Current() == 0 {
		list = append(list[:2], list[4:]...)
	}
	return list
}
