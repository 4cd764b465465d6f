package pages

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// remove takes a model off the list, with the way back. Files outside Loam's folders are only forgotten. One that is in memory
// leaves it when what it is asked has ended.
func (p *ModelsPage) remove(m backend.Model) {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		if err := p.env.Models.Remove(ctx, m.ID); err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return func() {
			u := widgets.Undo{
				Text: fmt.Sprintf("Removed %s from Loam. Its file stays where it is.", m.Name),
				Undo: func() { p.bringBack(m) },
			}
			if m.Owned {
				u.Text = fmt.Sprintf("Removed %s. %s will be freed in 10 minutes.", m.Name, bytesText(m.SizeBytes))
				u.More = "Free now"
				u.Do = func() { p.freeNow(m) }
			}
			if e := p.env.Engines.State(); e.ModelID == m.ID && (e.State == event.EngineReady || e.State == event.EngineLoading) {
				u.Text += " It leaves the memory when its answer is done."
				p.env.Host.Load("engine", func(ctx context.Context) func() { p.env.Engines.Unload(ctx); return nil })
			}
			p.env.Host.Undone(u)
			p.Reload()
		}
	})
}

func (p *ModelsPage) bringBack(m backend.Model) {
	p.do(func(ctx context.Context) error { _, err := p.env.Models.Restore(ctx, m.ID); return err })
}

func (p *ModelsPage) freeNow(m backend.Model) {
	p.do(func(ctx context.Context) error { return p.env.Models.FreeNow(ctx, m.ID) })
}

// showRemoved lists what was removed and still takes room: also after a restart it can be brought back, or freed.
func (p *ModelsPage) showRemoved() {
	if len(p.gone) == 0 {
		return
	}
	p.rows.Add(widgets.NewLabel("Removed", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}))
	for _, r := range p.gone {
		m := r.Model
		words := container.New(widgets.Column{Gap: 2}, widgets.NewLabel(m.Name, widgets.LabelStyle{Wrap: true}), widgets.Quiet(freedLine(r, p.env.Host.Now())))
		card := widgets.NewCard(container.New(widgets.Row{Gap: 10, Grow: 1}, words,
			smallButton("Bring back", func() { p.bringBack(m) }), smallButton("Free now", func() { p.freeNow(m) })))
		card.Margin = widgets.Inset{Left: 16, Top: 10, Right: 10, Bottom: 10}
		card.Shadow = false
		p.rows.Add(card)
	}
}

// freedLine says when the room of a removed model comes back.
func freedLine(r app.RemovedModel, now time.Time) string {
	left := r.Until.Sub(now)
	if left < time.Minute {
		return bytesText(r.Model.SizeBytes) + " will be freed within a minute"
	}
	return fmt.Sprintf("%s will be freed in %s", bytesText(r.Model.SizeBytes), count(int(left.Round(time.Minute)/time.Minute), "minute"))
}
