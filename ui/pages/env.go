// Package pages holds what the rail leads to: chats, models, settings. A page builds its widgets once, reads its data
// through the small interfaces declared here (met by the services, and by fakes in tests), and hears of changes by
// events that the window hands it.
//
// All of it belongs to the goroutine of the window. Whatever may be slow goes through Host.Load: the work runs elsewhere
// and what it returns runs here again. Nothing here starts a goroutine.
package pages

import (
	"context"
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/backend/transfer"
	"loam/ui/widgets"
)

// Chats are the conversations; *chat.Service is one.
type Chats interface {
	Chats(ctx context.Context) ([]backend.Chat, error)
	Chat(ctx context.Context, id int64) (backend.Chat, error)
	Create(ctx context.Context, c backend.Chat) (backend.Chat, error)
	// CreateTemporary makes a chat that is kept in memory only; Keep makes it a normal one.
	CreateTemporary(ctx context.Context, c backend.Chat) (backend.Chat, error)
	Keep(ctx context.Context, chatID int64) (backend.Chat, error)
	Rename(ctx context.Context, id int64, title string) error
	SetModel(ctx context.Context, chatID, modelID int64) error
	SetSystem(ctx context.Context, chatID int64, system string) error
	SetSampling(ctx context.Context, chatID int64, s *backend.Sampling) error
	SetAlternatives(ctx context.Context, chatID int64, n int) error
	SetAdapters(ctx context.Context, chatID int64, list []backend.AdapterUse) error
	Manner(ctx context.Context, modelID int64) (chat.Manner, error)
	SetManner(ctx context.Context, modelID int64, m chat.Manner) error
	Template(ctx context.Context, modelID int64) (backend.TemplateVerdict, error)
	Recommended(ctx context.Context, modelID int64) (backend.Sampling, error)
	// Trash, Restore and SetShelves change all of the chats or none.
	Trash(ctx context.Context, ids ...int64) error
	Restore(ctx context.Context, ids ...int64) error
	// Trashed are the chats in the trash, the last removed first.
	Trashed(ctx context.Context) ([]backend.Chat, error)
	Transcript(ctx context.Context, chatID int64) ([]backend.Message, error)
	Message(ctx context.Context, id int64) (backend.Message, error)
	Send(ctx context.Context, chatID int64, r chat.SendRequest) (chat.Sent, error)
	Stop(messageID int64)
	Resume(ctx context.Context, messageID int64) error
	Regenerate(ctx context.Context, messageID int64) (backend.Message, error)
	Edit(ctx context.Context, messageID int64, text string) (chat.Sent, error)
	// RunAgain writes a reply once more by its record, KeepRun stores that beside it.
	RunAgain(ctx context.Context, messageID int64, tell func(chat.Repetition)) (chat.Repetition, error)
	KeepRun(ctx context.Context, r chat.Repetition) (backend.Message, error)
	// Rate stores a thumb of a reply.
	Rate(ctx context.Context, messageID int64, r backend.Rating) error
	// Answer has a message answered beside its replies, Choose takes one of two and counts for its model.
	Answer(ctx context.Context, messageID int64, q chat.AnswerRequest) (backend.Message, error)
	Choose(ctx context.Context, chosen, other int64) error
	Tallies(ctx context.Context) (map[int64]backend.Tally, error)
	ShowSibling(ctx context.Context, messageID int64, delta int) error
	// Continue has a whole reply go on, as another version. GoBack ends what is shown at a message, of which Follows says how
	// many versions of a next one it has; GoOn shows the newest of them.
	Continue(ctx context.Context, messageID int64) (backend.Message, error)
	GoBack(ctx context.Context, messageID int64) error
	GoOn(ctx context.Context, messageID int64) error
	Follows(ctx context.Context, messageID int64) (int, error)
	// Remove takes a message and all that follows it away, Unremove brings it back.
	Remove(ctx context.Context, messageID int64) (backend.Cut, error)
	Unremove(ctx context.Context, c backend.Cut) error
	ShowMessage(ctx context.Context, messageID int64) error // the branch on which it is
	// Alternatives are the tokens of a reply with what else could have stood there; Branch goes on from one of them.
	Alternatives(ctx context.Context, messageID int64) ([]backend.TokenChoice, error)
	Branch(ctx context.Context, messageID int64, index int, token int32) (backend.Message, error)
	// Generation is how a reply was made.
	Generation(ctx context.Context, messageID int64) (backend.Generation, error)
	Draft(ctx context.Context, chatID int64) (backend.Draft, error)
	SaveDraft(ctx context.Context, d backend.Draft) error
	// Attach reads a file or folder to be sent with a message, AttachText makes one of words; AttachedText is what one says.
	Attach(ctx context.Context, chatID int64, path string) (backend.Attachment, error)
	AttachText(ctx context.Context, chatID int64, name, text string) (backend.Attachment, error)
	AttachedText(ctx context.Context, a backend.Attachment) (string, error)
	// HoldFiles moves the bytes of attachments to memory: they go along to a temporary chat.
	HoldFiles(ctx context.Context, list []backend.Attachment) error

	// Plan says what of a chat the model sees, Fill how full its context was when the last reply ended.
	Plan(ctx context.Context, chatID int64, text string, files ...backend.Attachment) (chat.Plan, error)
	Fill(ctx context.Context, chatID int64) (used, context int, err error)
	SetPinned(ctx context.Context, messageID int64, on bool) error
	SetOverflow(ctx context.Context, chatID int64, o backend.Overflow) error
	SetShelves(ctx context.Context, shelves map[int64]backend.Shelf) error
	Presets(ctx context.Context) ([]chat.Preset, error)
	SavePreset(ctx context.Context, p chat.Preset) error
	RemovePreset(ctx context.Context, name string) error
}

