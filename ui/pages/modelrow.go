package pages

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/library"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// row is one model: its name, what it is, what is the matter with it, what it can be used for, and the rest in a menu.
func (p *ModelsPage) row(m backend.Model) fyne.CanvasObject {
	r := modelRow{model: m, facts: p.rowFacts(m), state: p.rowState(m), remove: func() { p.remove(m) }}
	words := []fyne.CanvasObject{
		widgets.NewLabel(modelName(m), widgets.LabelStyle{Bold: true, Wrap: true}),
		widgets.NewLabel(r.facts, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}),
	}
	if r.state != "" {
		ink := theme.ColorWarn
		if m.State == backend.ModelQuarantined {
			ink = theme.ColorError
		}
		words = append(words, widgets.NewLabel(r.state, widgets.LabelStyle{Ink: ink, Size: theme.SizeSmall, Wrap: true}))
	}
	if m.State == backend.ModelQuarantined {
		again := widgets.NewButton("Check again", widgets.KindPlain, func() { p.check(m) })
		again.Small = true
		words = append(words, container.New(widgets.Inset{Top: 4}, container.New(widgets.Row{}, again)))
	}
	row := []fyne.CanvasObject{widgets.NewHint(m.Path, container.New(widgets.Column{Gap: 2}, words...))}
	if done, busy := p.copying[m.ID]; busy {
		p.copies[m.ID] = widgets.NewLabel(copyLine(done), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
		stop := widgets.NewButton("Cancel", widgets.KindQuiet, func() { p.env.Models.CancelCopy(m.ID) })
		stop.Small = true
		row = append(row, p.copies[m.ID], stop)
	}
	if m.ID == p.byRule {
		row = append(row, widgets.NewChip("Default", theme.ColorSuccess))
	}
	if r.use = p.use(m); r.use != nil {
		row = append(row, r.use)
		if m.Kind == backend.KindChat {
			r.chat = r.use
		}
	}
	var more *widgets.Button
	more = widgets.NewIconButton(theme.Icon(theme.IconMore), "More", func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(more).Add(fyne.NewPos(0, more.Size().Height+4))
		p.env.Host.Menu(p.menu(m), at)
	})
	row = append(row, more)
	p.shown = append(p.shown, r)
	card := widgets.NewCard(container.New(widgets.Row{Gap: 10, Grow: 1}, row...))
	card.Margin = widgets.Inset{Left: 16, Top: 12, Right: 10, Bottom: 12}
	card.Shadow = false
	return widgets.NewMenuArea(card, func(at fyne.Position) { p.env.Host.Menu(p.menu(m), at) })
}

// use is the button for what a model is for; nil = Loam cannot use it yet, or it is used along with others.
func (p *ModelsPage) use(m backend.Model) *widgets.Button {
	var b *widgets.Button
	switch m.Kind {
	case backend.KindChat:
		b = widgets.NewButton("Chat", widgets.KindPlain, func() { p.env.Host.NewChatWith(m.ID) })
		b.SetEnabled(CanAnswer(m))
	case backend.KindDiffusion:
		b = widgets.NewButton("Draw", widgets.KindPlain, func() { p.env.Host.DrawWith(m.ID) })
		b.SetEnabled(usable(m) && library.SetOf(m, p.models).Complete())
	case backend.KindLoRA, backend.KindAdapter:
		b = widgets.NewButton("Use", widgets.KindPlain, func() { p.env.Host.Offer(m.Path) })
		b.SetEnabled(usable(m))
	case backend.KindProjector, backend.KindEmbedding, backend.KindTextEncoder, backend.KindVAE,
		backend.KindControlNet, backend.KindUpscaler, backend.KindReranker, backend.KindGuard, backend.KindTextual,
		backend.KindImageAdapter, backend.KindUnknown:
	}
	return b
}

// rowFacts is the quiet line under the name.
func (p *ModelsPage) rowFacts(m backend.Model) string {
	var facts []string
	add := func(s string) {
		if s != "" && !slices.Contains(facts, s) {
			facts = append(facts, s)
		}
	}
	if m.Starter && modelName(m) != m.Name {
		add(m.Name)
	}
	switch m.Kind {
	case backend.KindChat:
		add(m.Quant)
		if v, ok := library.ProjectorOf(m, p.models); ok {
			add("with the part that sees pictures (" + bytesText(v.SizeBytes) + ", not used yet)")
		}
	case backend.KindLoRA, backend.KindAdapter:
		add(familyName(m.Family))
		if m.Shape.Method != "LoRA" {
			add(m.Shape.Method)
		}
		if m.Shape.Rank > 0 {
			add(fmt.Sprintf("rank %d", m.Shape.Rank))
		}
		if words := triggersOf(m); len(words) > 0 {
			add("“" + strings.Join(words[:min(len(words), 3)], "”, “") + "”")
		}
	case backend.KindDiffusion:
		add(familyName(m.Family))
		add(m.Quant)
	case backend.KindProjector:
		add("Vision projector")
		if chat, ok := library.ChatOf(m, p.models); ok {
			add("for " + modelName(chat))
		}
		add("not used yet")
	case backend.KindEmbedding:
		add("Finds passages in files by meaning, does not chat")
		add(m.Quant)
	case backend.KindTextEncoder, backend.KindVAE, backend.KindControlNet,
		backend.KindUpscaler, backend.KindReranker, backend.KindGuard, backend.KindTextual, backend.KindImageAdapter, backend.KindUnknown:
		kind := kindName(m.Kind)
		add(strings.ToUpper(kind[:1]) + kind[1:])
		add(familyName(m.Family))
		add(m.Quant)
	}
	add(bytesText(m.SizeBytes))
	add(licenseOf(m))
	add(p.speeds[m.ID])
	add(tallyText(p.tallies[m.ID]))
	if from, _, _ := strings.Cut(sourceOf(m), ", "); from != "" {
		add("from " + from) // the rest is in its details
	}
	return strings.Join(facts, " · ")
}

