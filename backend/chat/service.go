// Package chat runs conversations: it stores what a person writes, has a model answer, and keeps every word through
// stops, crashes and full disks. The window and the command line call it; it calls the store, the engines and the models
// through the small interfaces below, and tells what happens on the event bus.
//
// A Service may be used from any goroutine. Methods that take a context do their work on the caller's goroutine and
// return when it is stored; a reply is then written by goroutines that the Service owns and that end with the reply, at
// the latest in Close. One reply runs per chat; replies of several chats wait for the engine in the order of asking.
package chat

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/store"
)

// Store is what the service keeps its chats in. *store.Store meets it.
type Store interface {
	CreateChat(ctx context.Context, c backend.Chat) (backend.Chat, error)
	Chat(ctx context.Context, id int64) (backend.Chat, error)
	Chats(ctx context.Context, q store.ChatQuery) ([]backend.Chat, error)
	UpdateChat(ctx context.Context, c backend.Chat) error
	SetTitle(ctx context.Context, chatID int64, was, title string) error
	SetLeaf(ctx context.Context, chatID, leaf int64) error
	SetShelves(ctx context.Context, shelves map[int64]backend.Shelf) error
	TrashChat(ctx context.Context, ids ...int64) error
	RestoreChat(ctx context.Context, ids ...int64) error
	Draft(ctx context.Context, chatID int64) (backend.Draft, error)
	SaveDraft(ctx context.Context, d backend.Draft) error

	AddExchange(ctx context.Context, user, reply backend.Message, owner backend.Owner) (backend.Message, backend.Message, error)
	StartReply(ctx context.Context, reply backend.Message, owner backend.Owner) (backend.Message, error)
	StartAside(ctx context.Context, reply backend.Message, owner backend.Owner) (backend.Message, error)
	Message(ctx context.Context, id int64) (backend.Message, error)
	Path(ctx context.Context, chatID int64) ([]backend.Message, error)
	Children(ctx context.Context, parent int64) ([]backend.Message, error)
	Roots(ctx context.Context, chatID int64) ([]backend.Message, error)
	LeafBelow(ctx context.Context, messageID int64) (int64, error)

	RecordPrompt(ctx context.Context, g backend.Generation) error
	AppendReply(ctx context.Context, messageID int64, tokens []int32, text string) (int64, error)
	FinishReply(ctx context.Context, messageID int64, f store.Finish) (backend.Message, error)
	Generation(ctx context.Context, messageID int64) (backend.Generation, error)
	KeepAlternatives(ctx context.Context, messageID int64, first int, list [][]backend.TokenAlt) error
	Alternatives(ctx context.Context, messageID int64) ([]backend.TokenChoice, error)
	CutBranch(ctx context.Context, messageID int64, title string) (backend.Cut, error)
	MendBranch(ctx context.Context, c backend.Cut) error
	BranchReply(ctx context.Context, reply backend.Message, g backend.Generation, from int64, owner backend.Owner) (backend.Message, error)
	TakeReply(ctx context.Context, messageID int64, owner backend.Owner) (backend.Message, error)
	AddReply(ctx context.Context, reply backend.Message, g *backend.Generation) (backend.Message, error)
	SetRating(ctx context.Context, messageID int64, r backend.Rating) error
	AddComparison(ctx context.Context, chosen, other int64) error
	Tallies(ctx context.Context) (map[int64]backend.Tally, error)
	SetPinned(ctx context.Context, messageID int64, on bool) error
	AddSummary(ctx context.Context, messageID int64, text string) error
	Summaries(ctx context.Context, chatID int64) (map[int64]string, error)
	MarkInterrupted(ctx context.Context, alive func(backend.Owner) bool) ([]backend.Message, error)
	Heartbeat(ctx context.Context, owner backend.Owner) error
	ChangedElsewhere(ctx context.Context, last store.Look) (store.Look, []int64, error)
	SearchMessages(ctx context.Context, query string, limit int) ([]store.Hit, error)

	Setting(ctx context.Context, key string, v any) (found bool, err error)
	SetSetting(ctx context.Context, key string, v any) error
}

// Need says what a reply needs of the engines.
type Need struct {
	Model backend.Model
	// Adapters are LoRAs that take part; another set is another load.
	Adapters []engine.AdapterWeight
	Context  int // tokens; 0 = as many as the engine thinks right
	// Like is the engine of an earlier run that this one should equal; nil = whichever is best now.
	Like *backend.EngineInfo
}

// Engines gives out loaded models. Acquire waits for its turn, first come first served, and loads the model where it is
// not loaded; release gives it back. It must obey ctx at once.
type Engines interface {
	Acquire(ctx context.Context, n Need) (e engine.Chat, release func(), err error)
}

// IdleEngines are Engines that can also be had for what nobody waits for: at once or not at all, and the context that comes
// with one ends as soon as somebody else wants it.
type IdleEngines interface {
	AcquireIdle(ctx context.Context, n Need) (e engine.Chat, while context.Context, release func(), err error)
}

