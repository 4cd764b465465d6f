//go:build window

package windowtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen; it is no measurement.
const patience = 90 * time.Second

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("go.mod not found above the test")
		}
		dir = up
	}
}

// program is the built binary, or the installed one that LOAM_PROGRAM names.
func program(t testing.TB) string {
	t.Helper()
	p := os.Getenv("LOAM_PROGRAM")
	if p == "" {
		p = filepath.Join(root(t), "bin", "loam")
	}
	if _, err := os.Stat(p); err != nil {
		t.Fatalf("%v: run make build once", err)
	}
	return p
}

// need fails with the package to install when a tool is missing.
func need(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
}

// Screen is a virtual X11 screen.
type Screen struct{ display string }

// newScreen starts Xvfb on a free display; it ends with the test.
func newScreen(t testing.TB, size string) Screen {
	t.Helper()
	for _, tool := range []string{"Xvfb", "xdotool", "import"} {
		need(t, tool)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", size+"x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not come up: %v", err)
	}
	return Screen{":" + strings.TrimSpace(n)}
}

func (s Screen) env(extra ...string) []string {
	return append(os.Environ(), append([]string{"DISPLAY=" + s.display, "LANG=C.UTF-8", "LIBGL_ALWAYS_SOFTWARE=1"}, extra...)...)
}

