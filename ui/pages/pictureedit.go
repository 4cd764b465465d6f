package pages

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/studio"
	"loam/ui/brush"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureEditor marks a part of a picture and has it drawn anew. It stands in the place of the large view's picture and
// of its settings.
type pictureEditor struct {
	page     *PicturesPage
	picture  backend.Picture
	again    remake
	mask     *brush.Mask
	strength float32

	paint  *widgets.Painter
	prompt *widgets.Field
	tool   *widgets.Segmented
	size   *widgets.Slider
	undo   *widgets.Button
	clear  *widgets.Button
	change *widgets.Label
	hint   *widgets.Label
	draw   *widgets.Button
	side   fyne.CanvasObject
}

// editPart opens the editor on a picture.
func (p *PicturesPage) editPart(pic backend.Picture) {
	if again, ok := p.again(pic); ok {
		p.openEditor(pic, again, "")
	}
}

// editAgain opens the editor as it was when a part was drawn anew: on the picture from before, with the same mask.
func (p *PicturesPage) editAgain(pic backend.Picture, s imagemeta.Settings) {
	again, ok := p.again(pic)
	if !ok {
		return
	}
	p.env.Host.Load("view", func(ctx context.Context) func() {
		before, err := p.env.Studio.Picture(ctx, pic.MadeFrom)
		return func() {
			if err != nil { // it was removed meanwhile
				p.UseSettings(s)
				return
			}
			p.openEditor(before, again, p.env.Studio.StartPath(s.Mask))
		}
	})
}

// openEditor opens the editor on a picture, with the mask of a file where one is given.
func (p *PicturesPage) openEditor(pic backend.Picture, again remake, mask string) {
	path := p.env.Studio.Path(pic)
	p.env.Host.Load("view", func(context.Context) func() {
		img, err := readPicture(path, maxShownSide)
		marked := readMask(mask)
		return func() {
			if err != nil {
				p.env.Host.Notify(widgets.Notice{Key: "edit", Tone: widgets.ToneWarn, Text: "The file of this picture cannot be read any more: " + path})
				return
			}
			if !p.viewing || p.viewer.picture().ID != pic.ID { // from a menu
				p.view(pic.ID, []backend.Picture{pic})
			}
			p.viewer.comparing = false
			p.viewer.editor = newPictureEditor(p, pic, again, img)
			if marked != nil && p.viewer.editor.mask.Load(marked) {
				p.viewer.editor.marks()
			}
			p.viewer.arrange()
			p.env.Host.Focus(p.viewer.editor.paint)
		}
	})
}

// readMask reads a mask that the studio keeps; nil where there is none.
func readMask(path string) *image.Gray {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if size, err := pictureSize(path); err != nil || size.X*size.Y > maxPicturePixels {
		return nil
	}
	img, err := png.Decode(bufio.NewReader(f))
	if err != nil {
		return nil
	}
	gray, _ := img.(*image.Gray)
	return gray
}

// endEdit goes back to the picture; false = nothing was being edited.
func (v *pictureViewer) endEdit() bool {
	if v.editor == nil {
		return false
	}
	v.editor = nil
	v.arrange()
	v.page.env.Host.Focus(v.frame)
	return true
}

// The brush is from 1/200 to 1/4 of the picture's shorter side large, and begins at 1/12.
const (
	brushLeast = 1.0 / 200
	brushMost  = 1.0 / 4
	brushFirst = 1.0 / 12
)

// brushRadius is the radius in pixels of a picture for a place of the slider from 0 to 1: the smaller, the finer the steps.
func brushRadius(side int, place float64) float64 {
	return float64(side) / 2 * brushLeast * math.Pow(brushMost/brushLeast, place)
}

