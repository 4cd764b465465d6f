//go:build window

package windowtest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// badFiles writes files that are not what their names say and returns them by what is wrong.
func badFiles(t testing.TB) map[string]string {
	t.Helper()
	dir := t.TempDir()
	starter, err := os.ReadFile(filepath.Join(root(t), "bin/lib/loam/starter/SmolLM2-135M-Instruct.Q4_1.gguf"))
	if err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	files := map[string]string{}
	put := func(name string, b []byte) {
		files[name] = filepath.Join(dir, name+".gguf")
		if err := os.WriteFile(files[name], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	patch := func(old, new string) []byte {
		if !bytes.Contains(starter, []byte(old)) {
			t.Fatalf("the starter's header does not hold %q", old)
		}
		return bytes.Replace(starter, []byte(old), []byte(new), 1)
	}
	count := func(at int, n uint64) []byte {
		b := bytes.Clone(starter[:1<<20])
		binary.LittleEndian.PutUint64(b[at:], n)
		return b
	}
	put("truncated", starter[:len(starter)/2])
	put("magic", append([]byte("GGML"), starter[4:5000]...))
	put("tensor-count", count(8, 1<<62))
	put("key-count", count(16, 1<<62))
	tokens := bytes.Index(starter, []byte("tokenizer.ggml.tokens"))
	put("token-count", count(tokens+len("tokenizer.ggml.tokens")+8, 1<<27))
	put("text", []byte(strings.Repeat("hello world, not a model\n", 100)))
	put("empty", nil)
	put("architecture", patch("general.architecture\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00llama",
		"general.architecture\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00zzzzz"))
	put("pre-tokenizer", patch("\x06\x00\x00\x00\x00\x00\x00\x00smollm", "\x06\x00\x00\x00\x00\x00\x00\x00smolzz"))
	put("html", []byte("<!DOCTYPE html><html><body>404 Not Found</body></html>"))
	put("lfs", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 98000000\n"))
	files["directory"] = filepath.Join(dir, "directory.gguf")
	if err := os.Mkdir(files["directory"], 0o700); err != nil {
		t.Fatal(err)
	}
	files["missing"] = filepath.Join(dir, "missing.gguf")
	files["fifo"] = filepath.Join(dir, "fifo.gguf")
	if err := syscall.Mkfifo(files["fifo"], 0o600); err != nil {
		t.Fatal(err)
	}
	return files
}

// oneLine fails unless an error is one short line that names no internals.
func oneLine(t testing.TB, what, stderr string) {
	t.Helper()
	line := strings.TrimSpace(stderr)
	if line == "" || strings.Contains(line, "\n") || len(line) > 300 || strings.Contains(line, "goroutine") {
		t.Errorf("%s: not one clear line: %q", what, stderr)
	}
}

func TestBadFilesOnTheCommandLine(t *testing.T) {
	data := t.TempDir()
	list := func() int {
		out, _, _ := command(t, data, "models", "list", "--json")
		return strings.Count(out, `"path"`)
	}
	starters := list()
	for name, path := range badFiles(t) {
		_, stderr, code := command(t, data, "models", "add", path)
		if code == 0 {
			t.Errorf("%s was taken as a model", name)
			continue
		}
		oneLine(t, name, stderr)
		t.Logf("%s: %s", name, strings.TrimSpace(stderr))
		_, stderr, code = command(t, data, "chat", "-m", path, "hello")
		if code == 0 {
			t.Errorf("chat with %s succeeded", name)
		}
		oneLine(t, "chat with "+name, stderr)
	}
	if n := list(); n != starters || n == 0 {
		t.Errorf("%d models are listed after bad files, want the %d that came with the program", n, starters)
	}
}

func TestBadFilesDroppedOnTheWindow(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	before := rss(l.cmd.Process.Pid)
	for name, path := range badFiles(t) {
		if name == "missing" {
			continue // a file manager cannot drag it
		}
		clean := s.shot(t, "bad-before")
		l.drop(path)
		time.Sleep(time.Second)
		l.alive()
		if changed(clean, s.shot(t, "bad-"+name)) < 0.0005 {
			t.Errorf("the drop of %s is not answered on screen", name)
		}
		l.key("Escape")
		time.Sleep(200 * time.Millisecond)
	}
	if grown := rss(l.cmd.Process.Pid) - before; grown > 200<<20 {
		t.Errorf("the window grew by %d MB over bad files", grown>>20)
	}
	h := history(t, data)
	l.key("ctrl+n")
	l.ask("Say hello.")
	l.until("an answer after all that", func() bool { l.alive(); r, ok := h.reply(); return ok && r.Text != "" })
}

func TestSecondStartHandsOver(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	second := launch(t, s, data, badFiles(t)["text"])
	select {
	case <-second.ended:
	case <-time.After(patience):
		t.Fatal("the second start did not end")
	}
	if second.err != nil {
		t.Errorf("the second start: %v\n%s", second.err, second.out)
	}
	l.alive()
	time.Sleep(time.Second)
	s.shot(t, "handed-over")
	if out := s.tool(t, "xdotool", "search", "--onlyvisible", "--name", "^Loam"); len(strings.Fields(out)) != 1 {
		t.Errorf("windows after a second start: %q", out)
	}
}

func TestReadOnlyDataFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		readOnlyMount(t)
		return
	}
	data := t.TempDir()
	if err := os.Chmod(data, 0o500); err != nil {
		t.Fatal(err)
	}
	refusal(t, data)
}

// readOnlyMount tries it as root, whom permissions do not stop.
func readOnlyMount(t *testing.T) {
	data := t.TempDir()
	if err := syscall.Mount("tmpfs", data, "tmpfs", syscall.MS_RDONLY, "size=1m"); err != nil {
		t.Fatalf("mount a read-only tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(data, 0) })
	refusal(t, data)
}

// refusal expects one clear line from the command line, and from the window an end or a sentence, never a crash.
func refusal(t *testing.T, data string) {
	t.Helper()
	_, stderr, code := command(t, data, "models", "list")
	if code == 0 {
		t.Error("a read-only data folder was accepted")
	}
	oneLine(t, "read-only folder", stderr)
	t.Log(strings.TrimSpace(stderr))
	s := newScreen(t, "1280x800")
	l := launch(t, s, data)
	sentence(t, s, l, "read-only")
}

// sentence waits until the window says what is wrong, or the program ended with one clear line.
func sentence(t *testing.T, s Screen, l *Loam, name string) {
	t.Helper()
	until(t, "words about the "+name, func() bool {
		select {
		case <-l.ended:
			return true
		default:
		}
		out, err := s.try("xdotool", "search", "--onlyvisible", "--name", "^Loam")
		return err == nil && out != ""
	})
	time.Sleep(time.Second)
	s.shot(t, "refused-"+strings.ReplaceAll(name, " ", "-"))
	if strings.Contains(l.out.String(), "goroutine ") {
		t.Errorf("a crash instead of words:\n%s", l.out)
	}
}

func TestNewerDatabaseIsLeftAlone(t *testing.T) {
	data := t.TempDir()
	if _, stderr, code := command(t, data, "models", "list"); code != 0 {
		t.Fatal(stderr)
	}
	db := databasePath(t, data)
	makeNewer(t, db)
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	_, stderr, code := command(t, data, "models", "list")
	if code == 0 {
		t.Error("a database of a newer version was opened")
	}
	oneLine(t, "newer database", stderr)
	t.Log(strings.TrimSpace(stderr))
	s := newScreen(t, "1280x800")
	sentence(t, s, launch(t, s, data), "newer database")
	after, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the newer database was changed")
	}
}

func TestFullDiskKeepsWhatWasSaid(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: mounting a small tmpfs needs root; the store's own tests cover the full disk without it")
	}
	data := t.TempDir()
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatalf("mount a small tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(data, syscall.MNT_DETACH) })
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.ask(question)
	m := l.growing(h, 40)
	filler := filepath.Join(data, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); err != nil {
			break // full
		}
	}
	_ = f.Close()
	time.Sleep(4 * time.Second)
	l.alive()
	s.shot(t, "disk-full")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	prefix(t, m.Text, h.text(m.ID).Text)
	h.intact()
	l.key("ctrl+n")
	l.ask("Say hello.")
	l.until("an answer once there is room again", func() bool {
		l.alive()
		r, ok := h.reply()
		return ok && r.ID != m.ID && r.Text != ""
	})
}
