package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hub/hubtest"
	"loam/backend/outbound"
)

// rows is a store in memory.
type rows struct {
	mu   sync.Mutex
	list []backend.Download
	last int64
	dead bool // the process was killed: nothing is stored any more
}

func (s *rows) at(id int64) int {
	return slices.IndexFunc(s.list, func(d backend.Download) bool { return d.ID == id })
}

func (s *rows) AddDownload(_ context.Context, d backend.Download) (backend.Download, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	d.ID, d.Rank, d.Created, d.Updated = s.last, s.last, time.Now(), time.Now()
	s.list = append(s.list, clone(d))
	return d, nil
}

func clone(d backend.Download) backend.Download {
	d.Want.Files = slices.Clone(d.Want.Files)
	return d
}

func (s *rows) Download(_ context.Context, id int64) (backend.Download, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.at(id); i >= 0 {
		return clone(s.list[i]), nil
	}
	return backend.Download{}, backend.ErrNotFound
}

func (s *rows) Downloads(context.Context) ([]backend.Download, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []backend.Download
	for _, d := range s.list {
		list = append(list, clone(d))
	}
	return list, nil
}

func (s *rows) UpdateDownload(_ context.Context, d backend.Download) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.at(d.ID)
	if i < 0 {
		return backend.ErrNotFound
	}
	if !s.dead {
		d.Updated = time.Now()
		s.list[i] = clone(d)
	}
	return nil
}

func (s *rows) OrderDownloads(_ context.Context, ids ...int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.list, func(a, b backend.Download) int {
		i, j := slices.Index(ids, a.ID), slices.Index(ids, b.ID)
		switch {
		case i < 0 && j < 0:
			return 0
		case i < 0:
			return 1
		case j < 0:
			return -1
		}
		return i - j
	})
	return nil
}

func (s *rows) ForgetDownload(_ context.Context, id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.at(id)
	if i < 0 {
		return backend.ErrNotFound
	}
	s.list = slices.Delete(s.list, i, i+1)
	return nil
}

// place is a models folder with a store, and a hub in memory that outlive one Service.
type place struct {
	t    *testing.T
	dir  string
	rows *rows
	hub  *hubtest.Hub
	net  *outbound.Client
	base string
	kept [][]string // what was taken in
	keep error      // instead of taking in
	free int64      // 0 = not known
	deps Deps
}

// newPlace must be called inside of a synctest bubble.
func newPlace(t *testing.T, h *hubtest.Hub) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), rows: &rows{}, hub: h}
	p.base = h.InMemory()
	p.net = outbound.New(outbound.Deps{Dial: h.Dial, Env: func(string) string { return "" }})
	t.Cleanup(func() {
		p.net.Close()
		_ = h.Close()
	})
	return p
}

// start is a Service as a fresh process would have it.
func (p *place) start() *Service {
	d := p.deps
	d.Store, d.Net, d.Dir = p.rows, p.net, p.dir
	d.Free = func(string) int64 { return p.free }
	d.Request = func(_ context.Context, w backend.DownloadWant, f backend.DownloadFile) (outbound.Request, error) {
		return outbound.Request{Why: "download", URL: p.base + "/" + w.Repo + "/resolve/" + w.Commit + "/" + f.Path}, nil
	}
	d.Keep = func(_ context.Context, _ backend.DownloadWant, paths []string) (backend.Model, error) {
		if p.keep != nil {
			return backend.Model{}, p.keep
		}
		p.kept = append(p.kept, paths)
		return backend.Model{ID: int64(len(p.kept))}, nil
	}
	if d.small == 0 {
		d.small = 1
	}
	return New(d)
}

// open is a Service that is closed when the test ends.
func (p *place) open() *Service {
	s := p.start()
	p.t.Cleanup(func() { closed(p.t, s) })
	return s
}

// inPlace runs a test in a bubble, with a hub that has one repository.
func inPlace(t *testing.T, r hubtest.Repo, test func(t *testing.T, p *place, r hubtest.Repo)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newPlace(t, hubtest.New(r)), r) })
}

// underWay runs a test while one file comes in at mib bytes a second.
func underWay(t *testing.T, n int, test func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo)) {
	t.Helper()
	inPlace(t, oneFile(n), func(t *testing.T, p *place, r hubtest.Repo) {
		p.net.SetRate(mib)
		s := p.open()
		test(t, p, s, p.added(s, r), r)
	})
}

