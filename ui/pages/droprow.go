package pages

import (
	"context"
	"image"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/hardware"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// dropRow is one file of a drop card.
type dropRow struct {
	card *DropCard
	path string

	model    backend.Model // what it is; Kind "" = nothing for the library
	settings *imagemeta.Settings
	text     string // of a text that is short enough for a message
	machine  hardware.Machine
	fits     []library.LoRAFit // of a LoRA, with the installed picture models
	slowWork
	taken    bool // it is in the library
	finished bool // nothing is left to do with it

	icon     *widgets.Icon
	preview  *widgets.Picture
	name     *widgets.Label
	facts    *widgets.Label
	fit      *widgets.Label
	details  *fyne.Container // trigger words and licence
	actions  *fyne.Container
	kept     *widgets.Label
	undo     *widgets.Button
	keptLine *fyne.Container
	body     fyne.CanvasObject
}

// dropThumb is the side of a row's picture.
const dropThumb = 56

func newDropRow(c *DropCard, path string) *dropRow {
	r := &dropRow{card: c, path: path}
	r.icon = widgets.NewIcon(theme.Icon(theme.IconFile), theme.ColorQuiet, 26)
	r.preview = widgets.NewPicture(dropThumb, nil)
	r.preview.Hide()
	r.name = widgets.NewLabel(base(path), widgets.LabelStyle{Bold: true, Natural: true})
	r.facts = widgets.NewLabel("Looking at it…", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true})
	r.fit = widgets.NewLabel("", widgets.LabelStyle{Wrap: true})
	r.details = container.New(widgets.Flow{Gap: 6, Lines: 4})
	r.actions = container.New(widgets.Flow{Gap: 8, Lines: 6})
	r.kept = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true})
	r.undo = widgets.NewButton("Undo", widgets.KindQuiet, r.takeBack)
	r.undo.Small, r.undo.Tip = true, "Loam forgets this file; it stays where it is"
	r.keptLine = container.New(widgets.Flow{Gap: 4}, r.kept, r.undo)
	for _, o := range []fyne.CanvasObject{r.fit, r.details, r.actions, r.keptLine} {
		o.Hide()
	}
	head := []fyne.CanvasObject{r.name, r.facts}
	side := container.New(widgets.Sized{Width: dropThumb, Height: 30}, container.New(topLayout{}, r.icon, r.preview))
	words := container.New(widgets.Column{Gap: 6}, container.New(dropHead{}, head...), r.fit, r.details, r.actions, r.keptLine)
	row := []fyne.CanvasObject{side, words}
	if c.single {
		cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.uses.Close)
		cross.Small = true
		row = append(row, cross)
	}
	r.body = container.New(dropSides{}, row...)
	return r
}

// look finds out what the file is, and keeps it in the library where it belongs there.
func (r *dropRow) look() {
	r.card.env.Host.Load("drop", func(ctx context.Context) func() {
		kind, size := sniffFile(r.path)
		if chats := r.lookForChats(ctx, kind); chats != nil {
			return chats
		}
		switch kind {
		case sniffFolder:
			return r.lookFolder
		case sniffPicture:
			return r.lookPicture(size)
		case sniffText, sniffDocument:
			return r.lookText(kind, size)
		case sniffModel:
		}
		m, err := r.card.env.Models.Inspect(ctx, r.path)
		if err != nil {
			return func() { r.refuse(err) }
		}
		machine := r.machineOf(ctx, m)
		var preview image.Image
		if m.Kind == backend.KindLoRA {
			preview = previewBeside(r.path)
		}
		return func() {
			r.machine = machine
			r.show(m, preview)
			r.take()
		}
	})
}

