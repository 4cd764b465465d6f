package pages

import (
	"fmt"
	"image"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureStage shows one picture in a frame of its final shape: empty, growing, finished, or why there is none.
type pictureStage struct {
	page    *PicturesPage
	frame   *widgets.Picture
	compare *widgets.Compare // two pictures of a trial
	adopt   *widgets.Button
	leave   *widgets.Button
	welcome *widgets.Label
	add     *widgets.Button
	tries   *fyne.Container // what the starter can draw, to begin with
	best    *fyne.Container // a model for real work, where there is none yet
	asked   bool            // it was looked for
	failed  *widgets.Label
	details *widgets.Label
	fold    *widgets.Button
	trouble fyne.CanvasObject
	empty   fyne.CanvasObject
	status  *widgets.Label
	waits   *widgets.Label
	meter   *widgets.Meter
	keep    *widgets.Button
	stop    *widgets.Button
	stopAll *widgets.Button
	foot    fyne.CanvasObject
	body    fyne.CanvasObject

	job     int64 // that is shown; 0 = none
	running bool
	request studio.Request
	picture backend.Picture // that is shown; zero = none
	trial   *trial          // that is shown; nil = one picture
	until   time.Time       // when the steps end, as far as it is known
}

func newPictureStage(p *PicturesPage) *pictureStage {
	s := &pictureStage{page: p}
	s.frame = widgets.NewPicture(80, func() {
		if s.picture.ID != 0 {
			p.view(s.picture.ID, p.shownPictures())
		}
	})
	s.frame.OnMenu = func(at fyne.Position) {
		if s.picture.ID != 0 {
			p.env.Host.Menu(p.menu(s.picture), at)
		}
	}
	s.frame.Tip = "Look at it large"
	center := widgets.LabelStyle{Ink: theme.ColorQuiet, Align: fyne.TextAlignCenter, Wrap: true}
	s.welcome = widgets.NewLabel("", center)
	s.add = widgets.NewButton("Add file", widgets.KindPlain, p.env.Host.AddFiles)
	s.add.Icon = theme.Icon(theme.IconPlus)
	s.tries = container.New(widgets.Flow{Gap: 6, Lines: 6, Middle: true})
	for _, prompt := range starterPrompts {
		b := widgets.NewButton(prompt, widgets.KindPlain, func() { p.controls.prompt.SetText(prompt); p.Draw() })
		b.Small, b.Pill, b.Tip = true, true, "Draw this"
		s.tries.Add(b)
	}
	s.best = container.New(widgets.Column{})
	s.empty = container.New(uprightLayout{}, container.New(widgets.Centred{Width: 420, Margin: 16, Grows: true},
		container.New(widgets.Column{Gap: 12}, s.welcome, s.tries, s.best, container.New(middleLayout{}, s.add))))
	s.failed = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Align: fyne.TextAlignCenter, Wrap: true})
	s.details = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Mono: true, Wrap: true})
	s.fold = widgets.NewButton("Details", widgets.KindQuiet, func() { s.unfold(!s.details.Visible()) })
	s.fold.Small = true
	copyIt := widgets.NewButton("Copy details", widgets.KindQuiet, func() { p.env.Host.Copy(s.failed.Text() + "\n\n" + s.details.Text()) })
	copyIt.Small = true
	s.trouble = container.New(uprightLayout{}, container.New(widgets.Centred{Width: 520, Margin: 16, Grows: true},
		container.New(widgets.Column{Gap: 10}, s.failed,
			container.New(middleLayout{}, container.New(widgets.Row{Gap: 6}, s.fold, copyIt)), s.details)))
	s.status = widgets.NewLabel("", widgets.LabelStyle{})
	s.waits = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	s.meter = widgets.NewMeter()
	s.keep = widgets.NewButton("Keep", widgets.KindPlain, func() { p.saveAs(s.picture) })
	s.keep.Tip = "Save a copy where you want it"
	s.stop = widgets.NewButton("Stop", widgets.KindPlain, func() { p.stop(s.job) })
	s.stop.Icon, s.stop.Tip = theme.Icon(theme.IconStop), "Stop this picture (Esc)"
	s.compare = widgets.NewCompare()
	s.adopt, s.leave = s.trialButtons()
	s.stopAll = widgets.NewButton("Stop all", widgets.KindQuiet, p.stopAll)
	s.foot = container.New(widgets.Inset{Left: 20, Top: 8, Right: 20, Bottom: 10},
		container.New(widgets.Row{Gap: 8, Grow: 1},
			container.New(widgets.Column{Gap: 3}, s.status, s.waits, s.meter), s.stopAll, s.adopt, s.leave, s.keep, s.stop))
	s.body = widgets.NewEdges(widgets.Edges{Bottom: s.foot},
		container.New(widgets.Inset{Left: 20, Top: 20, Right: 20, Bottom: 6}, s.frame, s.compare), s.empty, s.trouble)
	s.show()
	return s
}

