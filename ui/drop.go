package ui

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"loam/backend"
	"loam/backend/catalogue"
	"loam/backend/imagemeta"
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
	u.take(paths)
}

// take gives texts and documents to the chat where it is the page that is shown, and shows a card for all else.
func (u *UI) take(paths []string) {
	if u.page != pages.PageChats || !slices.ContainsFunc(paths, pages.MayAttach) {
		u.addFiles(paths)
		return
	}
	host{u}.Load("drop", func(context.Context) func() {
		var files, others []string
		for _, path := range paths {
			if pages.Attachable(path) && !catalogue.IsCatalogue(path) {
				files = append(files, path)
			} else {
				others = append(others, path)
			}
		}
		return func() {
			if len(files) > 0 {
				u.chats.Attach(files)
			}
			if len(others) > 0 {
				u.addFiles(others)
			}
		}
	})
}

// addFiles shows a card that says of each file what it is and what can be done with it, over whatever page is shown. A catalogue
// of models is taken in at once.
func (u *UI) addFiles(paths []string) {
	if slices.ContainsFunc(paths, func(p string) bool { return strings.EqualFold(filepath.Ext(p), ".json") }) {
		u.addCatalogues(paths)
		return
	}
	u.showFiles(paths)
}

// addCatalogues takes in the catalogues of models among files, and shows the card of the others.
func (u *UI) addCatalogues(paths []string) {
	u.load("catalogue", func(ctx context.Context) func() {
		var rest []string
		var told []func()
		for _, path := range paths {
			if !catalogue.IsCatalogue(path) {
				rest = append(rest, path)
				continue
			}
			c, err := u.deps.System.AddCatalogue(ctx, path)
			told = append(told, func() {
				if err != nil {
					u.fail(err, nil)
					return
				}
				models := fmt.Sprintf("%d models", len(c.Models))
				if len(c.Models) == 1 {
					models = "1 model"
				}
				u.notices.undone(widgets.Undo{
					Text: fmt.Sprintf("Added the catalogue “%s” with %s. The page Models and new chats recommend from it.", c.Name, models),
					Undo: func() { u.removeCatalogue(c.Name) },
				})
				u.models.Reload()
			})
		}
		return func() {
			for _, tell := range told {
				tell()
			}
			if len(rest) > 0 {
				u.showFiles(rest)
			}
		}
	})
}

func (u *UI) removeCatalogue(name string) {
	u.load("catalogue", func(ctx context.Context) func() {
		_, err := u.deps.System.RemoveCatalogue(ctx, name)
		return func() {
			if err != nil {
				u.fail(err, nil)
			}
			u.models.Reload()
		}
	})
}

func (u *UI) showFiles(paths []string) {
	u.closeCard()
	u.float.close()
	u.card = pages.NewDropCard(host{u}.env(), pages.DropUses{
		Chat:         func(modelID int64) { host{u}.NewChatWith(modelID) },
		Draw:         func(modelID int64) { u.show(pages.PagePictures); u.pictures.UseModel(modelID) },
		UseSettings:  func(s imagemeta.Settings) { u.show(pages.PagePictures); u.pictures.UseSettings(s) },
		StartFrom:    func(path string) { u.show(pages.PagePictures); u.pictures.StartFrom(path) },
		CanStart:     func() bool { return u.pictures.CanStart() },
		PictureModel: func() *backend.Model { return u.pictures.ChosenModel() },
		AddLoRA:      func(id int64, weight float32) { u.show(pages.PagePictures); u.pictures.AddLoRA(id, weight) },
		TryLoRA:      func(id int64) { u.show(pages.PagePictures); u.pictures.TryLoRA(id) },
		ChatModel:    func() *backend.Model { return u.chats.Model() },
		AddAdapter:   func(id int64) { u.show(pages.PageChats); u.chats.AddAdapter(id) },
		ChatAdapter: func(model, id int64) {
			u.show(pages.PageChats)
			u.chats.NewChatWithAdapter(model, id)
		},
		ToggleWords: func(words string) { u.pictures.ToggleWords(words) },
		HasWords:    func(words string) bool { return u.pictures.HasWords(words) },
		Insert: func(text string) {
			u.show(pages.PageChats)
			u.chats.Insert(text)
		},
		Attach: func(path string) {
			u.show(pages.PageChats)
			u.chats.Attach([]string{path})
		},
		OpenChat: func(chatID int64) {
			u.show(pages.PageChats)
			u.chats.Open(chatID)
		},
		Resized: u.notices.relayout,
		Close:   func() { u.closeCard() },
	}, paths)
	u.notices.rebuild()
}

// closeCard takes the drop card away; false = there is none.
func (u *UI) closeCard() bool {
	if u.card == nil {
		return false
	}
	u.card.Closed()
	u.card = nil
	u.notices.rebuild()
	return true
}

// chooseFile asks for a model file with the system's dialog.
func (u *UI) chooseFile() {
	u.fileDialog("Add a model file", "Add", []string{".gguf", ".safetensors", ".sft", ".png", ".jpg", ".jpeg", ".webp", ".jsonl", ".json", ".zip"},
		func(path string) { u.addFiles([]string{path}) })
}

// fileDialog asks for one file; no endings = any.
func (u *UI) fileDialog(title, confirm string, endings []string, take func(path string)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil {
			u.fail(err, func() { u.fileDialog(title, confirm, endings, take) })
			return
		}
		if r == nil {
			return // given up
		}
		path := r.URI().Path()
		_ = r.Close() // only its name is wanted
		take(path)
	}, u.window)
	if len(endings) > 0 {
		d.SetFilter(storage.NewExtensionFileFilter(endings))
	}
	d.SetTitleText(title)
	d.SetConfirmText(confirm)
	u.showDialog(d)
}

// showDialog shows a file dialog in its size, as something that floats.
func (u *UI) showDialog(d *dialog.FileDialog) {
	u.float.remember()
	shown := &fileTop{dialog: d, open: true}
	d.SetOnClosed(func() { shown.open = false })
	d.Show() // before Resize, which panics on a file dialog that is not there yet
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