// Models are the model files that Loam knows; *library.Library is one.
type Models interface {
	List(ctx context.Context) ([]backend.Model, error)
	// Inspect says what Add would record of a file, without taking it in.
	Inspect(ctx context.Context, path string) (backend.Model, error)
	Add(ctx context.Context, path string, o library.AddOptions) (backend.Model, error)
	AddFolder(ctx context.Context, dir string, o library.AddOptions) (library.Folder, error)
	// FitLoRA compares a LoRA with a picture model; LoRAFits with all of them, the best fit first.
	FitLoRA(ctx context.Context, loraID, modelID int64) (library.LoRAFit, error)
	LoRAFits(ctx context.Context, loraID int64) ([]library.LoRAFit, error)
	// AdapterFits compares a LoRA for chat models with all chat models, the best fit first.
	AdapterFits(ctx context.Context, id int64) ([]library.LoRAFit, error)
	Remove(ctx context.Context, id int64) error
	Restore(ctx context.Context, id int64) (backend.Model, error)
	FreeNow(ctx context.Context, id int64) error
	Default(ctx context.Context) (backend.Model, error)
	SetDefault(ctx context.Context, id int64) error
	MeasuredSpeed(ctx context.Context, id int64) (library.Speed, bool, error)
	// Around gives what was found in the folders of other programs, LookAround looks again, HideAround stops offering it,
	// and Bring takes some of it in, used in place.
	Around(ctx context.Context) (library.Around, error)
	LookAround(ctx context.Context) (library.Around, error)
	HideAround(ctx context.Context) error
	Bring(ctx context.Context, paths []string) (library.Folder, error)
	Copy(ctx context.Context, id int64) (backend.Model, error)
	CancelCopy(id int64)
}

// Engines is what is loaded; *residency.Manager is one.
type Engines interface {
	State() event.EngineChanged
	Unload(ctx context.Context)
	Retry()
}

