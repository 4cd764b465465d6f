package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/outbound"
)

// run fetches all files of a download, puts them into the models folder together, and has them taken in.
func (s *Service) run(ctx context.Context, r *running, d backend.Download) error {
	release, err := s.free(d.ID)
	if err != nil {
		return err
	}
	defer release()
	if d, err = s.update(ctx, d.ID, func(d *backend.Download) { d.State, d.Error = backend.DownloadRunning, "" }); err != nil {
		return err
	}
	s.tell(d.ID)
	telling, stop := context.WithCancel(ctx)
	var teller sync.WaitGroup
	teller.Go(func() { s.report(telling, r) })
	defer func() {
		stop()
		teller.Wait()
		s.keepDone(r, d.ID)
	}()
	if err := s.room(d)(0); err != nil {
		return err
	}
	for i := range d.Want.Files {
		if err := s.fetch(ctx, r, &d, i); err != nil {
			return err
		}
		r.mu.Lock()
		r.part = nil
		r.base += d.Want.Files[i].SizeBytes
		r.mu.Unlock()
	}
	return s.place(ctx, d)
}

// update changes the row of a download.
func (s *Service) update(ctx context.Context, id int64, change func(d *backend.Download)) (backend.Download, error) {
	s.rows.Lock()
	defer s.rows.Unlock()
	d, err := s.deps.Store.Download(ctx, id)
	if err == nil {
		change(&d)
		err = s.deps.Store.UpdateDownload(ctx, d)
	}
	if err != nil {
		return d, fmt.Errorf("note the state of a download: %w", err)
	}
	return d, nil
}

// keepDone stores how far a download came when it ends.
func (s *Service) keepDone(r *running, id int64) {
	r.mu.Lock()
	safe := r.base
	if r.part != nil {
		_, n := r.part.far()
		safe += n
	}
	r.mu.Unlock()
	_, err := s.update(context.WithoutCancel(s.base), id, func(d *backend.Download) { d.DoneBytes = safe })
	if err != nil {
		s.log.Debug("The progress of a download could not be stored", "id", id, "error", err)
	}
}

// room says whether what is missing of a download fits on the disk, when so much of it is there.
func (s *Service) room(d backend.Download) func(done int64) error {
	missing := d.Want.SizeBytes() - s.have(d)
	return func(done int64) error {
		if s.deps.Free == nil {
			return nil
		}
		free := s.deps.Free(s.deps.Dir)
		if need := missing - done; free > 0 && free < need+Reserve {
			return &NoSpace{Needed: need, Free: max(0, free-Reserve)}
		}
		return nil
	}
}

// have is how much of a download is on disk, as the journals say.
func (s *Service) have(d backend.Download) int64 {
	have := int64(0)
	for i, f := range d.Want.Files {
		if f.Verified {
			have += f.SizeBytes
		} else if done, err := haveOf(s.partPath(d.ID, i), f); err == nil {
			have += done
		}
	}
	return have
}

// haveOf is how many bytes of a file its journal knows.
func haveOf(path string, f backend.DownloadFile) (int64, error) {
	if _, err := os.Stat(path); err != nil {
		return 0, err
	}
	p, err := openPart(openFile, path, identityOf(f))
	if err != nil {
		return 0, err
	}
	done, _ := p.far()
	return done, p.close()
}

func identityOf(f backend.DownloadFile) identity {
	return identity{SizeBytes: f.SizeBytes, SHA256: f.SHA256, GitSHA1: f.GitSHA1}
}

func (s *Service) partPath(id int64, i int) string {
	return filepath.Join(s.dirOf(id), fmt.Sprintf("%d.part", i))
}

// fetch brings one file as far as verified.
func (s *Service) fetch(ctx context.Context, r *running, d *backend.Download, i int) error {
	f := d.Want.Files[i]
	to := filepath.Join(s.deps.Dir, filepath.FromSlash(f.Place))
	if f.Verified {
		if _, err := os.Stat(s.partPath(d.ID, i)); err == nil {
			return nil
		}
		if info, err := os.Stat(to); err == nil && info.Size() == f.SizeBytes {
			return nil // it was put in its place before the program ended
		}
	}
	if ok, err := isAlready(ctx, to, f); err != nil || ok {
		if err != nil {
			return diskOr(ctx, err)
		}
		return s.verified(ctx, d, i)
	}
	if err := s.download(ctx, r, d, i); err != nil {
		return err
	}
	return s.verified(ctx, d, i)
}

