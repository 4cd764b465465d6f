package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/outbound"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// rateChoices are the limits of downloads in kB a second; 0 = none.
var rateChoices = []int{0, 500, 2000, 10000}

// networkSettings are the controls of the section about the network.
type networkSettings struct {
	offline *widgets.Segmented
	rate    *widgets.Segmented
	proxy   *widgets.Field
	token   *widgets.Field
	kept    *widgets.Label
	drop    *widgets.Button
	saved   string // the proxy that is stored
}

func (p *SettingsPage) network() []fyne.CanvasObject {
	n := &p.net
	g := p.env.Getting
	n.offline = widgets.NewSegmented([]string{"Online", "Offline"}, 0, func(i int) { p.store(keyOffline, i == 1) })
	help := "Offline opens no connection at all. Online, other machines are asked only when you look for a model or download one."
	if on, forced := g.Offline(); on && forced {
		n.offline = widgets.NewSegmented([]string{"Offline"}, 0, nil)
		help = "The variable LOAM_OFFLINE of the environment keeps Loam offline."
	}
	n.rate = widgets.NewSegmented([]string{"Any", "0.5", "2", "10 MB/s"}, 0, func(i int) { p.store(keyRate, rateChoices[i]) })
	n.proxy = widgets.NewField("As the system says")
	saveProxy := func() {
		if v := strings.TrimSpace(n.proxy.Text); v != n.saved {
			p.saveProxy(v)
		}
	}
	n.proxy.OnEnter = saveProxy
	n.proxy.OnFocus = func(in bool) {
		if !in {
			saveProxy()
		}
	}
	n.token = widgets.NewField("hf_…")
	n.token.Password = true
	n.token.OnEnter = func() { p.saveToken(n.token.Text) }
	n.kept = widgets.Quiet("")
	n.drop = widgets.NewButton("Remove it", widgets.KindPlain, func() { p.saveToken("") })
	n.drop.Small = true
	save := widgets.NewButton("Save", widgets.KindPlain, func() { p.saveToken(n.token.Text) })
	save.Small = true
	requests := widgets.NewButton("Show", widgets.KindPlain, p.showRequests)
	requests.Small = true
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		offline, proxy, rate := false, "", 0
		var errs []error
		for key, v := range map[string]any{keyOffline: &offline, keyProxy: &proxy, keyRate: &rate} {
			if _, err := p.env.System.Setting(ctx, key, v); err != nil {
				errs = append(errs, err)
			}
		}
		return func() {
			for _, err := range errs {
				p.env.Host.Fail(err, nil)
			}
			if offline && len(n.offline.Options) > 1 {
				n.offline.Choose(1)
			}
			n.saved = proxy
			n.proxy.SetText(proxy)
			n.rate.Choose(index(rateChoices, rate))
		}
	})
	p.showToken()
	return []fyne.CanvasObject{
		line("Connections to other machines", help, n.offline),
		line("Downloads take at most", "Of the line, all of them together.", n.rate),
		line("Proxy", "http://host:port or socks5://host:port", container.New(widgets.Sized{Width: 230}, n.proxy)),
		container.New(widgets.Column{Gap: 6},
			line("Token of "+g.Host(), "Only for models with terms. It is kept in the system's keyring and sent to that host only.",
				container.New(widgets.Sized{Width: 230}, n.token)),
			container.New(widgets.Row{Gap: 8, Grow: 1}, n.kept, save, n.drop)),
		line("What Loam asked the network", "Every request with its reason, on this machine only.", requests),
	}
}

func (p *SettingsPage) saveProxy(address string) {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		err := p.env.System.SetSetting(ctx, keyProxy, address)
		return func() {
			if err != nil {
				p.env.Host.Notify(widgets.Notice{Key: "proxy", Tone: widgets.ToneWarn, Text: "That is no address of a proxy. Write http://host:port or socks5://host:port."})
				return
			}
			p.net.saved = address
			p.env.Host.Notify(widgets.Notice{Key: "proxy", Tone: widgets.ToneSuccess, Text: map[bool]string{true: "The system's proxy is used.", false: "The proxy is used from now on."}[address == ""]})
		}
	})
}