// show tells what the file is, before it is taken in.
func (r *dropRow) show(m backend.Model, preview image.Image) {
	r.model = m
	r.name.SetText(modelName(m))
	r.facts.SetText(modelFacts(m))
	icon := theme.IconModels
	switch m.Kind {
	case backend.KindChat:
		icon = theme.IconChats
	case backend.KindDiffusion, backend.KindUpscaler:
		icon = theme.IconPictures
	case backend.KindLoRA, backend.KindAdapter:
		icon = theme.IconSliders
	case backend.KindProjector, backend.KindEmbedding, backend.KindTextEncoder, backend.KindVAE, backend.KindControlNet,
		backend.KindReranker, backend.KindGuard, backend.KindTextual, backend.KindImageAdapter, backend.KindUnknown:
	}
	r.icon.Set(theme.Icon(icon), theme.ColorAccent)
	r.picture(preview)
	r.detail()
	r.card.changed()
}

// picture shows a preview in the place of the icon; nil = there is none.
func (r *dropRow) picture(img image.Image) {
	if img == nil {
		return
	}
	r.preview.SetShape(img.Bounds().Dx(), img.Bounds().Dy())
	r.preview.SetImage(img)
	show(r.preview, true)
	show(r.icon, false)
}

// detail shows trigger words and licence.
func (r *dropRow) detail() {
	r.details.Objects = nil
	small := widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true}
	if words := triggersOf(r.model); len(words) > 0 {
		r.details.Add(widgets.NewLabel("trigger words", small))
		for _, w := range words {
			r.details.Add(r.word(w))
		}
	}
	r.details.Add(widgets.NewLabel(licenseWords(r.model), small))
	show(r.details, true)
}

// take puts the file into the library: the harmless thing that is done without a question.
func (r *dropRow) take() {
	r.card.env.Host.Load("models", func(ctx context.Context) func() {
		before, err := r.card.env.Models.List(ctx)
		if err != nil {
			return func() { r.refuse(err) }
		}
		m, err := r.card.env.Models.Add(ctx, r.path, library.AddOptions{Keep: true})
		if err != nil {
			return func() { r.refuse(err) }
		}
		known := find(before, backend.Model{ID: m.ID}).Path != ""
		return func() { r.keptAs(m, known) }
	})
}

// keptAs shows that the file is in the library, and what can be done with it now.
func (r *dropRow) keptAs(m backend.Model, known bool) {
	r.model, r.taken = m, true
	r.name.SetText(modelName(m))
	r.facts.SetText(modelFacts(m))
	r.detail()
	switch {
	case known && m.Path != r.path && !m.Owned:
		r.kept.SetText("Already in Loam, as " + m.Path + ".")
	case known:
		r.kept.SetText("Already in Loam.")
	case m.Owned:
		r.kept.SetText("Kept in Loam.")
	default:
		r.kept.SetText("Kept in Loam, used where it lies.")
	}
	show(r.undo, !known)
	show(r.keptLine, true)
	r.act()
	r.card.Installed()
	r.card.changed()
}

// takeBack undoes what was done.
func (r *dropRow) takeBack() {
	id := r.model.ID
	r.card.env.Host.Load("models", func(ctx context.Context) func() {
		if err := r.card.env.Models.Remove(ctx, id); err != nil {
			return func() { r.card.env.Host.Fail(err, nil) }
		}
		return func() {
			r.taken = false
			r.kept.SetText("Not kept. The file is untouched.")
			show(r.undo, false)
			show(r.actions, false)
			r.card.Installed()
			r.card.done(r)
		}
	})
}

// relate says what the file fits among the installed models.
func (r *dropRow) relate(all []backend.Model) {
	if r.model.Kind == "" || r.finished {
		return
	}
	r.model = find(all, r.model)
	if r.model.Kind == backend.KindLoRA || r.model.Kind == backend.KindAdapter {
		r.relateLoRA()
		return
	}
	line, good := fitLine(r.model, all, r.machine)
	r.say(line, good)
	r.act()
}

// say shows the line about what the file fits.
func (r *dropRow) say(line string, good bool) {
	r.fit.SetInk(theme.ColorWarn)
	if good {
		r.fit.SetInk(theme.ColorSuccess)
	}
	r.fit.SetText(line)
	show(r.fit, line != "")
}

