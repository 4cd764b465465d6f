package pages

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// DropUses is what the window does with what was dropped on it.
type DropUses struct {
	Chat        func(modelID int64)
	Draw        func(modelID int64) // shows the pictures page with a model; the prompt stays
	UseSettings func(s imagemeta.Settings)
	StartFrom   func(path string) // starts the next picture from a picture file
	CanStart    func() bool       // the engine that draws can
	// PictureModel is the picture model that is chosen; nil = there is none.
	PictureModel func() *backend.Model
	AddLoRA      func(id int64, weight float32)
	TryLoRA      func(id int64) // draws with and without
	// ChatModel is the model of the chat that is open; nil = there is none.
	ChatModel   func() *backend.Model
	AddAdapter  func(id int64)        // to the chat that is open
	ChatAdapter func(model, id int64) // opens a chat with a model and a LoRA
	ToggleWords func(words string)
	HasWords    func(words string) bool
	Insert      func(text string) // puts a text into the message that is being written
	Attach      func(path string) // to the message that is being written
	OpenChat    func(chatID int64)
	Resized     func() // the card became taller or shorter
	Close       func() // the card is done with
}

// DropCard is what came of a drop: a row for each file that says what it is, what it fits, and what can be done with it.
// It appears at once; what is not known yet is read elsewhere and filled in. The harmless thing, keeping the file in the
// library, is done without a question, with the way back.
type DropCard struct {
	env    Env
	uses   DropUses
	rows   []*dropRow
	single bool // one file: the cross stands in its row
	column *fyne.Container
	scroll *container.Scroll
	head   fyne.CanvasObject // nil where there is one file only
	body   *widgets.Panel
	closed bool
}

// maxDropRows bounds how many files of one drop get a row of their own.
const maxDropRows = 24

// NewDropCard makes a card for files and folders and begins to look at them.
func NewDropCard(env Env, uses DropUses, paths []string) *DropCard {
	c := &DropCard{env: env, uses: uses, single: len(paths) == 1}
	c.column = container.New(widgets.Column{Gap: 10})
	more := paths[min(len(paths), maxDropRows):]
	for i, path := range paths[:min(len(paths), maxDropRows)] {
		if i > 0 {
			c.column.Add(widgets.NewLine(false))
		}
		r := newDropRow(c, path)
		c.rows = append(c.rows, r)
		c.column.Add(r.body)
	}
	objects := []fyne.CanvasObject{}
	if !c.single {
		cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", uses.Close)
		cross.Small = true
		c.head = container.New(widgets.Inset{Left: 16, Top: 8, Right: 8}, container.New(widgets.Row{Gap: 8, Grow: 1},
			widgets.NewLabel(count(len(paths), "file"), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}), cross))
		objects = append(objects, c.head)
	}
	if len(more) > 0 {
		c.column.Add(widgets.Quiet(count(len(more), "more file") + " are taken in without a row here; the Models page lists them."))
		c.takeQuietly(more)
	}
	c.scroll = widgets.Scrolled(container.New(widgets.Inset{Left: 16, Top: 12, Right: 14, Bottom: 14}, c.column))
	c.body = widgets.NewCard(container.New(dropLayout{c}, append(objects, c.scroll)...))
	c.body.Margin = widgets.Inset{}
	c.body.Line = theme.ColorControl // it lies over other cards, and in the dark a hairline does not part them
	for _, r := range c.rows {
		r.look()
	}
	return c
}

// Body is what the window shows over its page.
func (c *DropCard) Body() fyne.CanvasObject { return c.body }

// dropLayout stands the head over the rows, which scroll where there is not enough room.
type dropLayout struct{ c *DropCard }

// Layout implements fyne.Layout.
func (l dropLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	if l.c.head != nil {
		y = l.c.head.MinSize().Height
		l.c.head.Move(fyne.NewPos(0, 0))
		l.c.head.Resize(fyne.NewSize(size.Width, y))
	}
	l.c.scroll.Move(fyne.NewPos(0, y))
	l.c.scroll.Resize(fyne.NewSize(size.Width, size.Height-y))
}

// HeightFor is the height of everything at a width.
func (l dropLayout) HeightFor(_ []fyne.CanvasObject, width float32) float32 {
	h := float32(0)
	if l.c.head != nil {
		h = l.c.head.MinSize().Height
	}
	return h + 26 + widgets.HeightFor(l.c.column, width-30)
}

// MinSize implements fyne.Layout.
func (dropLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 60) }

// changed lays the card out again.
func (c *DropCard) changed() {
	if c.closed {
		return
	}
	c.column.Refresh()
	c.scroll.Refresh()
	c.uses.Resized()
}

// Closed tells the card that it is gone: what is still being looked at is kept, but says nothing any more.
func (c *DropCard) Closed() {
	c.closed = true
	for _, r := range c.rows {
		r.closed()
	}
}

// done takes a row away that needs nothing more; the last one closes the card.
func (c *DropCard) done(r *dropRow) {
	r.finished = true
	for _, other := range c.rows {
		if !other.finished {
			show(r.actions, false)
			show(r.keptLine, r.kept.Text() != "")
			c.changed()
			return
		}
	}
	c.uses.Close()
}

// takeQuietly takes files in that have no row.
func (c *DropCard) takeQuietly(paths []string) {
	for _, path := range paths {
		c.env.Host.Load("models", func(ctx context.Context) func() {
			_, err := c.env.Models.Add(ctx, path, library.AddOptions{Keep: true})
			if err == nil {
				return nil
			}
			return func() { c.env.Host.Fail(err, nil) }
		})
	}
}

// Installed hears that other models are installed now: what completes what may have changed.
func (c *DropCard) Installed() {
	c.env.Host.Load("drop", func(ctx context.Context) func() {
		all, err := c.env.Models.List(ctx)
		if err != nil {
			return nil // said elsewhere: every page lists the models
		}
		return func() {
			for _, r := range c.rows {
				r.relate(all)
			}
			c.changed()
		}
	})
}

// find gives the row's entry out of the installed models; the row's own facts where it is not installed.
func find(all []backend.Model, m backend.Model) backend.Model {
	for _, x := range all {
		if x.ID == m.ID && m.ID != 0 {
			return x
		}
	}
	return m
}

// base is a path's last name for a person.
func base(path string) string { return filepath.Base(path) }
