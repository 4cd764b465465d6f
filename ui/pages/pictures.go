package pages

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// PicturesPage draws: controls on the left, the picture that grows on the right, the pictures of the session under it,
// all of them a click away.
type PicturesPage struct {
	env      Env
	progress func(share float32) // of the work, for the rail; 0 = nothing runs

	controls *pictureControls
	forecast *widgets.Label
	draw     *widgets.Button
	drawerOf *widgets.Button
	side     *widgets.Panel
	foot     *widgets.Panel
	stage    *pictureStage
	strip    *pictureStrip
	viewer   *pictureViewer
	gallery  *pictureGallery
	thumbs   *thumbs
	main     *fyne.Container // stage and strip
	work     *fyne.Container
	body     *fyne.Container

	drawer  bool // the controls are open although the window is narrow
	viewing bool
	listing bool   // the gallery is open
	trial   *trial // the last LoRA that was tried; nil = none

	latest  []backend.Picture // of all, the newest first: for the pace and the first strip
	session []backend.Picture // drawn since the start, the newest first
	known   map[paceKey]pace
	saving  func() // cancels the waiting store of the wish
	read    bool   // the wish was read: it may be stored
}

// wishKey is the setting that the controls are kept under.
const wishKey = "pictures.wish"

// NewPicturesPage builds the page. progress hears how far the work is.
func NewPicturesPage(env Env, progress func(share float32)) *PicturesPage {
	p := &PicturesPage{env: env, progress: progress, drawer: true, known: map[paceKey]pace{}, thumbs: newThumbs(env)}
	p.controls = newPictureControls(env, p.changed)
	p.controls.try = p.TryLoRA
	p.controls.chooseStart = p.chooseStart
	p.controls.prompt.OnPaste = p.Paste
	p.forecast = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	p.draw = widgets.NewButton("Draw", widgets.KindPrimary, p.Draw)
	p.draw.Tip = "Draw (" + widgets.Mod + "Enter)"
	p.drawerOf = widgets.NewButton("Controls", widgets.KindPlain, func() { p.setDrawer(!p.drawer) })
	p.drawerOf.Icon = theme.Icon(theme.IconSliders)
	p.stage = newPictureStage(p)
	p.strip = newPictureStrip(p)
	p.viewer = newPictureViewer(p)
	p.gallery = newPictureGallery(p)
	p.side = widgets.NewGround(theme.ColorRail, p.controls.body)
	p.foot = widgets.NewGround(theme.ColorRail, widgets.NewEdges(widgets.Edges{Top: widgets.NewLine(false)},
		container.New(widgets.Inset{Left: 16, Top: 10, Right: 16, Bottom: 10},
			container.New(widgets.Row{Gap: 10, Grow: 2}, p.drawerOf, p.forecast, p.draw))))
	p.main = widgets.NewEdges(widgets.Edges{Bottom: p.strip.body}, p.stage.body)
	p.work = container.New(&pictureLayout{p}, p.main, p.side, p.foot, widgets.NewLine(true))
	p.body = container.NewStack(p.work)
	p.strip.set("", nil)
	return p
}

// pictureLayout stands the controls on the left, in a drawer where the window is narrow; Draw is always in sight.
type pictureLayout struct{ p *PicturesPage }

// controlsWidth is the width of the column of controls; large text needs more.
func controlsWidth() float32 { return 300 * max(1, theme.Size(theme.SizeBody)/15*0.92) }

// Layout implements fyne.Layout.
func (l *pictureLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	main, side, foot, line := objects[0], objects[1], objects[2], objects[3]
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	narrow := l.p.env.Host.Narrow()
	show(l.p.drawerOf, narrow)
	show(side, !narrow || l.p.drawer)
	show(line, !narrow || l.p.drawer)
	width := min(controlsWidth(), size.Width)
	high := foot.MinSize().Height
	if narrow {
		beside := float32(0)
		if l.p.drawer {
			beside = width + 1
		}
		put(main, beside, 0, size.Width-beside, size.Height-high)
		put(side, 0, 0, width, size.Height-high)
		put(foot, 0, size.Height-high, size.Width, high)
		put(line, width, 0, 1, size.Height-high)
		return
	}
	put(side, 0, 0, width, size.Height-high)
	put(foot, 0, size.Height-high, width, high)
	put(line, width, 0, 1, size.Height)
	put(main, width+1, 0, size.Width-width-1, size.Height)
}

