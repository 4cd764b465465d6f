package chat

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/store"
	"loam/store/storetest"
)

// words is an engine whose tokens are words. What it writes depends on the evaluation log and the seed alone, on all of
// the log: a prompt that was cut otherwise gets another reply.
type words struct {
	info   engine.Info
	tick   time.Duration // per generated token
	read   time.Duration // per prompt
	length int           // of a whole reply in tokens

	mu       sync.Mutex
	dieAfter int  // tokens into the request; < 0 = never
	deaf     bool // does not obey a cancelled context
	reused   int  // what it says of its cache
	asked    []engine.GenerateRequest
	notice   string
	opener   string
	format   string // of rendered prompts; "" = as it was asked for
}

func newWords() *words {
	return &words{
		info:   engine.Info{Engine: backend.EngineInfo{Engine: "words", Build: "1", Device: "CPU", Threads: 1}, Context: 400, Batch: 16},
		tick:   10 * time.Millisecond,
		length: 40, dieAfter: -1,
	}
}

func (w *words) Info() engine.Info { return w.info }

func (w *words) Render(_ context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	var b strings.Builder
	for _, m := range r.Messages {
		fmt.Fprintf(&b, "<%s> %s <end> ", m.Role, m.Content)
	}
	if r.AddGenerationPrompt {
		b.WriteString("<assistant> " + w.opener)
	}
	return engine.Rendered{Prompt: b.String(), Stops: []string{"<end>"}, Notice: w.notice, Format: cmp.Or(w.format, r.Format)}, nil
}

func (w *words) Parse(context.Context, engine.ParseRequest) (engine.Parsed, error) {
	return engine.Parsed{}, backend.ErrUnsupported
}

func (w *words) Tokenize(_ context.Context, text string, _ bool) ([]int32, error) {
	var ids []int32
	for _, word := range strings.Fields(text) {
		ids = append(ids, wordID(word))
	}
	return ids, nil
}

const lastWord = "fin."

func wordID(word string) int32 {
	h := fnv.New32a()
	h.Write([]byte(word))
	return int32(h.Sum32() & 0xffffff)
}

func (w *words) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	w.mu.Lock()
	w.asked = append(w.asked, r)
	die, deaf, requests := w.dieAfter, w.deaf, len(w.asked)-1
	w.mu.Unlock()
	cuts := r.Cuts
	if cuts == nil {
		// The first cut depends on what was asked before, as with a cache that keeps a prefix.
		for done := 0; done < len(r.Prompt); {
			n := min(len(r.Prompt)-done, w.info.Batch)
			if done == 0 {
				n = min(n, 1+requests%4)
			}
			cuts = append(cuts, n)
			done += n
		}
	}
	if err := emit(engine.Evaluating{Cuts: cuts, Reused: w.reused}); err != nil {
		return engine.Result{}, err
	}
	time.Sleep(w.read)
	if err := emit(engine.Prompt{Done: len(r.Prompt), Total: len(r.Prompt)}); err != nil {
		return engine.Result{}, err
	}
	log := fnv.New64a()
	add := func(n int64) { log.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	for _, c := range cuts {
		add(int64(c))
	}
	for _, id := range slices.Concat(r.Prompt, r.Reply) {
		add(int64(id))
	}
	add0 := int64(r.Sampling.Seed)
	usage := backend.Usage{PromptTokens: len(r.Prompt)}
	for n := len(r.Reply); n < w.length; n++ {
		if most := r.Sampling.MaxTokens; most > 0 && n >= most {
			return engine.Result{Stop: backend.StopLength, Usage: usage}, nil
		}
		if die >= 0 && n-len(r.Reply) >= die {
			return engine.Result{}, &engine.Crashed{Cause: engine.CauseKilled}
		}
		select {
		case <-time.After(w.tick):
		case <-ctx.Done():
			if !deaf {
				return engine.Result{Stop: backend.StopCancel, Usage: usage}, nil
			}
			<-time.After(20 * time.Second)
		}
		h := fnv.New64a()
		h.Write(log.Sum(nil))
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(add0)))
		text := fmt.Sprintf("w%d ", h.Sum64()%997)
		id := wordID(strings.TrimSpace(text))
		if n == w.length-1 {
			text, id = "", wordID(lastWord) // held back, as if it could become a stop string
		}
		var alts []backend.TokenAlt
		if r.Alts > 0 {
			alts = append(alts, backend.NewTokenAlt(id, []byte(cmp.Or(text, lastWord+" ")), -0.5))
		}
		for i := 1; i < r.Alts; i++ {
			other := fmt.Sprintf("other%d-%d ", n, i)
			alts = append(alts, backend.NewTokenAlt(wordID(strings.TrimSpace(other)), []byte(other), -float32(i)))
		}
		if err := emit(engine.Token{ID: id, Text: text, Alts: alts}); err != nil {
			return engine.Result{}, err
		}
		add(int64(id))
		usage.ReplyTokens++
	}
	return engine.Result{Stop: backend.StopEnd, Text: lastWord + " ", Usage: usage}, nil
}

func (w *words) Logits(context.Context, engine.GenerateRequest) ([]float32, error) {
	return nil, backend.ErrUnsupported
}
func (w *words) SaveState(context.Context, io.Writer) error { return backend.ErrUnsupported }
func (w *words) LoadState(context.Context, io.Reader) error { return backend.ErrUnsupported }
func (w *words) Close() error                               { return nil }

// request is the n-th request that the engine was asked, counted from the end.
func (w *words) request(n int) engine.GenerateRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[len(w.asked)-n]
}

