package pages

import (
	"context"
	"image"
	"slices"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/ui/widgets"
)

// compareWith finds what a picture is compared with: the picture it was made from, else the file it started from, else
// the one that was drawn before it. name is how that is called; "" = there is none.
func (v *pictureViewer) compareWith(ctx context.Context, pic, before backend.Picture) (path, name string) {
	studio := v.page.env.Studio
	if pic.MadeFrom != 0 {
		if parent, err := studio.Picture(ctx, pic.MadeFrom); err == nil {
			return studio.Path(parent), "made from"
		}
	}
	if rec, ok := receiptOf(pic); ok && rec.Settings.Start != "" {
		return studio.StartPath(rec.Settings.Start), "start picture"
	}
	if before.ID != 0 {
		return studio.Path(before), "the one before"
	}
	return "", ""
}

// viewParent shows the picture that one was made from.
func (p *PicturesPage) viewParent(pic backend.Picture) {
	list := p.viewer.list
	p.env.Host.Load("view", func(ctx context.Context) func() {
		parent, err := p.env.Studio.Picture(ctx, pic.MadeFrom)
		return func() {
			switch {
			case err != nil:
				p.env.Host.Fail(err, nil)
			case !slices.ContainsFunc(list, func(x backend.Picture) bool { return x.ID == parent.ID }):
				p.view(parent.ID, []backend.Picture{parent})
			default:
				p.view(parent.ID, list)
			}
		}
	})
}

// toggleCompare shows the picture beside what it is compared with, or alone again.
func (v *pictureViewer) toggleCompare() {
	if v.comparing {
		v.endCompare()
		return
	}
	pic, before := v.picture(), backend.Picture{}
	if v.at+1 < len(v.list) {
		before = v.list[v.at+1]
	}
	v.page.env.Host.Load("view", func(ctx context.Context) func() {
		path, name := v.compareWith(ctx, pic, before)
		if path == "" {
			return func() {
				v.page.env.Host.Notify(widgets.Notice{Key: "compare", Text: "There is no other picture to compare this one with."})
			}
		}
		left, errLeft := readPicture(path, maxShownSide)
		right, errRight := readPicture(v.page.env.Studio.Path(pic), maxShownSide)
		if errLeft != nil || errRight != nil {
			return func() {
				v.page.env.Host.Notify(widgets.Notice{Key: "compare", Tone: widgets.ToneWarn, Text: "The file of the other picture cannot be read any more, so there is nothing to compare with."})
			}
		}
		left = sameShape(left, pic.Width, pic.Height)
		return func() {
			if v.picture().ID != pic.ID || !v.page.viewing || v.editor != nil {
				return
			}
			v.compare.Set(left, right, name, "this one", pic.Width, pic.Height)
			v.comparing = true
			v.arrange()
			v.page.env.Host.Focus(v.compare)
		}
	})
}

func (v *pictureViewer) endCompare() {
	v.comparing = false
	v.arrange()
	v.page.env.Host.Focus(v.frame)
}

// sameShape cuts the middle out of a picture that has another shape, as a start picture is cut before it is drawn.
func sameShape(img image.Image, w, h int) image.Image {
	b := img.Bounds()
	cw, ch := b.Dx(), b.Dx()*h/w
	if ch > b.Dy() {
		cw, ch = b.Dy()*w/h, b.Dy()
	}
	sub, ok := img.(interface {
		SubImage(r image.Rectangle) image.Image
	})
	if !ok || cw < 1 || ch < 1 || cw == b.Dx() && ch == b.Dy() {
		return img
	}
	at := b.Min.Add(image.Pt((b.Dx()-cw)/2, (b.Dy()-ch)/2))
	return sub.SubImage(image.Rectangle{Min: at, Max: at.Add(image.Pt(cw, ch))})
}

// compareKey takes the keys that end a comparison.
func (v *pictureViewer) compareKey(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeySpace:
		v.endCompare()
	case fyne.KeyUp, fyne.KeyDown:
		v.endCompare()
		v.key(e)
	default:
		return false
	}
	return true
}

// lineage says what a picture was made from, in words; "" = from words alone.
func lineage(s imagemeta.Settings, made bool) string {
	of := "a file"
	if made {
		of = "another picture"
	}
	switch {
	case s.Mask != "":
		return "a part of " + of + " drawn anew, changed by " + percent(s.Strength)
	case s.Start != "":
		return of + ", changed by " + percent(s.Strength)
	}
	return ""
}