// rowState says what is the matter with a model, or what it still lacks; "" = nothing.
func (p *ModelsPage) rowState(m backend.Model) string {
	if s := stateLine(m); s != "" {
		return s
	}
	if m.Kind == backend.KindDiffusion {
		if s := library.SetOf(m, p.models); !s.Complete() {
			have := 1 + len(s.Parts)
			return fmt.Sprintf("%d of %d files: %s missing. Drop it here, and the set completes itself.",
				have, have+len(s.Missing), strings.Join(s.Missing, " and "))
		}
	}
	if m.SHA256 != "" {
		for _, other := range p.models {
			if other.ID < m.ID && other.SHA256 == m.SHA256 {
				return "The same file as " + modelName(other) + ": one of them is enough."
			}
		}
	}
	return ""
}

// stateLine says what is the matter with a model's file; "" = nothing.
func stateLine(m backend.Model) string {
	why := strings.TrimRight(m.Reason, ".")
	switch m.State {
	case backend.ModelReady, backend.ModelUnverified:
		return ""
	case backend.ModelMissing:
		if why == "" {
			why = "its file is not where it was (" + m.Path + ")"
		}
		return "Not here now: " + why + ". It comes back by itself when the file does."
	case backend.ModelQuarantined:
		return "Cannot be used: " + reason(m) + "."
	case backend.ModelChanged:
		return "Changed on disk: " + reason(m) + "."
	case backend.ModelIncomplete:
		return "Not complete: " + reason(m) + "."
	}
	return reason(m)
}

func (p *ModelsPage) menu(m backend.Model) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	item := func(label string, icon fyne.ThemeIconName, do func()) {
		i := fyne.NewMenuItem(label, do)
		i.Icon = theme.Icon(icon)
		items = append(items, i)
	}
	if m.Kind == backend.KindChat && CanAnswer(m) && m.ID != p.byRule {
		item("Make default", theme.IconStar, func() {
			p.do(func(ctx context.Context) error { return p.env.Models.SetDefault(ctx, m.ID) })
		})
	}
	if m.State == backend.ModelQuarantined || m.State == backend.ModelUnverified && (m.Kind == backend.KindChat || m.Kind == backend.KindDiffusion) {
		item(checkLabel(m), theme.IconSuccess, func() { p.check(m) })
	}
	if m.State == backend.ModelChanged {
		item("Use as it is now", theme.IconRegenerate, func() {
			p.do(func(ctx context.Context) error {
				_, err := p.env.Models.Add(ctx, m.Path, library.AddOptions{})
				return err
			})
		})
	}
	if _, busy := p.copying[m.ID]; !m.Owned && !m.Starter && usable(m) && !busy {
		item("Copy into Loam", theme.IconCopy, func() { p.copy(m) })
	}
	item("Details and memory", theme.IconInfo, func() { showModel(p.env, m) })
	item("Open folder", theme.IconFolderOpen, func() { p.env.Host.OpenFolder(filepath.Dir(m.Path)) })
	item("Copy path", theme.IconCopy, func() { p.env.Host.Copy(m.Path) })
	item("Remove", theme.IconRemove, func() { p.remove(m) })
	return items
}

func checkLabel(m backend.Model) string {
	if m.State == backend.ModelQuarantined {
		return "Check again"
	}
	return "Check now"
}

// check has an engine open a model and says what came of it.
func (p *ModelsPage) check(m backend.Model) {
	key := fmt.Sprint("check:", m.ID)
	p.env.Host.Notify(widgets.Notice{Key: key, Text: "Checking " + m.Name + "…", Keep: true})
	p.env.Host.Load("check", func(ctx context.Context) func() {
		now, err := p.env.System.CheckModel(ctx, m.ID)
		return func() {
			if err != nil {
				n := widgets.Notice{Key: key, Tone: widgets.ToneWarn, Details: err.Error()}
				n.Text, _ = p.env.Host.Sentence(err)
				p.env.Host.Notify(n)
				return
			}
			n := widgets.Notice{Key: key, Tone: widgets.ToneSuccess, Text: m.Name + " is verified: the engine opens it."}
			if s := stateLine(now); s != "" {
				n.Tone, n.Text = widgets.ToneError, m.Name+": "+s
			}
			p.env.Host.Notify(n)
			p.Reload()
		}
	})
}

// copy copies a model's files into the models folder, beside everything else.
func (p *ModelsPage) copy(m backend.Model) {
	p.copying[m.ID] = 0
	p.show()
	p.env.Host.Load("copy", func(ctx context.Context) func() {
		_, err := p.env.Models.Copy(ctx, m.ID)
		return func() {
			delete(p.copying, m.ID)
			if err != nil {
				p.env.Host.Fail(err, func() { p.copy(m) })
			}
			p.Reload()
		}
	})
}

func copyLine(done float64) string { return fmt.Sprintf("Copying into Loam: %.0f %%", done*100) }

// copied shows how far a copy is.
func (p *ModelsPage) copied(e event.ModelCopied) {
	if _, ours := p.copying[e.ModelID]; !ours || e.Over || e.Total <= 0 {
		return
	}
	p.copying[e.ModelID] = float64(e.Done) / float64(e.Total)
	if line := p.copies[e.ModelID]; line != nil {
		line.SetText(copyLine(p.copying[e.ModelID]))
	}
}
