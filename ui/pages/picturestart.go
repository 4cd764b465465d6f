package pages

import (
	"context"
	"fmt"
	"image"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureStart is the part of "More" with the picture to start from: how to choose one, or the one that is chosen, with
// how much of it changes.
type pictureStart struct {
	of       *pictureControls
	choose   *widgets.Button
	none     *widgets.Label // the engine cannot
	thumb    *widgets.Picture
	name     *widgets.Label
	facts    *widgets.Label
	follow   *widgets.Button // takes its shape
	strength *widgets.Slider
	number   *widgets.Label
	chip     *fyne.Container
	change   fyne.CanvasObject // the row of strength
	body     *fyne.Container
	shown    string // whose thumbnail is shown or being read
	reading  bool   // a file is being read, to become the start picture
}

// revealAfter is when what was just opened has its place.
const revealAfter = 50 * time.Millisecond

// startEndings are the endings of pictures that can be started from.
var startEndings = []string{".png", ".jpg", ".jpeg", ".webp"}

func newPictureStart(c *pictureControls, choose func(), look func()) *pictureStart {
	s := &pictureStart{of: c}
	s.choose = widgets.NewButton("Choose a picture", widgets.KindPlain, choose)
	s.choose.Icon, s.choose.Small = theme.Icon(theme.IconPictures), true
	s.choose.Tip = "Start from a picture instead of noise. One can also be dropped anywhere, pasted as a copied file, or taken from those that were drawn."
	s.none = widgets.Quiet("The built-in engine draws from words alone; the picture pack also starts from pictures.")
	s.thumb = widgets.NewPicture(dropThumb, look)
	s.thumb.Tip = "Another picture"
	s.name = widgets.NewLabel("", widgets.LabelStyle{})
	s.facts = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
	s.follow = widgets.NewButton("Take its shape", widgets.KindQuiet, func() {
		c.change(func(w *wish) { w.Shape = shapeStart })
	})
	s.follow.Small = true
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Start from words alone", func() { c.change((*wish).dropStart) })
	cross.Small = true
	s.strength = widgets.NewSlider(0.05, 1, 0.05, studio.StartStrength, func(v float64) {
		c.change(func(w *wish) { w.Strength = float32(math.Round(v*100) / 100) })
	})
	s.number = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Align: fyne.TextAlignTrailing})
	s.chip = container.New(widgets.Column{Gap: 6},
		container.New(widgets.Row{Gap: 10, Grow: 2}, container.New(widgets.Sized{Width: dropThumb, Height: dropThumb}, s.thumb), s.name, cross),
		s.facts, container.New(widgets.Row{}, s.follow))
	s.change = container.New(widgets.Row{Gap: 6, Grow: 2},
		widgets.NewHint("How much of the start picture changes: a little keeps it, all of it keeps only a hint of its colours", widgets.NewLabel("Change", widgets.LabelStyle{Natural: true})),
		s.strength, container.New(percentCell{}, s.number))
	s.body = container.New(widgets.Column{Gap: 6}, widgets.NewLabel("Start picture", widgets.LabelStyle{}),
		s.none, container.New(widgets.Row{}, s.choose), s.chip, s.change)
	return s
}

const readingText = "Reading the picture…"

// setReading shows that a file is being read, or no more.
func (s *pictureStart) setReading(on bool) {
	s.reading = on
	s.marks()
	s.of.body.Refresh()
}

// dropStart starts from words alone.
func (w *wish) dropStart() {
	w.Start = nil
	if w.Shape == shapeStart {
		w.Shape = pictureShapes[0].label
	}
}

