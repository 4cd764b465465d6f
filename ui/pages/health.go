package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/hardware"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// doctor is the section with what was found about the machine and the installation.
func (p *SettingsPage) doctor() []fyne.CanvasObject {
	p.health = container.New(widgets.Column{Gap: 10}, widgets.Quiet("Not looked yet."))
	again := widgets.NewButton("Look again", widgets.KindPlain, p.Examine)
	again.Small, again.Icon = true, theme.Icon(theme.IconRegenerate)
	dup := widgets.NewButton("Copy report", widgets.KindQuiet, func() {
		report := p.report
		p.env.Host.Load("doctor", func(ctx context.Context) func() {
			text := p.env.System.ReportText(ctx, report)
			return func() {
				p.env.Host.Copy(text)
				p.env.Host.Notify(widgets.Notice{Key: "copied", Text: "The report is on the clipboard. It names no folder, no model and not you."})
			}
		})
	})
	dup.Small, dup.Icon = true, theme.Icon(theme.IconCopy)
	return []fyne.CanvasObject{p.health, container.New(widgets.Row{Gap: 6}, again, dup)}
}

// Examine has the doctor look again; the window calls it when the page is shown.
func (p *SettingsPage) Examine() {
	p.lookAtPower()
	p.lookAtKept()
	p.lookAtModels()
	p.health.Objects = []fyne.CanvasObject{widgets.Quiet("Looking…")}
	p.body.Refresh()
	p.env.Host.Load("doctor", func(ctx context.Context) func() {
		report, err := p.env.System.Doctor(ctx)
		return func() {
			if err != nil {
				p.health.Objects = []fyne.CanvasObject{widgets.Quiet("The look at this machine failed.")}
				p.env.Host.Fail(err, p.Examine)
			} else {
				p.report = report
				p.health.Objects = findings(report)
			}
			p.body.Refresh()
		}
	})
}

// findings are the rows of a report, what is wrong first.
func findings(r hardware.Report) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, state := range []hardware.State{hardware.Error, hardware.Warn, hardware.OK} {
		for _, f := range r.Findings {
			if f.State == state {
				rows = append(rows, finding(f))
			}
		}
	}
	if len(rows) == 0 {
		rows = append(rows, widgets.Quiet("Nothing was found."))
	}
	return rows
}

func finding(f hardware.Finding) fyne.CanvasObject {
	icon := widgets.NewIcon(theme.Icon(theme.IconSuccess), theme.ColorSuccess, 18)
	switch f.State {
	case hardware.Warn:
		icon.Set(theme.Icon(theme.IconWarn), theme.ColorWarn)
	case hardware.Error:
		icon.Set(theme.Icon(theme.IconError), theme.ColorError)
	case hardware.OK:
	}
	words := []fyne.CanvasObject{widgets.NewLabel(f.Title, widgets.LabelStyle{Wrap: true})}
	if f.Detail != "" {
		words = append(words, widgets.Quiet(f.Detail))
	}
	if f.Next != "" {
		words = append(words, widgets.NewLabel(f.Next, widgets.LabelStyle{Size: theme.SizeSmall, Wrap: true}))
	}
	return container.New(widgets.Row{Gap: 12, Grow: 2}, icon, container.New(widgets.Column{Gap: 1}, words...))
}