// show brings what is visible in line with the state.
func (s *pictureStage) show() {
	queued := s.page.queued(s.job)
	has := s.frame.Image() != nil || s.running
	show(s.trouble, !has && s.failed.Text() != "")
	show(s.empty, !has && s.failed.Text() == "")
	two := s.trial != nil && !s.running
	show(s.frame, has && !two)
	show(s.compare, two)
	if two {
		s.adopt.SetText("Add at " + weightText(s.trial.weight))
	}
	show(s.adopt, two)
	show(s.leave, two)
	show(s.keep, !s.running && s.picture.ID != 0 && !two)
	show(s.stop, s.running)
	show(s.stopAll, queued > 0)
	show(s.meter, s.running)
	s.waits.SetText("")
	if queued > 0 {
		s.waits.SetText(count(queued, "picture") + " waiting")
	}
	if s.running && queued == 0 && !s.page.controls.can().Preview {
		s.waits.SetText("The built-in engine shows no preview: the picture appears when it is finished.")
	}
	show(s.waits, s.waits.Text() != "")
	s.welcome.SetText(s.page.welcome())
	show(s.add, !s.page.drawable())
	s.recommend()
	s.body.Refresh()
}

// starterPrompts are what the empty stage offers to draw with the starter, and what a LoRA is tried with on it.
var starterPrompts = []string{"a tomato", "a yellow teapot", "two red apples on a blue background"}

// recommend names a model for real work, once the empty stage is seen and the starter is all there is; and what that one draws.
func (s *pictureStage) recommend() {
	m := s.page.controls.chosen()
	want := s.page.read && (m == nil || m.Starter)
	show(s.tries, m != nil && m.Starter && s.page.drawable())
	show(s.best, want)
	if !want || s.asked || !s.empty.Visible() {
		return
	}
	s.asked = true
	firstAdvice(s.page.env, backend.KindDiffusion, "For real work; slow without a GPU", func(card fyne.CanvasObject) {
		s.best.Add(card)
		s.body.Refresh()
	})
}

// begin shows an empty frame of the final shape for a job that starts.
func (s *pictureStage) begin(job int64, r studio.Request) {
	s.job, s.request, s.running, s.picture = job, r, true, backend.Picture{}
	s.until, s.trial = time.Time{}, nil
	s.failed.SetText("")
	s.status.SetText("Getting ready")
	s.meter.SetValue(0)
	s.frame.SetImage(nil)
	s.frame.SetShape(r.Width, r.Height)
	s.frame.OnKey = nil
	s.show()
}

// progress shows how far the picture is.
func (s *pictureStage) progress(e event.JobProgress) {
	if e.JobID != s.job || !s.running {
		return
	}
	text, share := phaseText(e.Phase), float32(0)
	switch {
	case e.Phase == "sampling" && !s.page.controls.can().Progress:
		text = "drawing"
	case e.Phase == "sampling" && e.Steps > 0:
		text, share = fmt.Sprintf("step %d of %d", e.Step, e.Steps), float32(e.Step)/float32(e.Steps)
	}
	if text == "" {
		return // an inner matter of the engine, such as the decoding of a preview, or steps that nobody counted yet
	}
	if e.Phase == "loading" && e.Steps > 0 {
		text += fmt.Sprintf(" %.0f %%", 100*float64(e.Step)/float64(e.Steps))
	}
	switch {
	case e.Phase == "decode":
		share = 1
	case e.Phase == "upscale" && e.Steps > 0:
		share = float32(e.Step) / float32(e.Steps)
	}
	if e.Left > 0 {
		text += " · " + spanText(e.Left) + " left"
	}
	s.status.SetText(strings.ToUpper(text[:1]) + text[1:])
	if share > 0 {
		s.meter.SetValue(share)
	}
	s.page.tellProgress(max(share, 0.04))
}

// preview shows what the running picture looks like so far.
func (s *pictureStage) preview(job int64, img image.Image) {
	if job == s.job && s.running && img != nil {
		s.frame.SetImage(img)
	}
}

// finished shows a picture that is done; img may be nil where its file cannot be read.
func (s *pictureStage) finished(p backend.Picture, img image.Image, note string) {
	s.running, s.picture, s.trial = false, p, nil
	s.job = p.JobID
	s.failed.SetText("")
	s.frame.SetShape(p.Width, p.Height)
	s.frame.SetImage(img)
	if img == nil {
		s.picture = backend.Picture{}
		s.failed.SetText("The file of this picture cannot be read any more.")
		s.details.SetText(s.page.env.Studio.Path(p))
		s.unfold(false)
	}
	s.status.SetText(note)
	s.show()
}

// ended shows that a job ended without a picture.
func (s *pictureStage) ended(state backend.JobState, why string) {
	s.running, s.trial = false, nil
	s.frame.SetImage(nil)
	s.picture = backend.Picture{}
	s.status.SetText("")
	switch state {
	case backend.JobFailed:
		s.failed.SetText("No picture came of it: " + strings.TrimRight(strings.Join(strings.Fields(why), " "), ".") + ".")
		r := s.request
		details := fmt.Sprintf("%s\n\n%d × %d, %d steps, guidance %g, seed %d", r.Prompt, r.Width, r.Height, r.Steps, r.CFG, r.Seed)
		switch {
		case r.Upscale:
			details = fmt.Sprintf("%s\n\nmaking %d × %d larger", r.Prompt, r.Width, r.Height)
		case r.Mask != "":
			details += ", a part of a picture, changed by " + percent(r.Strength)
		case r.Start != "":
			details += ", from a start picture, changed by " + percent(r.Strength)
		}
		s.details.SetText(details)
	case backend.JobStopped, backend.JobInterrupted, backend.JobWaiting, backend.JobRunning, backend.JobDone:
		s.status.SetText("Stopped")
	}
	s.unfold(false)
	s.show()
}

func (s *pictureStage) unfold(on bool) {
	show(s.details, on)
	s.fold.SetText("Details")
	if on {
		s.fold.SetText("Less")
	}
	s.trouble.Refresh()
}