// marks brings the part to what the wish says.
func (s *pictureStart) marks() {
	w, can, m := s.of.wish, s.of.can().Init, s.of.chosen()
	show(s.none, !can)
	show(s.choose, can && w.Start == nil)
	s.choose.SetText("Choose a picture")
	if s.reading {
		s.choose.SetText(readingText)
	}
	s.choose.SetEnabled(!s.reading)
	show(s.chip, w.Start != nil)
	show(s.change, w.Start != nil && can)
	if w.Start == nil {
		s.shown = ""
		s.thumb.SetImage(nil)
		return
	}
	s.name.SetText(w.Start.Name)
	if s.reading {
		s.name.SetText(readingText)
	}
	if m != nil {
		s.facts.SetText(startWords(*w.Start, w.shapeOf(*m)))
	}
	show(s.follow, can && w.Shape != shapeStart)
	s.strength.Set(float64(w.strength()))
	s.number.SetText(percent(w.strength()))
	s.picture(w.Start.SHA256)
}

// picture shows the thumbnail of the start picture.
func (s *pictureStart) picture(sum string) {
	if s.shown == sum {
		return
	}
	s.shown = sum
	s.thumb.SetImage(nil)
	path := s.of.env.Studio.StartPath(sum)
	s.of.env.Host.Load("start", func(context.Context) func() {
		img, err := readPicture(path, thumbSide)
		return func() {
			switch {
			case s.shown != sum:
			case err != nil: // it is gone
				w := s.of.wish
				w.dropStart()
				s.of.set(w)
				s.of.env.Host.Notify(widgets.Notice{Key: "start", Tone: widgets.ToneWarn, Text: "The start picture is not there any more. Choose it again."})
			default:
				s.thumb.SetShape(img.Bounds().Dx(), img.Bounds().Dy())
				s.thumb.SetImage(img)
			}
		}
	})
}

// startWords says what becomes of a start picture that is drawn in a shape.
func startWords(p wishStart, shape studio.Shape) string {
	text := fmt.Sprintf("%d × %d", p.Width, p.Height)
	if p.Width != shape.Width || p.Height != shape.Height {
		text += fmt.Sprintf(", drawn at %d × %d", shape.Width, shape.Height)
	}
	ratio := float64(p.Width) * float64(shape.Height) / (float64(p.Height) * float64(shape.Width))
	lost, where := 1-min(ratio, 1/ratio), "left and right"
	if ratio < 1 {
		where = "above and below"
	}
	if lost >= 0.005 {
		text += fmt.Sprintf("; %.0f %% is cut off %s", math.Max(1, 100*lost), where)
	}
	return text + "."
}

// CanStart says whether the engine that draws can start from a picture.
func (p *PicturesPage) CanStart() bool { return p.controls.can().Init }

// chooseStart asks for a picture to start from.
func (p *PicturesPage) chooseStart() {
	p.env.Host.ChooseFile("Start from a picture", "Start from it", startEndings, p.StartFrom)
}

// StartFrom starts the next picture from a file, of which a copy is kept.
func (p *PicturesPage) StartFrom(path string) {
	p.openStart()
	p.controls.more.start.setReading(true) // a large photograph takes a second
	p.env.Host.Load("start", func(ctx context.Context) func() {
		start, err := p.env.Studio.KeepStart(ctx, path)
		return func() {
			p.controls.more.start.setReading(false)
			if err != nil {
				p.env.Host.Fail(err, p.chooseStart)
				return
			}
			p.takeStart(start, filepath.Base(path))
		}
	})
}

// openStart brings the start picture's place in the controls into sight.
func (p *PicturesPage) openStart() {
	p.closeViewer()
	p.closeGallery()
	p.setDrawer(true)
	p.controls.change(func(w *wish) { w.FoldOpen = true })
	p.env.Host.After(revealAfter, func() { p.controls.reveal(p.controls.more.start.body) })
}

// startFrom starts the next picture from a finished one.
func (p *PicturesPage) startFrom(pic backend.Picture) {
	p.env.Host.Load("start", func(ctx context.Context) func() {
		start, err := p.env.Studio.KeepStartOf(ctx, pic)
		if err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return func() { p.takeStart(start, strings.TrimSuffix(fileName(pic), ".png")) }
	})
}

