// Package fetch downloads models so that nothing is lost: what arrived stays through a pause, a kill or a pulled plug, days
// later it goes on from there, and a file is shown as a model only when it is whole and its hash is the promised one. One
// download runs at a time, over several connections; the others wait in an order that a person can change.
//
// The window, the command line (loam pull) and app call it; hub says where files lie. A Service may be used from any
// goroutine. It owns one goroutine while something is to be done; Close ends it. Nothing goes on by itself after a start.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/outbound"
)

// PartialDir is the hidden folder inside the models folder that holds what is not whole yet.
const PartialDir = ".partial"

// Reserve is how much of the disk downloads leave free, in bytes.
const Reserve = 512 << 20

// removedKept is how long the bytes of a removed download are kept, and doneKept how long a finished one is listed.
const (
	removedKept = 10 * time.Minute
	doneKept    = 24 * time.Hour
	tellEvery   = 250 * time.Millisecond
)

// Store keeps the downloads; *store.Store is one.
type Store interface {
	AddDownload(ctx context.Context, d backend.Download) (backend.Download, error)
	Download(ctx context.Context, id int64) (backend.Download, error)
	Downloads(ctx context.Context) ([]backend.Download, error)
	UpdateDownload(ctx context.Context, d backend.Download) error
	OrderDownloads(ctx context.Context, ids ...int64) error
	ForgetDownload(ctx context.Context, id int64) error
}

// Net asks other machines; *outbound.Client is one.
type Net interface {
	Do(ctx context.Context, r outbound.Request) (*outbound.Response, error)
}

// Bus is where changes are announced.
type Bus interface {
	Publish(e event.Event)
	Deliver(e event.Event)
}

// Deps is what a Service is made of. Store, Net, Request, Keep and Dir are required.
type Deps struct {
	Store Store
	Net   Net
	Dir   string // the models folder
	// Request says how to ask for a file of a download.
	Request func(ctx context.Context, w backend.DownloadWant, f backend.DownloadFile) (outbound.Request, error)
	// Keep takes finished files in as models and returns the leading one.
	Keep func(ctx context.Context, w backend.DownloadWant, paths []string) (backend.Model, error)
	// Free says how many bytes may be written to the disk of a folder; 0 = not known. nil = nobody knows.
	Free func(dir string) int64
	// Patience is after how many failures without a byte in between a download gives up; 0 = never.
	Patience    int
	Connections int // of one file; 0 = four
	Bus         Bus // nil = nobody listens
	Logger      *slog.Logger
	Now         func() time.Time

	open  opener // nil = the real disk
	small int64  // for how few bytes one connection is enough; 0 = smallFile
}

// Service downloads.
type Service struct {
	deps Deps
	log  *slog.Logger
	now  func() time.Time

	base  context.Context
	end   context.CancelCauseFunc
	owned sync.WaitGroup

	rows sync.Mutex // one change of rows at a time

	mu      sync.Mutex
	busy    bool               // the queue is being worked on
	current *running           // nil = nothing runs here
	queued  map[int64]struct{} // that this process was asked for
	waiters map[int64][]chan struct{}
	held    int // Hold
	asked   int // how often something was put into the queue
}

// running is the download that runs in this process.
type running struct {
	id     int64
	cancel context.CancelCauseFunc
	over   chan struct{}

	mu   sync.Mutex
	part *part // of the file that is fetched now
	base int64 // bytes of the files before it
	size int64
	note string
	why  error
	rate meter
}

// Why a running download is ended.
var (
	errPaused = errors.New("paused")
	errAgain  = errors.New("another one goes first")
	errClosed = errors.New("Loam is being closed") //nolint:staticcheck // a name begins it
)

