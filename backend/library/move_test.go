package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/modelfile/modelfiletest"
	"loam/store"
	"loam/store/storetest"
)

// errOtherDisk is what linking across disks says.
var errOtherDisk = errors.New("invalid cross-device link")

// house is a models folder with a few models, one of them in a folder of its own and one removed a moment ago.
type house struct {
	store    Store
	from, to string
	bytes    map[int64][]byte // of every model
	removed  int64
}

func (h *house) open(t *testing.T, otherDisk bool) *Library {
	t.Helper()
	l := New(Deps{Store: h.store, Dir: h.from, Watch: time.Hour, Keep: time.Hour})
	if otherDisk {
		l.link = func(string, string) error { return errOtherDisk }
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func named(name string, padding int) []byte {
	b := modelfiletest.Chat().Set("general.name", name).Set("general.basename", strings.ToLower(name)).Bytes()
	return append(b, bytes.Repeat([]byte(name[:1]), padding)...)
}

func newHouse(t *testing.T, s Store, dir string, padding int) *house {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: s, from: filepath.Join(dir, "models"), to: filepath.Join(dir, "disk", "my models"), bytes: map[int64][]byte{}}
	for _, d := range []string{h.from, filepath.Join(h.from, "Beta (2)"), filepath.Dir(h.to)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	l := h.open(t, false)
	for _, at := range []string{"a.gguf", "Beta (2)/b.gguf", "c.gguf", "../outside.gguf"} {
		data := named(strings.ToUpper(filepath.Base(at)[:1])+"lpha"+at[:1], padding)
		m, err := l.Add(t.Context(), modelfiletest.Write(t, filepath.Dir(filepath.Join(h.from, at)), filepath.Base(at), data), AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		h.bytes[m.ID] = data
		if at == "c.gguf" {
			h.removed = m.ID
		}
	}
	if err := l.Remove(t.Context(), h.removed); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return h
}

// check says whether every model is found where its entry says, byte by byte, and no file of a copy is left over.
func (h *house) check(t *testing.T, l *Library, when string) (inTo int) {
	t.Helper()
	for id, want := range h.bytes {
		m, err := h.store.Model(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(m.Path)
		if err != nil || !bytes.Equal(want, got) {
			t.Errorf("%s: model %d is not at %s: %v", when, id, m.Path, err)
		}
		if inside(h.to, m.Path) {
			inTo++
		} else if !inside(h.from, m.Path) && filepath.Base(m.Path) != "outside.gguf" {
			t.Errorf("%s: model %d is at %s", when, id, m.Path)
		}
		if m.Deleted.IsZero() != (id != h.removed) {
			t.Errorf("%s: model %d removed: %v", when, id, !m.Deleted.IsZero())
		}
		if id != h.removed {
			if err := l.RecheckModel(context.Background(), id); err != nil {
				t.Error(err)
			}
			if m, err := l.Get(context.Background(), id); err != nil || m.State == backend.ModelMissing || m.State == backend.ModelChanged || m.Owned != (filepath.Base(m.Path) != "outside.gguf") {
				t.Errorf("%s: model %d is %s, %s, owned %v, %v", when, id, m.State, m.Reason, m.Owned, err)
			}
		}
	}
	if inTo != 0 && inTo != 3 {
		t.Errorf("%s: %d of 3 models are in the new folder", when, inTo)
	}
	for _, dir := range []string{h.from, h.to} {
		files, _, err := movable(dir)
		if want := map[bool]int{true: 3}[dir == l.Folder()]; err != nil || len(files) != want {
			t.Errorf("%s: %s has %v, %v; want %d files", when, dir, files, err, want)
		}
	}
	return inTo
}

func TestTheModelsFolderMoves(t *testing.T) {
	for _, otherDisk := range []bool{false, true} {
		t.Run(fmt.Sprint("other disk ", otherDisk), func(t *testing.T) {
			h := newHouse(t, storetest.New(t), t.TempDir(), 1<<20)
			l := h.open(t, otherDisk)
			var last, all int64
			p, err := l.Move(t.Context(), h.to, func(done, total int64) {
				if done < last || done > total {
					t.Errorf("%d of %d after %d", done, total, last)
				}
				last, all = done, total
			})
			if err != nil {
				t.Fatal(err)
			}
			if p.Files != 3 || p.SameDisk == otherDisk || last != all || all < 3<<20 {
				t.Errorf("%+v, %d of %d", p, last, all)
			}
			if n := h.check(t, l, "moved"); n != 3 || l.Folder() != h.to {
				t.Errorf("%d models moved, the folder is %s", n, l.Folder())
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			again := h.open(t, otherDisk)
			h.check(t, again, "opened again")
			if m, err := again.Add(t.Context(), modelfiletest.Write(t, h.to, "d.gguf", named("Delta", 9)), AddOptions{}); err != nil || !m.Owned {
				t.Errorf("a new model in the new folder: %+v, %v", m, err)
			}
			if err := os.Remove(filepath.Join(h.to, "d.gguf")); err != nil {
				t.Fatal(err)
			}
			if _, err := again.Move(t.Context(), h.from, nil); err != nil {
				t.Fatal(err)
			}
			if n := h.check(t, again, "moved back"); n != 0 {
				t.Errorf("%d models stayed", n)
			}
		})
	}
}

func TestACancelledMoveLeavesEverythingAsItWas(t *testing.T) {
	h := newHouse(t, storetest.New(t), t.TempDir(), 9<<20)
	l := h.open(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := l.Move(ctx, h.to, func(done, _ int64) {
		if done > 12<<20 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if n := h.check(t, l, "cancelled"); n != 0 {
		t.Errorf("%d models moved", n)
	}
}

// Others fill the disk while the models are copied to it: the move ends before the disk is full.
func TestAMoveLeavesRoomForOthers(t *testing.T) {
	h := newHouse(t, storetest.New(t), t.TempDir(), 40<<20)
	l := h.open(t, true)
	looks := 0
	l.free = func(string) int64 {
		if looks++; looks == 1 {
			return 1 << 40
		}
		return 100 << 20
	}
	p, err := l.Move(t.Context(), h.to, nil)
	room, full := errors.AsType[*NoRoom](err)
	if !full || !errors.Is(err, backend.ErrDiskFull) || room.At != h.to || room.Needed != p.Bytes || room.Free != 0 {
		t.Errorf("%+v, %v", room, err)
	}
	if n := h.check(t, l, "full"); n != 0 || looks != 2 {
		t.Errorf("%d models moved, %d looks", n, looks)
	}
}

func TestACrashAtAnyMomentLosesNoModel(t *testing.T) {
	for _, otherDisk := range []bool{false, true} {
		crashed := 1
		for at := 0; crashed > 0; at++ {
			h := newHouse(t, storetest.New(t), t.TempDir(), 10)
			l := h.open(t, otherDisk)
			n, dead := 0, false
			crashed = 0
			l.atStep = func(string) error {
				if n++; n > at || dead {
					dead, crashed = true, crashed+1
					return errCrash
				}
				return nil
			}
			_, err := l.Move(t.Context(), h.to, nil)
			if err == nil && l.Folder() != h.to {
				t.Error("it did not move, and said nothing")
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			again := h.open(t, otherDisk)
			moved := h.check(t, again, fmt.Sprintf("crash at step %d", at))
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			if crashed == 0 {
				if moved != 3 || at < 8 {
					t.Errorf("%d models moved without a crash after %d steps", moved, at)
				}
				t.Logf("other disk %v: %d steps, each survived a crash", otherDisk, at)
			}
		}
	}
}

const envMoveHouse = "LOAM_TEST_MOVE_HOUSE"

// TestMoveInAProcessOfItsOwn moves a house until it is killed; it is run by TestKilledInTheMiddleOfAMove only.
func TestMoveInAProcessOfItsOwn(t *testing.T) {
	dir := os.Getenv(envMoveHouse)
	if dir == "" {
		t.Skip("it is the child of another test")
	}
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{store: s, from: filepath.Join(dir, "models"), to: filepath.Join(dir, "disk", "my models")}
	for {
		l := h.open(t, true)
		for _, to := range []string{h.to, h.from} {
			if l.Folder() == to {
				continue
			}
			if _, err := l.Move(t.Context(), to, func(int64, int64) { fmt.Println("moving") }); err != nil {
				t.Fatal(err)
			}
		}
		_ = l.Close()
	}
}

func TestKilledInTheMiddleOfAMove(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "loam.db")
	open := func() *store.Store {
		s, err := store.Open(context.Background(), store.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	h := newHouse(t, s, dir, 1<<20)
	moved := 0
	for range 8 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMoveInAProcessOfItsOwn$")
		child.Env = append(os.Environ(), envMoveHouse+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 16)
		for range 1 + rand.IntN(40) { // so far into it
			if _, err := out.Read(buf); err != nil {
				t.Fatal("the child ended by itself: ", err)
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		s = open()
		h.store = s
		l := h.open(t, true)
		if h.check(t, l, "killed") > 0 {
			moved++
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("8 kills; the models were in the new folder after %d of them", moved)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatWillNotDoIsRefusedInAClause(t *testing.T) {
	h := newHouse(t, storetest.New(t), t.TempDir(), 10)
	l := New(Deps{Store: h.store, Dir: h.from, Passive: true, Free: func(string) int64 { return 100 << 20 }})
	defer l.Close()
	l.link = func(string, string) error { return errOtherDisk }
	file := filepath.Join(filepath.Dir(h.to), "file")
	taken := filepath.Join(filepath.Dir(h.to), "taken")
	if err := os.MkdirAll(taken, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(taken, "a.gguf")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for to, want := range map[string]string{
		h.from: "there already", filepath.Join(h.from, "in"): "lies in the other", filepath.Dir(h.from): "lies in the other",
		file: "that is a file", taken: "already; choose an empty folder", "": "no folder",
	} {
		_, err := l.PlanMove(to)
		var no *CannotMove
		if !errors.As(err, &no) || !strings.Contains(no.Reason, want) {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
	var full *NoRoom
	if _, err := l.PlanMove(h.to); !errors.As(err, &full) {
		t.Errorf("a disk without room: %v", err)
	}
}
