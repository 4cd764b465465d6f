package ui

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"loam/backend"
	"loam/backend/library"
	"loam/ui/pages"
	"loam/ui/widgets"
)

// dropped takes what was dropped on the window. Fyne tells where, but the page that is shown decides, not the place.
func (u *UI) dropped(uris []fyne.URI) {
	var paths []string
	for _, uri := range uris {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	if len(paths) == 0 {
		u.notices.notify(widgets.Notice{
			Key: "drop", Tone: widgets.ToneWarn, Text: "Only files on this machine can be dropped here.",
		})
		return
	}
	u.addFiles(paths)
}

// addFiles puts files to use where they were dropped: in a chat and where pictures are drawn a banner says what came of
// each and offers to use it, everywhere else the models page shows a card. A picture brings its settings.
func (u *UI) addFiles(paths []string) {
	if u.page == pages.PagePictures {
		paths = slices.DeleteFunc(paths, func(path string) bool {
			if !strings.EqualFold(filepath.Ext(path), ".png") {
				return false
			}
			u.pictures.TakePicture(path)
			return true
		})
	}
	if u.page != pages.PageChats && u.page != pages.PagePictures {
		u.show(pages.PageModels)
		u.models.Add(paths)
		return
	}
	for _, path := range paths {
		key := "file:" + path
		u.notices.notify(widgets.Notice{Key: key, Text: "Looking at " + filepath.Base(path) + "…", Keep: true})
		u.load("models", func(ctx context.Context) func() {
			m, err := u.deps.Models.Add(ctx, path, library.AddOptions{})
			return func() { u.notices.notify(u.fileNotice(key, path, m, err)) }
		})
	}
}

// fileNotice says what came of a file.
func (u *UI) fileNotice(key, path string, m backend.Model, err error) widgets.Notice {
	if err != nil {
		text, next := u.sentence(err)
		n := widgets.Notice{Key: key, Tone: widgets.ToneError, Text: text, Details: path + "\n" + err.Error()}
		if n.Do = u.step(next, nil); n.Do != nil {
			n.Action = next
		}
		return n
	}
	n := widgets.Notice{Key: key, Tone: widgets.ToneSuccess, Text: pages.Added(m), Keep: true}
	if pages.CanAnswer(m) {
		n.Action, n.Do = "Chat with it", func() { host{u}.NewChatWith(m.ID) }
	}
	if m.Kind == backend.KindDiffusion && u.page != pages.PagePictures {
		n.Action, n.Do = "Draw with it", func() { u.show(pages.PagePictures) }
	}
	return n
}

// chooseFile asks for a model file with the system's dialog.
func (u *UI) chooseFile() {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil {
			u.fail(err, u.chooseFile)
			return
		}
		if r == nil {
			return // given up
		}
		path := r.URI().Path()
		_ = r.Close() // only its name is wanted
		u.addFiles([]string{path})
	}, u.window)
	d.SetFilter(storage.NewExtensionFileFilter([]string{".gguf", ".safetensors"}))
	d.SetTitleText("Add a model file")
	d.SetConfirmText("Add")
	u.float.remember()
	shown := &fileTop{dialog: d, open: true}
	d.SetOnClosed(func() { shown.open = false })
	d.Show()
	d.Resize(fyne.NewSize(min(u.root.Size().Width-40, 900), min(u.root.Size().Height-40, 620)))
	u.float.top = shown
}

// fileTop is the file dialog as something that floats: Esc closes it.
type fileTop struct {
	dialog *dialog.FileDialog
	open   bool
}

// Hide closes it.
func (t *fileTop) Hide() { t.dialog.Hide() }

// Visible says whether it is open.
func (t *fileTop) Visible() bool { return t.open }
