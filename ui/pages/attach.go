package pages

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"

	"loam/backend"
	"loam/backend/attach"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// attachments are the files of the message that is being written: a chip for each above the field. They are part of the
// chat's draft.
type attachments struct {
	of      *conversation
	list    []backend.Attachment
	reading []string          // names of files that are being read
	refused []refusal         // of those that were added last
	told    map[string]string // what the chips say of meaning, by the hash of a file's text
}

// refusal is a file that was not attached.
type refusal struct{ name, reason string }

// put replaces all of them, as when another chat is opened.
func (a *attachments) put(list []backend.Attachment) {
	a.list = slices.Clone(list)
	if a.of.env.Meaning != nil {
		for _, f := range a.list {
			a.of.env.Meaning.Begin(f)
		}
	}
	a.show()
}

// changed shows and keeps what a person did.
func (a *attachments) changed() {
	a.show()
	a.of.drafts.touch()
	a.of.showMeter()
}

// show builds the chips.
func (a *attachments) show() {
	c := a.of.composer
	row := c.files
	row.Objects, a.told = nil, map[string]string{}
	if a.of.editing == 0 { // the files of a message that is edited stay with it
		for i := range a.list {
			row.Add(a.chip(i))
		}
		for _, name := range a.reading {
			row.Add(widgets.NewLabel("Reading "+widgets.Shorten(name, 200, measureBody)+"…", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true}))
		}
	}
	c.hasFiles = a.of.editing == 0 && len(a.list) > 0
	c.setReading(len(a.reading) > 0)
	show(row, len(row.Objects) > 0)
	row.Refresh()
	if a.of.body != nil {
		c.relayout()
	}
}

// chip is one file: a click shows its text, the cross takes it away.
func (a *attachments) chip(i int) fyne.CanvasObject {
	f := a.list[i]
	read := a.meaningOf(f)
	a.told[f.Text] = string(read.State) + meaningLabel(read)
	open := widgets.NewButton(widgets.Shorten(fileLabel(f), 300, measureBody)+meaningLabel(read), widgets.KindPlain, func() { a.of.readFile(f, nil) })
	open.Small, open.Pill, open.Icon, open.Tip = true, true, theme.Icon(fileIcon(f)), fileTip(f, meaningTip(read))
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Take "+f.Name+" away", func() { a.remove(i) })
	cross.Small = true
	parts := []fyne.CanvasObject{open}
	if f.Kind == backend.AttachPasted {
		back := widgets.NewButton("Put into the text", widgets.KindQuiet, func() { a.putBack(i) })
		back.Small, back.Tip = true, "Writes it into the message instead"
		parts = append(parts, back)
	}
	parts = append(parts, cross)
	return widgets.NewMenuArea(container.New(widgets.Row{Gap: 0}, parts...), func(at fyne.Position) { a.of.env.Host.Menu(a.menu(i), at) })
}

func (a *attachments) menu(i int) []*fyne.MenuItem {
	f := a.list[i]
	item := func(label string, icon fyne.ThemeIconName, do func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(label, do)
		m.Icon = theme.Icon(icon)
		return m
	}
	list := []*fyne.MenuItem{item("Show its text", theme.IconShow, func() { a.of.readFile(f, nil) })}
	if f.Kind == backend.AttachPasted {
		list = append(list, item("Put into the text", theme.IconUndo, func() { a.putBack(i) }))
	}
	list = append(list, a.meaningItems(f)...)
	return append(list, item("Take away", theme.IconRemove, func() { a.remove(i) }))
}

// remove takes a file away, with the way back.
func (a *attachments) remove(i int) {
	if i >= len(a.list) {
		return
	}
	before, mark, name, gone := slices.Clone(a.list), a.of.opened, a.list[i].Name, a.list[i]
	if a.of.env.Meaning != nil {
		a.of.env.Meaning.Forget(gone)
	}
	a.list = slices.Delete(slices.Clone(a.list), i, i+1)
	a.changed()
	a.of.env.Host.Undone(widgets.Undo{Text: name + " is taken away from the message.", Undo: func() {
		if mark == a.of.opened {
			a.list = before
			if a.of.env.Meaning != nil {
				a.of.env.Meaning.Again(gone)
			}
			a.changed()
		}
	}})
	a.of.composer.focus()
}