// Studio draws pictures and keeps them; *studio.Service is one.
type Studio interface {
	Enqueue(ctx context.Context, r studio.Request, count int) ([]backend.Job, error)
	Stop(ctx context.Context, id int64) error
	Queue() []int64
	Left(ctx context.Context) ([]backend.Job, error)
	Continue(ctx context.Context, ids ...int64) error
	Discard(ctx context.Context, ids ...int64) error
	Job(ctx context.Context, id int64) (backend.Job, studio.Request, error)
	Picture(ctx context.Context, id int64) (backend.Picture, error)
	Pictures(ctx context.Context, limit, offset int) ([]backend.Picture, error)
	// Search finds pictures by the words of their prompts, the newest first.
	Search(ctx context.Context, query string, limit int) ([]studio.Found, error)
	Path(p backend.Picture) string
	SaveCopy(p backend.Picture, path string) error
	// KeepStart copies a picture file to start from; KeepStartOf a finished picture, KeepMask a mask. StartPath is where
	// such a copy lies, and CleanStarts removes those that nothing refers to.
	KeepStart(ctx context.Context, path string) (studio.Start, error)
	KeepStartOf(ctx context.Context, p backend.Picture) (studio.Start, error)
	KeepMask(ctx context.Context, m *image.Gray) (sum string, err error)
	StartPath(sum string) string
	CleanStarts(ctx context.Context, keep ...string) (removed int, err error)
}

// Transfer carries chats out and in; *transfer.Service is one.
type Transfer interface {
	Export(ctx context.Context, o transfer.ExportOptions) (transfer.Exported, error)
	Inspect(ctx context.Context, path string, progress func(transfer.Progress)) (transfer.Contents, error)
	Import(ctx context.Context, path string, o transfer.ImportOptions) (transfer.Imported, error)
}

// System is the machine, the installation and the settings; *app.App is one, through the window's wiring.
type System interface {
	Machine(ctx context.Context) hardware.Machine
	Doctor(ctx context.Context) (hardware.Report, error)
	// CheckModel has an engine open a model in a process of its own: it comes back verified, or put aside with the reason.
	CheckModel(ctx context.Context, id int64) (backend.Model, error)
	// ModelsFolder says how many bytes the models folder holds and how many are free on its disk; 0 = not known.
	ModelsFolder(ctx context.Context) (used, free int64)
	Setting(ctx context.Context, key string, v any) (bool, error)
	SetSetting(ctx context.Context, key string, v any) error
	// States says what the contexts of chats take on disk, and of how many chats they are; ClearStates removes them.
	States() (bytes int64, chats int, err error)
	ClearStates() error
	// Trashed is how many chats are in the trash; EmptyTrash deletes them for good.
	Trashed(ctx context.Context) (int, error)
	EmptyTrash(ctx context.Context) (int, error)
	// PictureTraits says what the picture engine can do, whatever the model.
	PictureTraits(ctx context.Context) (engine.PictureInfo, error)
	// EngineOf says which chat engine a model runs on; SetModelEngine chooses one, "" = automatic.
	EngineOf(ctx context.Context, m backend.Model) (app.EngineChoice, error)
	// EmbeddingModels are those that can find passages by their meaning.
	EmbeddingModels(ctx context.Context) ([]backend.Model, error)
	SetModelEngine(ctx context.Context, id int64, name string) error

	ModelCare
}