// diskOr is ctx's cause where that ended the work, else an error of the disk.
func diskOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return diskError(err)
}

func (s *Service) verified(ctx context.Context, d *backend.Download, i int) error {
	now, err := s.update(ctx, d.ID, func(d *backend.Download) { d.Want.Files[i].Verified = true })
	if err != nil {
		return err
	}
	*d = now
	return nil
}

// download fetches one file into its part and verifies it there.
func (s *Service) download(ctx context.Context, r *running, d *backend.Download, i int) (err error) {
	f := d.Want.Files[i]
	p, err := openPart(s.deps.open, s.partPath(d.ID, i), identityOf(f))
	if err != nil {
		return diskError(err)
	}
	defer func() {
		if closeErr := p.close(); err == nil {
			err = diskError(closeErr)
		}
	}()
	r.mu.Lock()
	r.part = p
	r.mu.Unlock()
	start, _ := p.far()
	room := s.room(*d)
	t := &transfer{
		deps: &s.deps, file: f, part: p, note: r.waits,
		request: func(ctx context.Context) (outbound.Request, error) { return s.deps.Request(ctx, d.Want, f) },
		space: func() error {
			done, _ := p.far()
			return room(done - start)
		},
	}
	for try := 1; ; try++ {
		hashing, cancel := context.WithCancel(ctx)
		h := follow(hashing, f, p)
		err := t.run(ctx)
		if err != nil {
			cancel()
			<-h.done
			return err
		}
		r.waits("", nil)
		good, err := h.good(f, p)
		cancel()
		if err != nil {
			return diskOr(ctx, err)
		}
		if good {
			return nil
		}
		// Either this disk changed bytes, which the journal's checksums tell, or the server sent others than it promised.
		n, err := p.damaged()
		switch {
		case err != nil:
			return diskError(err)
		case try == 3 || try == 2 && n == 0:
			if err := p.reset(); err != nil {
				return diskError(err)
			}
			return &WrongHash{File: f.Path}
		case n == 0:
			s.log.Warn("A downloaded file is not what was promised and is fetched again", "id", d.ID, "file", i)
			if err := p.reset(); err != nil {
				return diskError(err)
			}
		default:
			s.log.Warn("Pieces of a download were damaged on disk and are fetched again", "id", d.ID, "pieces", n)
		}
	}
}

// place moves the verified files of a download into the models folder and has them taken in. It can be done again after a
// crash at any moment.
func (s *Service) place(ctx context.Context, d backend.Download) error {
	var paths []string
	folders := map[string]bool{}
	for i, f := range d.Want.Files {
		to := filepath.Join(s.deps.Dir, filepath.FromSlash(f.Place))
		paths = append(paths, to)
		from := s.partPath(d.ID, i)
		if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
			continue // it is there already
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return diskError(err)
		}
		if ok, err := isAlready(ctx, to, f); err != nil {
			return diskOr(ctx, err)
		} else if ok {
			continue
		}
		if err := os.Rename(from, to); err != nil {
			return diskError(err)
		}
		folders[filepath.Dir(to)] = true
	}
	for dir := range folders {
		if err := syncDir(dir); err != nil {
			return diskError(err)
		}
	}
	m, err := s.deps.Keep(ctx, d.Want, paths)
	if err != nil {
		return fmt.Errorf("take %s in: %w", d.Want.Name, err)
	}
	_, err = s.update(ctx, d.ID, func(d *backend.Download) {
		d.State, d.Error, d.ModelID, d.DoneBytes = backend.DownloadDone, "", m.ID, d.Want.SizeBytes()
	})
	if err != nil {
		return err
	}
	s.log.Info("Download finished", "id", d.ID, "model", m.ID, "bytes", d.Want.SizeBytes(), "after", time.Since(d.Created).Round(time.Second))
	for i := range d.Want.Files {
		for _, end := range []string{"", ".journal"} {
			_ = os.Remove(s.partPath(d.ID, i) + end) // swept at the next start otherwise
		}
	}
	return nil
}
