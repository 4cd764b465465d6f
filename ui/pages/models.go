package pages

import (
	"context"
	"errors"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// ModelsPage lists the model files that Loam knows, takes new ones in, and says of each what it is.
type ModelsPage struct {
	env     Env
	machine *widgets.Label
	folder  *widgets.Label
	rows    *fyne.Container
	found   *foundCard
	advice  *advice
	body    fyne.CanvasObject

	tabs      *widgets.Segmented // nil = there is nothing to find elsewhere
	find      *findView          // nil, as above
	downloads *downloadsCard
	middle    *fyne.Container
	installed fyne.CanvasObject
	add       *widgets.Button
	// Progress hears how far all downloads together are, 0 = none; nil = nobody wants to know.
	Progress func(share float32)

	models  []backend.Model
	gone    []app.RemovedModel // can be brought back
	byRule  int64
	speeds  map[int64]string
	tallies map[int64]backend.Tally
	shown   []modelRow
	copying map[int64]float64        // how far copies into the models folder are
	copies  map[int64]*widgets.Label // the lines that say so
}

// modelRow is a model as the page shows it: for tests and for the keyboard.
type modelRow struct {
	model  backend.Model
	chat   *widgets.Button // nil where it is no chat model
	use    *widgets.Button // what it is for; nil = nothing
	facts  string
	state  string
	remove func()
}

// NewModelsPage builds the page.
func NewModelsPage(env Env) *ModelsPage {
	p := &ModelsPage{env: env, speeds: map[int64]string{}, copying: map[int64]float64{}, copies: map[int64]*widgets.Label{}}
	p.machine = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	p.folder = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	add := widgets.NewButton("Add file", widgets.KindPrimary, env.Host.AddFiles)
	add.Icon = theme.Icon(theme.IconPlus)
	title := widgets.Heading("Models")
	title.Natural = true
	gap := widgets.NewLabel("", widgets.LabelStyle{}) // takes the room that is left
	head := []fyne.CanvasObject{title, gap, add}
	if env.Getting != nil {
		p.tabs = widgets.NewSegmented([]string{"Installed", "Find more"}, 0, p.Tab)
		head = []fyne.CanvasObject{title, p.tabs, gap, add}
	}
	about := container.New(widgets.Column{Gap: 2}, p.machine, p.folder)
	p.add = add
	p.downloads = newDownloadsCard(p)
	p.rows = container.New(widgets.Column{Gap: 8})
	p.found = newFoundCard(p)
	p.advice = newAdvice(env, func() {
		if p.body != nil {
			p.body.Refresh()
		}
	})
	hint := widgets.NewLabel("Drop model files or folders anywhere. Files on this disk take no room a second time.",
		widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Align: fyne.TextAlignCenter, Wrap: true})
	p.installed = widgets.Scrolled(container.New(widgets.Inset{Top: 4, Bottom: 32},
		container.New(widgets.Centred{Width: modelsWidth, Margin: modelsMargin},
			container.New(widgets.Column{Gap: 18}, about, p.advice.body, p.found.body, p.rows, hint))))
	p.middle = container.NewStack(p.installed)
	top := container.New(widgets.Inset{Top: 20, Bottom: 12}, container.New(widgets.Centred{Width: modelsWidth, Margin: modelsMargin},
		container.New(widgets.Column{Gap: 12}, container.New(widgets.Row{Gap: 16, Grow: len(head) - 1}, head...), p.downloads.body)))
	p.body = widgets.NewEdges(widgets.Edges{Top: top}, p.middle)
	if env.Getting != nil {
		p.find = newFindView(p)
	}
	p.Reload()
	return p
}

// Tab shows the installed models (0) or what there is elsewhere (1).
func (p *ModelsPage) Tab(i int) {
	if p.tabs == nil {
		return
	}
	p.tabs.Choose(i)
	show(p.add, i == 0)
	if i == 0 {
		p.middle.Objects = []fyne.CanvasObject{p.installed}
		p.Reload()
	} else {
		p.middle.Objects = []fyne.CanvasObject{container.New(widgets.Inset{Bottom: 8}, container.New(fillWidth{}, p.find.body))}
		p.find.Shown()
	}
	p.middle.Refresh()
	p.relayout()
}

// relayout makes room for what grew or went.
func (p *ModelsPage) relayout() {
	if p.body != nil {
		p.body.Refresh()
	}
}

// Cancel is Esc: it leaves what is looked at in detail; false = nothing is.
func (p *ModelsPage) Cancel() bool {
	return p.find != nil && p.tabs.Chosen() == 1 && p.find.cancel()
}

