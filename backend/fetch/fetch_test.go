package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hub/hubtest"
)

var errFull = fmt.Errorf("write: %w", syscall.ENOSPC)

const mib = 1 << 20

func TestFilesOfASetArriveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := hubtest.Repo{ID: "owner/set", Files: []hubtest.File{
			{Path: "unet/model.gguf", Bytes: random(1, 3*mib+17)},
			{Path: "vae/ae.safetensors", Bytes: random(2, 100)},
			{Path: "empty.json", Bytes: nil},
		}}
		p := newPlace(t, hubtest.New(r))
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		p.exact(d, r)
		dir := filepath.Join(p.dir, "owner", "set")
		want := []string{filepath.Join(dir, "model.gguf"), filepath.Join(dir, "ae.safetensors"), filepath.Join(dir, "empty.json")}
		if diff := cmp.Diff(want, p.kept[0]); diff != "" {
			t.Error(diff)
		}
		if d.ModelID != 1 || d.DoneBytes != d.Want.SizeBytes() {
			t.Errorf("%+v", d)
		}
	})
}

// Every way in which a server, or what stands before it, gets an answer wrong once or twice is lived through.
func TestAServerThatLiesNowAndThen(t *testing.T) {
	other := random(99, 5*mib)
	for name, faults := range map[string][]hubtest.Fault{
		"drops":                     {{Drop: 300_000}, {DropNow: true}, {Drop: 1}, {Drop: 700_001}},
		"stalls":                    {{Hang: true}, {Hang: true}},
		"trickles":                  {{Trickle: time.Second}, {Trickle: 100 * time.Millisecond}},
		"ignores ranges":            {{IgnoreRange: true}, {IgnoreRange: true}, {IgnoreRange: true}, {IgnoreRange: true}, {IgnoreRange: true}},
		"ignores ranges and drops":  {{IgnoreRange: true, Drop: 2 * mib}, {IgnoreRange: true, Drop: 3 * mib}, {IgnoreRange: true, Drop: 100}},
		"tells another size":        {{WrongTotal: 12345}, {WrongTotal: 6 * mib}},
		"sends another place":       {{Shift: 4096}},
		"sends other bytes":         {{Bytes: other}},
		"changes the file and back": {{}, {Bytes: other, ETag: "other"}, {Bytes: other, ETag: "other"}},
		"is shorter than promised":  {{Bytes: other[:1000], IgnoreRange: true}, {Bytes: other[:mib]}},
		"is busy":                   {{Status: 503}, {Status: 429, RetryAfter: "120"}, {Status: 500}, {Status: 502}},
		"compresses":                {{Encoding: "gzip"}, {Encoding: "br"}},
		"forgets who may":           {{Status: 403}, {Status: 401}},
		"has lost it for a moment":  {{Status: 404}, {Status: 416}},
		"answers oddly":             {{Status: 204}, {Status: 300}, {Status: 418}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := oneFile(5*mib + 4321)
				p := newPlace(t, hubtest.New(r))
				p.hub.SetFault(once(faults...))
				s := p.start()
				defer closed(t, s)
				p.exact(p.fetched(s, wantOf(r)), r)
			})
		})
	}
}

