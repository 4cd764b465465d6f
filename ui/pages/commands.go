package pages

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"loam/ui/chatview"
)

// Command is something that the window can do, as the search offers it.
type Command struct {
	Name, Keys string // Keys "" = none
	Of         string // what it is done with; "" = the window, or its name says so
	Do         func()
	Keep       bool // the search stays
}

// commandsMost is how many commands a search shows.
const commandsMost = 10

// findCommands are the commands whose words begin with all words of a query, in their order: first those that a query names,
// then those where what they are done with has words of it. Nothing asked is nothing found.
func findCommands(list []Command, query string) []Command {
	asked := strings.Fields(strings.ToLower(query))
	if len(asked) == 0 {
		return nil
	}
	var names, others []Command
	for _, c := range list {
		switch {
		case named(c.Name, asked):
			names = append(names, c)
		case named(c.Name+" "+c.Of, asked):
			others = append(others, c)
		}
	}
	out := append(names, others...)
	return out[:min(len(out), commandsMost)]
}

func named(name string, asked []string) bool {
	for _, a := range asked {
		found := false
		for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
			found = found || strings.HasPrefix(word, a)
		}
		if !found {
			return false
		}
	}
	return true
}

// Commands are what the search offers beside chats and messages: all that menus offer for the list, the open chat and its last
// reply, so that everything can be done without the mouse.
func (p *ChatsPage) Commands() []Command {
	list := []Command{
		{Name: "Choose the model", Of: "This chat", Do: p.OpenPicker},
		{Name: "Settings, samplers, presets", Of: "This chat", Do: p.OpenTuning},
		{Name: "Attach a file", Of: "This message", Do: p.talk.files.open},
		{Name: "Attach a folder", Of: "This message", Do: p.talk.files.openFolder},
	}
	if p.talk.running != 0 {
		list = append(list, Command{Name: "Stop the reply", Of: "This chat", Do: p.talk.stop})
	}
	if c, ok := p.side.chat(p.Current()); ok {
		list = append(list, Command{Name: "What the model sees", Of: "This chat", Do: p.ShowPlan})
		list = append(list, fromMenu(p.side.menu(c), "", "This chat")...)
	}
	list = append(list, p.talk.lastCommands()...)
	list = append(list, fromMenu(p.side.listMenu(), "", "List of chats")...)
	if p.env.Transfer != nil {
		for _, f := range exportForms {
			list = append(list, Command{Name: "Export: " + f.name, Of: "All chats", Do: func() { exportAll(p.env, f.format) }})
		}
		list = append(list, Command{Name: "Import chats", Of: "All chats", Do: func() { importChats(p.env) }})
	}
	return list
}

// lastCommands are what can be done with the last reply of the open chat.
func (c *conversation) lastCommands() []Command {
	items := c.view.Items()
	at := len(items) - 1
	for at >= 0 && items[at].Role != chatview.RoleAssistant {
		at--
	}
	if at < 0 || items[at].State == chatview.StateRunning {
		return nil
	}
	it := items[at]
	list := []Command{{Name: "Copy", Of: "Last reply", Do: func() { c.env.Host.Copy(it.Text) }}}
	if c.running == 0 {
		list = append(list, Command{Name: "Regenerate", Of: "Last reply", Do: func() { c.act(it.ID, chatview.ActionRegenerate) }})
	}
	list = append(list, Command{Name: "Edit", Of: "Last reply", Do: func() { c.startEdit(it.ID) }})
	return append(list, fromMenu(c.menu(it.ID), "", "Last reply")...)
}

// fromMenu are the entries of a menu as commands, those of a menu within it named after both. The mark for "asks for more" is
// left out.
func fromMenu(items []*fyne.MenuItem, before, of string) []Command {
	var list []Command
	for _, m := range items {
		name := before + strings.TrimSuffix(m.Label, "…")
		switch {
		case m.IsSeparator || m.Disabled:
		case m.ChildMenu != nil:
			list = append(list, fromMenu(m.ChildMenu.Items, name+": ", of)...)
		case m.Action != nil:
			list = append(list, Command{Name: name, Of: of, Do: m.Action})
		}
	}
	return list
}