// MinSize implements fyne.Layout.
func (*pictureLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(400, 300) }

// Middle is where the middle of the page begins: beside the controls.
func (p *PicturesPage) Middle() float32 {
	if p.viewing || p.listing || p.env.Host.Narrow() {
		return 0
	}
	return controlsWidth()
}

// Body is what the window shows.
func (p *PicturesPage) Body() fyne.CanvasObject { return p.body }

// All is the page with what is not in front now.
func (p *PicturesPage) All() fyne.CanvasObject {
	v := p.viewer
	return container.NewWithoutLayout(p.work, p.gallery.body, v.body, v.side, v.frame, v.compare)
}

// Start reads what was wished last, the latest pictures and the jobs that were left. It is called once, when the window
// stands.
func (p *PicturesPage) Start() {
	p.env.Host.Load("pictures", func(ctx context.Context) func() {
		w := p.controls.wish // not changed before it was read
		_, err := p.env.System.Setting(ctx, wishKey, &w)
		return func() {
			p.read = true
			if err == nil {
				p.controls.set(w)
			}
			p.cleanStarts()
		}
	})
	p.env.Host.Load("traits", func(ctx context.Context) func() {
		t, err := p.env.System.PictureTraits(ctx)
		if err != nil {
			return nil // the doctor says what is wrong with the engine, and drawing does
		}
		return func() {
			p.controls.known(t)
			p.stage.show()
		}
	})
	p.Reload()
	p.reloadPictures(true)
	p.askForLeft()
}