// takeStart puts a start picture into the controls, opens them, and shows it.
func (p *PicturesPage) takeStart(start studio.Start, name string) {
	p.openStart()
	p.controls.change(func(w *wish) {
		w.Start = &wishStart{start.SHA256, start.Width, start.Height, name}
		w.Shape = shapeStart
	})
}

// recallStart brings the start picture of a picture back whose settings are used again.
func (p *PicturesPage) recallStart(s imagemeta.Settings) {
	if s.Start == "" || s.Mask != "" {
		return
	}
	path := p.env.Studio.StartPath(s.Start)
	p.env.Host.Load("start", func(context.Context) func() {
		size, err := pictureSize(path)
		return func() {
			if err != nil {
				p.env.Host.Notify(widgets.Notice{Key: "start", Tone: widgets.ToneWarn, Text: "The picture that this one started from is not here, so the new one will differ."})
				return
			}
			p.controls.change(func(w *wish) {
				w.Start = &wishStart{s.Start, size.X, size.Y, "as before"}
				w.FoldOpen = true
			})
		}
	})
}

// cleanStarts lets the studio remove the start pictures that nothing refers to any more.
func (p *PicturesPage) cleanStarts() {
	var keep []string
	if s := p.controls.wish.Start; s != nil {
		keep = append(keep, s.SHA256)
	}
	p.env.Host.Load("start", func(ctx context.Context) func() {
		_, _ = p.env.Studio.CleanStarts(ctx, keep...) // what cannot be removed now is tried again at the next start
		return nil
	})
}

// Paste takes a copied picture file; false = it is none.
func (p *PicturesPage) Paste(text string) bool {
	path, ok := pastedFile(text)
	if !ok || p.viewing {
		return false
	}
	p.StartFrom(path)
	return true
}

// pastedFile finds the picture file that a text from the clipboard means: file managers copy a path or a file URI.
func pastedFile(text string) (string, bool) {
	lines := strings.Fields(strings.ReplaceAll(text, "\r", "\n"))
	if strings.HasPrefix(strings.TrimSpace(text), string(filepath.Separator)) {
		lines = []string{strings.TrimSpace(text)} // a path may hold spaces
	}
	if len(lines) == 0 || len(text) > 1<<16 {
		return "", false
	}
	path := lines[len(lines)-1]
	if u, err := url.Parse(path); err == nil && u.Scheme == "file" && u.Path != "" {
		path = filepath.FromSlash(u.Path)
	}
	if !filepath.IsAbs(path) || strings.ContainsAny(path, "\n\x00") {
		return "", false
	}
	return path, isPicture(path)
}

// pictureSize reads how large a picture of the studio's is.
func pictureSize(path string) (image.Point, error) {
	f, err := os.Open(path)
	if err != nil {
		return image.Point{}, fmt.Errorf("read picture: %w", err)
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxPicturePixels/c.Height {
		return image.Point{}, fmt.Errorf("read picture: it is none: %w", err)
	}
	return image.Pt(c.Width, c.Height), nil
}

// percentCell is as wide as any percentage, so that nothing moves when the number changes.
type percentCell struct{}

// Layout implements fyne.Layout.
func (percentCell) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(0, (size.Height-h)/2))
		o.Resize(fyne.NewSize(size.Width, h))
	}
}

// MinSize implements fyne.Layout.
func (percentCell) MinSize(objects []fyne.CanvasObject) fyne.Size {
	h := float32(0)
	for _, o := range objects {
		h = max(h, o.MinSize().Height)
	}
	return fyne.NewSize(fyne.MeasureText("100 %", theme.Size(theme.SizeBody), fyne.TextStyle{}).Width+6, h)
}

// percent is a share in words.
func percent(f float32) string { return strconv.Itoa(int(math.Round(100*float64(f)))) + " %" }