// modelsWidth is how wide what stands on the page is at most, the same on both tabs: nothing jumps between them.
const modelsWidth, modelsMargin = 960, 24

// fillWidth keeps an object so wide in the middle, and as high as there is room.
type fillWidth struct{}

// Layout implements fyne.Layout.
func (fillWidth) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width-2*modelsMargin, modelsWidth)
	for _, o := range objects {
		o.Move(fyne.NewPos((size.Width-w)/2, 0))
		o.Resize(fyne.NewSize(w, size.Height))
	}
}

// MinSize implements fyne.Layout.
func (fillWidth) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 120) }

// Body is what the window shows.
func (p *ModelsPage) Body() fyne.CanvasObject { return p.body }

// Reload reads models, machine and folder again.
func (p *ModelsPage) Reload() {
	p.downloads.reload()
	p.env.Host.Load("models", func(ctx context.Context) func() {
		models, err := p.env.Models.List(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		var byRule int64
		if d, err := p.env.Models.Default(ctx); err == nil {
			byRule = d.ID
		} else if !errors.Is(err, backend.ErrNoModel) {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		speeds := map[int64]string{}
		for _, m := range models {
			if s, ok, err := p.env.Models.MeasuredSpeed(ctx, m.ID); err == nil && ok {
				speeds[m.ID] = wordsPerSecond(s.Reply)
			}
		}
		tallies, err := p.env.Chats.Tallies(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		machine := machineLine(p.env.System.Machine(ctx))
		used, free := p.env.System.ModelsFolder(ctx)
		around, err := p.env.Models.Around(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		gone, err := p.env.System.RemovedModels(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		return func() {
			p.found.set(around)
			p.models, p.byRule, p.speeds, p.tallies = models, byRule, speeds, tallies
			p.gone = gone
			p.machine.SetText(machine)
			p.folder.SetText(folderLine(used, free))
			p.advice.load(onlyStarter(models))
			p.show()
		}
	})
}

// onlyStarter says whether a person has no chat model of their own yet.
func onlyStarter(models []backend.Model) bool {
	return !slices.ContainsFunc(models, func(m backend.Model) bool { return m.Kind == backend.KindChat && !m.Starter })
}

func folderLine(used, free int64) string {
	return "Models folder: " + folderText(used, free)
}

// groups are the headings of the page and the kinds under each.
var groups = []struct {
	heading string
	kinds   []backend.ModelKind
}{
	{"Chat", []backend.ModelKind{backend.KindChat}},
	{"Pictures", []backend.ModelKind{backend.KindDiffusion, backend.KindUpscaler}},
	{"LoRA", []backend.ModelKind{backend.KindLoRA, backend.KindAdapter}},
	{"Parts of picture models", []backend.ModelKind{backend.KindTextEncoder, backend.KindVAE}},
	{"Files in chats", []backend.ModelKind{backend.KindEmbedding}},
	{"Other files", []backend.ModelKind{
		backend.KindControlNet, backend.KindImageAdapter, backend.KindTextual, backend.KindProjector,
		backend.KindReranker, backend.KindGuard, backend.KindUnknown,
	}},
}

// show builds the rows, group by group: chat models first, the starter last among them.
func (p *ModelsPage) show() {
	p.rows.Objects, p.shown = nil, nil
	clear(p.copies)
	for _, g := range groups {
		list := chatModels(p.models)
		if g.heading != "Chat" {
			list = slices.DeleteFunc(slices.Clone(p.models), func(m backend.Model) bool { return !slices.Contains(g.kinds, m.Kind) })
		}
		if len(list) == 0 {
			continue
		}
		p.rows.Add(widgets.NewLabel(g.heading, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}))
		for _, m := range list {
			p.rows.Add(p.row(m))
		}
	}
	p.showRemoved()
	if len(p.models) == 0 {
		p.rows.Add(widgets.NewLabel("No model is installed yet.", widgets.LabelStyle{Ink: theme.ColorQuiet}))
	}
	p.body.Refresh()
}

func (p *ModelsPage) do(act func(ctx context.Context) error) {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		if err := act(ctx); err != nil {
			return func() { p.env.Host.Fail(err, func() { p.do(act) }) }
		}
		return p.Reload
	})
}

// Handle takes an event of the bus.
func (p *ModelsPage) Handle(e event.Event) {
	switch e := e.(type) {
	case event.ModelChanged:
		p.Reload()
	case event.ModelsBrought:
		p.found.progress(e.Done, e.Total)
	case event.ModelCopied:
		p.copied(e)
	case event.DownloadChanged:
		p.downloads.reload()
	case event.DownloadProgress:
		p.downloads.progress(e)
	}
}