// New makes a Service. Nothing is fetched before it is asked for.
func New(d Deps) *Service {
	s := &Service{deps: d, log: d.Logger, now: d.Now, queued: map[int64]struct{}{}, waiters: map[int64][]chan struct{}{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.deps.open == nil {
		s.deps.open = openFile
	}
	if s.deps.small == 0 {
		s.deps.small = smallFile
	}
	s.base, s.end = context.WithCancelCause(context.Background())
	return s
}

// Close pauses what runs and waits for it. Until then it is as far on disk as it got.
func (s *Service) Close() error {
	s.end(errClosed)
	s.owned.Wait()
	return nil
}

// Add begins a download, or goes on with the one that wants the same.
func (s *Service) Add(ctx context.Context, w backend.DownloadWant) (backend.Download, error) {
	d, err := s.enter(ctx, w)
	if err != nil {
		return d, err
	}
	return d, s.Resume(ctx, d.ID)
}

// enter stores a wish, or finds that it is there.
func (s *Service) enter(ctx context.Context, w backend.DownloadWant) (backend.Download, error) {
	if err := check(w); err != nil {
		return backend.Download{}, err
	}
	s.rows.Lock()
	defer s.rows.Unlock()
	list, err := s.deps.Store.Downloads(ctx)
	if err != nil {
		return backend.Download{}, fmt.Errorf("download %s: %w", w.Name, err)
	}
	for _, d := range list {
		if same(d.Want, w) && d.State != backend.DownloadDone {
			return d, nil
		}
	}
	s.settlePlaces(&w, list)
	d, err := s.deps.Store.AddDownload(ctx, backend.Download{State: backend.DownloadPaused, Want: w})
	if err != nil {
		return d, fmt.Errorf("download %s: %w", w.Name, err)
	}
	s.log.Info("Download added", "id", d.ID, "repo", w.Repo, "bytes", w.SizeBytes())
	return d, nil
}

// same says whether two wishes are for the same bytes.
func same(a, b backend.DownloadWant) bool {
	return a.Repo == b.Repo && a.Endpoint == b.Endpoint && slices.EqualFunc(a.Files, b.Files, func(f, g backend.DownloadFile) bool {
		return f.Path == g.Path && f.SizeBytes == g.SizeBytes && f.SHA256 == g.SHA256 && f.GitSHA1 == g.GitSHA1
	})
}

// List gives the downloads in their order, without those that were removed.
func (s *Service) List(ctx context.Context) ([]backend.Download, error) {
	list, err := s.deps.Store.Downloads(ctx)
	return slices.DeleteFunc(list, func(d backend.Download) bool { return d.State == backend.DownloadRemoved }), err
}

// Active is how many downloads run or wait for their turn in this process.
func (s *Service) Active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.queued)
	if s.current != nil {
		if _, both := s.queued[s.current.id]; !both {
			n++
		}
	}
	return n
}

