package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/prompt"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// loadManner reads how the chat's model is spoken to.
func (c *conversation) loadManner() {
	m := c.picker.model()
	if m == nil {
		c.mannerOf, c.manner = 0, chat.Manner{}
		c.verdictOf, c.verdict = 0, backend.TemplateVerdict{}
		c.showNews()
		return
	}
	id := m.ID
	c.loadVerdict(id)
	c.env.Host.Load("models", func(ctx context.Context) func() {
		manner, err := c.env.Chats.Manner(ctx, id)
		defaults, _ := c.env.Chats.Recommended(ctx, id) // an error leaves the engine's own
		return func() {
			if err != nil {
				c.env.Host.Fail(err, c.loadManner)
				return
			}
			c.mannerOf, c.manner, c.defaults = id, manner, defaults
			c.showNews()
		}
	})
}

// loadVerdict asks what is known of the model's template. Where it was never tried, that takes up to two seconds.
func (c *conversation) loadVerdict(id int64) {
	c.env.Host.Load("template", func(ctx context.Context) func() {
		v, err := c.env.Chats.Template(ctx, id)
		return func() {
			if m := c.picker.model(); err == nil && m != nil && m.ID == id { // an error is the reply's to tell
				c.verdictOf, c.verdict = id, v
				c.showNews()
			}
		}
	})
}

// showNews tells in the composer what stands between the person and good answers: a template that is broken, a format
// that was guessed. It also shows how the model thinks.
func (c *conversation) showNews() {
	c.showThinking()
	m := c.picker.model()
	if m == nil || c.mannerOf != m.ID || c.manner.Format != "" {
		c.composer.setNews("", "", nil)
		return
	}
	if c.verdictOf == m.ID && c.verdict.State == backend.TemplateBroken {
		c.composer.setNews("The chat template of "+m.Name+" is broken: "+c.verdict.Reason+".", "Choose a format", c.chooseFormat)
		return
	}
	if !c.guessed {
		c.composer.setNews("", "", nil)
		return
	}
	c.composer.setNews("The engine does not know "+m.Name+"'s chat template, so Loam guesses a format. Answers may be odd.",
		"Choose a format", c.chooseFormat)
}

// noteGuess takes from the path whether the last reply was asked for in a guessed format.
func (c *conversation) noteGuess(path []backend.Message) {
	c.guessed = false
	for _, m := range path {
		if m.Role == backend.RoleAssistant {
			c.guessed = m.Usage.Guessed
		}
	}
	c.showNews()
}

// formatsHeight is how high the list of formats is at most.
const formatsHeight = 420

// chooseFormat opens the list of formats.
func (c *conversation) chooseFormat(anchor fyne.CanvasObject) {
	row := func(name, label, facts string) fyne.CanvasObject {
		return widgets.NewChoiceRow(label, facts, c.manner.Format == name, func() {
			c.env.Host.ClosePopover()
			manner := c.manner
			manner.Format = name
			c.setManner(manner)
		})
	}
	own := "Guessed where the engine does not know it"
	if m := c.picker.model(); m != nil && c.verdictOf == m.ID && c.verdict.State == backend.TemplateBroken {
		own = "Broken: " + c.verdict.Reason
	}
	list := []fyne.CanvasObject{row("", "The model's own", own)}
	for _, f := range prompt.Formats() {
		list = append(list, row(f.Name, f.Label, f.Name))
	}
	height := min(formatsHeight, c.body.Size().Height-80)
	c.env.Host.Popover(container.New(widgets.Sized{Height: height},
		widgets.Scrolled(container.New(widgets.Inset{Right: 12}, container.New(widgets.Column{Gap: 2}, list...)))), anchor, 400)
}