// tool runs an X11 tool on this screen and returns what it printed.
func (s Screen) tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := s.try(name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func (s Screen) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = s.env()
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// shot takes a screenshot; with LOAM_SHOTS set it stays there under the name.
func (s Screen) shot(t testing.TB, name string) image.Image {
	t.Helper()
	dir := os.Getenv("LOAM_SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	p := filepath.Join(dir, name+".png")
	s.tool(t, "import", "-window", "root", p)
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// changed is the share of pixels that differ between two screenshots of equal size.
func changed(a, b image.Image) float64 {
	r, n := a.Bounds(), 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

// Loam is a running window of the program.
type Loam struct {
	t      testing.TB
	screen Screen
	data   string
	cmd    *exec.Cmd
	window string
	out    *tail
	ended  chan struct{}
	err    error
}

// tail keeps what a process printed.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() < 1<<20 {
		t.b.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// start opens the window on the data folder and waits until it is on screen.
func start(t testing.TB, s Screen, data string, args ...string) *Loam {
	t.Helper()
	l := launch(t, s, data, args...)
	l.waitWindow()
	return l
}

// launch starts the program without waiting for a window.
func launch(t testing.TB, s Screen, data string, args ...string) *Loam {
	t.Helper()
	return launchBy(t, s, data, exec.Command(program(t), args...))
}

// launchBy runs a command that is the program or becomes it.
func launchBy(t testing.TB, s Screen, data string, cmd *exec.Cmd) *Loam {
	t.Helper()
	l := &Loam{t: t, screen: s, data: data, out: new(tail), ended: make(chan struct{}), cmd: cmd}
	l.cmd.Env = s.env("LOAM_DATA="+data, "HOME="+filepath.Join(data, "home"))
	if err := os.MkdirAll(filepath.Join(data, "home", ".cache"), 0o700); err != nil {
		l.cmd.Env = s.env("LOAM_DATA=" + data)
	}
	if l.cmd.Stdout == nil {
		l.cmd.Stdout, l.cmd.Stderr = l.out, l.out
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		l.err = l.cmd.Wait()
		close(l.ended)
	}()
	t.Cleanup(func() {
		l.kill()
		if t.Failed() {
			t.Logf("output of the program:\n%s", l.out)
		}
	})
	return l
}

func (l *Loam) waitWindow() {
	l.t.Helper()
	l.until("the window", func() bool {
		select {
		case <-l.ended:
			l.t.Fatalf("the program ended before its window: %v\n%s", l.err, l.out)
		default:
		}
		out, err := l.screen.try("xdotool", "search", "--onlyvisible", "--name", "^Loam")
		if err != nil || out == "" {
			return false
		}
		l.window = strings.Fields(out)[0]
		return true
	})
	l.screen.tool(l.t, "xdotool", "windowfocus", l.window)
	time.Sleep(700 * time.Millisecond) // the first frames settle
}

// until waits for a condition, with patience.
func (l *Loam) until(what string, ok func() bool) {
	l.t.Helper()
	reached := false
	defer func() {
		if !reached && os.Getenv("LOAM_SHOTS") != "" {
			l.screen.shot(l.t, "in-vain-"+strings.ReplaceAll(l.t.Name(), "/", "-"))
		}
	}()
	until(l.t, what, ok)
	reached = true
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// alive fails the test when the window is gone.
func (l *Loam) alive() {
	l.t.Helper()
	select {
	case <-l.ended:
		l.t.Fatalf("the window died: %v\n%s", l.err, l.out)
	default:
	}
}

// typeText types into whatever has the focus.
func (l *Loam) typeText(s string) {
	l.t.Helper()
	l.screen.tool(l.t, "xdotool", "type", "--delay", "15", s)
}

func (l *Loam) key(keys ...string) {
	l.t.Helper()
	for _, k := range keys {
		l.screen.tool(l.t, "xdotool", "key", "--delay", "30", k)
		time.Sleep(120 * time.Millisecond)
	}
}

func (l *Loam) click(x, y int) {
	l.t.Helper()
	l.screen.tool(l.t, "xdotool", "mousemove", "--window", l.window, strconv.Itoa(x), strconv.Itoa(y), "click", "1")
	time.Sleep(250 * time.Millisecond)
}

// clickPrimary clicks the topmost filled button of the accent colour (dark theme), which is a page's next step.
func (l *Loam) clickPrimary(what string) {
	l.t.Helper()
	const least = 30 // pixels: longer than a focus ring's corner, shorter than any button
	l.until("the button "+what, func() bool {
		img := l.screen.shot(l.t, "button")
		r := img.Bounds()
		for y := r.Min.Y; y < r.Max.Y; y++ {
			run := 0
			for x := r.Min.X; x < r.Max.X; x++ {
				if !accent(img, x, y) || !accent(img, x, min(y+6, r.Max.Y-1)) { // a line is no button
					run = 0
					continue
				}
				if run++; run == least {
					l.click(x-least/2, y+10)
					return true
				}
			}
		}
		return false
	})
}

// accent says whether a pixel has the dark theme's accent colour.
func accent(img image.Image, x, y int) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	return r>>8 == 0x7f && g>>8 == 0xbf && b>>8 == 0x97
}

// drop drags files onto the window as a file manager would.
func (l *Loam) drop(files ...string) {
	l.t.Helper()
	title := l.screen.tool(l.t, "xdotool", "getwindowname", l.window)
	args := append([]string{filepath.Join(root(l.t), "packaging/windowtest/xdnd_drop.py"), "--window", title}, files...)
	l.screen.tool(l.t, "/usr/bin/python3", args...)
}

// kill ends the program with SIGKILL and waits for its children too.
func (l *Loam) kill() {
	select {
	case <-l.ended:
		return
	default:
	}
	children := childrenOf(l.cmd.Process.Pid)
	_ = l.cmd.Process.Kill()
	<-l.ended
	for _, c := range children { // they notice the end of their pipe by themselves
		deadline := time.Now().Add(patience)
		for running(c) && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		if running(c) {
			l.t.Errorf("the worker %d outlives its parent", c)
			_ = syscall.Kill(c, syscall.SIGKILL)
		}
	}
}

// quit closes the window as its close button does and waits for the program's end.
func (l *Loam) quit() {
	l.t.Helper()
	l.screen.tool(l.t, "/usr/bin/python3", filepath.Join(root(l.t), "packaging/windowtest/close_window.py"), l.window)
	select {
	case <-l.ended:
	case <-time.After(patience):
		l.t.Fatal("the program did not end with its window")
	}
}

// running says whether a process exists and is no zombie.
func running(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// childrenOf lists the direct children of a process.
func childrenOf(pid int) (kids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range tasks {
		b, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for _, f := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				kids = append(kids, n)
			}
		}
	}
	return kids
}

// worker is the process id of the engine's child; 0 when there is none.
func (l *Loam) worker() int {
	for _, c := range childrenOf(l.cmd.Process.Pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c))
		if err == nil && bytes.Contains(b, []byte("loam-worker")) {
			return c
		}
	}
	return 0
}

// rss is the resident size of a process in bytes.
func rss(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(f[1], 10, 64)
	return n * int64(os.Getpagesize())
}

// command runs the program's command line on a data folder.
func command(t testing.TB, data string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), args...)
	cmd.Env = append(os.Environ(), "LOAM_DATA="+data, "LANG=C.UTF-8")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