// Models knows the model files. *library.Library meets it.
type Models interface {
	Get(ctx context.Context, id int64) (backend.Model, error)
	Default(ctx context.Context) (backend.Model, error) // backend.ErrNoModel where none is installed
}

// Deps is what a Service is made of. Store, Engines, Models and Bus are required.
type Deps struct {
	Store   Store
	Engines Engines
	Models  Models
	Bus     *event.Bus
	Logger  *slog.Logger
	Owner   backend.Owner              // this process
	Alive   func(o backend.Owner) bool // is that process still there? nil = only this one is
	Now     func() time.Time           // nil = time.Now
	// Templates says whether a model's chat template can be used; nil = that is not known.
	Templates func(ctx context.Context, m backend.Model) (backend.TemplateVerdict, error)
	Context   func(ctx context.Context) int // the wish for n_ctx in tokens; nil or 0 = the engine's choice
	Files     Files                         // of attachments; nil = nothing can be attached
	Reader    attach.Reader                 // reads what is attached
	Meaning   Meaning                       // finds passages by what they mean; nil = words alone do
}

// Service runs conversations.
type Service struct {
	store   Store
	engines Engines
	models  Models
	bus     *event.Bus
	log     *slog.Logger
	owner   backend.Owner
	alive   func(backend.Owner) bool
	now     func() time.Time
	context func(context.Context) int
	files   Files
	reader  attach.Reader
	meaning Meaning

	templates func(context.Context, backend.Model) (backend.TemplateVerdict, error)

	base    context.Context // of all replies; ended by Close
	endBase context.CancelFunc
	owned   sync.WaitGroup // the goroutines of replies and the heartbeat
	unwatch func()

	changing sync.Mutex // one change of a chat at a time

	mu      sync.Mutex
	closing bool
	busy    map[int64]*run            // by chat, also while a reply is only being prepared
	running map[int64]*run            // by message
	named   map[int64]string          // the titles that models made here, by chat
	unsaved map[int64]backend.Message // replies that ended but could not be stored, by message
	rest    map[int64]store.Finish    // what of them is still to be stored

	indexing, indexAgain bool // what is attached is being made to be found; and there is more since

	advice advice // what model files recommend
	guard  guard  // which texts hold no control token
	counts counts // of tokens

	lastPrompt spelled // of the reply that ended last: what the engine's KV cache begins with
}

// New returns a service and starts its heartbeat. Call Recover next, and Close at the end.
func New(d Deps) *Service {
	s := &Service{
		store: d.Store, engines: d.Engines, models: d.Models, bus: d.Bus, log: d.Logger,
		owner: d.Owner, alive: d.Alive, now: d.Now, context: d.Context, templates: d.Templates, files: d.Files, reader: d.Reader, meaning: d.Meaning,
		busy: map[int64]*run{}, running: map[int64]*run{}, named: map[int64]string{},
		unsaved: map[int64]backend.Message{}, rest: map[int64]store.Finish{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.alive == nil {
		s.alive = s.isSelf
	}
	if s.templates == nil {
		s.templates = func(context.Context, backend.Model) (backend.TemplateVerdict, error) {
			return backend.TemplateVerdict{}, nil
		}
	}
	if s.context == nil {
		s.context = func(context.Context) int { return 0 }
	}
	s.base, s.endBase = context.WithCancel(context.Background())
	s.unwatch = s.bus.Subscribe(progressGap, s.watchEngine)
	s.owned.Go(s.beat)
	return s
}

// isSelf says whether o is this process, whatever its last heartbeat.
func (s *Service) isSelf(o backend.Owner) bool {
	return o.PID == s.owner.PID && o.Started == s.owner.Started && o.Boot == s.owner.Boot
}

// Chats lists the chats that are not in the trash, the last changed first.
func (s *Service) Chats(ctx context.Context) ([]backend.Chat, error) {
	return s.store.Chats(ctx, store.ChatQuery{})
}

// Trashed lists the chats in the trash, the last changed first.
func (s *Service) Trashed(ctx context.Context) ([]backend.Chat, error) {
	return s.store.Chats(ctx, store.ChatQuery{Trash: true})
}

// Chat returns one chat.
func (s *Service) Chat(ctx context.Context, id int64) (backend.Chat, error) {
	return s.store.Chat(ctx, id)
}

// Create stores a new chat. The zero value is a good one.
func (s *Service) Create(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	c, err := s.store.CreateChat(ctx, c)
	if err != nil {
		return backend.Chat{}, err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: c.ID})
	return c, nil
}

// Rename gives a chat the name that a person wants. An empty one lets the chat be called after its first words again.
func (s *Service) Rename(ctx context.Context, id int64, title string) error {
	title = strings.Join(strings.Fields(title), " ")
	if title == "" {
		path, err := s.store.Path(ctx, id)
		if err != nil {
			return err
		}
		if len(path) > 0 {
			title = Title(aboutOf(path[0]))
		}
	}
	return s.change(ctx, id, func(c *backend.Chat) { c.Title = title })
}

// SetModel chooses the model of a chat; 0 = the default model.
func (s *Service) SetModel(ctx context.Context, chatID, modelID int64) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.ModelID = modelID })
}

