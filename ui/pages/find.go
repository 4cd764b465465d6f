package pages

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"github.com/dustin/go-humanize"

	"loam/backend/hardware"
	"loam/backend/hub"
	"loam/backend/license"
	"loam/backend/outbound"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// findView looks for models on the hub: a search with filters, the results, and one of them in detail. Nothing is asked before
// a person asks.
type findView struct {
	page   *ModelsPage
	env    Env
	field  *widgets.Field
	kind   *widgets.Segmented
	size   *widgets.Button
	terms  *widgets.Button
	sort   *widgets.Button
	list   *widgets.List
	state  *widgets.Label
	act    *widgets.Button
	intro  fyne.CanvasObject
	middle *fyne.Container
	search fyne.CanvasObject // controls and results
	detail *findDetail       // nil = the results are shown
	body   *fyne.Container

	query   hub.Query
	ask     int // counts the searches: an answer to an older one is dropped
	asking  bool
	found   []hub.Found
	next    string
	started bool
	runs    float64 // billions that run well here; 0 = not known
	sizeAt  int
}

// The filters, as they are shown.
var (
	findKinds    = []hub.Kind{hub.Chat, hub.Pictures, hub.LoRAs}
	findLicenses = []string{"", "apache-2.0", "mit", "openrail++", "cc-by-4.0"}
	findSorts    = []struct {
		sort hub.Sort
		name string
	}{{hub.Trending, "Popular now"}, {hub.Downloads, "Most downloaded"}, {hub.Likes, "Most liked"}, {hub.Newest, "Newest"}}
)

// sizeFilter is a choice of sizes in billions of parameters.
type sizeFilter struct {
	name      string
	low, high float64
}

func (f *findView) sizes() []sizeFilter {
	list := []sizeFilter{{"Any size", 0, 0}}
	if f.runs > 0 {
		list = append(list, sizeFilter{"Runs well here (up to " + hardware.Billions(f.runs) + ")", 0, f.runs * 1.2})
	}
	return append(list, sizeFilter{"Up to 2 B", 0, 2.2}, sizeFilter{"2 to 9 B", 2, 9.5}, sizeFilter{"9 to 40 B", 9, 40}, sizeFilter{"Over 40 B", 40, 0})
}

func newFindView(p *ModelsPage) *findView {
	f := &findView{page: p, env: p.env, query: hub.Query{Kind: hub.Chat, Sort: hub.Trending}}
	f.field = searchField(f.env, "Name, or what it should be good at", func() bool {
		if !f.cancel() {
			f.env.Host.Focus(nil)
		}
		return true
	})
	f.field.OnEnter = func() { f.begin() }
	start := widgets.NewButton("Search", widgets.KindPrimary, f.begin)
	f.kind = widgets.NewSegmented([]string{"Chat", "Pictures", "LoRAs"}, 0, func(i int) { f.query.Kind = findKinds[i]; f.again() })
	small := func(text string, items func() []*fyne.MenuItem) *widgets.Button {
		var b *widgets.Button
		b = widgets.NewButton(text, widgets.KindPlain, func() {
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).Add(fyne.NewPos(0, b.Size().Height+4))
			f.env.Host.Menu(items(), at)
		})
		b.Small = true
		return b
	}
	f.size = small("Any size", f.sizeMenu)
	f.terms = small("Any licence", f.licenseMenu)
	f.sort = small(findSorts[0].name, f.sortMenu)
	controls := container.New(widgets.Column{Gap: 10},
		container.New(widgets.Row{Gap: 8, Grow: 1}, f.field, start),
		container.New(widgets.Flow{Gap: 8, Lines: 6}, f.kind, f.size, f.terms, f.sort))
	f.list = widgets.NewList(f)
	f.state = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Wrap: true, Align: fyne.TextAlignCenter})
	f.act = widgets.NewButton("", widgets.KindPlain, nil)
	f.intro = container.New(widgets.Inset{Top: 24, Left: 24, Right: 24}, container.New(widgets.Centred{Width: 520, Grows: true},
		container.New(widgets.Column{Gap: 14}, f.state, container.New(centreRow{}, f.act))))
	f.middle = container.NewStack(f.intro)
	f.search = widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 10}, controls)}, f.middle)
	f.body = container.NewStack(f.search)
	f.idle()
	return f
}

// centreRow stands one object in the middle at its own width.
type centreRow struct{}

// Layout implements fyne.Layout.
func (centreRow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		m := o.MinSize()
		o.Resize(fyne.NewSize(min(m.Width, size.Width), m.Height))
		o.Move(fyne.NewPos(max(0, (size.Width-m.Width)/2), 0))
	}
}