// putBack writes pasted words into the field instead.
func (a *attachments) putBack(i int) {
	if i >= len(a.list) {
		return
	}
	f, mark := a.list[i], a.of.opened
	a.of.env.Host.Load("attach", func(ctx context.Context) func() {
		text, err := a.of.env.Chats.AttachedText(ctx, f)
		return func() {
			switch {
			case mark != a.of.opened:
			case err != nil:
				a.of.env.Host.Fail(err, nil)
			default:
				a.list = slices.DeleteFunc(a.list, func(x backend.Attachment) bool { return x.Text == f.Text && x.Name == f.Name })
				before := a.of.composer.text()
				if before != "" && !strings.HasSuffix(before, "\n") {
					before += "\n"
				}
				a.of.composer.setText(before + text)
				a.changed()
				a.of.composer.focus()
			}
		}
	})
}

// add attaches files and folders, one after the other, so that their chips stand in order.
func (a *attachments) add(paths []string) {
	if a.of.editing != 0 {
		a.of.env.Host.Notify(widgets.Notice{Key: "attach", Text: "A message that is edited keeps the files it has. Finish or cancel the edit to attach others."})
		return
	}
	if len(a.reading) == 0 {
		a.refused = nil
	}
	for _, path := range paths {
		name := filepath.Base(path)
		a.begin(name, func(ctx context.Context, id int64) (backend.Attachment, error) {
			return a.of.env.Chats.Attach(ctx, id, path)
		})
	}
	a.of.composer.focus()
}

// begin reads one attachment, shown as being read meanwhile.
func (a *attachments) begin(name string, read func(ctx context.Context, chatID int64) (backend.Attachment, error)) {
	a.reading = append(a.reading, name)
	a.show()
	id, mark := a.of.chat.ID, a.of.opened
	a.of.env.Host.Load("attach", func(ctx context.Context) func() {
		f, err := read(ctx, id)
		return func() {
			if i := slices.Index(a.reading, name); i >= 0 {
				a.reading = slices.Delete(a.reading, i, i+1)
			}
			switch {
			case err != nil:
				a.show()
				a.refuse(name, err)
			case mark != a.of.opened:
				a.show() // the person went to another chat meanwhile
			case slices.ContainsFunc(a.list, func(x backend.Attachment) bool { return x.SHA256 == f.SHA256 && x.Name == f.Name }):
				a.show() // it is there already
			default:
				a.list = append(a.list, f)
				a.changed()
			}
		}
	})
}

// refuse says in one sentence why files were not attached, and stays until it is read: who drops many looks elsewhere meanwhile.
func (a *attachments) refuse(name string, err error) {
	bad, ok := errors.AsType[*backend.BadFile](err)
	if !ok {
		a.of.env.Host.Fail(err, nil)
		return
	}
	a.refused = append(a.refused, refusal{name, bad.Reason})
	a.of.env.Host.Notify(widgets.Notice{
		Key: "attach refused", Tone: widgets.ToneWarn, Keep: true, Text: refusedText(a.refused), OnClose: func() { a.refused = nil },
	})
}

