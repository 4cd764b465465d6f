package fetch

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
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
		s := p.open()
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
				s := p.open()
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
				s := p.open()
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
	inPlace(t, oneFile(1000), func(t *testing.T, p *place, r hubtest.Repo) {
		p.hub.SetFault(once(hubtest.Fault{Status: 429, RetryAfter: "90"}))
		s := p.open()
		start := time.Now()
		p.exact(p.fetched(s, wantOf(r)), r)
		if waited := time.Since(start); waited < 90*time.Second || waited > 95*time.Second {
			t.Errorf("it waited %v", waited)
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	inPlace(t, oneFile(1000), func(t *testing.T, p *place, r hubtest.Repo) {
		p.deps.Patience = 5
		p.hub.SetFault(func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Status: 503} })
		s := p.open()
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "busy") {
			t.Errorf("%s, %q", d.State, d.Error)
		}
	})
}

func TestPatienceOfAWindowDoesNotEnd(t *testing.T) {
	inPlace(t, oneFile(1000), func(t *testing.T, p *place, r hubtest.Repo) {
		back := time.Now().Add(9 * time.Hour)
		p.hub.SetFault(func(int, *http.Request) hubtest.Fault {
			if time.Now().Before(back) {
				return hubtest.Fault{DropNow: true}
			}
			return hubtest.Fault{}
		})
		s := p.open()
		p.exact(p.fetched(s, wantOf(r)), r)
		if late := time.Since(back); late > 2*time.Minute {
			t.Errorf("it noticed after %v", late)
		}
	})
}

func TestAFileThatCannotBeUsedSaysWhy(t *testing.T) {
	inPlace(t, oneFile(1000), func(t *testing.T, p *place, r hubtest.Repo) {
		p.keep = &backend.BadFile{Reason: "it is of no kind that Loam knows"}
		s := p.open()
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
		s := p.open()
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "accept the model's terms") {
			t.Errorf("%s, %q", d.State, d.Error)
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