func newPictureEditor(p *PicturesPage, pic backend.Picture, again remake, img image.Image) *pictureEditor {
	e := &pictureEditor{page: p, picture: pic, again: again, strength: studio.EditStrength}
	if s := again.was.Strength; again.was.Mask != "" && s > 0 {
		e.strength = s
	}
	side := min(pic.Width, pic.Height)
	first := math.Log(brushFirst/brushLeast) / math.Log(brushMost/brushLeast)
	e.mask = brush.New(pic.Width, pic.Height)
	e.paint = widgets.NewPainter(img, e.mask, brushRadius(side, first))
	e.paint.OnChange, e.paint.OnRune, e.paint.OnUndo = e.marks, e.rune, e.takeBack
	e.prompt = widgets.NewArea("What is to be there")
	e.prompt.SetMinRowsVisible(3)
	e.prompt.SetText(again.was.Prompt)
	e.prompt.OnChanged = func(string) { e.marks() }
	e.tool = widgets.NewSegmented([]string{"Brush", "Eraser"}, 0, func(i int) { e.paint.Erase = i == 1 })
	e.size = widgets.NewSlider(0, 1, 0.02, first, func(v float64) {
		e.paint.Radius = brushRadius(side, v)
		e.paint.Refresh()
	})
	e.undo = widgets.NewButton("Undo", widgets.KindPlain, e.takeBack)
	e.undo.Icon, e.undo.Small, e.undo.Tip = theme.Icon(theme.IconUndo), true, "Take the last stroke back ("+widgets.Mod+"Z)"
	e.clear = widgets.NewButton("Clear", widgets.KindPlain, func() { e.mask.Clear(); e.paint.Changed(); e.marks() })
	e.clear.Small, e.clear.Tip = true, "Unmark everything"
	e.change = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Align: fyne.TextAlignTrailing})
	change := widgets.NewSlider(0.1, 1, 0.05, float64(e.strength), func(v float64) {
		e.strength = float32(math.Round(v*100) / 100)
		e.marks()
	})
	e.hint = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
	e.draw = widgets.NewButton("Draw", widgets.KindPrimary, e.submit)
	e.draw.Tip = "Draw the marked part anew (" + widgets.Mod + "Enter)"
	cancel := widgets.NewButton("Cancel", widgets.KindPlain, func() { p.viewer.endEdit() })
	cancel.Tip = "Back to the picture (Esc)"
	field := func(name string, o ...fyne.CanvasObject) fyne.CanvasObject {
		return container.New(widgets.Column{Gap: 5}, append([]fyne.CanvasObject{
			widgets.NewLabel(name, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}),
		}, o...)...)
	}
	e.side = widgets.NewGround(theme.ColorRail, widgets.NewEdges(widgets.Edges{
		Bottom: widgets.NewEdges(widgets.Edges{Top: widgets.NewLine(false)}, container.New(widgets.Inset{Left: 16, Top: 10, Right: 16, Bottom: 12},
			container.New(widgets.Column{Gap: 8}, e.hint, container.New(pairs{gap: 8}, cancel, e.draw)))),
	}, widgets.Scrolled(container.New(widgets.Inset{Left: 16, Top: 14, Right: 16, Bottom: 14}, container.New(widgets.Column{Gap: 12},
		widgets.NewLabel("Edit part", widgets.LabelStyle{Bold: true}),
		field("Mark what is to change", e.tool,
			container.New(widgets.Row{Gap: 8, Grow: 2}, widgets.NewHint("How large the brush is ( [ and ] )", widgets.NewLabel("Size", widgets.LabelStyle{Natural: true})), e.size),
			container.New(widgets.Row{Gap: 6}, e.undo, e.clear)),
		field("Prompt", e.prompt),
		field("Change", container.New(widgets.Row{Gap: 6, Grow: 1}, change, container.New(percentCell{}, e.change))),
		widgets.Quiet("Drawn by "+again.model.Name+". What is not marked stays as it is, to the last pixel."),
	)))))
	e.marks()
	return e
}

// marks shows what follows from the mask and the words.
func (e *pictureEditor) marks() {
	e.undo.SetEnabled(e.mask.CanUndo())
	e.clear.SetEnabled(!e.mask.Empty())
	e.change.SetText(percent(e.strength))
	text := ""
	switch {
	case e.mask.Empty():
		text = "Paint over what is to be drawn anew."
	case strings.TrimSpace(e.prompt.Text) == "":
		text = "Say what is to be there."
	default:
		text = fmt.Sprintf("%s of the picture marked.", shareText(e.mask.Share()))
	}
	e.hint.SetText(text)
	e.draw.SetEnabled(!e.mask.Empty() && strings.TrimSpace(e.prompt.Text) != "")
}

// shareText is a share of a picture in words.
func shareText(share float64) string {
	if share < 0.01 {
		return "Under 1 %"
	}
	return percent(float32(share))
}

func (e *pictureEditor) takeBack() {
	if _, ok := e.mask.Undo(); ok {
		e.paint.Changed()
		e.marks()
	}
}

// rune takes the characters that change the brush.
func (e *pictureEditor) rune(r rune) {
	place := e.size.Value()
	switch r {
	case '[':
		place -= 0.06
	case ']':
		place += 0.06
	case 'e', 'E':
		e.tool.Choose(1 - e.tool.Chosen())
		e.paint.Erase = e.tool.Chosen() == 1
		return
	default:
		return
	}
	e.size.Set(place)
	e.paint.Radius = brushRadius(min(e.picture.Width, e.picture.Height), e.size.Value())
	e.paint.Refresh()
}

// submit has the marked part drawn anew.
func (e *pictureEditor) submit() {
	e.mask.End()
	if e.marks(); e.draw.Disabled() {
		return
	}
	prompt, _ := studio.LoRAsIn(e.prompt.Text)
	r := e.again.request
	r.Prompt, r.Seed, r.Strength = strings.TrimSpace(prompt), randomSeed(), e.strength
	r.Width, r.Height = e.picture.Width, e.picture.Height
	mask, p := e.mask.Image(), e.page
	p.submit(r, e.again.missing, func(ctx context.Context, r *studio.Request) error {
		start, err := p.env.Studio.KeepStartOf(ctx, e.picture)
		if err != nil {
			return err
		}
		r.Start = start.SHA256
		r.Mask, err = p.env.Studio.KeepMask(ctx, mask)
		return err
	})
}
