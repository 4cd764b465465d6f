package fetch

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/hub/hubtest"
)

func TestADiskWithoutRoom(t *testing.T) {
	inPlace(t, oneFile(4*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		p.free = Reserve + 3*mib
		s := p.open()
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "4.2 MB more are needed") || len(p.hub.Asked()) != 0 {
			t.Errorf("%s, %q, %q", d.State, d.Error, p.hub.Asked())
		}
		p.free = 0
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestADiskThatFillsUpMeanwhile(t *testing.T) {
	inPlace(t, oneFile(8*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		p.net.SetRate(mib)
		var full atomic.Bool
		s := p.open()
		s.deps.Free = func(string) int64 {
			if full.Load() {
				return 1
			}
			return 1 << 40
		}
		d := p.added(s, r)
		time.Sleep(2500 * time.Millisecond)
		full.Store(true)
		if d = p.ended(s, d.ID); d.State != backend.DownloadFailed || !strings.Contains(d.Error, "too full") {
			t.Fatalf("%+v", d)
		}
		full.Store(false)
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestADiskThatRefusesAWrite(t *testing.T) {
	inPlace(t, oneFile(8*mib), func(t *testing.T, p *place, r hubtest.Repo) {
		disk := &shaky{files: map[string]*shakyFile{}, full: 3 * mib}
		p.deps.open = disk.open
		s := p.open()
		d := p.fetched(s, wantOf(r))
		if d.State != backend.DownloadFailed || !strings.Contains(d.Error, "The disk is full") {
			t.Fatalf("%+v", d)
		}
		disk.full = 0
		p.exact(p.fetched(s, wantOf(r)), r)
	})
}

func TestBytesThatTheDiskChangedAreFetchedAgain(t *testing.T) {
	underWay(t, 6*mib, func(t *testing.T, p *place, s *Service, d backend.Download, r hubtest.Repo) {
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
	inPlace(t, oneFile(mib), func(t *testing.T, p *place, r hubtest.Repo) {
		dir := filepath.Join(p.dir, "owner", "name")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "model.gguf"), r.Files[0].Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		s := p.open()
		p.exact(p.fetched(s, wantOf(r)), r)
		if asked := p.hub.Asked(); len(asked) != 0 {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestAnotherFileOfThatNameIsLeftAlone(t *testing.T) {
	inPlace(t, oneFile(mib), func(t *testing.T, p *place, r hubtest.Repo) {
		mine := filepath.Join(p.dir, "owner", "name", "model.gguf")
		if err := os.MkdirAll(filepath.Dir(mine), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := p.open()
		p.exact(p.fetched(s, wantOf(r)), r)
		if b, err := os.ReadFile(mine); err != nil || string(b) != "mine" {
			t.Errorf("%q, %v", b, err)
		}
	})
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