func (p *SettingsPage) saveToken(token string) {
	token = strings.TrimSpace(token)
	if token == "" && p.net.token.Text != "" {
		p.net.token.SetText("")
	}
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		err := p.env.Getting.SetToken(ctx, token)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
				return
			}
			p.net.token.SetText("")
			p.showToken()
		}
	})
}

// showToken says where a token comes from.
func (p *SettingsPage) showToken() {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		from := p.env.Getting.TokenFrom(ctx)
		return func() {
			switch from {
			case "environment":
				p.net.kept.SetText("A token comes from the variable HF_TOKEN.")
			case "keyring":
				p.net.kept.SetText("A token is kept in the system's keyring.")
			default:
				p.net.kept.SetText("There is no token.")
			}
			show(p.net.drop, from == "keyring")
			if p.body != nil {
				p.body.Refresh()
			}
		}
	})
}

// requestRows shows requests in a list of which only the rows in sight exist.
type requestRows struct{ list []outbound.Entry }

// Len implements widgets.Rows.
func (r *requestRows) Len() int { return len(r.list) }

// Kind implements widgets.Rows.
func (r *requestRows) Kind(int) int { return 0 }

// Height implements widgets.Rows.
func (r *requestRows) Height(int) float32 { return theme.Size(theme.SizeSmall)*3 + 14 }

// Make implements widgets.Rows.
func (r *requestRows) Make(int) fyne.CanvasObject {
	return container.New(widgets.Column{Gap: 1},
		widgets.NewLabel("", widgets.LabelStyle{Size: theme.SizeSmall}),
		widgets.NewLabel("", widgets.LabelStyle{Size: theme.SizeSmall, Ink: theme.ColorQuiet, Mono: true}))
}

// Fill implements widgets.Rows.
func (r *requestRows) Fill(i int, o fyne.CanvasObject) {
	e, row := r.list[i], o.(*fyne.Container)
	what := e.Time.Local().Format("2 Jan 15:04:05") + "  " + e.Why
	switch {
	case e.Error != "":
		what += "  ·  " + e.Error
	case e.Status == 0:
		what += "  ·  no answer yet"
	case e.Bytes > 0:
		what += fmt.Sprintf("  ·  %d, %s", e.Status, bytesText(e.Bytes))
	default:
		what += fmt.Sprintf("  ·  %d", e.Status)
	}
	row.Objects[0].(*widgets.Label).SetText(what)
	row.Objects[1].(*widgets.Label).SetText(e.Method + " " + e.Host + e.Path)
}

// showRequests shows what was asked of the network.
func (p *SettingsPage) showRequests() {
	p.env.Host.Load("settings", func(context.Context) func() {
		list := p.env.Getting.Requests()
		return func() { p.env.Host.Dialog(p.requestsCard(list)) }
	})
}

func (p *SettingsPage) requestsCard(list []outbound.Entry) fyne.CanvasObject {
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", p.env.Host.ClosePopover)
	head := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("What Loam asked the network"), cross)
	if len(list) == 0 {
		return container.New(widgets.Column{Gap: 14}, head,
			container.New(widgets.Sized{Width: 420}, widgets.NewLabel("Nothing yet.", widgets.LabelStyle{Ink: theme.ColorQuiet})))
	}
	rows := &requestRows{list}
	forget := widgets.NewButton("Clear the list", widgets.KindPlain, func() {
		p.env.Host.Load("settings", func(context.Context) func() {
			err := p.env.Getting.ClearRequests()
			return func() {
				if err != nil {
					p.env.Host.Fail(err, nil)
				}
				p.env.Host.ClosePopover()
			}
		})
	})
	forget.Small = true
	dup := widgets.NewButton("Copy", widgets.KindPlain, func() { p.env.Host.Copy(requestsText(list)) })
	dup.Small = true
	return container.New(widgets.Column{Gap: 14}, head,
		container.New(widgets.Sized{Width: 560, Height: 300}, widgets.NewList(rows)), container.New(widgets.Row{Gap: 8}, dup, forget))
}

func requestsText(list []outbound.Entry) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s%s\t%d\t%d\t%s\n", e.Time.UTC().Format("2006-01-02T15:04:05Z"), e.Why, e.Method, e.Host, e.Path, e.Status, e.Bytes, e.Error)
	}
	return b.String()
}