// Host is the window around the pages.
type Host interface {
	// Load runs work elsewhere, in order within its lane, and what it returns on this goroutine.
	Load(lane string, work func(ctx context.Context) func())
	// After runs f on this goroutine when d has passed, unless cancel is called before.
	After(d time.Duration, f func()) (cancel func())
	Now() time.Time
	Canvas() fyne.Canvas
	Window() fyne.Window
	// Focus puts the focus on a control, also on one that was not painted yet and so does not know its canvas.
	Focus(o fyne.Focusable)
	// Notify shows a banner; Fail shows what an error means, with retry behind the button of its next step where that is
	// to try again.
	Notify(n widgets.Notice)
	// Dismiss takes the banner of a key away.
	Dismiss(key string)
	Fail(err error, retry func())
	// Sentence says what an error means and the label of its next step; "" = none.
	Sentence(err error) (text, next string)
	// Undone tells that something was done that can be taken back.
	Undone(u widgets.Undo)
	Copy(text string)
	OpenFolder(path string)
	Popover(content fyne.CanvasObject, anchor fyne.CanvasObject, width float32)
	// Dialog shows content in a card in the middle; ClosePopover closes it too.
	Dialog(content fyne.CanvasObject)
	// DialogUntil is Dialog that tells when the card is closed, however that happens.
	DialogUntil(content fyne.CanvasObject, closed func())
	ClosePopover()
	Menu(items []*fyne.MenuItem, at fyne.Position)
	// Go shows another page; Chat opens a conversation there with a model (0 = the default) when the page is PageChats.
	Go(p Page)
	NewChatWith(modelID int64)
	// ShowPictures shows the pictures whose prompts have the words of a query, and one of them large; 0 = none.
	ShowPictures(query string, id int64)
	// DrawWith shows the pictures page with a model.
	DrawWith(modelID int64)
	// Offer shows the card of a file, as if it had been dropped: what it fits and what can be done with it.
	Offer(path string)
	// LookAround looks for models of other programs again.
	LookAround()
	AddFiles()
	// ChooseFile asks for one file with one of the endings, none = any; nothing happens when it is given up.
	ChooseFile(title, confirm string, endings []string, take func(path string))
	// ShowFiles shows another file dialog: Esc closes it, too.
	ShowFiles(d *dialog.FileDialog)
	// Guide opens the guide at a link of package guide; "" = at the chapter of the page that is shown.
	Guide(link string)
	// Learn opens the guide where it says more about an error.
	Learn(err error)
	// Licenses shows the licences of what is built in.
	Licenses()
	// Tip shows a few words about an object after a moment; "" takes them away.
	Tip(text string, at fyne.CanvasObject)
	// Relaid hears that the page has another middle: what stands over it moves along.
	Relaid()
	// Shown says whether a page is the one that is seen; nothing on another can have the focus.
	Shown(p Page) bool
	// Narrow says whether the window is too narrow for a sidebar of its own.
	Narrow() bool
	// Look is how the window looks; SetLook changes and keeps it.
	Look() Look
	SetLook(l Look)
}

// Page names a page of the rail.
type Page string

// The pages.
const (
	PageChats    Page = "chats"
	PagePictures Page = "pictures"
	PageModels   Page = "models"
	PageSettings Page = "settings"
	PageGuide    Page = "guide"
)

// Look is the theme of the window.
type Look struct {
	Mode  string  `json:"mode"`  // "system", "light", "dark"
	Scale float32 `json:"scale"` // text size, 0.8 to 2
}

// Search finds messages, or files of them, by their words, the best first.
type Search func(ctx context.Context, query string, limit int) ([]Found, error)

// Found is a message that a search found, or a file of it.
type Found struct {
	ChatID, MessageID int64
	Title             string              // of its chat
	Snippet           string              // the words around
	File              *backend.Attachment // the words stand in this file of the message
	Place             *backend.Passage    // a part of File; nil = they stand in its name
}

// Folders are the places on disk that the settings show.
type Folders struct{ Data, Models, Cache, Config, Logs string }

// About is what the program says of itself.
type About struct {
	Version, Commit string
	Licenses        func() string // names and texts of what is built in
}

// Env is everything a page is made of.
type Env struct {
	Host    Host
	Chats   Chats
	Models  Models
	Engines Engines
	Studio  Studio
	System  System
	Search  Search // nil = only names of chats are searched
	// SearchFiles finds files of messages; nil = they are not searched.
	SearchFiles Search
	// Commands are what the search offers to do; nil = nothing.
	Commands func() []Command

	Transfer Transfer // nil = chats are not exported or imported
	Getting  Getting  // nil = models are not looked for elsewhere
	Meaning  Meaning  // nil = passages are found by words alone
	Folders  Folders
	About    About
}