// setManner has the chat's model spoken to in another way from its next reply on.
func (c *conversation) setManner(m chat.Manner) {
	if c.mannerOf == 0 {
		return
	}
	id, before := c.mannerOf, c.manner
	c.manner = m
	c.showNews()
	c.env.Host.Load("models", func(ctx context.Context) func() {
		err := c.env.Chats.SetManner(ctx, id, m)
		return func() {
			switch {
			case err != nil:
				c.manner = before
				c.showNews()
				c.env.Host.Fail(err, nil)
			case m.Format != before.Format:
				c.env.Host.Notify(c.formatNotice(m.Format))
			}
		}
	})
}

func (c *conversation) formatNotice(format string) widgets.Notice {
	n := widgets.Notice{Key: "format", Text: "From the next reply on the model's own template is used."}
	if format != "" {
		n.Text = "From the next reply on the format of " + prompt.FormatLabel(format) + " is used."
	}
	list := c.view.Items()
	if len(list) > 0 && c.running == 0 {
		last := list[len(list)-1].ID
		n.Action, n.Do = "Regenerate", func() {
			c.do(func(ctx context.Context) error {
				_, err := c.env.Chats.Regenerate(ctx, last)
				return err
			})
		}
	}
	return n
}

// thinkingWay is a way in which the model can be told to think.
type thinkingWay struct{ name, means, thinking, effort string }

func (c *conversation) thinkings() []thinkingWay {
	list := []thinkingWay{{"Auto", "As the model's template has it", "", ""}}
	if c.verdict.Thinks {
		list = append(list, thinkingWay{"Off", "Answers at once", "off", ""})
	}
	for _, effort := range c.verdict.Efforts {
		list = append(list, thinkingWay{strings.ToUpper(effort[:1]) + effort[1:], "Thinks before it answers, with " + effort + " effort", "on", effort})
	}
	if len(c.verdict.Efforts) == 0 {
		list = append(list, thinkingWay{"On", "Thinks first: slower, better at hard questions", "on", ""})
	}
	return list
}

// showThinking shows in the composer how the model thinks, where its template can be told.
func (c *conversation) showThinking() {
	m := c.picker.model()
	knows := m != nil && c.mannerOf == m.ID && c.verdictOf == m.ID && c.manner.Format == "" && (c.verdict.Thinks || len(c.verdict.Efforts) > 0)
	if !knows {
		c.composer.setThinking("", nil)
		return
	}
	how := "Auto"
	for _, w := range c.thinkings() {
		if w.thinking == c.manner.Thinking && w.effort == c.manner.Effort {
			how = w.name
		}
	}
	c.composer.setThinking(how, c.chooseThinking)
}

func (c *conversation) chooseThinking(anchor fyne.CanvasObject) {
	var list []fyne.CanvasObject
	for _, w := range c.thinkings() {
		taken := w.thinking == c.manner.Thinking && w.effort == c.manner.Effort
		list = append(list, widgets.NewChoiceRow(w.name, w.means, taken, func() {
			c.env.Host.ClosePopover()
			manner := c.manner
			manner.Thinking, manner.Effort = w.thinking, w.effort
			c.setManner(manner)
		}))
	}
	c.env.Host.Popover(container.New(widgets.Column{Gap: 2}, list...), anchor, 420)
}

// formatRow is the row of the settings that shows in which format the model is spoken to.
func (c *conversation) formatRow() []fyne.CanvasObject {
	if c.mannerOf == 0 {
		return nil
	}
	name := "Automatic"
	if c.manner.Format != "" {
		name = prompt.FormatLabel(c.manner.Format)
	}
	pick := widgets.NewButton(widgets.Shorten(name, 150, measureBody), widgets.KindPlain, nil)
	pick.Small, pick.Trailing = true, theme.Icon(theme.IconDown)
	pick.OnTapped = func() { c.chooseFormat(c.tune) }
	words := container.New(widgets.Column{Gap: 1}, widgets.NewLabel("Chat format", widgets.LabelStyle{}),
		widgets.Quiet("How the conversation is written for this model. Automatic = by its own template."))
	return []fyne.CanvasObject{container.New(widgets.Row{Gap: 8, Grow: 1}, words, pick)}
}
