// Package meaning finds passages of attached files by what they mean: it has an embedding model turn them into vectors, once for
// each text, keeps those beside the text, and compares them with the vector of a question.
//
// The chat service begins the reading of a file and asks for nearness; the window and the command line watch how far it is and
// stop it. One goroutine, which ends with Close, reads one file after the other while no model writes. Everything may be called
// from any goroutine; only Near and Wait take time.
package meaning

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/event"
)

const (
	fewPassages = 8                // of so few the vectors are made when they are asked for
	atOnce      = 16               // pieces of one call: an answer to a question need not wait longer
	askLimit    = 15 * time.Second // for a question; then words alone decide
	olderShare  = 0.25             // of the turns before in what a question means
	maxQuestion = 2000             // bytes
)

// Files are the texts that are attached and the vectors beside them. *attach.Files meets it.
type Files interface {
	Get(sum string) ([]byte, error)
	Vectors(sum, key string) (attach.Vectors, error)
	PutVectors(sum, key string, v attach.Vectors) error
}

// Deps is what a Service is made of. Files, Model, Acquire and Bus are required.
type Deps struct {
	Files Files
	// Model is the embedding model to use now; backend.ErrNoModel = none.
	Model func(ctx context.Context) (backend.Model, error)
	// Acquire loads it beside whatever else is in memory.
	Acquire func(ctx context.Context, m backend.Model) (engine.Embedder, func(), error)
	// Quiet waits until nobody waits for an engine; nil = it always is.
	Quiet  func(ctx context.Context) error
	Bus    *event.Bus
	Logger *slog.Logger // nil = no log
}

// Service finds passages by meaning.
type Service struct {
	deps Deps
	log  *slog.Logger
	base context.Context // of the reading; ended by Close
	end  context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	files   []backend.Attachment // that were begun and not taken away
	waiting []backend.Attachment
	states  map[string]event.FileMeaning // by the hash of the text
	cancel  context.CancelFunc           // of the file that is being read; nil = none is
	current string                       // its text
	changed chan struct{}                // closed when anything above changes
	more    chan struct{}                // one slot: there is something to do
}

// New starts a service.
func New(d Deps) *Service {
	s := &Service{deps: d, log: d.Logger, states: map[string]event.FileMeaning{}, changed: make(chan struct{}), more: make(chan struct{}, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.deps.Quiet == nil {
		s.deps.Quiet = func(context.Context) error { return nil }
	}
	s.base, s.end = context.WithCancel(context.Background())
	s.wg.Go(s.run)
	return s
}

// Close ends the reading; what is unfinished is begun anew another time.
func (s *Service) Close() {
	s.end()
	s.wg.Wait()
}

// Begin has a file read in the background, unless it was, could not be, or a person stopped that. It returns at once.
func (s *Service) Begin(a backend.Attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.states[a.Text]
	if a.Text == "" || known || s.queued(a) {
		return
	}
	s.files = append(without(s.files, a), a)
	s.waiting = append(s.waiting, a)
	s.signal()
}

// signal has the goroutine look for what waits. s.mu is held.
func (s *Service) signal() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func without(list []backend.Attachment, a backend.Attachment) []backend.Attachment {
	return slices.DeleteFunc(list, func(w backend.Attachment) bool { return w.Text == a.Text })
}

// queued says whether a file waits or is being read. s.mu is held.
func (s *Service) queued(a backend.Attachment) bool {
	return s.current == a.Text || slices.ContainsFunc(s.waiting, func(w backend.Attachment) bool { return w.Text == a.Text })
}

// wake tells those in Wait that something changed. s.mu is held.
func (s *Service) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Stop ends the reading of a file until Again: words alone find its passages.
func (s *Service) Stop(a backend.Attachment) {
	s.mu.Lock()
	s.waiting = without(s.waiting, a)
	known := s.states[a.Text].State
	if s.current == a.Text && s.cancel != nil {
		s.cancel()
	}
	s.wake()
	s.mu.Unlock()
	if known == event.MeaningWaiting || known == event.MeaningReading {
		s.tell(s.base, a, event.FileMeaning{State: event.MeaningStopped})
	}
}

// Again begins what was stopped or has failed.
func (s *Service) Again(a backend.Attachment) {
	s.mu.Lock()
	delete(s.states, a.Text)
	s.mu.Unlock()
	s.Begin(a)
}

// Forget drops what is known of a file that is taken away; its reading ends.
func (s *Service) Forget(a backend.Attachment) {
	s.Stop(a)
	s.mu.Lock()
	s.files = without(s.files, a)
	delete(s.states, a.Text)
	s.mu.Unlock()
}

// State is how far the reading of a file is.
func (s *Service) State(a backend.Attachment) event.FileMeaning {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[a.Text]
}

// ModelChanged forgets what was true for another model: files are read again.
func (s *Service) ModelChanged() {
	s.mu.Lock()
	gone := s.states
	s.states, s.waiting = map[string]event.FileMeaning{}, slices.Clone(s.files)
	s.signal()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	for text := range gone {
		s.deps.Bus.Deliver(event.FileMeaning{Text: text})
	}
}

// tell keeps and publishes how far a file is, unless ctx has ended: then somebody else has said what is true.
func (s *Service) tell(ctx context.Context, a backend.Attachment, e event.FileMeaning) {
	e.Text, e.Name = a.Text, a.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	s.states[a.Text] = e
	s.wake()
	if e.State == event.MeaningReading {
		s.deps.Bus.Publish(e)
		return
	}
	s.deps.Bus.Deliver(e)
}

func (s *Service) run() {
	for {
		select {
		case <-s.base.Done():
			return
		case <-s.more:
		}
		for s.base.Err() == nil {
			a, ctx, done := s.next()
			if done == nil {
				break
			}
			s.read(ctx, a)
			done()
		}
	}
}

// next takes the first file that waits; done is nil where none does.
func (s *Service) next() (a backend.Attachment, ctx context.Context, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return a, nil, nil
	}
	a, s.waiting = s.waiting[0], s.waiting[1:]
	ctx, s.cancel = context.WithCancel(s.base)
	s.current = a.Text
	cancel := s.cancel
	return a, ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cancel, s.current = nil, ""
		s.wake()
	}
}