// A server that never tells the truth is given up, with a reason.
func TestAServerThatAlwaysLies(t *testing.T) {
	other := random(98, 2*mib+7)
	changes := 0
	for name, c := range map[string]struct {
		fault func(n int, r *http.Request) hubtest.Fault
		want  string
	}{
		"wrong hash":        {func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Bytes: other} }, "not the file that was promised"},
		"another place":     {func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Shift: 512} }, "not the file that was promised"},
		"wrong length":      {func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Bytes: other[:mib], IgnoreRange: true} }, "make no sense"},
		"other size told":   {func(int, *http.Request) hubtest.Fault { return hubtest.Fault{WrongTotal: 77} }, "make no sense"},
		"always compressed": {func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Encoding: "gzip"} }, "make no sense"},
		"always another": {func(int, *http.Request) hubtest.Fault {
			changes++
			return hubtest.Fault{ETag: fmt.Sprint("v", changes), Drop: 400_000}
		}, "changes on the server"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := oneFile(2*mib + 7)
				p := newPlace(t, hubtest.New(r))
				p.deps.Connections = 1
				p.hub.SetFault(c.fault)
				s := p.start()
				defer closed(t, s)
				d := p.fetched(s, wantOf(r))
				if d.State != backend.DownloadFailed || !strings.Contains(d.Error, c.want) || len(p.kept) != 0 {
					t.Errorf("%s, %q, %d taken in", d.State, d.Error, len(p.kept))
				}
				p.hub.SetFault(nil) // and when it mends its ways, resuming is enough
				p.exact(p.fetched(s, wantOf(r)), r)
			})
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(1000)
		p := newPlace(t, hubtest.New(r))
		p.hub.SetFault(once(hubtest.Fault{Status: 429, RetryAfter: "90"}))
		s := p.start()
		defer closed(t, s)
		start := time.Now()
		p.exact(p.fetched(s, wantOf(r)), r)
		if waited := time.Since(start); waited < 90*time.Second || waited > 95*time.Second {
			t.Errorf("it waited %v", waited)
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(1000)
		p := newPlace(t, hubtest.New(r))
		p.deps.Patience = 5
		p.hub.SetFault(func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Status: 503} })
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "busy") {
			t.Errorf("%s, %q", d.State, d.Error)
		}
	})
}

func TestPatienceOfAWindowDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(1000)
		p := newPlace(t, hubtest.New(r))
		back := time.Now().Add(9 * time.Hour)
		p.hub.SetFault(func(int, *http.Request) hubtest.Fault {
			if time.Now().Before(back) {
				return hubtest.Fault{DropNow: true}
			}
			return hubtest.Fault{}
		})
		s := p.start()
		defer closed(t, s)
		p.exact(p.fetched(s, wantOf(r)), r)
		if late := time.Since(back); late > 2*time.Minute {
			t.Errorf("it noticed after %v", late)
		}
	})
}

func TestPauseAndResumeLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(6 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3500 * time.Millisecond)
		if got, ok := s.Progress(d.ID); !ok || got.Done < 2*mib || got.PerSecond < mib/2 || got.PerSecond > 2*mib {
			t.Errorf("progress %+v, %v", got, ok)
		}
		if err := s.Pause(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		d, err = s.Wait(t.Context(), d.ID)
		if err != nil || d.State != backend.DownloadPaused || d.DoneBytes < 2*mib || d.DoneBytes > 4*mib || s.Active() != 0 {
			t.Fatalf("%+v, %v, %d active", d, err, s.Active())
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
		s := p.start()
		defer closed(t, s)
		var ids []int64
		for _, r := range repos {
			d, err := s.Add(t.Context(), wantOf(r))
			if err != nil {
				t.Fatal(err)
			}
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
			if d, err := s.Wait(t.Context(), id); err != nil || d.State != backend.DownloadDone {
				t.Fatalf("%+v, %v", d, err)
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
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(4 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
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
		if d, err = s.Wait(t.Context(), d.ID); err != nil || d.DoneBytes < mib {
			t.Errorf("%+v, %v", d, err)
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
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(4 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		if _, err := s.Add(t.Context(), wantOf(r)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		closed(t, s)
		asked := len(p.hub.Asked())
		p.rows.list[0].State, p.rows.list[0].DoneBytes = backend.DownloadRunning, 0 // as a kill leaves it

		s = p.start()
		defer closed(t, s)
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
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(4 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		one := p.start()
		defer closed(t, one)
		d, err := one.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		two := p.start()
		defer closed(t, two)
		if _, err := two.Add(t.Context(), wantOf(r)); !errors.Is(err, ErrElsewhere) {
			t.Errorf("error %v", err)
		}
		if left, err := two.Recover(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%+v, %v", left, err)
		}
		if d, err = one.Wait(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		p.exact(d, r)
	})
}

func TestADiskWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(4 * mib)
		p := newPlace(t, hubtest.New(r))
		p.free = Reserve + 3*mib
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "4.2 MB more are needed") || len(p.hub.Asked()) != 0 {
			t.Errorf("%s, %q, %q", d.State, d.Error, p.hub.Asked())
		}
		p.free = 0
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestADiskThatFillsUpMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(8 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		var full atomic.Bool
		s := p.start()
		s.deps.Free = func(string) int64 {
			if full.Load() {
				return 1
			}
			return 1 << 40
		}
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		full.Store(true)
		if d, err = s.Wait(t.Context(), d.ID); err != nil || d.State != backend.DownloadFailed || !strings.Contains(d.Error, "too full") {
			t.Fatalf("%+v, %v", d, err)
		}
		full.Store(false)
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestADiskThatRefusesAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(8 * mib)
		p := newPlace(t, hubtest.New(r))
		disk := &shaky{files: map[string]*shakyFile{}, full: 3 * mib}
		p.deps.open = disk.open
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "The disk is full") {
			t.Fatalf("%+v", d)
		}
		disk.full = 0
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestBytesThatTheDiskChangedAreFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(6 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3500 * time.Millisecond)
		if err := s.Pause(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(s.partPath(d.ID, 0), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("rot"), 1000); err != nil {
			t.Fatal(err)
		}
		f.Close()
		start := time.Now()
		p.exact(p.fetched(s, wantOf(r)), r)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v: more than the one piece was fetched again", took)
		}
	})
}

func TestAFileThatIsThereIsNotFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(mib)
		p := newPlace(t, hubtest.New(r))
		dir := filepath.Join(p.dir, "owner", "name")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "model.gguf"), r.Files[0].Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		s := p.start()
		defer closed(t, s)
		p.exact(p.fetched(s, wantOf(r)), r)
		if asked := p.hub.Asked(); len(asked) != 0 {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestAnotherFileOfThatNameIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(mib)
		p := newPlace(t, hubtest.New(r))
		mine := filepath.Join(p.dir, "owner", "name", "model.gguf")
		if err := os.MkdirAll(filepath.Dir(mine), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := p.start()
		defer closed(t, s)
		p.exact(p.fetched(s, wantOf(r)), r)
		if b, err := os.ReadFile(mine); err != nil || string(b) != "mine" {
			t.Errorf("%q, %v", b, err)
		}
	})
}

func TestAFileThatCannotBeUsedSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(1000)
		p := newPlace(t, hubtest.New(r))
		p.keep = &backend.BadFile{Reason: "it is of no kind that Loam knows"}
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || d.Error != "It was downloaded, but cannot be used: it is of no kind that Loam knows." {
			t.Errorf("%s, %q", d.State, d.Error)
		}
	})
}

func TestAGatedFileSaysWhatToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(1000)
		r.Gated = true
		p := newPlace(t, hubtest.New(r))
		s := p.start()
		defer closed(t, s)
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "accept the model's terms") {
			t.Errorf("%s, %q", d.State, d.Error)
		}
	})
}

func TestHoldLetsTheFolderMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(6 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
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
		if d, err = s.Wait(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
		p.exact(d, r)
		if took := time.Since(start); took > 5*time.Second || !strings.HasPrefix(p.kept[0][0], to) {
			t.Errorf("the rest took %v, %q", took, p.kept)
		}
	})
}

func TestOfflineStopsADownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(6 * mib)
		p := newPlace(t, hubtest.New(r))
		p.net.SetRate(mib)
		s := p.start()
		defer closed(t, s)
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		p.net.SetOffline(true)
		d, err = s.Wait(t.Context(), d.ID)
		if err != nil || d.State != backend.DownloadFailed || !strings.Contains(d.Error, "offline") || d.DoneBytes < mib {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestProgressIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := oneFile(4 * mib)
		p := newPlace(t, hubtest.New(r))
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
		s := p.start()
		defer closed(t, s)
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

func TestWishesThatCannotBeMet(t *testing.T) {
	good := backend.DownloadFile{Path: "a.gguf", SizeBytes: 10, SHA256: strings.Repeat("a", 64)}
	for _, change := range []func(f *backend.DownloadFile){
		func(f *backend.DownloadFile) { f.Path = "" },
		func(f *backend.DownloadFile) { f.Path = "../a.gguf" },
		func(f *backend.DownloadFile) { f.Path = "/etc/passwd" },
		func(f *backend.DownloadFile) { f.Path = "a/../../b" },
		func(f *backend.DownloadFile) { f.Path = "a/./b" },
		func(f *backend.DownloadFile) { f.Path = "a\x00b" },
		func(f *backend.DownloadFile) { f.Path = strings.Repeat("a", 500) },
		func(f *backend.DownloadFile) { f.SizeBytes = -1 },
		func(f *backend.DownloadFile) { f.SizeBytes = 1 << 60 },
		func(f *backend.DownloadFile) { f.SHA256 = "" },
		func(f *backend.DownloadFile) { f.SHA256 = "AA" },
	} {
		f := good
		change(&f)
		if err := check(backend.DownloadWant{Files: []backend.DownloadFile{f}}); err == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
	if err := check(backend.DownloadWant{Files: []backend.DownloadFile{good}}); err != nil {
		t.Error(err)
	}
	if err := check(backend.DownloadWant{Files: []backend.DownloadFile{good, {Path: "A.GGUF", SHA256: good.SHA256}}}); err == nil {
		t.Error("two files of one name are accepted")
	}
	if err := check(backend.DownloadWant{}); err == nil {
		t.Error("no files are accepted")
	}
}

func TestNamesSuitEveryDisk(t *testing.T) {
	for in, want := range map[string]string{
		"model.gguf": "model.gguf", ".hidden": "_.hidden", "con": "_con", "NUL.txt": "_NUL.txt", "com1.gguf": "_com1.gguf",
		"a:b?": "a_b_", "dots. .": "dots", "..": "_", "a\u202eb": "a_b", "комета": "комета",
	} {
		if got := segment(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if long := segment(strings.Repeat("ü", 200) + ".gguf"); len(long) > 120 || !strings.HasSuffix(long, "ü.gguf") {
		t.Errorf("%q", long)
	}
}

func TestAJournalOfAnotherFileIsWorthNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.part")
	content := random(3, 3*pieceBytes+5)
	id := identity{SizeBytes: int64(len(content)), SHA256: "a"}
	p, err := openPart(openFile, path, id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.pieces {
		if err := p.put(i, content[i*pieceBytes:min((i+1)*pieceBytes, len(content))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(p.commit(), p.close()); err != nil {
		t.Fatal(err)
	}
	journal, err := os.ReadFile(path + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		id      identity
		journal []byte
		want    int // pieces
	}{
		"same":             {id, journal, 4},
		"other hash":       {identity{SizeBytes: id.SizeBytes, SHA256: "b"}, journal, 0},
		"other size":       {identity{SizeBytes: id.SizeBytes + 1, SHA256: "a"}, journal, 0},
		"torn":             {id, journal[:len(journal)-3], 3},
		"junk behind":      {id, append(bytes.Clone(journal), random(4, 50)...), 4},
		"flipped":          {id, flipped(journal, len(journal)-recordBytes*2), 2},
		"broken head":      {id, flipped(journal, 3), 0},
		"empty":            {id, nil, 0},
		"only half a head": {id, journal[:5], 0},
	} {
		if err := os.WriteFile(path+".journal", c.journal, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := openPart(openFile, path, c.id)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(p.pieces) - p.missing(); got != c.want {
			t.Errorf("%s: %d pieces, want %d", name, got, c.want)
		}
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x40
	return b
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-99/1000", "bytes 5-5/*", "bytes */10", "bytes -1-2/3", "bytes 99999999999999999999-1/2", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if from, _, _, ok := contentRange(s); ok && from < 0 {
			t.Errorf("%q begins at %d", s, from)
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"format":1,"size":1000000,"sha256":"a","piece":262144}`+"\n"), []byte("0123456789ab"))
	f.Fuzz(func(t *testing.T, head, rest []byte) {
		path := filepath.Join(t.TempDir(), "0.part")
		if err := os.WriteFile(path+".journal", append(head, rest...), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := openPart(openFile, path, identity{SizeBytes: 1_000_000, SHA256: "a"})
		if err != nil {
			t.Fatal(err)
		}
		if done, safe := p.far(); done != safe || done > 1_000_000 {
			t.Errorf("%d, %d", done, safe)
		}
		_ = p.close()
	})
}