// act shows what can be done with the file.
func (r *dropRow) act() {
	r.actions.Objects = nil
	m := r.model
	switch {
	case !r.taken:
	case m.Kind == backend.KindChat && CanAnswer(m):
		r.button("Chat with it", widgets.KindPrimary, func() { r.card.uses.Chat(m.ID) })
	case m.Kind == backend.KindDiffusion && strings.HasPrefix(r.fit.Text(), "Still lacks"):
		r.button("Add file", widgets.KindPlain, r.card.env.Host.AddFiles)
	case m.Kind == backend.KindDiffusion:
		r.button("Draw with it", widgets.KindPrimary, func() { r.card.uses.Draw(m.ID) })
	case m.Kind == backend.KindLoRA:
		r.actLoRA()
	case m.Kind == backend.KindAdapter:
		r.actAdapter()
	}
	if r.taken && len(r.actions.Objects) > 0 {
		r.button("Only keep", widgets.KindQuiet, nil)
	}
	show(r.actions, len(r.actions.Objects) > 0)
}

// button adds an action; do = nil is nothing more than to have done with the file.
func (r *dropRow) button(label string, kind widgets.Kind, do func()) *widgets.Button {
	b := widgets.NewButton(label, kind, func() {
		r.card.done(r)
		if do != nil {
			do()
		}
	})
	r.actions.Add(b)
	return b
}

// refuse says in one sentence why the file cannot be used, with the next step.
func (r *dropRow) refuse(err error) {
	text, next := r.card.env.Host.Sentence(err)
	r.icon.Set(theme.Icon(theme.IconError), theme.ColorError)
	if r.facts.Text() == "Looking at it…" {
		r.facts.SetText("")
	}
	r.fit.SetInk(theme.ColorError)
	r.fit.SetText(text)
	show(r.fit, true)
	r.actions.Objects = nil
	if next != "" {
		r.button("Choose another file", widgets.KindPlain, r.card.env.Host.AddFiles)
	}
	r.actions.Add(widgets.NewButton("Learn more", widgets.KindQuiet, func() { r.card.env.Host.Learn(err) }))
	details := r.path + "\n" + err.Error()
	r.button("Close", widgets.KindQuiet, nil)
	dup := widgets.NewButton("Copy details", widgets.KindQuiet, func() { r.card.env.Host.Copy(text + "\n\n" + details) })
	r.actions.Add(dup)
	show(r.actions, true)
	r.card.changed()
}

// lookFolder takes in the model files of a folder.
func (r *dropRow) lookFolder() {
	r.icon.Set(theme.Icon(theme.IconFolder), theme.ColorAccent)
	r.facts.SetText("folder, being looked through…")
	r.card.changed()
	r.card.env.Host.Load("models", func(ctx context.Context) func() {
		f, err := r.card.env.Models.AddFolder(ctx, r.path, library.AddOptions{Keep: true})
		return func() {
			if err != nil {
				r.facts.SetText("folder")
				r.refuse(err)
				return
			}
			r.showFolder(f)
		}
	})
}

func (r *dropRow) showFolder(f library.Folder) {
	r.facts.SetText("folder")
	var names []string
	for _, m := range f.Models {
		names = append(names, m.Name+" ("+kindName(m.Kind)+")")
	}
	const most = 6
	if n := len(names); n > most {
		names = append(names[:most], count(n-most, "more"))
		names[most] = strings.TrimSuffix(names[most], "s")
	}
	line := count(len(f.Models), "model file") + " in it: " + strings.Join(names, ", ") + "."
	if len(f.Models) == 0 {
		line = "There is no model file that Loam can use in it."
	}
	if n := len(f.Refused); n > 0 {
		text, _ := r.card.env.Host.Sentence(f.Refused[0])
		line += " " + count(n, "file") + " refused: " + text
	}
	if f.More {
		line += " There is more in it than is looked at in one go: drop the inner folders one by one."
	}
	r.say(line, len(f.Models) > 0)
	r.actions.Objects = nil
	if len(f.Models) == 0 {
		r.button("Attach its texts to the chat", widgets.KindPlain, func() { r.card.uses.Attach(r.path) })
	}
	if len(f.Models) > 0 {
		r.kept.SetText("Kept in Loam, used where they lie.")
		show(r.undo, false)
		show(r.keptLine, true)
		r.button("Show models", widgets.KindPlain, func() { r.card.env.Host.Go(PageModels) })
	}
	r.button("Close", widgets.KindQuiet, nil)
	show(r.actions, true)
	r.card.Installed()
	r.card.changed()
}

