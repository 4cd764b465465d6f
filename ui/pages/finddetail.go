package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/hardware"
	"loam/backend/license"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
	"loam/ui/words"
)

// findDetail is a repository: what there is to choose, how it runs here, what is allowed, and its card.
type findDetail struct {
	find  *findView
	repo  string
	offer app.Offer
	at    int             // the chosen choice; -1 = none
	busy  map[string]bool // hashes of what is being downloaded

	title *widgets.Label
	facts *widgets.Label
	left  *fyne.Container // what there is to choose
	get   *widgets.Button
	rows  []*widgets.ChoiceRow
	card  *chatview.View
	sides *widgets.Segmented // of a narrow window
	split *detailLayout
	body  fyne.CanvasObject
}

func newFindDetail(f *findView, repo string) *findDetail {
	d := &findDetail{find: f, repo: repo, at: -1}
	back := widgets.NewButton("Results", widgets.KindQuiet, f.close)
	back.Icon, back.Small = theme.Icon(theme.IconPrevious), true
	owner, name, _ := strings.Cut(repo, "/")
	if name == "" {
		owner, name = "", owner
	}
	d.title = widgets.NewLabel(name, widgets.LabelStyle{Size: theme.SizeTitle, Bold: true})
	d.facts = widgets.NewLabel(owner, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	d.left = container.New(widgets.Column{Gap: 8}, widgets.Quiet("Looking at its files…"))
	d.card = chatview.New(chatview.Options{OnLink: d.follow, Clipboard: f.env.Host.Copy, ReadOnly: true})
	left := widgets.Scrolled(container.New(widgets.Inset{Top: 4, Right: 12, Bottom: 24}, d.left))
	d.split = &detailLayout{host: f.env.Host}
	d.sides = widgets.NewSegmented([]string{"Files", "About"}, 0, func(i int) { d.split.about = i == 1; d.body.Refresh() })
	panes := container.New(d.split, left, widgets.NewLine(true), d.card, d.sides)
	d.split.sides = d.sides
	head := container.New(widgets.Inset{Bottom: 8}, container.New(widgets.Row{Gap: 10, Grow: 2}, back,
		container.New(widgets.Column{Gap: 1}, d.title, d.facts)))
	d.body = widgets.NewEdges(widgets.Edges{Top: head}, panes)
	return d
}

// detailLayout stands the choices and the card side by side, or one of them in a narrow window.
type detailLayout struct {
	host  Host
	sides *widgets.Segmented
	about bool
}

// Layout implements fyne.Layout.
func (l *detailLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) { o.Move(fyne.NewPos(x, y)); o.Resize(fyne.NewSize(w, h)) }
	left, line, card, sides := o[0], o[1], o[2], o[3]
	if size.Width < 640*max(theme.Size(theme.SizeBody)/15, 1) {
		h := sides.MinSize().Height
		show(sides, true)
		show(line, false)
		show(left, !l.about)
		show(card, l.about)
		place(sides, 0, 0, min(sides.MinSize().Width, size.Width), h)
		for _, pane := range []fyne.CanvasObject{left, card} {
			place(pane, 0, h+8, size.Width, size.Height-h-8)
		}
		return
	}
	show(sides, false)
	for _, pane := range []fyne.CanvasObject{left, line, card} {
		show(pane, true)
	}
	w := min(size.Width*0.46, 460*max(theme.Size(theme.SizeBody)/15, 1))
	place(left, 0, 0, w, size.Height)
	place(line, w, 0, 1, size.Height)
	place(card, w+1, 0, size.Width-w-1, size.Height)
}

// MinSize implements fyne.Layout.
func (l *detailLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 120) }

// follow copies the address of a link: Loam opens no web pages.
func (d *findDetail) follow(link string) {
	d.find.env.Host.Copy(link)
	d.find.env.Host.Notify(linkNotice(link))
}

// load asks for the repository, then for its card.
func (d *findDetail) load() {
	f := d.find
	f.env.Host.Load("find", func(ctx context.Context) func() {
		offer, err := f.env.Getting.LookAt(ctx, d.repo, "")
		return func() {
			if f.detail != d {
				return
			}
			if err != nil {
				d.failed(err)
				return
			}
			d.set(offer)
			d.loadCard()
		}
	})
}

func (d *findDetail) failed(err error) {
	text, _ := d.find.env.Host.Sentence(err)
	again := widgets.NewButton("Try again", widgets.KindPlain, d.load)
	again.Small = true
	d.left.Objects = []fyne.CanvasObject{widgets.NewLabel(text, widgets.LabelStyle{Wrap: true}), container.New(widgets.Row{}, again)}
	d.body.Refresh()
}

