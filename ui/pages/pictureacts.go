package pages

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// count0 is a number without separators: a seed is copied, not read.
func count0(n uint64) string { return strconv.FormatUint(n, 10) }

// fillThumb shows a picture in a strip or a grid; list is what the arrows walk in when it is opened.
func (p *PicturesPage) fillThumb(t *thumb, pic backend.Picture, list func() []backend.Picture) {
	t.SetShape(pic.Width, pic.Height)
	t.Tip = widgets.Shorten(strings.Join(strings.Fields(pic.Prompt), " "), 300, measureBody)
	t.OnTapped = func() { p.view(pic.ID, list()) }
	t.OnMenu = func(at fyne.Position) { p.env.Host.Menu(p.menu(pic), at) }
	p.thumbs.show(t, pic.ID, pic.SHA256, p.env.Studio.Path(pic))
}

// menu is the context menu of a picture.
func (p *PicturesPage) menu(pic backend.Picture) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	item := func(label string, icon fyne.ThemeIconName, do func()) {
		i := fyne.NewMenuItem(label, do)
		i.Icon = theme.Icon(icon)
		items = append(items, i)
	}
	can := p.controls.can()
	item("Vary", theme.IconRegenerate, func() { p.vary(pic) })
	if can.Mask {
		item("Edit part", theme.IconEdit, func() { p.editPart(pic) })
	}
	if can.Upscale {
		item("Upscale", theme.IconMaximize, func() { p.upscale(pic, nil) })
	}
	item("Use settings", theme.IconSliders, func() { p.use(pic) })
	if can.Init {
		item("Use as start", theme.IconPictures, func() { p.startFrom(pic) })
	}
	item("Copy prompt", theme.IconCopy, func() { p.env.Host.Copy(pic.Prompt) })
	item("Save as…", theme.IconDownload, func() { p.saveAs(pic) })
	item("Open folder", theme.IconFolderOpen, func() { p.openFolder(pic) })
	return items
}

// ViewLatest shows the newest picture of the strip large.
func (p *PicturesPage) ViewLatest() {
	if list := p.shownPictures(); len(list) > 0 {
		p.view(list[0].ID, list)
	}
}

// OpenMore opens the controls with everything in them.
func (p *PicturesPage) OpenMore() {
	p.setDrawer(true)
	if !p.controls.wish.FoldOpen {
		p.controls.more.fold.Tapped(nil)
	}
}

// view shows a picture large.
func (p *PicturesPage) view(id int64, list []backend.Picture) {
	if !p.viewer.open(id, list) {
		return
	}
	p.viewing = true
	p.arrange()
	p.env.Host.Focus(p.viewer.frame)
}

func (p *PicturesPage) closeViewer() {
	if p.viewing {
		p.viewing = false
		p.viewer.shut()
		p.arrange()
	}
}

// ShowGallery shows all pictures.
func (p *PicturesPage) ShowGallery() { p.Find("", 0) }

// Find shows all pictures whose prompts have the words of a query, and one of them large; 0 = none.
func (p *PicturesPage) Find(query string, id int64) {
	if p.viewing && p.viewer.editor != nil { // what was painted is not lost for a search
		p.env.Host.Notify(widgets.Notice{Key: "find", Text: "A part of this picture is being marked. End that first, then search."})
		return
	}
	p.closeViewer()
	p.listing = true
	p.arrange()
	p.gallery.find(query, id)
}

// FocusSearch brings the search of all pictures up.
func (p *PicturesPage) FocusSearch() {
	if !p.listing || p.viewing {
		p.Find(p.gallery.field.Text, 0)
	}
	if p.listing && !p.viewing {
		seek(p.env, p.gallery.field)
	}
}

func (p *PicturesPage) closeGallery() {
	if p.listing {
		p.listing = false
		p.gallery.all = nil
		p.gallery.turn++
		p.arrange()
	}
}

// arrange puts what is open in front; the rest is out of the tree.
func (p *PicturesPage) arrange() {
	front := fyne.CanvasObject(p.work)
	switch {
	case p.viewing:
		front = p.viewer.body
	case p.listing:
		front = p.gallery.body
	}
	p.body.Objects = []fyne.CanvasObject{front}
	p.body.Refresh()
}

// use fills the controls with the settings of a picture.
func (p *PicturesPage) use(pic backend.Picture) {
	rec, ok := receiptOf(pic)
	if !ok {
		p.env.Host.Notify(widgets.Notice{Key: "use", Tone: widgets.ToneWarn, Text: "The settings of this picture are not known."})
		return
	}
	if s := rec.Settings; s.Mask != "" && pic.MadeFrom != 0 && p.controls.can().Mask {
		p.editAgain(pic, s)
		return
	}
	p.UseSettings(rec.Settings)
}

