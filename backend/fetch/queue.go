package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/outbound"
)

// dirOf is where the parts of a download lie.
func (s *Service) dirOf(id int64) string {
	return filepath.Join(s.deps.Dir, PartialDir, fmt.Sprint(id))
}

// free takes the lock of a download, which ends with its process however that dies. ErrElsewhere: another process has it.
func (s *Service) free(id int64) (release func(), err error) {
	dir := s.dirOf(id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskError(err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, diskError(err)
	}
	if !ok {
		return nil, ErrElsewhere
	}
	return func() {
		if err := lock.Unlock(); err != nil {
			s.log.Warn("A download's lock could not be given back", "id", id, "error", err)
		}
	}, nil
}

// wake works on the queue, where nobody does yet.
func (s *Service) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || s.held > 0 || s.base.Err() != nil {
		return
	}
	s.busy = true
	s.owned.Go(s.work)
}

// work runs one download after the other until none waits.
func (s *Service) work() {
	for {
		s.mu.Lock()
		seen := s.asked
		s.mu.Unlock()
		d, ok := s.next()
		s.mu.Lock()
		if !ok && s.asked != seen && s.held == 0 && s.base.Err() == nil {
			s.mu.Unlock()
			continue // something came while the rows were read
		}
		if !ok || s.held > 0 || s.base.Err() != nil {
			s.busy = false
			s.mu.Unlock()
			return
		}
		ctx, cancel := context.WithCancelCause(s.base)
		r := &running{id: d.ID, cancel: cancel, over: make(chan struct{}), size: d.Want.SizeBytes()}
		s.current = r
		delete(s.queued, d.ID)
		s.mu.Unlock()

		err := s.run(ctx, r, d)
		cancel(nil)
		s.finish(r, err)
	}
}

// next is the first download in the order that this process was asked for.
func (s *Service) next() (backend.Download, bool) {
	list, err := s.deps.Store.Downloads(context.WithoutCancel(s.base))
	if err != nil {
		s.log.Warn("The queue of downloads cannot be read", "error", err)
		return backend.Download{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range list {
		if _, ours := s.queued[d.ID]; ours && d.State == backend.DownloadWaiting {
			return d, true
		}
	}
	return backend.Download{}, false
}

// finish stores how a download ended.
func (s *Service) finish(r *running, err error) {
	ctx := context.WithoutCancel(s.base)
	s.rows.Lock()
	d, readErr := s.deps.Store.Download(ctx, r.id)
	if readErr == nil && d.State != backend.DownloadDone {
		switch {
		case errors.Is(err, errAgain):
			d.State, d.Error = backend.DownloadWaiting, ""
		case err == nil, errors.Is(err, errPaused), errors.Is(err, errClosed), errors.Is(err, context.Canceled):
			d.State, d.Error = backend.DownloadPaused, ""
		default:
			d.State, d.Error = backend.DownloadFailed, Sentence(err)
			s.log.Warn("A download failed", "id", d.ID, "repo", d.Want.Repo, "error", err)
		}
		readErr = s.deps.Store.UpdateDownload(ctx, d)
	}
	s.rows.Unlock()
	if readErr != nil {
		s.log.Warn("The end of a download could not be stored", "id", r.id, "error", readErr)
	}
	s.mu.Lock()
	s.current = nil
	s.mu.Unlock()
	close(r.over)
	s.tell(r.id)
}

// Hold pauses all downloads and keeps them from running, so that the models folder can be moved; release lets them go on.
func (s *Service) Hold() (release func()) {
	s.mu.Lock()
	s.held++
	r := s.current
	if r != nil {
		s.queued[r.id] = struct{}{}
		s.asked++
		r.cancel(errAgain)
	}
	s.mu.Unlock()
	if r != nil {
		<-r.over
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.held--
		s.mu.Unlock()
		s.wake()
	})
}

// SetDir moves to another models folder. It must be called under Hold; the folder PartialDir has moved along.
func (s *Service) SetDir(dir string) {
	s.rows.Lock()
	defer s.rows.Unlock()
	s.deps.Dir = dir
}

// Progress says how far the download that runs in this process is; false where it does not run.
func (s *Service) Progress(id int64) (event.DownloadProgress, bool) {
	s.mu.Lock()
	r := s.current
	s.mu.Unlock()
	if r == nil || r.id != id {
		return event.DownloadProgress{}, false
	}
	return r.progress(time.Now()), true
}

func (r *running) progress(now time.Time) event.DownloadProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := r.base
	if r.part != nil {
		n, _ := r.part.far()
		done += n
	}
	return event.DownloadProgress{DownloadID: r.id, Done: done, Total: r.size, PerSecond: r.rate.at(now, done), Note: r.note}
}

// waits notes what a download waits for; "" = nothing.
func (r *running) waits(note string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note, r.why = note, err
	if note != "" {
		r.note = reasonOf(err) + "; " + note
	}
}

// meter is how fast bytes came during the last seconds.
type meter struct {
	times [16]time.Time
	done  [16]int64
	n     int
}

// meterSpan is over how long the speed is taken.
const meterSpan = 8 * time.Second

// at adds a reading and gives bytes a second.
func (m *meter) at(now time.Time, done int64) int64 {
	if m.n == 0 || now.Sub(m.times[(m.n-1)%len(m.times)]) >= meterSpan/time.Duration(len(m.times)) {
		m.times[m.n%len(m.times)], m.done[m.n%len(m.times)] = now, done
		m.n++
	}
	first := 0
	if m.n > len(m.times) {
		first = m.n % len(m.times)
	}
	span := now.Sub(m.times[first])
	if span < 500*time.Millisecond || done < m.done[first] {
		return 0
	}
	return int64(float64(done-m.done[first]) / span.Seconds())
}

// report tells the progress now and then, and keeps it in the row for other processes.
func (s *Service) report(ctx context.Context, r *running) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p := r.progress(time.Now())
		if s.deps.Bus != nil {
			s.deps.Bus.Publish(p)
		}
		if n%20 == 0 { // every five seconds
			s.keepProgress(ctx, r)
		}
	}
}

// keepProgress stores how much is safe on disk.
func (s *Service) keepProgress(ctx context.Context, r *running) {
	id := r.id
	r.mu.Lock()
	safe := r.base
	if r.part != nil {
		_, n := r.part.far()
		safe += n
	}
	r.mu.Unlock()
	s.rows.Lock()
	defer s.rows.Unlock()
	d, err := s.deps.Store.Download(ctx, id)
	if err == nil && d.State == backend.DownloadRunning {
		d.DoneBytes = safe
		err = s.deps.Store.UpdateDownload(ctx, d)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Debug("The progress of a download could not be stored", "id", id, "error", err)
	}
}

var _ Net = (*outbound.Client)(nil)