func (d *findDetail) loadCard() {
	f := d.find
	f.env.Host.Load("card", func(ctx context.Context) func() {
		text, err := f.env.Getting.Card(ctx, d.repo, d.offer.Repo.Commit)
		switch {
		case err != nil:
			text, _ = f.env.Host.Sentence(err)
			text = "*The card could not be read.* " + text
		case text == "":
			text = "*This model has no card.*"
		}
		return func() {
			if f.detail == d {
				d.card.SetItems([]chatview.Item{{ID: 1, Role: chatview.RoleDocument, Text: text}})
				d.body.Refresh()
			}
		}
	})
}

// set shows what there is.
func (d *findDetail) set(o app.Offer) {
	d.offer = o
	var facts []string
	if owner := o.Repo.Owner(); owner != "" {
		facts = append(facts, "by "+owner)
	}
	facts = append(facts, thousands(o.Repo.Downloads)+" downloads")
	if !o.Repo.Changed.IsZero() {
		facts = append(facts, "changed "+o.Repo.Changed.Format("2 Jan 2006"))
	}
	d.facts.SetText(strings.Join(facts, " · "))
	d.at = -1
	for i, c := range o.Choices {
		if c.Recommended {
			d.at = i
		}
	}
	d.show()
}

// show builds the left side.
func (d *findDetail) show() {
	var column []fyne.CanvasObject
	d.rows = nil
	d.get = widgets.NewButton("Download", widgets.KindPrimary, d.download)
	d.get.Icon = theme.Icon(theme.IconDownload)
	if len(d.offer.Choices) == 0 {
		column = append(column, widgets.NewLabel(nothingHere(d.offer), widgets.LabelStyle{Wrap: true}))
		if name := strings.TrimSuffix(d.offer.Repo.Name(), "-hf"); d.find.query.Kind != "" {
			other := widgets.NewButton("Search for its GGUF files", widgets.KindPlain, func() {
				d.find.close()
				d.find.field.SetText(name)
				d.find.begin()
			})
			other.Small = true
			column = append(column, container.New(widgets.Row{}, other))
		}
	} else {
		column = append(column, container.New(widgets.Row{Gap: 10}, d.get), d.choices())
	}
	d.showGet()
	column = append(column, d.about()...)
	d.left.Objects = column
	d.body.Refresh()
}

func nothingHere(o app.Offer) string {
	for _, f := range o.Repo.Files {
		if strings.HasSuffix(f.Path, ".safetensors") || strings.HasSuffix(f.Path, ".bin") {
			return "This is the model as it was trained, in a form that Loam does not run. Most models are also there as GGUF, from the same or another maker."
		}
	}
	return "There is no file here that Loam can use."
}

// choices are the rows to choose from.
func (d *findDetail) choices() fyne.CanvasObject {
	list := container.New(widgets.Column{Gap: 2})
	for i, c := range d.offer.Choices {
		row := widgets.NewChoiceRow(choiceName(c), choiceFacts(c), i == d.at, func() { d.choose(i) })
		row.SetEnabled(c.Refused == "")
		d.rows = append(d.rows, row)
		list.Add(widgets.NewHint(choiceHint(c), row))
	}
	return list
}

// choose takes a choice.
func (d *findDetail) choose(i int) {
	d.at = i
	d.show()
	if i < len(d.rows) {
		d.find.env.Host.Focus(d.rows[i])
	}
}

// choiceName is what a choice is called, with its size and what it costs.
func choiceName(c app.Choice) string {
	parts := []string{c.Name, bytesText(c.SizeBytes())}
	if c.Extra != "" {
		parts = append(parts, c.Extra)
	} else if c.Quality != "" {
		parts = append(parts, strings.Split(c.Quality, ":")[0])
	}
	return strings.Join(parts, " · ")
}

// choiceFacts is how a choice would run here.
func choiceFacts(c app.Choice) string {
	fit := words.Fit(c.Fit)
	if c.Model.Kind == backend.KindDiffusion && c.Fit.Verdict != hardware.RunsNot && c.Fit.Needed > 0 {
		fit = "needs about " + bytesText(c.Fit.Needed) + " of memory"
	}
	var parts []string
	switch {
	case c.Refused != "":
		return "Cannot be used: " + c.Refused
	case c.Installed != 0:
		parts = append(parts, "Here already")
	case c.Recommended:
		parts = append(parts, "Recommended here")
	}
	if fit != "" {
		parts = append(parts, fit)
	}
	if len(parts) == 0 {
		parts = append(parts, kindName(c.Model.Kind))
	}
	return strings.Join(parts, ": ")
}

