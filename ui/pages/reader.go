package pages

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// The room of the reader of a file.
const (
	readerWidth  = 820
	readerHeight = 640
)

// readFile shows the text of a file read-only, at a passage where there is one.
func (c *conversation) readFile(f backend.Attachment, passage *backend.Passage) {
	c.env.Host.Load("attach", func(ctx context.Context) func() {
		text, err := c.env.Chats.AttachedText(ctx, f)
		if err != nil {
			return func() { c.env.Host.Fail(err, nil) }
		}
		items, at := textItems(f, text, passage)
		facts := fileLabel(f)
		if passage != nil {
			facts = "The marked passage, " + passage.Place() + ", was shown to the model."
		}
		return func() { c.showFile(f, facts, items, at, "") }
	})
}

// readFound shows the text of a file at the part in which a search found some words, and marks them.
func (c *conversation) readFound(f backend.Attachment, part *backend.Passage, query string) {
	c.env.Host.Load("attach", func(ctx context.Context) func() {
		text, err := c.env.Chats.AttachedText(ctx, f)
		if err != nil {
			return func() { c.env.Host.Fail(err, nil) }
		}
		facts := fileLabel(f)
		if part == nil {
			query = "" // they are in its name
		} else {
			facts = "Found at " + part.Place() + ". Enter goes to the next place."
		}
		items, at := textItems(f, text, part)
		if at > 0 {
			items[at-1].Marked = false // the words are
		}
		return func() { c.showFile(f, facts, items, at, query) }
	})
}

// showFile shows a file with what is said of it, from an item on (0 = the first), and marks some words.
func (c *conversation) showFile(f backend.Attachment, facts string, items []chatview.Item, at int64, query string) {
	view := chatview.New(chatview.Options{ReadOnly: true, Clipboard: c.env.Host.Copy, Tip: c.env.Host.Tip, OnLink: c.openLink})
	view.SetItems(items)
	first := chatview.ScrollState{Message: 1}
	if at > 0 {
		const above = -72 // some lines of what comes before are seen, too
		first = chatview.ScrollState{Message: at, Offset: above}
	}
	view.SetScrollState(first)
	if f.Note != "" {
		facts += " " + f.Note
	}
	search := widgets.NewField("Find in it")
	search.Icon = theme.IconIn(theme.IconSearch, theme.ColorQuiet)
	search.OnChanged = func(query string) { view.SetFind(query) }
	search.OnEnter = func() { view.FindNext(1) }
	search.OnArrow = func(delta int) bool { view.FindNext(delta); return true }
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.env.Host.ClosePopover)
	head := container.New(widgets.Column{Gap: 4},
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewLabel(f.Name, widgets.LabelStyle{Size: theme.SizeHeading, Bold: true}),
			container.New(widgets.Sized{Width: 170}, search), cross),
		widgets.Quiet(facts))
	scale := max(theme.Size(theme.SizeBody)/15, 1)
	room := c.env.Host.Canvas().Size()
	size := fyne.NewSize(min(readerWidth*scale, room.Width-88), min(readerHeight*scale, room.Height-88))
	body := widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 8}, head)}, view)
	c.env.Host.Dialog(container.New(widgets.Sized{Width: size.Width, Height: size.Height}, body))
	if query == "" {
		c.env.Host.Focus(view)
		return
	}
	search.SetText(query)
	view.SetFind(query)
	c.env.Host.Focus(search)
}

// splitPages gives the pages of a text.
func splitPages(text string) []string { return strings.Split(text, "\f") }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// trimLine takes away the line ends around a part of a text, which its own item stands for.
func trimLine(text string) string { return strings.Trim(text, "\n") }

// pathOf is the file that a line names: an address of a file, or the whole path of one that is there.
func pathOf(line string) (string, bool) {
	path := line
	if strings.HasPrefix(line, "file://") {
		u, err := url.Parse(line)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return "", false
		}
		path = filepath.FromSlash(u.Path)
	}
	if !filepath.IsAbs(path) {
		return "", false
	}
	_, err := os.Stat(path)
	return path, err == nil
}