// Reload reads the installed models again.
func (p *PicturesPage) Reload() {
	p.env.Host.Load("pictures", func(ctx context.Context) func() {
		all, err := p.env.Models.List(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		return func() {
			p.controls.installed(all)
			p.changed()
			p.stage.show()
		}
	})
}

// reloadPictures reads the latest pictures; at the start the newest goes on the stage.
func (p *PicturesPage) reloadPictures(starting bool) {
	p.env.Host.Load("studio", func(ctx context.Context) func() {
		ps, err := p.env.Studio.Pictures(ctx, 200, 0)
		if err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		known := paces(ps)
		return func() {
			p.latest, p.known = ps, known
			p.fillStrip()
			p.changed()
			if starting && len(ps) > 0 && !p.stage.running && p.stage.picture.ID == 0 {
				p.put(ps[0])
			}
			if p.listing {
				p.gallery.reload()
			}
		}
	})
}

// shownPictures are the pictures of the strip.
func (p *PicturesPage) shownPictures() []backend.Picture {
	if len(p.session) > 0 {
		return p.session
	}
	return p.latest
}

func (p *PicturesPage) fillStrip() {
	name := "This session"
	if len(p.session) == 0 {
		name = "Latest"
	}
	p.strip.set(name, p.shownPictures())
	p.strip.mark(p.stage.picture.ID)
	p.main.Refresh() // the strip came or went
}

// put shows a finished picture on the stage.
func (p *PicturesPage) put(pic backend.Picture) {
	path := p.env.Studio.Path(pic)
	p.env.Host.Load("studio", func(context.Context) func() {
		img, err := readPicture(path, maxShownSide)
		return func() {
			if err != nil {
				img = nil
			}
			if !p.stage.running {
				p.stage.finished(pic, img, doneLine(pic))
				p.strip.mark(pic.ID)
			}
		}
	})
}

// doneLine is what stands under a finished picture.
func doneLine(pic backend.Picture) string {
	parts := []string{"Seed " + count0(pic.Seed)}
	if rec, ok := receiptOf(pic); ok {
		parts = append([]string{spanText(rec.Sample + rec.Decode)}, parts...)
		if rec.Settings.Model != "" {
			parts = append(parts, rec.Settings.Model)
		}
	}
	return strings.Join(parts, " · ") + appliedWords(pic)
}

// changed follows a change of the controls.
func (p *PicturesPage) changed() {
	if p.stage == nil {
		return // being built
	}
	m := p.controls.chosen()
	p.draw.SetEnabled(p.drawable())
	line := ""
	if m != nil && p.drawable() {
		if r, err := p.controls.request(p.controls.wish, *m); err == nil {
			line = forecast(p.controls.sets[m.ID], r, p.controls.wish.Count, p.known)
		}
	}
	p.forecast.SetText(line)
	p.touch()
}

// touch stores the wish soon.
func (p *PicturesPage) touch() {
	if p.saving == nil && p.read {
		p.saving = p.env.Host.After(time.Second, func() { p.saving = nil; p.Flush() })
	}
}

// Flush stores the wish now.
func (p *PicturesPage) Flush() {
	if p.saving != nil {
		p.saving()
		p.saving = nil
	}
	if !p.read {
		return
	}
	w := p.controls.wish
	p.env.Host.Load("state", func(ctx context.Context) func() {
		if err := p.env.System.SetSetting(ctx, wishKey, w); err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// drawable says whether the chosen model can draw.
func (p *PicturesPage) drawable() bool { return p.controls.whyNot() == "" }

// welcome is what stands on an empty stage.
func (p *PicturesPage) welcome() string {
	switch {
	case len(p.controls.models) == 0:
		return "No picture model is installed. Add one that you have (safetensors or GGUF); Loam uses it where it lies."
	case !p.drawable():
		return p.controls.whyNot()
	case p.controls.chosen() != nil && p.controls.chosen().Starter:
		return "Say what to draw and press Draw. The starter knows some 300 simple things and draws them small; " +
			"it is for learning and testing. People, places and photographs need a larger model."
	}
	return "Say what to draw and press Draw. The picture grows here."
}

func (p *PicturesPage) setDrawer(open bool) {
	p.drawer = open
	p.work.Refresh()
	if open {
		p.env.Host.Focus(p.controls.prompt)
	}
}

// Shown is called when the page came to the front.
func (p *PicturesPage) Shown() {
	if !p.viewing && !p.listing && p.controls.body.Visible() {
		p.env.Host.Focus(p.controls.prompt)
	}
}

// Draw asks the studio for what the controls say; where a part is being edited, for that.
func (p *PicturesPage) Draw() {
	if p.viewing && p.viewer.editor != nil {
		p.viewer.editor.submit()
		return
	}
	m := p.controls.chosen()
	if m == nil || !p.drawable() {
		p.sayWhyNot()
		return
	}
	w := p.controls.wish
	if strings.TrimSpace(w.Prompt) == "" {
		p.env.Host.Notify(widgets.Notice{Key: "draw", Tone: widgets.ToneWarn, Text: "The prompt is empty. Say what to draw first."})
		p.setDrawer(true)
		return
	}
	if !w.Locked {
		w.Seed = randomSeed()
		p.controls.set(w)
	}
	r, err := p.controls.request(w, *m)
	if err != nil {
		p.env.Host.Fail(err, nil)
		return
	}
	p.closeViewer()
	p.closeGallery()
	if p.env.Host.Narrow() {
		p.setDrawer(false)
	}
	p.env.Host.Load("draw", func(ctx context.Context) func() {
		if _, err := p.env.Studio.Enqueue(ctx, r, w.Count); err != nil {
			return func() { p.env.Host.Fail(err, p.Draw) }
		}
		return p.stage.show
	})
}

// sayWhyNot tells why nothing can be drawn now.
func (p *PicturesPage) sayWhyNot() {
	p.env.Host.Notify(widgets.Notice{
		Key: "draw", Tone: widgets.ToneWarn, Text: p.welcome(), Action: "Add file", Do: p.env.Host.AddFiles,
	})
}

// randomSeed is a seed of the 31 bits that engines use.
func randomSeed() uint64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return uint64(binary.LittleEndian.Uint32(b[:]) >> 1)
}

// Cancel is Esc: the innermost of what is open, then the running picture; false = nothing of it.
func (p *PicturesPage) Cancel() bool {
	switch {
	case p.viewing && p.viewer.endEdit():
	case p.viewing && p.viewer.comparing:
		p.viewer.endCompare()
	case p.viewing:
		p.closeViewer()
	case p.listing:
		p.closeGallery()
	case p.drawer && p.env.Host.Narrow() && p.stage.frame.Visible():
		p.setDrawer(false)
	case p.stage.running:
		p.stop(p.stage.job)
	default:
		return false
	}
	return true
}

// TypedKey takes a key that no control wanted.
func (p *PicturesPage) TypedKey(e *fyne.KeyEvent) {
	if p.viewing && p.viewer.editor == nil && !p.viewer.comparing {
		p.viewer.key(e)
	}
}