// UseModel chooses the model that draws; everything else stays.
func (p *PicturesPage) UseModel(id int64) {
	p.controls.change(func(w *wish) { w.ModelID = id })
	p.setDrawer(true)
}

// UseSettings fills the controls with the settings of a picture.
func (p *PicturesPage) UseSettings(s imagemeta.Settings) {
	w := p.controls.wish
	if m := p.controls.chosen(); m != nil {
		w.ModelID = m.ID
	}
	missing := w.recall(s, p.controls.models, p.installedLoRAs())
	p.closeViewer()
	p.closeGallery()
	p.drawer = true
	p.controls.set(w)
	p.work.Refresh()
	p.env.Host.Focus(p.controls.prompt)
	p.recallStart(s)
	if len(missing) > 0 {
		p.env.Host.Notify(widgets.Notice{
			Key: "use", Tone: widgets.ToneWarn, Action: "Add file", Do: p.env.Host.AddFiles,
			Text: "The settings are in place, but " + strings.Join(missing, " and ") + " is not installed, so the picture will differ.",
		})
	}
}

// maxPictureFile bounds how much of a dropped picture is read for its settings.
const maxPictureFile = 256 << 20

// settingsIn reads the settings inside a PNG file. Errors are sentences.
func settingsIn(path string) (imagemeta.Settings, error) {
	name := "“" + filepath.Base(path) + "”"
	f, err := os.Open(path)
	if err != nil {
		return imagemeta.Settings{}, fmt.Errorf("%s cannot be read: it is not there, or you have no right to", name)
	}
	defer f.Close()
	m, err := imagemeta.ReadPNG(bufio.NewReader(io.LimitReader(f, maxPictureFile)))
	switch {
	case errors.Is(err, imagemeta.ErrNotPNG):
		return imagemeta.Settings{}, fmt.Errorf("%s is no PNG picture", name)
	case m.Receipt != nil:
		return m.Receipt.Settings, nil
	case m.Parameters != "":
		return imagemeta.ParseA1111(m.Parameters), nil
	}
	return imagemeta.Settings{}, fmt.Errorf("%s holds no settings: other programs may have removed them", name)
}

func (p *PicturesPage) openFolder(pic backend.Picture) {
	p.env.Host.OpenFolder(filepath.Dir(p.env.Studio.Path(pic)))
}

// SaveCopy asks where to save a copy of the picture that is shown.
func (p *PicturesPage) SaveCopy() {
	if p.viewing {
		p.saveAs(p.viewer.picture())
		return
	}
	p.saveAs(p.stage.picture)
}

// saveAs copies a picture where the person wants it.
func (p *PicturesPage) saveAs(pic backend.Picture) {
	if pic.ID == 0 {
		return
	}
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil {
			p.env.Host.Fail(err, func() { p.saveAs(pic) })
			return
		}
		if w == nil {
			return // given up
		}
		to := w.URI().Path()
		_ = w.Close() // only its name is wanted
		p.env.Host.Load("save", func(context.Context) func() {
			err := p.env.Studio.SaveCopy(pic, to)
			return func() {
				if err != nil {
					p.env.Host.Fail(err, func() { p.saveAs(pic) })
					return
				}
				p.env.Host.Notify(widgets.Notice{
					Key: "saved", Tone: widgets.ToneSuccess, Text: "Saved as " + to + ".",
					Action: "Open folder", Do: func() { p.env.Host.OpenFolder(filepath.Dir(to)) },
				})
			}
		})
	}, p.env.Host.Window())
	d.SetFileName(fileName(pic))
	d.SetTitleText("Save a copy of the picture")
	d.SetConfirmText("Save")
	d.Show() // before Resize, which panics on a file dialog that is not there yet
	size := p.env.Host.Canvas().Size()
	d.Resize(fyne.NewSize(min(size.Width-40, 900), min(size.Height-40, 620)))
}

// fileName is a name for a copy: the first words of the prompt and the seed.
func fileName(pic backend.Picture) string {
	words := strings.FieldsFunc(strings.ToLower(pic.Prompt), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	name := strings.Join(words[:min(len(words), 6)], "-")
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60])
	}
	if name == "" {
		name = "picture"
	}
	return name + "-" + count0(pic.Seed) + ".png"
}