// read makes the vectors of one file.
func (s *Service) read(ctx context.Context, a backend.Attachment) {
	m, err := s.deps.Model(ctx)
	if err != nil {
		return // there is none: words do
	}
	tell := func(state event.MeaningState, done, total int) {
		s.tell(ctx, a, event.FileMeaning{State: state, Done: done, Total: total, Model: m.Name})
	}
	text, passages, err := s.passages(a)
	if err != nil {
		return // it was taken away
	}
	n := len(passages)
	if _, ok := s.kept(m, a, count(text, passages)); ok {
		tell(event.MeaningReady, n, n)
		return
	}
	if n <= fewPassages {
		tell(event.MeaningNone, 0, n) // Near makes them
		return
	}
	tell(event.MeaningWaiting, 0, n)
	began := time.Now()
	err = s.make(ctx, m, a, text, passages, s.deps.Quiet, func(done int) { tell(event.MeaningReading, done, n) })
	switch {
	case errors.Is(err, backend.ErrNotFound):
		s.Forget(a) // it was taken away meanwhile
	case err != nil && ctx.Err() == nil:
		s.log.Warn("A file could not be read for its meaning", "model", m.Name, "error", err)
		s.tell(ctx, a, event.FileMeaning{State: event.MeaningFailed, Model: m.Name, Error: err.Error()})
	case err == nil:
		s.log.Info("A file was read for its meaning", "model", m.Name, "passages", n, "seconds", time.Since(began).Seconds())
		tell(event.MeaningReady, n, n)
	}
}

func (s *Service) passages(a backend.Attachment) (string, []backend.Passage, error) {
	b, err := s.deps.Files.Get(a.Text)
	if err != nil {
		return "", nil, err
	}
	return string(b), attach.Split(a.Kind, string(b)), nil
}

// make embeds passages in parts, so that a question gets its turn between them, and keeps the vectors.
func (s *Service) make(ctx context.Context, m backend.Model, a backend.Attachment, text string, passages []backend.Passage, quiet func(context.Context) error, tell func(done int)) error {
	var v attach.Vectors
	affix := affixOf(m)
	var pieces []string
	ends := make([]int, 0, len(passages)) // how many pieces there are up to each passage's end
	for _, p := range passages {
		for _, piece := range attach.Pieces(text, p) {
			pieces = append(pieces, affix.document(place(a, p), piece))
		}
		ends = append(ends, len(pieces))
	}
	for part := range slices.Chunk(pieces, atOnce) {
		if err := quiet(ctx); err != nil {
			return err
		}
		list, err := s.embed(ctx, m, part)
		if err != nil {
			return err
		}
		for _, one := range list {
			if v.Dims != 0 && v.Dims != len(one) {
				return fmt.Errorf("vectors of %d and of %d numbers", v.Dims, len(one))
			}
			v.Dims = len(one)
			v.Data = append(v.Data, one...)
		}
		if tell != nil {
			done, _ := slices.BinarySearch(ends, v.Len()+1)
			tell(done)
		}
	}
	if v.Dims == 0 {
		return nil
	}
	return s.deps.Files.PutVectors(a.Text, keysOf(m, a)[0], v)
}

// count is how many pieces passages have together.
func count(text string, passages []backend.Passage) (n int) {
	for _, p := range passages {
		n += len(attach.Pieces(text, p))
	}
	return n
}

// place is what a passage alone does not say: whose it is.
func place(a backend.Attachment, p backend.Passage) string {
	if p.File != "" {
		return p.File
	}
	return a.Name
}

