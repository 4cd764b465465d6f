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

// pictureViewer shows one picture large with its settings beside it. The arrows walk, Space compares, Esc closes. A part
// of the picture is edited in the same place.
type pictureViewer struct {
	page    *PicturesPage
	list    []backend.Picture
	at      int
	frame   *widgets.Picture
	compare *widgets.Compare // with the picture it was made from
	facts   *fyne.Container
	prev    *widgets.Button
	next    *widgets.Button
	vary    *widgets.Button
	edit    *widgets.Button
	enlarge *widgets.Button
	start   *widgets.Button
	cannot  *widgets.Label // what the engine that draws cannot do
	wrong   *widgets.Label
	place   *fyne.Container // of the picture, or of what stands in its place
	side    fyne.CanvasObject
	halves  *fyne.Container
	body    fyne.CanvasObject

	comparing bool
	editor    *pictureEditor // nil = nothing is being edited
}

func newPictureViewer(p *PicturesPage) *pictureViewer {
	v := &pictureViewer{page: p}
	v.frame = widgets.NewPicture(120, nil)
	v.frame.OnKey = v.key
	v.frame.OnMenu = func(at fyne.Position) { p.env.Host.Menu(p.menu(v.picture()), at) }
	v.compare = widgets.NewCompare()
	v.compare.OnKey = v.compareKey
	v.wrong = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Align: fyne.TextAlignCenter, Wrap: true})
	v.wrong.Hide()
	v.prev = widgets.NewIconButton(theme.Icon(theme.IconPrevious), "The newer one (Left)", func() { v.walk(-1) })
	v.next = widgets.NewIconButton(theme.Icon(theme.IconNext), "The older one (Right)", func() { v.walk(1) })
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", p.closeViewer)
	v.facts = container.New(widgets.Column{Gap: 10})
	button := func(text string, kind widgets.Kind, icon fyne.ThemeIconName, do func(p backend.Picture)) *widgets.Button {
		b := widgets.NewButton(text, kind, func() { do(v.picture()) })
		b.Icon, b.Left = theme.Icon(icon), true
		return b
	}
	v.vary = button("Vary", widgets.KindPlain, theme.IconRegenerate, p.vary)
	v.edit = button("Edit part", widgets.KindPlain, theme.IconEdit, p.editPart)
	v.edit.Tip = "Mark a part of the picture and draw it anew; the rest stays as it is"
	v.enlarge = button("Upscale", widgets.KindPlain, theme.IconMaximize, func(pic backend.Picture) { p.upscale(pic, v.enlarge) })
	v.enlarge.Tip = "Make the picture larger with an upscaler model"
	v.start = button("Use as start", widgets.KindPlain, theme.IconPictures, p.startFrom)
	v.start.Tip = "Start the next picture from this one"
	use := button("Use settings", widgets.KindPrimary, theme.IconSliders, p.use)
	use.Tip = "Bring prompt and numbers back to the controls"
	save := button("Save as…", widgets.KindPlain, theme.IconDownload, p.saveAs)
	folder := button("Open folder", widgets.KindPlain, theme.IconFolderOpen, p.openFolder)
	v.cannot = widgets.Quiet("The built-in engine draws from words alone; the picture pack also edits parts, starts from pictures and makes them larger.")
	compare := widgets.NewIconButton(theme.Icon(theme.IconCompare), "Compare with the picture it was made from, or the one before (Space)", v.toggleCompare)
	more := widgets.NewIconButton(theme.Icon(theme.IconMore), "More", nil)
	more.OnTapped = func() {
		p.env.Host.Menu(p.menu(v.picture()), fyne.CurrentApp().Driver().AbsolutePositionForObject(more).AddXY(0, more.Size().Height+4))
	}
	acts := container.New(widgets.Column{Gap: 6}, v.cannot,
		container.New(pairs{gap: 6}, v.vary, v.edit, v.enlarge, v.start, save, folder), use)
	v.side = widgets.NewGround(theme.ColorRail, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Left: 12, Top: 8, Right: 8, Bottom: 4},
			container.New(widgets.Row{Gap: 2, Grow: 4}, v.prev, v.next, compare, widgets.NewLabel("", widgets.LabelStyle{}), more, cross)),
		Bottom: widgets.NewEdges(widgets.Edges{Top: widgets.NewLine(false)}, container.New(widgets.Even(12), acts)),
	}, widgets.Scrolled(container.New(widgets.Inset{Left: 16, Top: 4, Right: 16, Bottom: 16}, v.facts))))
	v.place = container.New(widgets.Even(16), v.frame)
	v.halves = container.New(viewerLayout{}, v.place,
		container.New(uprightLayout{}, container.New(widgets.Centred{Width: 420, Margin: 16, Grows: true}, v.wrong)), v.side)
	v.body = widgets.NewGround(theme.ColorPage, v.halves)
	return v
}

// arrange puts what is looked at into the picture's place, and what belongs to it beside it.
func (v *pictureViewer) arrange() {
	place, side := fyne.CanvasObject(v.frame), v.side
	switch {
	case v.editor != nil:
		place, side = v.editor.paint, v.editor.side
	case v.comparing:
		place = v.compare
	}
	v.place.Objects[0] = place
	v.halves.Objects[len(v.halves.Objects)-1] = side
	v.halves.Refresh()
	v.body.Refresh()
}

// shut lets go of what the viewer holds.
func (v *pictureViewer) shut() {
	v.comparing, v.editor = false, nil
	v.frame.SetImage(nil)
	v.compare.Set(nil, nil, "", "", 1, 1)
	v.arrange()
}

// pairs stands objects in two columns of one width.
type pairs struct{ gap float32 }

func (l pairs) cell(objects []fyne.CanvasObject) (shown []fyne.CanvasObject, height float32) {
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
			height = max(height, o.MinSize().Height)
		}
	}
	return shown, height
}

// Layout implements fyne.Layout.
func (l pairs) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	list, h := l.cell(objects)
	w := (size.Width - l.gap) / 2
	for i, o := range list {
		width := w
		if i == len(list)-1 && i%2 == 0 {
			width = size.Width
		}
		o.Move(fyne.NewPos(float32(i%2)*(w+l.gap), float32(i/2)*(h+l.gap)))
		o.Resize(fyne.NewSize(width, h))
	}
}

// MinSize implements fyne.Layout.
func (l pairs) MinSize(objects []fyne.CanvasObject) fyne.Size {
	list, h := l.cell(objects)
	rows := float32((len(list) + 1) / 2)
	return fyne.NewSize(120, rows*h+max(0, rows-1)*l.gap)
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
	case fyne.KeySpace:
		v.toggleCompare()
	default:
		return false
	}
	return true
}

func (v *pictureViewer) fill() {
	p := v.picture()
	v.comparing, v.editor = false, nil
	v.arrange()
	can := v.page.controls.can()
	v.vary.Tip = v.page.varyTip(p)
	show(v.edit, can.Mask)
	show(v.enlarge, can.Upscale)
	show(v.start, can.Init)
	show(v.cannot, !can.Init)
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
		fact("Made from", lineage(s, p.MadeFrom != 0))
		if p.MadeFrom != 0 {
			to := widgets.NewButton("Show that one", widgets.KindQuiet, func() { v.page.viewParent(p) })
			to.Small = true
			rows = append(rows, container.New(widgets.Row{}, to))
		}
		if s.Factor > 1 {
			fact("Made larger", fmt.Sprintf("%d times, by %s", s.Factor, s.Upscaler))
		}
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
