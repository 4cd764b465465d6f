//go:build linux && cgo

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"loam/backend/runner/sandbox"
	"loam/backend/runner/sandbox/probe"
	"loam/backend/wire"
)

// attempt is something that the confined process tries.
type attempt struct{ Op, Arg string }

// outcome is what came of it.
type outcome struct{ Text, Err string }

const (
	envRules = "SANDBOX_TEST_RULES"
	envTries = "SANDBOX_TEST_TRIES"
)

// TestMain is also the confined process: confined by the rules in its environment, it tries what it is told and writes
// what came of it to file 3.
func TestMain(m *testing.M) {
	rules, child := os.LookupEnv(envRules)
	if !child {
		os.Exit(m.Run())
	}
	if _, ok := sandbox.Entered(); !ok {
		var r sandbox.Rules
		if err := json.Unmarshal([]byte(rules), &r); err != nil {
			panic(err)
		}
		panic(sandbox.Enter(r, os.Args, os.Environ()))
	}
	if err := sandbox.Harden(); err != nil {
		panic(err)
	}
	var tries []attempt
	if err := json.Unmarshal([]byte(os.Getenv(envTries)), &tries); err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.NewFile(3, "outcomes"))
	for _, a := range tries {
		text, err := try(a)
		o := outcome{Text: text}
		if err != nil {
			o.Err = err.Error()
		}
		if err := out.Encode(o); err != nil {
			panic(err)
		}
	}
	os.Exit(0)
}

func try(a attempt) (string, error) {
	n, _ := strconv.Atoi(a.Arg)
	switch a.Op {
	case "confinement":
		c, _ := sandbox.Entered()
		b, err := json.Marshal(c)
		return string(b), err
	case "read":
		b, err := os.ReadFile(a.Arg)
		return string(b[:min(len(b), 100)]), err
	case "map":
		return mapped(a.Arg)
	case "list":
		e, err := os.ReadDir(a.Arg)
		return fmt.Sprint(len(e)), err
	case "stat":
		_, err := os.Stat(a.Arg)
		return "", err
	case "write":
		return "", os.WriteFile(a.Arg, []byte("x"), 0o600)
	case "append":
		f, err := os.OpenFile(a.Arg, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			f.Close()
		}
		return "", err
	case "use": // as a driver uses its device
		f, err := os.OpenFile(a.Arg, os.O_RDWR, 0)
		if err == nil {
			f.Close()
		}
		return "", err
	case "remove":
		return "", os.Remove(a.Arg)
	case "truncate":
		return "", os.Truncate(a.Arg, 0)
	case "chmod":
		return "", os.Chmod(a.Arg, 0o777)
	case "mkdir":
		return "", os.Mkdir(a.Arg, 0o700)
	case "exec":
		return "", unix.Exec(a.Arg, []string{a.Arg}, nil)
	case "kill":
		return "", unix.Kill(n, 0)
	case "unix":
		_, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		return "", err
	case "tcp":
		return "", probe.TCP(n)
	case "udp":
		return "", probe.UDP()
	case "foreign":
		return fmt.Sprint(probe.ForeignSocket()), nil
	case "threads":
		return fmt.Sprint(probe.Threads(n)), nil
	case "dlopen":
		v, err := probe.Dlopen(a.Arg)
		return fmt.Sprint(v), err
	case "core":
		var l unix.Rlimit
		err := unix.Getrlimit(unix.RLIMIT_CORE, &l)
		return fmt.Sprint(l.Max), err
	case "dumpable":
		v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		return fmt.Sprint(v), err
	}
	panic("no such attempt: " + a.Op)
}

// mapped reads a file as weights are read.
func mapped(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := unix.Mmap(int(f.Fd()), 0, 7, unix.PROT_READ, unix.MAP_SHARED)
	return string(b), err
}