// choiceHint says all of a choice.
func choiceHint(c app.Choice) string {
	var lines []string
	if c.Quality != "" {
		lines = append(lines, strings.ToUpper(c.Quality[:1])+c.Quality[1:]+".")
	}
	for i, f := range c.Files {
		if i == 6 {
			lines = append(lines, fmt.Sprintf("and %d more files", len(c.Files)-i))
			break
		}
		lines = append(lines, f.Path+", "+bytesText(f.SizeBytes))
	}
	return strings.Join(lines, "\n")
}

// showGet says what the button does.
func (d *findDetail) showGet() {
	if d.at < 0 || d.at >= len(d.offer.Choices) {
		d.get.SetText("Choose one to download")
		d.get.SetEnabled(false)
		return
	}
	c := d.offer.Choices[d.at]
	d.get.SetEnabled(c.Refused == "")
	if c.Installed != 0 && c.Model.Kind == backend.KindChat {
		d.get.SetText("Chat")
		d.get.OnTapped = func() { d.find.env.Host.NewChatWith(c.Installed) }
		return
	}
	if d.busy[c.Files[0].SHA256] {
		d.get.SetText("Downloading " + bytesText(c.SizeBytes()))
		d.get.SetEnabled(false)
		return
	}
	text := "Download " + bytesText(c.SizeBytes())
	if c.Fit.Verdict == hardware.RunsNot {
		text += " anyway"
	}
	d.get.SetText(text)
	d.get.OnTapped = d.download
}

// download begins to download the choice.
func (d *findDetail) download() {
	if d.at < 0 {
		return
	}
	c, f := d.offer.Choices[d.at], d.find
	d.get.SetEnabled(false)
	f.env.Host.Load("downloads-act", func(ctx context.Context) func() {
		_, err := f.env.Getting.Download(ctx, d.offer.Repo, c.Choice)
		return func() {
			if err != nil {
				d.showGet()
				f.env.Host.Fail(err, d.download)
				return
			}
			f.page.downloads.reload()
		}
	})
}

// downloading takes over what is under way and what has arrived.
func (d *findDetail) downloading(list []backend.Download) {
	d.busy = map[string]bool{}
	for _, l := range list {
		sha := l.Want.Files[0].SHA256
		if l.State != backend.DownloadDone {
			d.busy[sha] = true
			continue
		}
		for i := range d.offer.Choices {
			if c := &d.offer.Choices[i]; sha != "" && c.Files[0].SHA256 == sha {
				c.Installed = l.ModelID
			}
		}
	}
	if d.get != nil {
		d.show()
	}
}

// about says what is allowed and what is known, below the choices.
func (d *findDetail) about() []fyne.CanvasObject {
	r := d.offer.Repo
	block := func(title, text string) fyne.CanvasObject {
		return container.New(widgets.Column{Gap: 1}, widgets.NewLabel(title, widgets.LabelStyle{Size: theme.SizeSmall, Bold: true}),
			widgets.NewLabel(text, widgets.LabelStyle{Size: theme.SizeSmall, Ink: theme.ColorQuiet, Wrap: true}))
	}
	stated := r.License
	if stated == "other" && r.Card.LicenseName != "" {
		stated = r.Card.LicenseName
	}
	name := license.Name(stated)
	if name == "" {
		name = "not stated"
	}
	list := []fyne.CanvasObject{block("Licence: "+name, license.Explain(stated))}
	if r.Gated {
		list = append(list, block("Terms", fmt.Sprintf("Its maker gives it only to people who accepted the terms on %s/%s. Do that there, make a token (read is enough), and put it into the settings.",
			d.find.env.Getting.Host(), r.Repo)))
	}
	training := "Not disclosed: the card names no training data."
	if n := len(r.Card.Datasets); n > 0 {
		training = "Named: " + strings.Join(r.Card.Datasets[:min(n, 6)], ", ") + "."
	}
	list = append(list, block("Training data", training))
	if len(r.Card.Base) > 0 {
		list = append(list, block("Made from", strings.Join(r.Card.Base[:min(len(r.Card.Base), 4)], ", ")))
	}
	if r.Card.Trigger != "" {
		list = append(list, block("Trigger words", r.Card.Trigger))
	}
	page := widgets.NewButton("Copy the address of its page", widgets.KindQuiet, func() {
		d.find.env.Host.Copy("https://" + d.find.env.Getting.Host() + "/" + r.Repo)
	})
	page.Small = true
	return append(list, container.New(widgets.Row{}, page))
}