// lookPicture reads the settings inside a picture. It runs off the window's goroutine and returns what to show.
func (r *dropRow) lookPicture(size int64) func() {
	s, err := settingsIn(r.path)
	img := smallPicture(r.path)
	return func() {
		start := img != nil && r.card.uses.CanStart()
		r.icon.Set(theme.Icon(theme.IconPictures), theme.ColorAccent)
		r.picture(img)
		r.facts.SetText("Picture, " + bytesText(size))
		begin := func() { r.card.uses.StartFrom(r.path) }
		unseen := "" // what a picture dropped on a chat cannot do
		if r.card.env.Host.Shown(PageChats) {
			unseen = " The chat engine cannot look at pictures yet."
		}
		switch {
		case err != nil && start:
			r.say("Says nothing of how it was made. A new picture can start from it."+unseen, true)
			r.button("Start from it", widgets.KindPrimary, begin)
		case err != nil && img == nil:
			r.say("Cannot be read: it is damaged, larger than 64 million pixels, or neither PNG, JPEG nor WebP.", false)
		case err != nil:
			r.say(err.Error()+"."+unseen, false)
		default:
			r.settings = &s
			r.say("Says how it was made: "+settingsWords(s)+unseen, true)
			r.button("Use its settings", widgets.KindPrimary, func() { r.card.uses.UseSettings(s) })
			if start {
				r.button("Start from it", widgets.KindPlain, begin)
			}
		}
		r.button("Close", widgets.KindQuiet, nil)
		show(r.actions, true)
		r.card.changed()
	}
}

// settingsWords is what made a picture, in a line or two.
func settingsWords(s imagemeta.Settings) string {
	var parts []string
	if p := strings.Join(strings.Fields(s.Prompt), " "); p != "" {
		parts = append(parts, "“"+widgets.Shorten(p, 900, measureBody)+"”")
	}
	if s.Model != "" {
		parts = append(parts, s.Model)
	}
	if s.Steps > 0 {
		parts = append(parts, count(s.Steps, "step"))
	}
	parts = append(parts, "seed "+count0(s.Seed))
	for _, l := range s.LoRAs {
		parts = append(parts, "LoRA "+l.Name)
	}
	return strings.Join(parts, ", ") + "."
}

// lookText offers a text for the chat.
func (r *dropRow) lookText(kind sniff, size int64) func() {
	text := ""
	if kind == sniffText && size <= maxTextFile {
		if b, err := os.ReadFile(r.path); err == nil {
			text = strings.ToValidUTF8(string(b), "\uFFFD")
		}
	}
	return func() {
		r.text = text
		r.icon.Set(theme.Icon(theme.IconBook), theme.ColorAccent)
		what := "Text"
		if kind == sniffDocument {
			what = "Document"
		}
		r.facts.SetText(what + ", " + bytesText(size))
		r.say("Not a model. It can go along with a message, and the model reads it.", true)
		r.button("Attach to the chat", widgets.KindPrimary, func() { r.card.uses.Attach(r.path) })
		if text != "" {
			r.button("Put into the message", widgets.KindPlain, func() { r.card.uses.Insert(text) })
		}
		r.button("Close", widgets.KindQuiet, nil)
		show(r.actions, true)
		r.card.changed()
	}
}