// SetSystem sets a chat's system prompt; empty = none.
func (s *Service) SetSystem(ctx context.Context, chatID int64, system string) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.System = system })
}

// SetSampling sets a chat's sampler settings; nil = the defaults.
func (s *Service) SetSampling(ctx context.Context, chatID int64, sampling *backend.Sampling) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.Sampling = sampling })
}

func (s *Service) change(ctx context.Context, id int64, f func(*backend.Chat)) error {
	s.changing.Lock() // nobody's change is written over by another's
	defer s.changing.Unlock()
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return err
	}
	f(&c)
	if err := s.store.UpdateChat(ctx, c); err != nil {
		return err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: id})
	return nil
}

// Trash stops the chats' replies and moves the chats to the trash, from which Restore takes them back: all or none.
func (s *Service) Trash(ctx context.Context, ids ...int64) error {
	for _, id := range ids {
		s.StopChat(id)
	}
	if err := s.store.TrashChat(ctx, ids...); err != nil {
		return err
	}
	s.changed(ids...)
	return nil
}

// Restore takes chats back out of the trash: all or none.
func (s *Service) Restore(ctx context.Context, ids ...int64) error {
	if err := s.store.RestoreChat(ctx, ids...); err != nil {
		return err
	}
	s.changed(ids...)
	return nil
}

func (s *Service) changed(ids ...int64) {
	for _, id := range ids {
		s.bus.Deliver(event.ChatChanged{ChatID: id})
	}
}

// Draft returns what is typed in a chat but not sent.
func (s *Service) Draft(ctx context.Context, chatID int64) (backend.Draft, error) {
	return s.store.Draft(ctx, chatID)
}

// SaveDraft stores what is typed in a chat but not sent, and where it was scrolled to.
func (s *Service) SaveDraft(ctx context.Context, d backend.Draft) error {
	return s.store.SaveDraft(ctx, d)
}

// Transcript returns the shown path of a chat, from its first message to its leaf. A running reply has all the text
// that was published so far, also what is not stored yet.
func (s *Service) Transcript(ctx context.Context, chatID int64) ([]backend.Message, error) {
	path, err := s.store.Path(ctx, chatID)
	if err != nil {
		return nil, err
	}
	for i := range path {
		path[i] = s.live(path[i])
	}
	return path, nil
}

// Message returns one message, a running one as Transcript does.
func (s *Service) Message(ctx context.Context, id int64) (backend.Message, error) {
	m, err := s.store.Message(ctx, id)
	if err != nil {
		return backend.Message{}, err
	}
	return s.live(m), nil
}

// live replaces what is stored of a message by what is known of it.
func (s *Service) live(m backend.Message) backend.Message {
	m = withFacts(m)
	s.mu.Lock()
	r := s.running[m.ID]
	kept, isUnsaved := s.unsaved[m.ID]
	s.mu.Unlock()
	switch {
	case r != nil:
		return r.overlay(m)
	case isUnsaved:
		kept.Siblings, kept.Sibling, kept.Rating = m.Siblings, m.Sibling, m.Rating
		return kept
	}
	return m
}

// Generation returns the record of how a reply was made: seed, engine, model, prompt and tokens.
func (s *Service) Generation(ctx context.Context, messageID int64) (backend.Generation, error) {
	return s.store.Generation(ctx, messageID)
}

// Progress tells what a running reply is doing; false when it is not running here.
func (s *Service) Progress(messageID int64) (event.MessageProgress, bool) {
	s.mu.Lock()
	r := s.running[messageID]
	s.mu.Unlock()
	if r == nil {
		return event.MessageProgress{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress, true
}

// Running lists the messages that are being written by this process.
func (s *Service) Running() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, len(s.running))
	for id := range s.running {
		ids = append(ids, id)
	}
	return ids
}

// Stop ends a running reply and keeps what is written of it. It returns at once; MessageChanged tells when it is done.
func (s *Service) Stop(messageID int64) {
	s.mu.Lock()
	r := s.running[messageID]
	s.mu.Unlock()
	if r != nil {
		r.cancel(errStopped)
	}
}

// StopChat stops the reply that runs in a chat, if any.
func (s *Service) StopChat(chatID int64) {
	s.mu.Lock()
	r := s.busy[chatID]
	s.mu.Unlock()
	if r != nil {
		r.cancel(errStopped)
	}
}

// Wait returns a message as soon as it is not running any more.
func (s *Service) Wait(ctx context.Context, messageID int64) (backend.Message, error) {
	s.mu.Lock()
	r := s.running[messageID]
	s.mu.Unlock()
	if r != nil {
		select {
		case <-r.done:
		case <-ctx.Done():
			return backend.Message{}, fmt.Errorf("wait for message %d: %w", messageID, ctx.Err())
		}
	}
	return s.Message(ctx, messageID)
}