func (w *words) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// bench is one engine with one place, and the models.
type bench struct {
	engine *words
	turn   chan struct{}
	mu     sync.Mutex
	fails  error
	models []backend.Model
	needs  []Need // what was asked for
}

// needed is what was asked for so far.
func (b *bench) needed() []Need {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.needs)
}

func (b *bench) Acquire(ctx context.Context, n Need) (engine.Chat, func(), error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.needs = append(b.needs, n)
	if b.fails != nil {
		<-b.turn
		return nil, nil, b.fails
	}
	return b.engine, func() { <-b.turn }, nil
}

func (b *bench) Get(_ context.Context, id int64) (backend.Model, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.models {
		if m.ID == id {
			return m, nil
		}
	}
	return backend.Model{}, backend.ErrNotFound
}

func (b *bench) Default(ctx context.Context) (backend.Model, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.models) == 0 {
		return backend.Model{}, backend.ErrNoModel
	}
	return b.models[0], nil
}

// ledger is the real store with a stopwatch and a full disk.
type ledger struct {
	*store.Store
	mu      sync.Mutex
	full    bool
	appends []time.Time
	tokens  int
}

func (l *ledger) isFull() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full {
		return backend.ErrDiskFull
	}
	return nil
}

func (l *ledger) fill(full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = full
}

func (l *ledger) AppendReply(ctx context.Context, id int64, tokens []int32, text string) (int64, error) {
	if err := l.isFull(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	l.appends = append(l.appends, time.Now())
	l.tokens += len(tokens)
	l.mu.Unlock()
	return l.Store.AppendReply(ctx, id, tokens, text)
}

func (l *ledger) RecordPrompt(ctx context.Context, g backend.Generation) error {
	if err := l.isFull(); err != nil {
		return err
	}
	return l.Store.RecordPrompt(ctx, g)
}

func (l *ledger) FinishReply(ctx context.Context, id int64, f store.Finish) (backend.Message, error) {
	if err := l.isFull(); err != nil {
		return backend.Message{}, err
	}
	return l.Store.FinishReply(ctx, id, f)
}

func (l *ledger) AddExchange(ctx context.Context, user, reply backend.Message, o backend.Owner) (backend.Message, backend.Message, error) {
	if err := l.isFull(); err != nil {
		return user, reply, err
	}
	return l.Store.AddExchange(ctx, user, reply, o)
}

// house is a service with everything around it.
type house struct {
	*Service
	t      *testing.T
	engine *words
	bench  *bench
	ledger *ledger
	bus    *event.Bus

	mu     sync.Mutex
	events []event.Event
	at     []time.Time
}

var thisOwner = backend.Owner{PID: 1, Started: 1, Boot: "boot"}

func newHouse(t *testing.T) *house {
	return newHouseOn(t, &ledger{Store: storetest.New(t)}, newWords(), thisOwner)
}

func newHouseOn(t *testing.T, l *ledger, w *words, owner backend.Owner) *house {
	t.Helper()
	b := &bench{engine: w, turn: make(chan struct{}, 1)}
	h := &house{t: t, engine: w, bench: b, ledger: l, bus: event.NewBus()}
	m := backend.Model{Name: "Words", Kind: backend.KindChat, State: backend.ModelReady, Path: "/models/words.gguf", SHA256: strings.Repeat("a", 64), ContextLength: 400}
	if have, err := l.Models(t.Context(), store.ModelQuery{}); err != nil {
		t.Fatal(err)
	} else if len(have) > 0 {
		m = have[0]
	} else if m, err = l.AddModel(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	b.models = []backend.Model{m}
	h.bus.Subscribe(0, func(batch []event.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, e := range batch {
			h.events, h.at = append(h.events, e), append(h.at, time.Now())
		}
	})
	h.Service = New(Deps{Store: l, Engines: b, Models: b, Bus: h.bus, Owner: owner, Files: attach.NewFiles(t.TempDir())})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Hour)
		defer cancel()
		if err := h.Service.Close(ctx); err != nil && h.ledger.isFull() == nil {
			t.Error(err)
		}
		h.bus.Close()
	})
	return h
}

func (h *house) newChat() backend.Chat {
	h.t.Helper()
	c, err := h.Create(h.t.Context(), backend.Chat{Sampling: &backend.Sampling{Seed: 7}})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) send(chatID int64, text string) Sent {
	h.t.Helper()
	sent, err := h.Send(h.t.Context(), chatID, SendRequest{Text: text})
	if err != nil {
		h.t.Fatal(err)
	}
	return sent
}

func (h *house) wait(id int64) backend.Message {
	h.t.Helper()
	m, err := h.Wait(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// say sends a text and waits for the whole reply.
func (h *house) say(chatID int64, text string) backend.Message {
	h.t.Helper()
	return h.wait(h.send(chatID, text).Reply.ID)
}

func (h *house) resume(id int64) backend.Message {
	h.t.Helper()
	if err := h.Resume(h.t.Context(), id); err != nil {
		h.t.Fatal(err)
	}
	return h.wait(id)
}

func (h *house) transcript(chatID int64) []backend.Message {
	h.t.Helper()
	path, err := h.Transcript(h.t.Context(), chatID)
	if err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *house) stored(id int64) backend.Message {
	h.t.Helper()
	m, err := h.ledger.Message(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// seen returns the events of one message with their times.
func (h *house) seen(id int64) (events []event.Event, at []time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, e := range h.events {
		if e.Key().ID == id && strings.HasPrefix(e.Key().Topic, "message.") {
			events, at = append(events, e), append(at, h.at[i])
		}
	}
	return events, at
}

func newStore(t *testing.T) *store.Store { return storetest.New(t) }
