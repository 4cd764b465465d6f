package instance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// childVariable makes the test binary a process that holds a lock until it is killed.
const childVariable = "LOAM_INSTANCE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		os.Exit(holdLock(dir))
	}
	os.Exit(m.Run())
}

// holdLock prints what it is handed, and ends when its input does.
func holdLock(dir string) int {
	l, err := TakeLock(dir)
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	self := Self()
	fmt.Println("locked", self.PID, self.Started)
	l.Serve(func(paths []string) { fmt.Println("handed", strings.Join(paths, "|")) })
	io.Copy(io.Discard, os.Stdin)
	return 0
}

type child struct {
	*exec.Cmd
	out   *bufio.Scanner
	owner backend.Owner
	stdin io.Closer
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: cmd, out: bufio.NewScanner(stdout), stdin: stdin, owner: backend.Owner{Boot: bootID(), Heartbeat: time.Now()}}
	if _, err := fmt.Sscanf(c.line(t), "locked %d %d", &c.owner.PID, &c.owner.Started); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the child ended: %v", c.out.Err())
	}
	return c.out.Text()
}

// kill ends the child without a chance to clean up; until wait it is a zombie.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for c.out.Scan() { // until its output is closed
	}
}

func TestSecondStartHandsItsFilesToTheFirst(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("a-long-folder-name/", 8))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	for name, dir := range map[string]string{"in the folder": t.TempDir(), "path too long for a socket": deep} {
		t.Run(name, func(t *testing.T) {
			first := startChild(t, dir)
			if _, err := TakeLock(dir); !errors.Is(err, backend.ErrLocked) {
				t.Fatalf("the lock was taken twice: %v", err)
			}
			here, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			absolute := filepath.Join(t.TempDir(), "a b.gguf")
			if err := Hand(t.Context(), dir, []string{absolute, "relative.txt"}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("handed "+absolute+"|"+filepath.Join(here, "relative.txt"), first.line(t)); diff != "" {
				t.Error(diff)
			}
			if err := Hand(t.Context(), dir, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("handed ", first.line(t)); diff != "" {
				t.Error(diff)
			}
			first.kill(t)
			if err := first.Wait(); err == nil {
				t.Error("the child ended by itself")
			}
			if err := Hand(t.Context(), dir, nil); err == nil {
				t.Error("files were handed to nobody")
			}
			second := startChild(t, dir) // over the stale socket
			if err := Hand(t.Context(), dir, nil); err != nil {
				t.Errorf("after a restart: %v", err)
			}
			second.kill(t)
		})
	}
}

func TestLockIsFreeAfterUnlock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 {
		l, err := TakeLock(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := TakeLock(dir); !errors.Is(err, backend.ErrLocked) {
			t.Errorf("taken twice by one process: %v", err)
		}
		l.Serve(func([]string) {})
		holder, err := holderOf(dir)
		if err != nil {
			t.Fatal(err)
		}
		silent, err := dial(t.Context(), holder.Socket)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(l.Unlock(), l.Unlock(), silent.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryOneOfManyStartsIsTaken(t *testing.T) {
	dir := t.TempDir()
	l, err := TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	l.Serve(func(paths []string) { got <- paths[0] })
	holder, err := holderOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	const starts = 16
	var handing sync.WaitGroup
	want := map[string]bool{}
	for i := range starts {
		path := filepath.Join(dir, strconv.Itoa(i))
		want[path] = true
		handing.Go(func() {
			if err := Hand(t.Context(), dir, []string{path}); err != nil {
				t.Error(err)
			}
		})
		handing.Go(func() { // one that ends before it has said anything
			conn, err := dial(t.Context(), holder.Socket)
			if err == nil {
				err = conn.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	taken := map[string]bool{}
	for range starts {
		taken[<-got] = true
	}
	handing.Wait()
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, taken); diff != "" {
		t.Error(diff)
	}
	if err := Hand(t.Context(), dir, nil); err == nil {
		t.Error("files were handed to nobody")
	}
}

func TestManyFilesAreHandedAtOnce(t *testing.T) {
	dir := t.TempDir()
	l, err := TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []string, 1)
	l.Serve(func(paths []string) { got <- paths })
	var want []string
	for i := range 2000 { // far more bytes than a socket or pipe holds
		want = append(want, filepath.Join(dir, strings.Repeat("long name ", 10)+strconv.Itoa(i)))
	}
	if err := Hand(t.Context(), dir, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Error(diff)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestFolderThatIsAFileIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := TakeLock(file); err == nil || errors.Is(err, backend.ErrLocked) {
		t.Errorf("got %v", err)
	}
}

func TestOwnerLivesAsLongAsItsProcess(t *testing.T) {
	if !Alive(Self()) {
		t.Error("this process is dead")
	}
	c := startChild(t, t.TempDir())
	if !Alive(c.owner) {
		t.Error("the child is dead before its end")
	}
	c.kill(t)
	waitForZombie(t, c.owner.PID)
	if Alive(c.owner) {
		t.Error("a zombie lives")
	}
	c.Wait() //nolint:errcheck // it was killed
	if Alive(c.owner) {
		t.Error("the child lives after its end")
	}
}

func TestOwnerIsNotMistaken(t *testing.T) {
	now := time.Now()
	boot := bootID()
	self := Self()
	with := func(change func(*backend.Owner)) backend.Owner {
		o := self
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		owner backend.Owner
		want  bool
	}{
		"itself":            {self, true},
		"number used again": {with(func(o *backend.Owner) { o.Started++ }), false},
		"start not known":   {with(func(o *backend.Owner) { o.Started = 0 }), true},
		"no process":        {with(func(o *backend.Owner) { o.PID = 0 }), false},
		"before the boot":   {with(func(o *backend.Owner) { o.Boot = "another" }), false},
		"other namespace, heard": {with(func(o *backend.Owner) {
			o.Boot, o.Heartbeat = machineOf(boot)+" pid:[1]", now.Add(-time.Second)
		}), true},
		"other namespace, silent": {with(func(o *backend.Owner) {
			o.Boot, o.Heartbeat = machineOf(boot)+" pid:[1]", now.Add(-time.Hour)
		}), false},
	} {
		if strings.HasPrefix(name, "other namespace") && runtime.GOOS != "linux" {
			continue // there are none
		}
		if got := alive(c.owner, boot, now); got != c.want {
			t.Errorf("%s: alive = %v", name, got)
		}
	}
}

func FuzzReadHanded(f *testing.F) {
	f.Add([]byte("{\"version\":1,\"paths\":[\"/a\"]}\n"))
	f.Add([]byte("{\"version\":2}\n"))
	f.Add([]byte("{\"version\":1,\"paths\":[\"a\"]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		paths, err := readHanded(strings.NewReader(string(data)))
		for _, path := range paths {
			if err != nil || !filepath.IsAbs(path) {
				t.Errorf("%q, %v", path, err)
			}
		}
	})
}
