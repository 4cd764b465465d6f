package kvstate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const envWriter = "KVSTATE_TEST_WRITER"

// This test binary is also the process that is killed while it saves.
func TestMain(m *testing.M) {
	if dir := os.Getenv(envWriter); dir != "" {
		f := New(Deps{Dir: dir, Key: keyed("secret")})
		err := f.Save(context.Background(), Head{Chat: 7, Model: "m", Identity: "e", Tokens: 9}, func(w io.Writer) error {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
		})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func keyed(key string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(key), nil }
}

func folder(dir string, budget int64) *Folder {
	return New(Deps{Dir: dir, Key: keyed("secret"), Budget: func(context.Context) int64 { return budget }})
}

func save(t *testing.T, f *Folder, chat int64, body []byte) {
	t.Helper()
	if err := f.Save(t.Context(), headOf(chat), writer(body)); err != nil {
		t.Fatal(err)
	}
}

func headOf(chat int64) Head {
	return Head{Chat: chat, Model: "model", Identity: "engine", Tokens: 12, Note: []byte(`{"a":1}`)}
}

func writer(body []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}
}

// load returns what is kept of a chat; nil = nothing.
func load(t *testing.T, f *Folder, chat int64) []byte {
	t.Helper()
	var body []byte
	found, _ := f.Load(t.Context(), chat, "model", "engine", func(h Head, r io.Reader) (err error) {
		if d := cmp.Diff(headOf(chat), h); d != "" {
			t.Error(d)
		}
		body, err = io.ReadAll(r)
		return err
	})
	if !found {
		return nil
	}
	return body
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		name, hash, _ := strings.Cut(strings.TrimSuffix(e.Name(), ending), "-")
		if len(hash) == 12 && strings.HasSuffix(e.Name(), ending) {
			name += ending // without the model's
		} else {
			name = e.Name()
		}
		names = append(names, name)
	}
	return names
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kv")
	f := folder(dir, 1<<20)
	if got := load(t, f, 3); got != nil {
		t.Errorf("before: %q", got)
	}
	for _, body := range [][]byte{[]byte("state"), bytes.Repeat([]byte("abc"), 100_000), {}} {
		save(t, f, 3, body)
		if got := load(t, f, 3); !bytes.Equal(got, body) || got == nil {
			t.Errorf("%d bytes come back as %d", len(body), len(got))
		}
	}
	if d := cmp.Diff([]string{"3.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	info, err := os.Stat(f.path(3, "model"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestAnythingButTheWholeFileOfThisFolderIsRemovedUnread(t *testing.T) {
	for name, change := range map[string]func(b []byte) []byte{
		"a flipped bit in the state": func(b []byte) []byte { b[len(b)-40] ^= 1; return b },
		"a flipped bit in the head":  func(b []byte) []byte { b[20] ^= 1; return b },
		"a flipped bit in the code":  func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut off":                    func(b []byte) []byte { return b[:len(b)-7] },
		"longer":                     func(b []byte) []byte { return append(b, "more"...) },
		"empty":                      func([]byte) []byte { return nil },
		"zeros":                      func(b []byte) []byte { return make([]byte, len(b)) },
		"a head without an end":      func(b []byte) []byte { copy(b[8:], "\xff\xff\xff\xff"); return b },
		"another version":            func(b []byte) []byte { b[7]++; return b },
		"too large":                  func([]byte) []byte { return make([]byte, 1<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := folder(dir, 1<<19)
			save(t, f, 3, bytes.Repeat([]byte("state"), 1000))
			path := f.path(3, "model")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := f.Load(t.Context(), 3, "model", "engine", func(Head, io.Reader) error {
				t.Error("it was handed out")
				return nil
			})
			if found || err == nil || len(files(t, dir)) != 0 {
				t.Error(found, err, files(t, dir))
			}
		})
	}
}

func TestForeignStatesAreRemoved(t *testing.T) {
	use := func(Head, io.Reader) error { t.Error("it was handed out"); return nil }
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	save(t, f, 3, []byte("state"))
	if found, err := f.Load(t.Context(), 3, "model", "another engine", use); found || err == nil {
		t.Error("of another engine:", found, err)
	}
	save(t, f, 3, []byte("state"))
	other := New(Deps{Dir: dir, Key: keyed("another secret")})
	if found, err := other.Load(t.Context(), 3, "model", "engine", use); found || err == nil {
		t.Error("of another data folder:", found, err)
	}
	save(t, f, 3, []byte("state"))
	if err := os.Rename(f.path(3, "model"), f.path(4, "model")); err != nil {
		t.Fatal(err)
	}
	if found, err := f.Load(t.Context(), 4, "model", "engine", use); found || err == nil {
		t.Error("of another chat:", found, err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Error(left)
	}
}

func TestAStateThatTheEngineRefusesIsRemovedAndOneThatWasInterruptedStays(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	save(t, f, 3, []byte("state"))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := f.Load(ctx, 3, "model", "engine", func(_ Head, r io.Reader) error {
		cancel()
		_, err := io.ReadAll(r)
		return err
	})
	if !errors.Is(err, context.Canceled) || load(t, f, 3) == nil {
		t.Error("interrupted:", err)
	}
	broken := errors.New("the engine died of it")
	if _, err := f.Load(t.Context(), 3, "model", "engine", func(Head, io.Reader) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Error(left)
	}
}

func TestTheLeastRecentlyUsedMakesRoom(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 3500)
	for chat := int64(1); chat <= 3; chat++ {
		save(t, f, chat, make([]byte, 900))
		old := time.Now().Add(time.Duration(chat-10) * time.Hour)
		if err := os.Chtimes(f.path(chat, "model"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if load(t, f, 1) == nil { // used now
		t.Fatal("it is gone")
	}
	save(t, f, 4, make([]byte, 900))
	if d := cmp.Diff([]string{"1.kv", "3.kv", "4.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	if used, chats, err := f.Used(); err != nil || chats != 3 || used < 2700 || used > 3500 {
		t.Error(used, chats, err)
	}
	// One that is larger than everything together moves nobody out.
	if err := f.Save(t.Context(), headOf(5), writer(make([]byte, 5000))); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"1.kv", "3.kv", "4.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	if err := folder(dir, 1500).Sweep(t.Context(), func(int64) (bool, error) { return true, nil }); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"4.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	if err := f.Clear(); err != nil || len(files(t, dir)) != 0 {
		t.Error(err, files(t, dir))
	}
	if err := folder(dir, 0).Save(t.Context(), headOf(5), writer(nil)); err != nil || len(files(t, dir)) != 0 {
		t.Error("without a budget:", err, files(t, dir))
	}
}

func TestAFailedSaveLeavesTheOlderState(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	save(t, f, 3, []byte("old"))
	broken := errors.New("broken")
	ctx, cancel := context.WithCancel(t.Context())
	for name, err := range map[string]error{
		"engine": f.Save(t.Context(), headOf(3), func(io.Writer) error { return broken }),
		"cancel": f.Save(ctx, headOf(3), func(w io.Writer) error {
			cancel()
			_, err := w.Write([]byte("new"))
			return err
		}),
		"disk": New(Deps{Dir: dir, Key: keyed("secret"), Free: func(string) int64 { return 1000 }}).Save(t.Context(), headOf(3), writer(nil)),
	} {
		if err == nil {
			t.Error(name, "did not fail")
		}
	}
	if got := load(t, f, 3); string(got) != "old" {
		t.Errorf("%q", got)
	}
	if d := cmp.Diff([]string{"3.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestAChatThatIsDeletedWhileItIsSavedIsNotKept(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	save(t, f, 3, []byte("old"))
	if err := f.Save(t.Context(), headOf(3), func(io.Writer) error { return f.Forget(3) }); err != nil {
		t.Error(err)
	}
	save(t, f, 3, []byte("once more"))
	if err := f.Save(t.Context(), headOf(4), func(io.Writer) error { return f.Clear() }); err != nil {
		t.Error(err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Error(left)
	}
}

func TestAKillWhileSavingLeavesTheOlderStateAndNothingForLong(t *testing.T) {
	dir := t.TempDir()
	f := New(Deps{Dir: dir, Key: keyed("secret")})
	h := Head{Chat: 7, Model: "m", Identity: "e", Tokens: 3}
	if err := f.Save(t.Context(), h, writer([]byte("old"))); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe)
	c.Env = append(os.Environ(), envWriter+"="+dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var rest string
	for rest == "" { // until it has written something
		for _, name := range files(t, dir) {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && strings.HasSuffix(name, partial) && info.Size() > 1<<17 {
				rest = filepath.Join(dir, name)
			}
		}
		if t.Context().Err() != nil {
			t.Fatal("it writes nothing")
		}
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	body := []byte(nil)
	if found, err := f.Load(t.Context(), 7, "m", "e", func(_ Head, r io.Reader) (err error) { body, err = io.ReadAll(r); return err }); !found || err != nil || string(body) != "old" {
		t.Error(found, err, string(body))
	}
	all := func(int64) (bool, error) { return true, nil }
	if err := f.Sweep(t.Context(), all); err != nil || len(files(t, dir)) != 2 {
		t.Error("a young one may still be written:", err, files(t, dir))
	}
	old := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(rest, old, old); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(t.Context(), all); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"7.kv"}, files(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestSweepRemovesWhatBelongsToNobody(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	for chat := int64(1); chat <= 4; chat++ {
		save(t, f, chat, []byte("state"))
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("a person's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(t.Context(), func(chat int64) (bool, error) { return chat%2 == 0, nil }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"2.kv", "4.kv", "notes.txt"}, files(t, dir)); d != "" {
		t.Error(d)
	}
	broken := errors.New("no store")
	if err := f.Sweep(t.Context(), func(int64) (bool, error) { return false, broken }); !errors.Is(err, broken) || len(files(t, dir)) != 3 {
		t.Error(err, files(t, dir))
	}
}

func FuzzCheck(f *testing.F) {
	dir := f.TempDir()
	k := folder(dir, 1<<20)
	if err := k.Save(context.Background(), headOf(1), writer([]byte("state"))); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(k.path(1, "model"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(magic))
	path := filepath.Join(dir, fmt.Sprint("fuzzed", rand.Uint64()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, _, err := check(t.Context(), file, []byte("secret")); (err == nil) != bytes.Equal(b, good) {
			t.Errorf("%v for %q", err, b)
		}
	})
}

func TestAChatHasAStatePerModel(t *testing.T) {
	dir := t.TempDir()
	f := folder(dir, 1<<20)
	for _, model := range []string{"one", "two"} {
		h := headOf(3)
		h.Model = model
		if err := f.Save(t.Context(), h, writer([]byte(model))); err != nil {
			t.Fatal(err)
		}
	}
	for _, model := range []string{"one", "two"} {
		var body []byte
		found, err := f.Load(t.Context(), 3, model, "engine", func(_ Head, r io.Reader) (err error) { body, err = io.ReadAll(r); return err })
		if !found || err != nil || string(body) != model {
			t.Error(model, found, err, string(body))
		}
	}
	if _, chats, err := f.Used(); chats != 1 || err != nil {
		t.Error(chats, err)
	}
	if err := f.Forget(3); err != nil || len(files(t, dir)) != 0 {
		t.Error(err, files(t, dir))
	}
}
