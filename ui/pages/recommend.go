package pages

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/hardware"
	"loam/backend/license"
	"loam/ui/theme"
	"loam/ui/widgets"
	"loam/ui/words"
)

// maxAdvice is how many models are recommended beside the first one.
const maxAdvice = 4

// advice is the card that recommends models which run well on this machine. It is hidden where none does, and where a person
// has a model of their own already; then the button More in the head of the page shows it.
type advice struct {
	env  Env
	list []app.Recommendation
	open bool // all of them are shown
	body *fyne.Container
	done func() // the card changed its height
}

func newAdvice(env Env, done func()) *advice {
	a := &advice{env: env, body: container.New(widgets.Column{}), done: done}
	a.body.Hide()
	return a
}

// load asks again. only says whether the starter is all there is: then the card is shown.
func (a *advice) load(only bool) {
	if !only {
		a.list = nil
		a.show()
		return
	}
	a.env.Host.Load("advice", func(ctx context.Context) func() {
		list, err := a.env.System.Recommend(ctx, backend.KindChat)
		return func() {
			if err != nil {
				list = nil // said on the page of settings
			}
			a.list = goodAdvice(list)
			a.show()
		}
	})
}

// goodAdvice keeps what runs well here and is not here yet.
func goodAdvice(list []app.Recommendation) []app.Recommendation {
	var good []app.Recommendation
	for _, r := range list {
		if !r.Installed && r.Fit.Verdict == hardware.RunsGood && len(good) <= maxAdvice {
			good = append(good, r)
		}
	}
	return good
}

// firstAdvice looks for the one model of a kind that suits this machine best and gives its card, under a heading; where there
// is none, it gives nothing.
func firstAdvice(env Env, kind backend.ModelKind, heading string, got func(card fyne.CanvasObject)) {
	a := &advice{env: env}
	env.Host.Load("advice "+string(kind), func(ctx context.Context) func() {
		list, err := env.System.Recommend(ctx, kind)
		return func() {
			if list = goodAdvice(list); err != nil || len(list) == 0 {
				return
			}
			got(widgets.NewCard(container.New(widgets.Column{Gap: 6}, widgets.Quiet(heading), a.row(list[0]))))
		}
	})
}

func (a *advice) show() {
	a.body.RemoveAll()
	if len(a.list) == 0 {
		a.body.Hide()
		a.done()
		return
	}
	rows := []fyne.CanvasObject{widgets.NewLabel("Runs well on this machine", widgets.LabelStyle{Bold: true, Wrap: true})}
	n := 1
	if a.open {
		n = len(a.list)
	}
	for i, r := range a.list[:n] {
		if i > 0 {
			rows = append(rows, widgets.NewLine(false))
		}
		rows = append(rows, a.row(r))
	}
	if more := len(a.list) - 1; more > 0 {
		label := count(more, "more model")
		if a.open {
			label = "Fewer"
		}
		b := widgets.NewButton(label, widgets.KindQuiet, func() { a.open = !a.open; a.show() })
		b.Small = true
		rows = append(rows, container.New(widgets.Row{}, b))
	}
	a.body.Add(widgets.NewCard(container.New(widgets.Column{Gap: 10}, rows...)))
	a.body.Show()
	a.done()
}

// row is one model that is recommended.
func (a *advice) row(r app.Recommendation) fyne.CanvasObject {
	get := widgets.NewButton("Get", widgets.KindPrimary, func() { getEntry(a.env, r) })
	text := container.New(widgets.Column{Gap: 2},
		widgets.NewLabel(r.Entry.Name, widgets.LabelStyle{Wrap: true}),
		widgets.NewLabel(adviceFacts(r), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}),
		widgets.NewLabel(r.Entry.GoodFor, widgets.LabelStyle{Size: theme.SizeSmall, Wrap: true}))
	return container.New(widgets.Row{Gap: 12, Grow: 1}, widgets.NewHint(license.Explain(r.Entry.License), text), get)
}

// adviceFacts is the quiet line of a model in a catalogue: size, licence, how it would run, who recommends it.
func adviceFacts(r app.Recommendation) string {
	n, exact := r.Entry.Size()
	size := bytesText(n)
	if !exact {
		size = "about " + size
	}
	if n == 0 {
		size = ""
	}
	facts := nonEmpty(size, license.Name(r.Entry.License), words.Fit(r.Fit))
	if r.Entry.Catalogue != "Loam" {
		facts = append(facts, "from the catalogue "+r.Entry.Catalogue)
	}
	return strings.Join(facts, " · ")
}

// getEntry begins to download a model of a catalogue; where Loam cannot, its address goes to the clipboard.
func getEntry(env Env, r app.Recommendation) {
	env.Host.Load("get", func(ctx context.Context) func() {
		err := env.System.Get(ctx, r.Entry)
		return func() {
			switch {
			case errors.Is(err, backend.ErrUnsupported):
				env.Host.Copy(r.Entry.Page())
				env.Host.Notify(widgets.Notice{Key: "get", Text: "The address of " + r.Entry.Name + " is on the clipboard. Download " + fileNames(r) + " there and drop it here."})
			case err != nil:
				env.Host.Fail(err, func() { getEntry(env, r) })
			default:
				env.Host.Notify(widgets.Notice{Key: "get", Text: r.Entry.Name + " is being downloaded.", Action: "Show", Do: func() { env.Host.Go(PageModels) }})
			}
		}
	})
}

func fileNames(r app.Recommendation) string {
	names := make([]string, 0, len(r.Entry.Files))
	for _, f := range r.Entry.Files {
		names = append(names, f.Path)
	}
	return strings.Join(names, " and ")
}