func (s *Service) embed(ctx context.Context, m backend.Model, texts []string) ([][]float32, error) {
	e, release, err := s.deps.Acquire(ctx, m)
	if err != nil {
		return nil, err
	}
	defer release()
	out, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(out.Vectors) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(out.Vectors), len(texts))
	}
	return out.Vectors, nil
}

// keysOf name all that vectors depend on beside the text. The first one is to be used; the others may have been, before the
// model's file was hashed.
func keysOf(m backend.Model, a backend.Attachment) (list []string) {
	rest := fmt.Sprintf("|%d|%d|%s", attach.SplitVersion, affixVersion, a.Kind)
	if m.SHA256 != "" {
		list = append(list, m.SHA256+rest)
	}
	return append(list, fmt.Sprintf("%s %d %d", m.Path, m.SizeBytes, m.ModTime.UnixMilli())+rest)
}

// kept are the vectors of a file, if they are as many as its pieces.
func (s *Service) kept(m backend.Model, a backend.Attachment, pieces int) (attach.Vectors, bool) {
	for _, key := range keysOf(m, a) {
		if v, err := s.deps.Files.Vectors(a.Text, key); err == nil && v.Len() == pieces {
			return v, true
		}
	}
	return attach.Vectors{}, false
}

// Question is what passages are looked for by; its vector is made with the first file that needs it.
type Question struct {
	s           *Service
	text, older string
	model       backend.Model
	vector      []float32
	failed      error
}

// Ask begins to look for passages; nil = no embedding model is installed or wanted.
func (s *Service) Ask(ctx context.Context, text, older string) *Question {
	m, err := s.deps.Model(ctx)
	if err != nil || strings.TrimSpace(text) == "" {
		return nil
	}
	return &Question{s: s, text: text, older: older, model: m}
}

// Model is the name of the model that compares.
func (q *Question) Model() string { return q.model.Name }

// Near gives the cosine of the question to each passage of a file. ErrNotRead: its vectors are not there yet; they are being made.
func (q *Question) Near(ctx context.Context, a backend.Attachment, text string, passages []backend.Passage) ([]float32, error) {
	if q.failed != nil {
		return nil, q.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	pieces := count(text, passages)
	v, ok := q.s.kept(q.model, a, pieces)
	if !ok && len(passages) <= fewPassages {
		if q.failed = q.s.make(ctx, q.model, a, text, passages, func(context.Context) error { return nil }, nil); q.failed != nil {
			return nil, q.failed
		}
		v, ok = q.s.kept(q.model, a, pieces)
	}
	if !ok {
		q.s.retry(a)
		return nil, ErrNotRead
	}
	if q.vector == nil {
		if q.vector, q.failed = q.embed(ctx); q.failed != nil {
			return nil, q.failed
		}
	}
	all := v.Near(q.vector)
	if len(all) != pieces {
		return nil, ErrNotRead // the model's vectors have another size than they had
	}
	near := make([]float32, len(passages))
	for i, p := range passages { // as near as its nearest piece
		n := len(attach.Pieces(text, p))
		near[i] = slices.Max(all[:n])
		all = all[n:]
	}
	return near, nil
}

// retry is Begin for a file whose vectors are gone. One that could not be read stays as it is until a person says Again.
func (s *Service) retry(a backend.Attachment) {
	s.mu.Lock()
	if state := s.states[a.Text].State; state == event.MeaningReady || state == event.MeaningNone {
		delete(s.states, a.Text)
	}
	s.mu.Unlock()
	s.Begin(a)
}

// ErrNotRead is a file whose meaning is not known yet.
var ErrNotRead = errors.New("the file is not read for its meaning yet")

// embed makes the question's vector: its own with a little of what was said before.
func (q *Question) embed(ctx context.Context) ([]float32, error) {
	affix := affixOf(q.model)
	texts := []string{affix.query(clip(q.text))}
	if strings.TrimSpace(q.older) != "" {
		texts = append(texts, affix.query(clip(q.older)))
	}
	list, err := q.s.embed(ctx, q.model, texts)
	if err != nil {
		return nil, err
	}
	v := list[0]
	if len(list) > 1 && len(list[1]) == len(v) {
		for i := range v {
			v[i] += olderShare * list[1][i]
		}
	}
	if err := engine.Normalize(v); err != nil {
		return nil, err
	}
	return v, nil
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxQuestion)], "") }

// Wait returns when a file is read, cannot be or was stopped, and tells how far it is meanwhile.
func (s *Service) Wait(ctx context.Context, a backend.Attachment, tell func(done, total int)) error {
	for {
		s.mu.Lock()
		e, queued, changed := s.states[a.Text], s.queued(a), s.changed
		s.mu.Unlock()
		switch e.State {
		case event.MeaningFailed:
			return errors.New(e.Error)
		case event.MeaningReady, event.MeaningStopped:
			return nil
		case event.MeaningReading:
			tell(e.Done, e.Total)
		case event.MeaningNone, event.MeaningWaiting:
		}
		if !queued {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.base.Done():
			return engine.ErrClosed
		case <-changed:
		}
	}
}
