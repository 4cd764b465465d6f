package pages

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// dropCard is what came of one file: what it is and what can be done with it, or the one sentence why not.
type dropCard struct {
	page    *ModelsPage
	path    string
	icon    *widgets.Icon
	head    *widgets.Label
	facts   *widgets.Label
	actions *fyne.Container
	body    *widgets.Panel
}

func (p *ModelsPage) newCard(path string) *dropCard {
	c := &dropCard{page: p, path: path}
	c.icon = widgets.NewIcon(theme.Icon(theme.IconFile), theme.ColorQuiet, 22)
	c.head = widgets.NewLabel("Looking at "+filepath.Base(path)+"…", widgets.LabelStyle{Bold: true, Wrap: true})
	c.facts = widgets.Quiet(path)
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close", func() { p.drop(c.body) })
	cross.Small = true
	c.actions = container.New(widgets.Row{Gap: 8}, cross)
	c.body = widgets.NewCard(container.New(widgets.Row{Gap: 12, Grow: 2}, c.icon,
		container.New(widgets.Column{Gap: 2}, c.head, c.facts), c.actions))
	return c
}

// result shows what the library said.
func (c *dropCard) result(m backend.Model, err error) {
	if err != nil {
		c.icon.Set(theme.Icon(theme.IconError), theme.ColorError)
		text, _ := c.page.env.Host.Sentence(err)
		c.head.SetText(text)
		c.facts.SetText(c.path)
		return
	}
	c.icon.Set(theme.Icon(theme.IconSuccess), theme.ColorSuccess)
	c.head.SetText(m.Name)
	facts := []string{"Added: " + kindName(m.Kind), m.Family, m.Quant, bytesText(m.SizeBytes), license(m)}
	var said []string
	for _, f := range facts {
		if f != "" {
			said = append(said, f)
		}
	}
	c.facts.SetText(strings.Join(said, " · "))
	if m.Kind == backend.KindChat && CanAnswer(m) {
		chat := widgets.NewButton("Chat", widgets.KindPrimary, func() {
			c.page.drop(c.body)
			c.page.env.Host.NewChatWith(m.ID)
		})
		c.actions.Objects = append([]fyne.CanvasObject{chat}, c.actions.Objects...)
	}
}

// kindName is what a kind of file is called in a sentence.
func kindName(k backend.ModelKind) string {
	switch k {
	case backend.KindChat:
		return "chat model"
	case backend.KindAdapter:
		return "LoRA for a chat model"
	case backend.KindProjector:
		return "vision projector"
	case backend.KindEmbedding:
		return "embedding model"
	case backend.KindDiffusion:
		return "picture model"
	case backend.KindTextEncoder, backend.KindVAE, backend.KindControlNet, backend.KindUpscaler:
		return string(k)
	case backend.KindLoRA:
		return "LoRA for a picture model"
	case backend.KindUnknown:
	}
	return "file"
}

// Added says that a file was taken in and what it is.
func Added(m backend.Model) string {
	s := "Added " + m.Name + ": " + kindName(m.Kind)
	if m.Quant != "" {
		s += ", " + m.Quant
	}
	s += ", " + bytesText(m.SizeBytes) + ", " + license(m) + "."
	switch m.Kind {
	case backend.KindChat, backend.KindDiffusion, backend.KindLoRA, backend.KindTextEncoder, backend.KindVAE, backend.KindUpscaler:
	case backend.KindAdapter, backend.KindProjector, backend.KindEmbedding, backend.KindControlNet, backend.KindUnknown:
		s += " Loam cannot put it to use yet."
	}
	return s
}