// MinSize implements fyne.Layout.
func (centreRow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objects {
		s = s.Max(o.MinSize())
	}
	return s
}

// Shown is called when the view comes to the front.
func (f *findView) Shown() {
	if f.detail == nil {
		if !f.started {
			f.idle()
		}
		f.env.Host.Focus(f.field)
	}
	if f.runs == 0 {
		f.env.Host.Load("machine", func(ctx context.Context) func() {
			runs := hardware.RunsWell(f.env.System.Machine(ctx))
			return func() { f.runs = runs }
		})
	}
}

// idle says what searching does, before the first one.
func (f *findView) idle() {
	on, forced := f.env.Getting.Offline()
	switch {
	case on && forced:
		f.say("Loam is offline: the variable LOAM_OFFLINE of its environment says so. Nothing is asked of other machines.", "", nil)
	case on:
		f.say("Loam is offline, as its settings say. Nothing is asked of other machines.", "Go online", f.goOnline)
	default:
		f.say("Searching asks "+f.env.Getting.Host()+". What you write into the field and the filters are sent; nothing else is.", "Show what is popular", f.begin)
	}
}

// goOnline opens the door again.
func (f *findView) goOnline() {
	f.env.Host.Load("settings", func(ctx context.Context) func() {
		err := f.env.System.SetSetting(ctx, keyOffline, false)
		return func() {
			if err != nil {
				f.env.Host.Fail(err, nil)
			}
			f.idle()
		}
	})
}

// say shows words in the place of results, with a button where there is something to do.
func (f *findView) say(text, action string, do func()) {
	f.state.SetText(text)
	f.act.Hide()
	if action != "" {
		f.act.SetText(action)
		f.act.OnTapped = do
		f.act.Show()
	}
	f.middle.Objects = []fyne.CanvasObject{f.intro}
	f.middle.Refresh()
	f.page.relayout()
}

func (f *findView) menu(names []string, chosen int, take func(i int)) []*fyne.MenuItem {
	items := make([]*fyne.MenuItem, len(names))
	for i, n := range names {
		items[i] = fyne.NewMenuItem(n, func() { take(i); f.again() })
		items[i].Checked = i == chosen
	}
	return items
}

func (f *findView) sizeMenu() []*fyne.MenuItem {
	sizes := f.sizes()
	names := make([]string, len(sizes))
	for i, s := range sizes {
		names[i] = s.name
	}
	return f.menu(names, f.sizeAt, func(i int) {
		f.sizeAt = i
		f.query.MinBillions, f.query.MaxBillions = sizes[i].low, sizes[i].high
		f.size.SetText(strings.TrimSuffix(strings.Split(sizes[i].name, " (")[0], " "))
	})
}

func (f *findView) licenseMenu() []*fyne.MenuItem {
	names := make([]string, len(findLicenses))
	at := 0
	for i, id := range findLicenses {
		if names[i] = "Any licence"; id != "" {
			names[i] = license.Name(id)
		}
		if id == f.query.License {
			at = i
		}
	}
	return f.menu(names, at, func(i int) { f.query.License = findLicenses[i]; f.terms.SetText(names[i]) })
}

func (f *findView) sortMenu() []*fyne.MenuItem {
	names := make([]string, len(findSorts))
	at := 0
	for i, s := range findSorts {
		names[i] = s.name
		if s.sort == f.query.Sort {
			at = i
		}
	}
	return f.menu(names, at, func(i int) { f.query.Sort = findSorts[i].sort; f.sort.SetText(names[i]) })
}

// again searches anew with other filters, once something was searched for.
func (f *findView) again() {
	if f.started {
		f.begin()
	}
}

// begin asks for the first page.
func (f *findView) begin() {
	text := strings.TrimSpace(f.field.Text)
	if repo, ok := repoOf(text); ok { // a name or an address that was pasted
		f.open(repo)
		return
	}
	f.started, f.query.Text, f.query.After = true, text, ""
	f.found, f.next, f.asking = nil, "", false
	f.ask++
	f.say("Asking "+f.env.Getting.Host()+"…", "", nil)
	f.more()
}

// repoOf finds the name of a repository in what was typed: "hf.co/owner/name" or an address of the hub's.
func repoOf(text string) (string, bool) {
	for _, p := range []string{hub.DefaultEndpoint + "/", "http://huggingface.co/", "huggingface.co/", "hf.co/", "https://hf.co/"} {
		if rest, ok := strings.CutPrefix(text, p); ok {
			parts := strings.Split(strings.Split(rest, "?")[0], "/")
			if len(parts) >= 2 && hub.CheckName(parts[0]+"/"+parts[1]) == nil {
				return parts[0] + "/" + parts[1], true
			}
		}
	}
	return "", false
}

