package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/library"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// maxFoundRows bounds the list of what was found; the rest goes along unseen.
const maxFoundRows = 200

// foundCard offers the models of other programs that lie on this machine. It is hidden while there are none.
type foundCard struct {
	page   *ModelsPage
	around library.Around
	left   map[string]bool // paths that a person does not want
	open   bool            // the list is shown
	busy   string          // what is being done; "" = nothing

	head   *widgets.Label
	note   *widgets.Label
	choose *widgets.Button
	use    *widgets.Button
	rows   *fyne.Container
	body   *fyne.Container
}

func newFoundCard(p *ModelsPage) *foundCard {
	c := &foundCard{page: p, left: map[string]bool{}}
	c.head = widgets.NewLabel("", widgets.LabelStyle{Bold: true, Wrap: true})
	c.note = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
	c.choose = widgets.NewButton("Choose", widgets.KindQuiet, func() { c.open = !c.open; c.show() })
	c.use = widgets.NewButton("Use them in place", widgets.KindPrimary, c.bring)
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Do not offer them", c.hide)
	cross.Small = true
	c.rows = container.New(widgets.Column{Gap: 2})
	c.rows.Hide()
	card := widgets.NewCard(container.New(widgets.Column{Gap: 10},
		container.New(widgets.Row{Gap: 8, Grow: 1}, container.New(widgets.Column{Gap: 2}, c.head, c.note), c.choose, c.use, cross), c.rows))
	c.body = container.New(widgets.Column{}, card)
	c.body.Hide()
	return c
}

// set shows what lies around now.
func (c *foundCard) set(a library.Around) {
	c.around = a
	c.show()
}

// chosen are the paths that are not unticked.
func (c *foundCard) chosen() []string {
	var paths []string
	for _, m := range c.around.Models {
		if !c.left[m.Path] {
			paths = append(paths, m.Path)
		}
	}
	return paths
}

func (c *foundCard) show() {
	if len(c.around.Models) == 0 || c.around.Hidden {
		c.open = false
		c.body.Hide()
		return
	}
	c.body.Show()
	c.head.SetText(foundLine(c.around))
	note := "They stay where they are; nothing is copied."
	if c.around.More {
		note += " There is more than was looked at."
	}
	if c.busy != "" {
		note = c.busy
	}
	c.note.SetText(note)
	n := len(c.chosen())
	c.choose.SetText(map[bool]string{false: "Choose", true: "Done"}[c.open])
	if n == len(c.around.Models) {
		c.use.SetText("Use them in place")
	} else {
		c.use.SetText(fmt.Sprintf("Use %d in place", n))
	}
	c.use.SetEnabled(n > 0 && c.busy == "")
	c.rows.Objects = nil
	c.rows.Hide()
	if c.open {
		c.rows.Show()
		for i, m := range c.around.Models {
			if i == maxFoundRows {
				c.rows.Add(widgets.Quiet(fmt.Sprintf("and %d more", len(c.around.Models)-i)))
				break
			}
			c.rows.Add(widgets.NewChoiceRow(m.Name, foundFacts(m), !c.left[m.Path], func() {
				c.left[m.Path] = !c.left[m.Path]
				c.show()
			}))
		}
	}
	c.page.body.Refresh()
}

// foundLine says where and what: "Found in LM Studio, Ollama: 14 models, 92 GB".
func foundLine(a library.Around) string {
	what := fmt.Sprintf("%d models", len(a.Models))
	if len(a.Models) == 1 {
		what = "1 model"
	}
	return "Found in " + strings.Join(a.Programs(), ", ") + ": " + what + ", " + bytesText(a.SizeBytes())
}

func foundFacts(m library.FoundModel) string {
	facts := modelFacts(backend.Model{Kind: m.Kind, Family: m.Family, Quant: m.Quant, SizeBytes: m.SizeBytes})
	return m.Program + " · " + facts
}

// bring takes the chosen models in.
func (c *foundCard) bring() {
	paths := c.chosen()
	c.busy = "Taking them in…"
	c.show()
	c.page.env.Host.Load("bring", func(ctx context.Context) func() {
		got, err := c.page.env.Models.Bring(ctx, paths)
		return func() {
			c.busy, c.open = "", false
			if err != nil {
				c.page.env.Host.Fail(err, c.bring)
			} else {
				c.page.env.Host.Undone(widgets.Undo{Text: broughtLine(got), Undo: func() { c.giveBack(got.Models) }})
			}
			c.page.Reload()
		}
	})
}

func broughtLine(got library.Folder) string {
	s := fmt.Sprintf("%d models are used where they lie.", len(got.Models))
	if len(got.Models) == 1 {
		s = got.Models[0].Name + " is used where it lies."
	}
	if n := len(got.Refused); n > 0 {
		s += fmt.Sprintf(" %d could not be used: %s.", n, strings.TrimRight(got.Refused[0].Error(), "."))
	}
	return s
}

// giveBack takes models off the list and forgets them, so that they are offered again; their files were never touched.
func (c *foundCard) giveBack(models []backend.Model) {
	c.page.do(func(ctx context.Context) error {
		for _, m := range models {
			if err := c.page.env.Models.Remove(ctx, m.ID); err != nil {
				return err
			}
			if err := c.page.env.Models.FreeNow(ctx, m.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// progress shows how many were taken in.
func (c *foundCard) progress(done, total int) {
	if c.busy == "" {
		return
	}
	c.busy = fmt.Sprintf("Taking them in: %d of %d", done, total)
	c.note.SetText(c.busy)
}

func (c *foundCard) hide() {
	c.page.do(func(ctx context.Context) error { return c.page.env.Models.HideAround(ctx) })
	c.page.env.Host.Undone(widgets.Undo{
		Text: "Models of other programs are not offered any more. The settings can look again.",
		Undo: c.page.LookAround,
	})
}

// LookAround looks for models of other programs again and says when there are none.
func (p *ModelsPage) LookAround() {
	p.env.Host.Notify(widgets.Notice{Key: "around", Text: "Looking for models of other programs…", Keep: true})
	p.env.Host.Load("around", func(ctx context.Context) func() {
		a, err := p.env.Models.LookAround(ctx)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, p.LookAround)
				return
			}
			n := widgets.Notice{Key: "around", Text: "No other models were found in the folders of other programs."}
			if len(a.Models) > 0 {
				n.Text, n.Action, n.Do = foundLine(a)+".", "Show", func() { p.env.Host.Go(PageModels) }
			}
			p.env.Host.Notify(n)
			p.Reload()
		}
	})
}