// added begins a download of all files of a repository.
func (p *place) added(s *Service, r hubtest.Repo) backend.Download {
	p.t.Helper()
	d, err := s.Add(p.t.Context(), wantOf(r))
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// ended waits for the end of a download.
func (p *place) ended(s *Service, id int64) backend.Download {
	p.t.Helper()
	d, err := s.Wait(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

// wantOf wants all files of a repository.
func wantOf(r hubtest.Repo) backend.DownloadWant {
	w := backend.DownloadWant{Name: r.ID, Kind: backend.KindChat, Repo: r.ID, Commit: hubtest.Commit}
	for _, f := range r.Files {
		w.Files = append(w.Files, backend.DownloadFile{Path: f.Path, SizeBytes: int64(len(f.Bytes)), SHA256: f.SHA256()})
	}
	return w
}

// random is content that no other piece of it repeats.
func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	c := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = c.Read(b)
	return b
}

func oneFile(n int) hubtest.Repo {
	return hubtest.Repo{ID: "owner/name", Files: []hubtest.File{{Path: "model.gguf", Bytes: random(uint64(n), n)}}}
}

// fetched runs a download to its end.
func (p *place) fetched(s *Service, w backend.DownloadWant) backend.Download {
	p.t.Helper()
	d, err := s.Add(p.t.Context(), w)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.ended(s, d.ID)
}

// exact fails unless the download is done and its files are those of the repository.
func (p *place) exact(d backend.Download, r hubtest.Repo) {
	p.t.Helper()
	if d.State != backend.DownloadDone {
		p.t.Fatalf("the download is %s: %s", d.State, d.Error)
	}
	if len(p.kept) == 0 {
		p.t.Fatal("nothing was taken in")
	}
	for i, path := range p.kept[len(p.kept)-1] {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b, r.Files[i].Bytes) {
			p.t.Errorf("%s: %d bytes of %d, %v, equal: %v", r.Files[i].Path, len(b), len(r.Files[i].Bytes), err, bytes.Equal(b, r.Files[i].Bytes))
		}
	}
}

func closed(t *testing.T, s *Service) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// once fails the first answers with bytes, each in its way.
func once(faults ...hubtest.Fault) func(int, *http.Request) hubtest.Fault {
	return func(n int, _ *http.Request) hubtest.Fault {
		if n < len(faults) {
			return faults[n]
		}
		return hubtest.Fault{}
	}
}

// shaky is a disk that forgets what was not synced when the power goes.
type shaky struct {
	mu    sync.Mutex
	files map[string]*shakyFile
	dead  bool
	full  int64 // bytes that may be written in all; 0 = any
	wrote int64
}

type shakyFile struct {
	*os.File
	disk   *shaky
	undone []shakyWrite // not synced
}

type shakyWrite struct {
	at  int64
	old []byte // what was there; shorter at the end of the file
	n   int
}

var errDead = errors.New("the power is off")

func (d *shaky) open(path string) (storage, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &shakyFile{File: f, disk: d}
	d.files[path] = s
	return s, nil
}

// WriteAt implements io.WriterAt.
func (f *shakyFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead {
		return 0, errDead
	}
	if f.disk.wrote += int64(len(b)); f.disk.full > 0 && f.disk.wrote > f.disk.full {
		return 0, errFull
	}
	old := make([]byte, len(b))
	n, err := f.File.ReadAt(old, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	f.undone = append(f.undone, shakyWrite{at, old[:n], len(b)})
	return f.File.WriteAt(b, at)
}

// Sync makes what was written survive.
func (f *shakyFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead {
		return errDead
	}
	f.undone = nil
	return nil
}

// Truncate is kept at once.
func (f *shakyFile) Truncate(n int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.dead {
		return errDead
	}
	f.undone = nil
	return f.File.Truncate(n)
}

// cut turns the power off: of what was not synced some is there, some is not, some is torn.
func (d *shaky) cut(t *testing.T, dice *rand.Rand) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	for path, f := range d.files {
		disk, err := os.OpenFile(path, os.O_RDWR, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue // it is in its place already
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range slices.Backward(f.undone) {
			junk := w.old
			switch dice.IntN(3) {
			case 0:
				continue // it was written after all
			case 1: // torn: the second half is the old one
				junk = slices.Clone(w.old)
				half := min(len(junk), w.n/2)
				if _, err := disk.ReadAt(junk[:half], w.at); err != nil {
					t.Fatal(err)
				}
			}
			rest := make([]byte, w.n)
			copy(rest, junk)
			if _, err := disk.WriteAt(rest, w.at); err != nil {
				t.Fatal(err)
			}
		}
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// told collects what is announced.
type told struct {
	mu   sync.Mutex
	list []event.Event
}

func (b *told) Publish(e event.Event) { b.Deliver(e) }

func (b *told) Deliver(e event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, e)
}