func refusedText(list []refusal) string {
	if len(list) == 1 {
		return fmt.Sprintf("%s was not attached: %s.", list[0].name, list[0].reason)
	}
	const most = 6
	var parts []string
	for i, r := range list {
		if i == most-1 && len(list) > most {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		parts = append(parts, r.name+" ("+r.reason+")")
	}
	return fmt.Sprintf("%d files were not attached: %s.", len(list), strings.Join(parts, "; "))
}

// paste takes what is pasted into the field: files, and words that are too many for it. False = it is written as usual.
func (a *attachments) paste(text string) bool {
	if a.of.editing != 0 {
		return false
	}
	if paths := pastedFiles(text); len(paths) > 0 {
		a.add(paths)
		return true
	}
	if utf8.RuneCountInString(text) <= attach.PasteLimit {
		return false
	}
	n := 1
	for _, f := range a.list {
		if f.Kind == backend.AttachPasted {
			n++
		}
	}
	name := "Pasted text"
	if n > 1 {
		name = fmt.Sprintf("Pasted text %d", n)
	}
	a.begin(name, func(ctx context.Context, id int64) (backend.Attachment, error) {
		return a.of.env.Chats.AttachText(ctx, id, name, text)
	})
	return true
}

// pastedFiles are the files that a file manager copied: addresses or whole paths of files, a line each. What names no file is a
// text.
func pastedFiles(text string) []string {
	const most, longest = 64, 4096 // files, and bytes of a path
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > most || len(lines[0]) > longest {
		return nil
	}
	var paths []string
	for _, line := range lines {
		path, ok := pathOf(strings.TrimSpace(line))
		if !ok {
			return nil
		}
		paths = append(paths, path)
	}
	return paths
}

// open asks for a file to attach.
func (a *attachments) open() {
	a.of.env.Host.ChooseFile("Attach a file", "Attach", nil, func(path string) { a.add([]string{path}) })
}

// openFolder asks for a folder whose text files are attached.
func (a *attachments) openFolder() {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err != nil {
			a.of.env.Host.Fail(err, a.openFolder)
			return
		}
		if dir != nil {
			a.add([]string{dir.Path()})
		}
	}, a.of.env.Host.Window())
	d.SetTitleText("Attach the text files of a folder")
	d.SetConfirmText("Attach")
	a.of.env.Host.ShowFiles(d)
}

// ask offers what can be attached, beside the button for it.
func (a *attachments) ask() {
	at := a.of.composer.attach
	file := fyne.NewMenuItem("A file…", a.open)
	file.Icon = theme.Icon(theme.IconFile)
	folder := fyne.NewMenuItem("The text files of a folder…", a.openFolder)
	folder.Icon = theme.Icon(theme.IconFolder)
	place := fyne.CurrentApp().Driver().AbsolutePositionForObject(at)
	a.of.env.Host.Menu([]*fyne.MenuItem{file, folder}, place.SubtractXY(0, 2*menuLine))
}

// menuLine is about how high an entry of a menu is.
const menuLine = 40

// keepPartly leaves the files in the composer of which the model saw passages only: the next question needs other ones.
func (a *attachments) keepPartly(sent []backend.Attachment) {
	a.list = nil
	for _, f := range sent {
		if f.Partly {
			f.Partly, f.Passages = false, nil
			a.list = append(a.list, f)
		}
	}
	a.changed()
}

// counted takes over how many tokens the files have.
func (a *attachments) counted(files []backend.Attachment) {
	for i := range a.list {
		for _, f := range files {
			if f.Text == a.list[i].Text {
				a.list[i].Tokens = f.Tokens
			}
		}
	}
	a.show()
}

// fileLabel is what a chip says.
func fileLabel(f backend.Attachment) string {
	switch {
	case f.Kind == backend.AttachPDF && f.Pages > 0:
		return f.Name + ", " + count(f.Pages, "page")
	case f.Kind == backend.AttachFolder:
		return f.Name + ", " + count(f.Pages, "file")
	}
	return f.Name + ", " + bytesText(f.Size)
}

func fileTip(f backend.Attachment, meaning string) string {
	parts := []string{bytesText(f.Size)}
	if f.Tokens > 0 {
		parts = append(parts, count(f.Tokens, "token"))
	}
	if f.Note != "" {
		parts = append(parts, f.Note)
	}
	if meaning != "" {
		parts = append(parts, meaning)
	}
	return strings.Join(parts, " · ") + " · Click to read it"
}

func fileIcon(f backend.Attachment) fyne.ThemeIconName {
	if f.Kind == backend.AttachFolder {
		return theme.IconFolder
	}
	return theme.IconFile
}

// Attach puts files and folders beside the message that is being written.
func (p *ChatsPage) Attach(paths []string) {
	p.closeOver()
	p.talk.files.add(paths)
}
