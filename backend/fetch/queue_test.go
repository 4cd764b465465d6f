package fetch

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hub/hubtest"
)

func TestPauseAndResumeLoseNothing(t *testing.T) {
	underWay(t, 6*mib, func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo) {
		time.Sleep(3500 * time.Millisecond)
		if got, ok := s.Progress(d.ID); !ok || got.Done < 2*mib || got.PerSecond < mib/2 || got.PerSecond > 2*mib {
			t.Errorf("progress %+v, %v", got, ok)
		}
		if err := s.Pause(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		d = p.ended(s, d.ID)
		if d.State != backend.DownloadPaused || d.DoneBytes < 2*mib || d.DoneBytes > 4*mib || s.Active() != 0 {
			t.Fatalf("%+v, %d active", d, s.Active())
		}
		start := time.Now()
		p.exact(p.fetched(s, wantOf(r)), r)
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("the rest took %v", took)
		}
	})
}

func TestTheOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var repos []hubtest.Repo
		for _, name := range []string{"a", "b", "c"} {
			r := oneFile(4 * mib)
			r.ID = "owner/" + name
			repos = append(repos, r)
		}
		p := newPlace(t, hubtest.New(repos...))
		p.net.SetRate(mib)
		s := p.open()
		var ids []int64
		for _, r := range repos {
			d := p.added(s, r)
			ids = append(ids, d.ID)
		}
		time.Sleep(time.Second)
		if s.Active() != 3 {
			t.Errorf("%d active", s.Active())
		}
		if err := s.First(t.Context(), ids[2]); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if d := p.ended(s, id); d.State != backend.DownloadDone {
				t.Fatalf("%+v", d)
			}
		}
		var order []string
		for _, paths := range p.kept {
			order = append(order, filepath.Base(filepath.Dir(paths[0])))
		}
		if diff := cmp.Diff([]string{"c", "a", "b"}, order); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARemovedDownloadComesBackUntilItIsFreed(t *testing.T) {
	underWay(t, 4*mib, func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo) {
		time.Sleep(2 * time.Second)
		if err := s.Remove(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		if list, err := s.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if err := s.Restore(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		if d = p.ended(s, d.ID); d.DoneBytes < mib {
			t.Errorf("%+v", d)
		}
		if err := s.Remove(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(removedKept + time.Second)
		if _, err := os.Stat(s.dirOf(d.ID)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its bytes are still there: %v", err)
		}
		if err := s.Restore(t.Context(), d.ID); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
}

func TestNothingGoesOnByItselfAfterAStart(t *testing.T) {
	inPlace(t, oneFile(4*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		p.net.SetRate(mib)
		s := p.start()
		if _, err := s.Add(t.Context(), wantOf(r)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		closed(t, s)
		asked := len(p.hub.Asked())
		p.rows.list[0].State, p.rows.list[0].DoneBytes = backend.DownloadRunning, 0 // as a kill leaves it

		s = p.open()
		left, err := s.Recover(t.Context())
		if err != nil || len(left) != 1 || left[0].State != backend.DownloadPaused || left[0].DoneBytes < mib {
			t.Fatalf("%+v, %v", left, err)
		}
		time.Sleep(time.Hour)
		if n := len(p.hub.Asked()); n != asked {
			t.Errorf("%d requests without a word", n-asked)
		}
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestAnotherProcessIsLeftAlone(t *testing.T) {
	inPlace(t, oneFile(4*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		p.net.SetRate(mib)
		one := p.open()
		d := p.added(one, r)
		time.Sleep(time.Second)
		two := p.open()
		if _, err := two.Add(t.Context(), wantOf(r)); !errors.Is(err, ErrElsewhere) {
			t.Errorf("error %v", err)
		}
		if left, err := two.Recover(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%+v, %v", left, err)
		}
		p.exact(p.ended(one, d.ID), r)
	})
}

func TestHoldLetsTheFolderMove(t *testing.T) {
	underWay(t, 6*mib, func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo) {
		time.Sleep(2500 * time.Millisecond)
		release := s.Hold()
		to := filepath.Join(t.TempDir(), "elsewhere")
		if err := os.Rename(p.dir, to); err != nil {
			t.Fatal(err)
		}
		s.SetDir(to)
		time.Sleep(time.Minute)
		start := time.Now()
		release()
		p.exact(p.ended(s, d.ID), r)
		if took := time.Since(start); took > 5*time.Second || !strings.HasPrefix(p.kept[0][0], to) {
			t.Errorf("the rest took %v, %q", took, p.kept)
		}
	})
}

func TestOfflineStopsADownload(t *testing.T) {
	underWay(t, 6*mib, func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo) {
		time.Sleep(2500 * time.Millisecond)
		p.net.SetOffline(true)
		d = p.ended(s, d.ID)
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "offline") || d.DoneBytes < mib {
			t.Errorf("%+v", d)
		}
	})
}

func TestProgressIsTold(t *testing.T) {
	inPlace(t, oneFile(4*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		p.net.SetRate(mib)
		begun := time.Now()
		p.hub.SetFault(func(int, *http.Request) hubtest.Fault { // of all connections: one alone would not keep it waiting
			if time.Since(begun) < 3*time.Second {
				return hubtest.Fault{Status: 503}
			}
			return hubtest.Fault{}
		})
		bus := &told{}
		p.deps.Bus, p.deps.Connections = bus, 1 // a piece on another connection would end what is waited for
		s := p.open()
		p.exact(p.fetched(s, wantOf(r)), r)
		changes, progress, notes := 0, int64(-1), 0
		for _, e := range bus.list {
			switch e := e.(type) {
			case event.DownloadChanged:
				changes++
			case event.DownloadProgress:
				if e.Done < progress || e.Total != 4*mib {
					t.Errorf("after %d comes %+v", progress, e)
				}
				if progress = e.Done; e.Note != "" {
					notes++
				}
			}
		}
		if changes < 3 || progress < 3*mib || notes == 0 {
			t.Errorf("%d changes, progress to %d, %d notes", changes, progress, notes)
		}
	})
}