// confined runs the attempts in a confined process.
func confined(t *testing.T, r sandbox.Rules, tries ...attempt) ([]outcome, *os.ProcessState, string) {
	t.Helper()
	rules, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(tries)
	if err != nil {
		t.Fatal(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var words strings.Builder
	c := exec.CommandContext(t.Context(), "/proc/self/exe")
	c.Env = []string{envRules + "=" + string(rules), envTries + "=" + string(asked), "GOTRACEBACK=single"}
	c.Dir = "/"
	c.ExtraFiles = []*os.File{in}
	c.Stderr = &words
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	var got []outcome
	for d := json.NewDecoder(out); ; {
		var o outcome
		if d.Decode(&o) != nil {
			break
		}
		got = append(got, o)
	}
	_ = c.Wait() // its state says more
	return got, c.ProcessState, words.String()
}

// confinement says what this kernel can do. Where it can do nothing the rest of a test has nothing to look at, and
// that is what is checked.
func confinement(t *testing.T) wire.Confinement {
	t.Helper()
	got, state, words := confined(t, sandbox.Rules{}, attempt{Op: "confinement"})
	if len(got) != 1 {
		t.Fatal(state, words)
	}
	var c wire.Confinement
	if err := json.Unmarshal([]byte(got[0].Text), &c); err != nil {
		t.Fatal(err)
	}
	if !c.Full() && c.Why == "" {
		t.Errorf("%+v does not say what is missing", c)
	}
	return c
}

func library(t *testing.T, dirs ...string) {
	t.Helper()
	src := filepath.Join(t.TempDir(), "a.c")
	if err := os.WriteFile(src, []byte("int answer(void) { return 42; }"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if out, err := exec.CommandContext(t.Context(), "cc", "-shared", "-fPIC", "-o", filepath.Join(dir, "liba.so"), src).CombinedOutput(); err != nil {
			t.Fatalf("cc, which built this test: %v %s", err, out)
		}
	}
}

func TestTheRoomIsEmpty(t *testing.T) {
	if c := confinement(t); !c.Full() {
		t.Skip("this kernel confines less: ", c)
	}
	dir, other := t.TempDir(), t.TempDir()
	model, secret, device := filepath.Join(dir, "model"), filepath.Join(other, "secret"), filepath.Join(other, "device")
	for _, p := range []string{model, secret, device} {
		if err := os.WriteFile(p, []byte("weights"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	library(t, dir, other)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	const no, never = "denied", "not permitted"
	table := []struct{ op, arg, err, text string }{
		{"read", model, "", "weights"},
		{"map", model, "", "weights"},
		{"list", dir, "", "3"},
		{"dlopen", filepath.Join(dir, "liba.so"), "", "42"},
		{"threads", "8", "", "8"},
		{"read", "/proc/cpuinfo", "", ""},
		{"list", "/sys/devices/system/cpu", "", ""},
		{"use", device, "", ""},
		{"core", "", "", "0"},
		{"dumpable", "", "", "0"},
		{"stat", secret, "", ""}, // Landlock does not hide names
		{"read", secret, no, ""},
		{"map", secret, no, ""},
		{"read", link, no, ""},
		{"read", "/etc/passwd", no, ""},
		{"list", "/", no, ""},
		{"list", other, no, ""},
		{"read", "/proc/self/status", no, ""},
		{"read", "/proc/self/environ", no, ""},
		{"read", "/proc/self/maps", no, ""},
		{"dlopen", filepath.Join(other, "liba.so"), no, ""},
		{"write", filepath.Join(dir, "new"), no, ""},
		{"write", model, no, ""},
		{"append", model, no, ""},
		{"remove", model, no, ""},
		{"truncate", model, no, ""},
		{"mkdir", filepath.Join(other, "d"), no, ""},
		{"write", "/dev/shm/x", no, ""},
		{"append", "/dev/null", no, ""},
		{"remove", device, no, ""},
		{"write", filepath.Join(other, "new"), no, ""},
		{"chmod", model, never, ""},
		{"exec", "/bin/sh", no, ""},
		{"kill", strconv.Itoa(os.Getpid()), never, ""},
		{"tcp", port, never, ""},
		{"udp", "", never, ""},
		{"unix", "", never, ""},
	}
	tries := make([]attempt, len(table))
	for i, x := range table {
		tries[i] = attempt{x.op, x.arg}
	}
	got, state, words := confined(t, sandbox.Rules{ReadOnly: []string{dir, "/no/such/folder"}, Devices: []string{device}}, tries...)
	if len(got) != len(table) {
		t.Fatalf("%d outcomes of %d: %v %s", len(got), len(table), state, words)
	}
	for i, x := range table {
		g := got[i]
		if (x.err == "") != (g.Err == "") || !strings.Contains(g.Err, x.err) || x.text != "" && g.Text != x.text {
			t.Errorf("%s %s: %q %q, want %q %q", x.op, x.arg, g.Text, g.Err, x.text, x.err)
		}
	}
	if !state.Success() {
		t.Error(state, words)
	}
}

func TestOneFileIsNotItsFolder(t *testing.T) {
	if c := confinement(t); c.LandlockABI == 0 {
		t.Skip("this kernel has no Landlock: ", c)
	}
	dir := t.TempDir()
	for _, name := range []string{"model", "diary"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("weights"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, state, words := confined(t, sandbox.Rules{ReadOnly: []string{filepath.Join(dir, "model")}},
		attempt{"map", filepath.Join(dir, "model")}, attempt{"read", filepath.Join(dir, "diary")}, attempt{"list", dir})
	if len(got) != 3 || got[0].Err != "" || got[1].Err == "" || got[2].Err == "" {
		t.Errorf("%+v %v %s", got, state, words)
	}
}

func TestCallsOfAnotherArchitectureEndTheProcess(t *testing.T) {
	if c := confinement(t); !c.Seccomp {
		t.Skip("this kernel has no seccomp filter: ", c)
	}
	got, state, words := confined(t, sandbox.Rules{}, attempt{Op: "foreign"})
	if len(got) == 0 && strings.Contains(state.String(), "bad system call") {
		return
	}
	if len(got) == 1 && got[0].Text == fmt.Sprint(-int(unix.ENOSYS)) { // a kernel or a machine without such calls
		return
	}
	t.Errorf("%+v %v %s", got, state, words)
}
