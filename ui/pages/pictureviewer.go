package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureViewer shows one picture large with its settings beside it. The arrows walk, Esc closes.
type pictureViewer struct {
	page  *PicturesPage
	list  []backend.Picture
	at    int
	frame *widgets.Picture
	facts *fyne.Container
	acts  *fyne.Container
	prev  *widgets.Button
	next  *widgets.Button
	wrong *widgets.Label
	body  fyne.CanvasObject
}

func newPictureViewer(p *PicturesPage) *pictureViewer {
	v := &pictureViewer{page: p}
	v.frame = widgets.NewPicture(120, nil)
	v.frame.OnKey = v.key
	v.frame.OnMenu = func(at fyne.Position) { p.env.Host.Menu(p.menu(v.picture()), at) }
	v.wrong = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Align: fyne.TextAlignCenter, Wrap: true})
	v.wrong.Hide()
	v.prev = widgets.NewIconButton(theme.Icon(theme.IconPrevious), "The newer one (Left)", func() { v.walk(-1) })
	v.next = widgets.NewIconButton(theme.Icon(theme.IconNext), "The older one (Right)", func() { v.walk(1) })
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", p.closeViewer)
	v.facts = container.New(widgets.Column{Gap: 10})
	button := func(text string, kind widgets.Kind, icon fyne.ThemeIconName, do func(p backend.Picture)) fyne.CanvasObject {
		b := widgets.NewButton(text, kind, func() { do(v.picture()) })
		b.Icon, b.Left = theme.Icon(icon), true
		return b
	}
	v.acts = container.New(widgets.Column{Gap: 6},
		button("Use settings", widgets.KindPrimary, theme.IconSliders, p.use),
		button("Copy prompt", widgets.KindPlain, theme.IconCopy, func(pic backend.Picture) { p.env.Host.Copy(pic.Prompt) }),
		button("Save as…", widgets.KindPlain, theme.IconDownload, p.saveAs),
		button("Open folder", widgets.KindPlain, theme.IconFolderOpen, p.openFolder))
	side := widgets.NewGround(theme.ColorRail, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Left: 12, Top: 8, Right: 8, Bottom: 4},
			container.New(widgets.Row{Gap: 2, Grow: 3}, v.prev, v.next, widgets.NewLabel("", widgets.LabelStyle{}), cross)),
		Bottom: widgets.NewEdges(widgets.Edges{Top: widgets.NewLine(false)}, container.New(widgets.Even(12), v.acts)),
	}, widgets.Scrolled(container.New(widgets.Inset{Left: 16, Top: 4, Right: 16, Bottom: 16}, v.facts))))
	v.body = widgets.NewGround(theme.ColorPage, container.New(viewerLayout{}, container.New(widgets.Even(16), v.frame),
		container.New(uprightLayout{}, container.New(widgets.Centred{Width: 420, Margin: 16}, v.wrong)), side))
	return v
}

// viewerLayout gives the last object a column on the right and the others what is left.
type viewerLayout struct{}

// Layout implements fyne.Layout.
func (viewerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(controlsWidth(), size.Width/2)
	for i, o := range objects {
		if i == len(objects)-1 {
			o.Move(fyne.NewPos(size.Width-w, 0))
			o.Resize(fyne.NewSize(w, size.Height))
			continue
		}
		o.Move(fyne.NewPos(0, 0))
		o.Resize(fyne.NewSize(size.Width-w, size.Height))
	}
}

// MinSize implements fyne.Layout.
func (viewerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(400, 200) }

func (v *pictureViewer) picture() backend.Picture {
	if v.at < 0 || v.at >= len(v.list) {
		return backend.Picture{}
	}
	return v.list[v.at]
}

// open shows a picture of a list.
func (v *pictureViewer) open(id int64, list []backend.Picture) bool {
	i := slices.IndexFunc(list, func(p backend.Picture) bool { return p.ID == id })
	if i < 0 {
		return false
	}
	v.list, v.at = slices.Clone(list), i
	v.fill()
	return true
}

// walk goes to a neighbour.
func (v *pictureViewer) walk(delta int) bool {
	if v.at+delta < 0 || v.at+delta >= len(v.list) {
		return false
	}
	v.at += delta
	v.fill()
	return true
}

// key takes the arrows.
func (v *pictureViewer) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyLeft, fyne.KeyUp:
		v.walk(-1)
	case fyne.KeyRight, fyne.KeyDown:
		v.walk(1)
	case fyne.KeyHome:
		v.walk(-v.at)
	case fyne.KeyEnd:
		v.walk(len(v.list) - 1 - v.at)
	default:
		return false
	}
	return true
}

func (v *pictureViewer) fill() {
	p := v.picture()
	v.prev.SetEnabled(v.at > 0)
	v.next.SetEnabled(v.at < len(v.list)-1)
	v.frame.SetShape(p.Width, p.Height)
	v.frame.SetImage(nil)
	v.frame.Tip = p.Prompt
	show(v.wrong, false)
	path := v.page.env.Studio.Path(p)
	v.page.env.Host.Load("view", func(context.Context) func() {
		img, err := readPicture(path, maxShownSide)
		return func() {
			if v.picture().ID != p.ID {
				return
			}
			if err != nil {
				v.wrong.SetText("The file of this picture cannot be read any more: " + path)
				show(v.wrong, true)
				return
			}
			v.frame.SetImage(img)
		}
	})
	v.facts.Objects = v.factRows(p)
	v.facts.Refresh()
	v.body.Refresh()
}

// factRows are the settings of a picture.
func (v *pictureViewer) factRows(p backend.Picture) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	fact := func(name, value string) {
		if value != "" {
			rows = append(rows, container.New(widgets.Column{Gap: 1}, widgets.Quiet(name),
				widgets.NewLabel(value, widgets.LabelStyle{Wrap: true})))
		}
	}
	fact("Prompt", p.Prompt)
	rec, ok := receiptOf(p)
	s := rec.Settings
	if ok {
		fact("Negative prompt", s.Negative)
		fact("Model", s.Model)
	}
	fact("Seed", fmt.Sprint(p.Seed))
	fact("Size", fmt.Sprintf("%d × %d", p.Width, p.Height))
	if ok {
		fact("Steps", strings.Trim(fmt.Sprintf("%d, %s", s.Steps, strings.TrimSpace(s.Sampler+" "+s.Scheduler)), ", "))
		fact("Guidance", fmt.Sprintf("%g", s.CFG))
		for _, l := range s.LoRAs {
			fact("LoRA", fmt.Sprintf("%s at %.2f: %d of %d tensors applied", l.Name, l.Weight, l.Applied, l.Total))
		}
		fact("Time", timesText(rec)+on(rec.Device, rec.Variant)+withThreads(rec.Threads))
	}
	fact("Drawn", p.Created.Local().Format("2 January 2006, 15:04"))
	return rows
}

// timesText is how long a picture took, and what of it: the first picture after a start also reads the model.
func timesText(rec imagemeta.Receipt) string {
	text := spanText(rec.Load + rec.Sample + rec.Decode)
	var parts []string
	for _, x := range []struct {
		name string
		took time.Duration
	}{{"loading", rec.Load}, {"steps", rec.Sample}, {"finishing", rec.Decode}} {
		if x.took >= time.Second/2 {
			parts = append(parts, x.name+" "+spanText(x.took))
		}
	}
	if len(parts) > 1 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

func on(device, variant string) string {
	if device == "" {
		return ""
	}
	if variant != "" {
		device += " (" + variant + ")"
	}
	return " on " + device
}