// enough is how many results a search brings at once, and mostPages how often it asks for them.
const (
	enough    = 15
	mostPages = 4
)

// more asks for the next page. A filter may leave nothing of one, so a few are asked for.
func (f *findView) more() {
	if f.asking {
		return
	}
	f.asking = true
	q, ask := f.query, f.ask
	f.env.Host.Load("find", func(ctx context.Context) func() {
		var list []hub.Found
		var err error
		for range mostPages {
			var p hub.Page
			if p, err = f.env.Getting.Search(ctx, q); err != nil {
				break
			}
			list = append(list, p.Models...)
			if q.After = p.Next; q.After == "" || len(list) >= enough {
				break
			}
		}
		return func() {
			if ask != f.ask {
				return
			}
			f.asking = false
			f.answer(list, q.After, err)
		}
	})
}

// answer shows what came of a search.
func (f *findView) answer(list []hub.Found, next string, err error) {
	if err != nil && len(list) == 0 {
		f.next = ""
		if len(f.found) > 0 {
			f.env.Host.Fail(err, f.more)
			return
		}
		text, action := f.env.Host.Sentence(err)
		do := f.begin
		switch {
		case errors.Is(err, outbound.ErrOffline):
			f.idle()
			return
		case action == "":
			action = "Try again"
		case action == "Open settings":
			do = func() { f.env.Host.Go(PageSettings) }
		}
		f.say(text, action, do)
		return
	}
	f.found, f.next, f.query.After = append(f.found, list...), next, next
	if len(f.found) == 0 {
		f.say("Nothing was found. Use fewer words, or other filters.", "", nil)
		return
	}
	f.list.Reload()
	if f.middle.Objects[0] != f.list {
		f.middle.Objects = []fyne.CanvasObject{f.list}
		f.middle.Refresh()
	}
}

// Len implements widgets.Rows.
func (f *findView) Len() int { return len(f.found) }

// Kind implements widgets.Rows.
func (f *findView) Kind(int) int { return 0 }

// Height implements widgets.Rows.
func (f *findView) Height(int) float32 {
	return widgets.NewChoiceRow("X", "X", false, nil).MinSize().Height + 2
}

// Make implements widgets.Rows.
func (f *findView) Make(int) fyne.CanvasObject { return widgets.NewChoiceRow("", "", false, nil) }

// Fill implements widgets.Rows.
func (f *findView) Fill(i int, o fyne.CanvasObject) {
	m := f.found[i]
	o.(*widgets.ChoiceRow).Set(m.Name(), foundLineOf(m), func() { f.open(m.Repo) })
	if i >= len(f.found)-8 && f.next != "" && !f.asking {
		f.env.Host.After(0, f.more)
	}
}

// foundLineOf is the quiet line of a result.
func foundLineOf(m hub.Found) string {
	parts := []string{m.Owner()}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if m.Parameters > 0 {
		add(hardware.Billions(roundBillions(float64(m.Parameters) / 1e9)))
	}
	if m.License != "" {
		add(license.Name(m.License))
	}
	if m.Gated {
		add("asks for a yes to its terms")
	}
	add(thousands(m.Downloads) + " downloads")
	if !m.Changed.IsZero() {
		add(m.Changed.Format("Jan 2006"))
	}
	return strings.Join(parts, " · ")
}

func roundBillions(b float64) float64 {
	switch {
	case b < 1:
		return float64(int(b*100+0.5)) / 100
	case b < 20:
		return float64(int(b*10+0.5)) / 10
	}
	return float64(int(b + 0.5))
}

// thousands is a number of downloads as people say it.
func thousands(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%d M", n/1_000_000)
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f M", float64(n)/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return humanize.Comma(n)
}

// open shows a repository in detail.
func (f *findView) open(repo string) {
	f.detail = newFindDetail(f, repo)
	f.body.Objects = []fyne.CanvasObject{f.detail.body}
	f.page.relayout()
	f.detail.load()
}

// close goes back to the results.
func (f *findView) close() {
	f.detail = nil
	f.body.Objects = []fyne.CanvasObject{f.search}
	f.page.relayout()
	f.env.Host.Focus(f.field)
}

// cancel is Esc: it leaves the detail; false = there is none.
func (f *findView) cancel() bool {
	if f.detail == nil {
		return false
	}
	f.close()
	return true
}
