package pages

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"

	"loam/backend/catalogue"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// modelKeeping are the rows of the settings about models: their folder, the catalogues, the bill of materials.
type modelKeeping struct {
	folder *widgets.Label
	path   string
	lists  *fyne.Container
}

func (p *SettingsPage) modelFiles() []fyne.CanvasObject {
	k := &p.models
	k.folder = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
	move := widgets.NewButton("Move", widgets.KindPlain, p.moveModels)
	move.Small, move.Tip = true, "To another disk, for instance"
	open := widgets.NewIconButton(theme.Icon(theme.IconFolderOpen), "Open the folder", func() { p.env.Host.OpenFolder(k.path) })
	k.lists = container.New(widgets.Column{Gap: 10})
	bill := widgets.NewButton("Save", widgets.KindPlain, p.saveBill)
	bill.Small = true
	p.lookAtModels()
	return []fyne.CanvasObject{
		container.New(widgets.Row{Gap: 8, Grow: 1}, container.New(widgets.Column{Gap: 1}, widgets.NewLabel("Models folder", widgets.LabelStyle{}), k.folder), move, open),
		k.lists,
		line("Bill of materials", "All models and parts of the program with licences, sources and hashes (CycloneDX 1.6).", bill),
	}
}

// lookAtModels reads the folder and the catalogues again.
func (p *SettingsPage) lookAtModels() {
	p.env.Host.Load("models-kept", func(ctx context.Context) func() {
		used, free := p.env.System.ModelsFolder(ctx)
		dir := p.env.System.ModelsDir()
		lists, err := p.env.System.Catalogues(ctx)
		return func() {
			k := &p.models
			k.path = dir
			k.folder.SetText(dir + "\n" + folderText(used, free))
			k.lists.Objects = nil
			for _, c := range lists {
				k.lists.Add(p.catalogueRow(c))
			}
			if err != nil {
				k.lists.Add(widgets.NewLabel(capital(err.Error())+".", widgets.LabelStyle{Ink: theme.ColorWarn, Size: theme.SizeSmall, Wrap: true}))
			}
			if p.body != nil {
				p.body.Refresh()
			}
		}
	})
}

// folderText is what a folder holds and what its disk has left.
func folderText(used, free int64) string {
	s := bytesText(used)
	if free > 0 {
		s += ", " + bytesText(free) + " free"
	}
	return s
}

func (p *SettingsPage) catalogueRow(c catalogue.Catalogue) fyne.CanvasObject {
	about := count(len(c.Models), "model")
	if c.Updated != "" {
		about += ", of " + c.Updated
	}
	if c.File == "" {
		return line("Catalogue of Loam", about+". Drop a catalogue of your own on the window; the guide says how one is written.",
			smallButton("Guide", func() { p.env.Host.Guide("catalogues") }))
	}
	if c.Publisher != "" {
		about += ", by " + c.Publisher
	}
	return line("Catalogue “"+c.Name+"”", about, smallButton("Remove", func() { p.removeCatalogue(c.Name) }))
}

func smallButton(text string, do func()) *widgets.Button {
	b := widgets.NewButton(text, widgets.KindPlain, do)
	b.Small = true
	return b
}

func (p *SettingsPage) removeCatalogue(name string) {
	p.env.Host.Load("models-kept", func(ctx context.Context) func() {
		undo, err := p.env.System.RemoveCatalogue(ctx, name)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
				return
			}
			p.env.Host.Undone(widgets.Undo{Text: "Removed the catalogue “" + name + "”. Models that came from it stay.", Undo: func() {
				p.change(func(context.Context) error { return undo() })
				p.lookAtModels()
			}})
			p.lookAtModels()
		}
	})
}

// moveModels asks where to, and moves.
func (p *SettingsPage) moveModels() {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err != nil {
			p.env.Host.Fail(err, p.moveModels)
			return
		}
		if dir != nil {
			p.MoveTo(dir.Path())
		}
	}, p.env.Host.Window())
	d.SetTitleText("Where the models folder goes")
	d.SetConfirmText("Move here")
	p.env.Host.ShowFiles(d)
}

const moveNotice = "models-move"

// MoveTo moves the models folder, with a notice that says how far it is.
func (p *SettingsPage) MoveTo(dir string) {
	var mu sync.Mutex
	var done, total int64
	longWork(p.env, moveNotice, "models-move", func() string {
		mu.Lock()
		defer mu.Unlock()
		if total <= 0 {
			return "Moving the models…"
		}
		return fmt.Sprintf("Moving the models: %s of %s (%.0f %%)", bytesText(done), bytesText(total), 100*float64(done)/float64(total))
	}, func(ctx context.Context) error {
		_, err := p.env.System.MoveModels(ctx, dir, func(d, t int64) {
			mu.Lock()
			defer mu.Unlock()
			done, total = d, t
		})
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, context.Canceled):
			p.env.Host.Notify(widgets.Notice{Key: moveNotice, Text: "Stopped. The models are where they were."})
		case err != nil:
			p.env.Host.Fail(err, nil)
		default:
			p.env.Host.Notify(widgets.Notice{Key: moveNotice, Tone: widgets.ToneSuccess, Text: "The models are in " + dir + " now."})
		}
		p.lookAtModels()
	})
}

// saveBill writes the bill of materials where a person says.
func (p *SettingsPage) saveBill() {
	p.env.Host.Load("bill", func(ctx context.Context) func() {
		b, err := p.env.System.Bill(ctx)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, p.saveBill)
				return
			}
			d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
				if err != nil || w == nil {
					if err != nil {
						p.env.Host.Fail(err, p.saveBill)
					}
					return
				}
				_, err = w.Write(b)
				if err = errors.Join(err, w.Close()); err != nil {
					p.env.Host.Fail(fmt.Errorf("write the bill of materials: %w", err), p.saveBill)
					return
				}
				p.env.Host.Notify(widgets.Notice{Key: "bill", Tone: widgets.ToneSuccess, Text: "Saved the bill of materials as " + w.URI().Name() + "."})
			}, p.env.Host.Window())
			d.SetFileName("loam-bom.cdx.json")
			p.env.Host.ShowFiles(d)
		}
	})
}
