package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/hub/hubtest"
	"loam/backend/outbound"
	"loam/store"
)

var interruptions = flag.Int("interruptions", 60, "how many interrupted downloads are tried")

// shortInterruptions is how many of them -short tries.
const shortInterruptions = 20

// However a download is interrupted (a broken line, a pause, a killed process, a pulled plug) at whatever byte, and however
// the server lies in between: the finished file is the promised one, byte for byte.
func TestInterruptedDownloadsAreExact(t *testing.T) {
	tries := *interruptions
	if testing.Short() { // make check; make test tries all
		tries = min(tries, shortInterruptions)
		t.Logf("-short: %d of %d interrupted downloads are tried", tries, *interruptions)
	}
	for n := range tries {
		seed := uint64(n)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { interrupt(t, seed) })
		})
	}
}

func interrupt(t *testing.T, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 1))
	r := hubtest.Repo{ID: "owner/name"}
	for i := range 1 + dice.IntN(3) {
		r.Files = append(r.Files, hubtest.File{Path: fmt.Sprintf("%d.gguf", i), Bytes: random(seed+uint64(i)<<8, dice.IntN(9*pieceBytes))})
	}
	p := newPlace(t, hubtest.New(r))
	p.net.SetRate(2 * mib)
	p.deps.Connections = 1 + dice.IntN(4)
	lies, luck := 0, rand.New(rand.NewPCG(seed, 2)) // the double asks under its lock
	p.hub.SetFault(func(int, *http.Request) hubtest.Fault {
		dice := luck
		if lies > 20 || dice.IntN(3) > 0 {
			return hubtest.Fault{}
		}
		lies++
		switch dice.IntN(6) {
		case 0:
			return hubtest.Fault{Status: 503, RetryAfter: strconv.Itoa(dice.IntN(10))}
		case 1:
			return hubtest.Fault{IgnoreRange: true, Drop: dice.Int64N(mib)}
		case 2:
			return hubtest.Fault{Hang: true}
		case 3:
			return hubtest.Fault{Encoding: "gzip"}
		}
		return hubtest.Fault{Drop: 1 + dice.Int64N(2*mib)}
	})
	for range 2 + dice.IntN(6) {
		disk := &shaky{files: map[string]*shakyFile{}}
		p.deps.open = disk.open
		s := p.start()
		if _, err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		d, err := s.Add(t.Context(), wantOf(r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(dice.IntN(2500)) * time.Millisecond)
		synctest.Wait()
		if dice.IntN(3) == 0 {
			closed(t, s)
			continue
		}
		disk.cut(t, dice) // the process ends here, as far as the disk knows
		p.rows.mu.Lock()
		p.rows.dead = true
		p.rows.mu.Unlock()
		closed(t, s)
		p.rows.dead = false
		if d, err := p.rows.Download(t.Context(), d.ID); err != nil || d.State == backend.DownloadDone && len(p.kept) == 0 {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	p.deps.open = nil
	s := p.start()
	defer closed(t, s)
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.exact(p.fetched(s, wantOf(r)), r)
}

// TestMain is also the child of the test below: a process that downloads until it is killed.
func TestMain(m *testing.M) {
	if endpoint := os.Getenv("LOAM_FETCH_CHILD"); endpoint != "" {
		if err := child(endpoint, os.Getenv("LOAM_FETCH_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// killed is what the child downloads.
func killed() hubtest.Repo {
	return hubtest.Repo{ID: "owner/killed", Files: []hubtest.File{{Path: "model.gguf", Bytes: random(7, 24*mib+99)}}}
}

func child(endpoint, dir string) error {
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		return err
	}
	net := outbound.New(outbound.Deps{Env: func(string) string { return "" }})
	net.SetRate(8 * mib)
	s := New(Deps{
		Store: st, Net: net, Dir: filepath.Join(dir, "models"),
		Request: func(_ context.Context, w backend.DownloadWant, f backend.DownloadFile) (outbound.Request, error) {
			return outbound.Request{URL: endpoint + "/" + w.Repo + "/resolve/" + w.Commit + "/" + f.Path}, nil
		},
		Keep: func(_ context.Context, _ backend.DownloadWant, paths []string) (backend.Model, error) {
			fmt.Println("kept", paths[0])
			return backend.Model{}, nil
		},
	})
	if _, err := s.Recover(ctx); err != nil {
		return err
	}
	d, err := s.Add(ctx, wantOf(killed()))
	if err != nil {
		return err
	}
	fmt.Println("begun", d.DoneBytes)
	if d, err = s.Wait(ctx, d.ID); err != nil || d.State != backend.DownloadDone {
		return fmt.Errorf("%s %s %w", d.State, d.Error, err)
	}
	return s.Close()
}

func TestAKilledProcessLosesLittle(t *testing.T) {
	h := hubtest.New(killed())
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	dir := t.TempDir()
	part := filepath.Join(dir, "models", PartialDir, "1", "0.part.journal")
	noted := func() int64 {
		if info, err := os.Stat(part); err == nil {
			return info.Size()
		}
		return 0
	}
	for kill := range 3 {
		before := noted()
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "LOAM_FETCH_CHILD="+endpoint, "LOAM_FETCH_DIR="+dir)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{}) // the child's output ended: it finished
		go func() {
			_, _ = io.Copy(io.Discard, out)
			close(over)
		}()
		finished := false
		for !finished && (kill == 2 || noted() <= before+100) { // until it got further than it was; the last one may finish
			select {
			case <-over:
				finished = true
			case <-time.After(5 * time.Millisecond):
			}
		}
		if finished {
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		if now := noted(); now < before {
			t.Errorf("the journal went from %d to %d bytes", before, now)
		}
	}
	f, err := os.Open(filepath.Join(dir, "models", "owner", "killed", "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil || hex.EncodeToString(sum.Sum(nil)) != killed().Files[0].SHA256() {
		t.Errorf("the file differs, %v", err)
	}
}