// Resume puts a download into the queue, or begins it.
func (s *Service) Resume(ctx context.Context, id int64) error {
	s.mu.Lock()
	if s.current != nil && s.current.id == id {
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	free, err := s.free(id)
	if err != nil {
		return err
	}
	free()
	if err := s.setState(ctx, id, backend.DownloadWaiting, ""); err != nil {
		return err
	}
	s.mu.Lock()
	s.queued[id] = struct{}{}
	s.asked++
	s.mu.Unlock()
	s.wake()
	return nil
}

// Pause stops a download where it is.
func (s *Service) Pause(ctx context.Context, id int64) error {
	if s.stop(id, errPaused) {
		return nil
	}
	return s.setState(ctx, id, backend.DownloadPaused, "")
}

// stop ends a download of this process and waits for its end; false where none runs.
func (s *Service) stop(id int64, why error) bool {
	s.mu.Lock()
	delete(s.queued, id)
	r := s.current
	s.mu.Unlock()
	if r == nil || r.id != id {
		return false
	}
	r.cancel(why)
	<-r.over
	return true
}

// First puts a download at the head of the queue and begins it; what runs waits for its turn again.
func (s *Service) First(ctx context.Context, id int64) error {
	if err := s.deps.Store.OrderDownloads(ctx, id); err != nil {
		return fmt.Errorf("put a download first: %w", err)
	}
	s.mu.Lock()
	if r := s.current; r != nil && r.id != id {
		s.queued[r.id] = struct{}{}
		s.asked++
		r.cancel(errAgain)
	}
	s.mu.Unlock()
	return s.Resume(ctx, id)
}

// Order gives the downloads another order; what runs goes on.
func (s *Service) Order(ctx context.Context, ids ...int64) error {
	if err := s.deps.Store.OrderDownloads(ctx, ids...); err != nil {
		return fmt.Errorf("order downloads: %w", err)
	}
	s.tell(0)
	return nil
}

// Remove gives a download up. Restore takes that back until its bytes are freed, ten minutes later.
func (s *Service) Remove(ctx context.Context, id int64) error {
	s.stop(id, errPaused)
	free, err := s.free(id)
	if err != nil {
		return err
	}
	free()
	if err := s.setState(ctx, id, backend.DownloadRemoved, ""); err != nil {
		return err
	}
	s.owned.Go(func() {
		t := time.NewTimer(removedKept)
		defer t.Stop()
		select {
		case <-t.C:
			s.sweep(s.base)
		case <-s.base.Done():
		}
	})
	return nil
}

// Restore takes Remove back: the download is paused then.
func (s *Service) Restore(ctx context.Context, id int64) error {
	return s.setState(ctx, id, backend.DownloadPaused, "")
}

// Dismiss takes a finished download off the list.
func (s *Service) Dismiss(ctx context.Context, id int64) error {
	s.rows.Lock()
	defer s.rows.Unlock()
	d, err := s.deps.Store.Download(ctx, id)
	if err != nil {
		return fmt.Errorf("dismiss a download: %w", err)
	}
	if d.State != backend.DownloadDone {
		return fmt.Errorf("dismiss %s: it is not finished", d.Want.Name)
	}
	if err := s.deps.Store.ForgetDownload(ctx, id); err != nil {
		return fmt.Errorf("dismiss %s: %w", d.Want.Name, err)
	}
	s.tell(id)
	return nil
}

// setState stores another state of a download that nobody runs.
func (s *Service) setState(ctx context.Context, id int64, state backend.DownloadState, why string) error {
	s.rows.Lock()
	defer s.rows.Unlock()
	d, err := s.deps.Store.Download(ctx, id)
	if err != nil {
		return fmt.Errorf("change a download: %w", err)
	}
	if d.State == backend.DownloadDone {
		return nil
	}
	d.State, d.Error = state, why
	if err := s.deps.Store.UpdateDownload(ctx, d); err != nil {
		return fmt.Errorf("change download %s: %w", d.Want.Name, err)
	}
	s.tell(id)
	return nil
}

func (s *Service) tell(id int64) {
	if s.deps.Bus != nil {
		s.deps.Bus.Deliver(event.DownloadChanged{DownloadID: id})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.waiters[id] {
		close(c)
	}
	delete(s.waiters, id)
}

// Wait waits until a download that this process runs is over, and returns it then. Its end is in the State and Error.
func (s *Service) Wait(ctx context.Context, id int64) (backend.Download, error) {
	for {
		c := make(chan struct{})
		s.mu.Lock()
		s.waiters[id] = append(s.waiters[id], c)
		s.mu.Unlock()
		d, err := s.deps.Store.Download(ctx, id)
		if err != nil {
			return d, fmt.Errorf("wait for a download: %w", err)
		}
		switch d.State {
		case backend.DownloadWaiting, backend.DownloadRunning:
		case backend.DownloadPaused, backend.DownloadFailed, backend.DownloadDone, backend.DownloadRemoved:
			return d, nil
		}
		select {
		case <-c:
		case <-ctx.Done():
			return d, ctx.Err()
		}
	}
}

// Recover puts in order what an earlier process left: what ran is paused and offered, what was removed is freed. It asks the
// network for nothing. It returns the downloads that are not finished.
func (s *Service) Recover(ctx context.Context) ([]backend.Download, error) {
	s.sweep(ctx)
	list, err := s.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the downloads: %w", err)
	}
	var left []backend.Download
	for _, d := range list {
		switch d.State {
		case backend.DownloadWaiting, backend.DownloadRunning:
			free, err := s.free(d.ID)
			if errors.Is(err, ErrElsewhere) {
				continue
			}
			if err != nil {
				return nil, err
			}
			d, err = s.update(ctx, d.ID, func(d *backend.Download) {
				d.State, d.Error, d.DoneBytes = backend.DownloadPaused, "", s.have(*d)
			})
			free()
			if err != nil {
				return nil, err
			}
		case backend.DownloadDone, backend.DownloadRemoved:
			continue
		case backend.DownloadPaused, backend.DownloadFailed:
		}
		left = append(left, d)
	}
	return left, nil
}

// sweep frees what was removed long ago, forgets what was finished long ago, and bytes that no row is about.
func (s *Service) sweep(ctx context.Context) {
	s.rows.Lock()
	defer s.rows.Unlock()
	list, err := s.deps.Store.Downloads(ctx)
	if err != nil {
		s.log.Warn("The downloads could not be looked at", "error", err)
		return
	}
	known := map[string]bool{}
	for _, d := range list {
		age := s.now().Sub(d.Updated)
		gone := d.State == backend.DownloadRemoved && age >= removedKept
		if !gone && (d.State != backend.DownloadDone || age < doneKept) {
			known[fmt.Sprint(d.ID)] = true
			continue
		}
		free, err := s.free(d.ID)
		if err != nil {
			known[fmt.Sprint(d.ID)] = true
			continue
		}
		if err := s.deps.Store.ForgetDownload(ctx, d.ID); err != nil {
			s.log.Warn("A download could not be forgotten", "id", d.ID, "error", err)
			known[fmt.Sprint(d.ID)] = true
		}
		free()
	}
	dir := filepath.Join(s.deps.Dir, PartialDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there is none yet
	}
	for _, e := range entries {
		if !known[e.Name()] {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				s.log.Warn("The rest of a download could not be removed", "error", err)
			}
		}
	}
}
