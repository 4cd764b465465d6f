package crash

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// secret stands for a prompt, a path under home, and the name of a file.
const secret = "my love letter /home/ada/Secret/diary.gguf"

// dieAs is the environment variable that makes the test binary a program that dies.
const dieAs = "LOAM_TEST_DIE_AS"

func TestMain(m *testing.M) {
	if how := os.Getenv(dieAs); how != "" {
		die(how, os.Getenv("LOAM_TEST_CRASHES"))
	}
	os.Exit(m.Run())
}

// die ends this process in a way.
func die(how, dir string) {
	end, err := Watch(dir, "Loam 0.1.0 (abc)")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	switch how {
	case "panic":
		panic(secret + "\ngoroutine 7 [running]:\n" + secret + "\n\t/home/ada/Secret/x.go:1\n")
	case "error":
		panic(fmt.Errorf("open %s: %w", secret, os.ErrNotExist))
	case "nil":
		var m map[string]int
		m[secret] = 1 //nolint:staticcheck // the fault is the point
	case "index":
		list := []string{secret}
		_ = list[len(os.Args)+5]
	case "elsewhere":
		done := make(chan struct{})
		go func() { hidden(secret); close(done) }()
		<-done
	case "fatal": // a fatal error that no recover can catch
		var m sync.Mutex
		m.Unlock() // not a map written by several: on one processor nobody notices that
	case "exit":
		if err := end(); err != nil {
			os.Exit(3)
		}
		os.Exit(0)
	case "killed":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Minute)
	}
	os.Exit(4)
}

//go:noinline
func hidden(words string) { panic(errors.New(words)) }

// run lets a real process die and returns what the next start finds.
func run(t *testing.T, how string) (dir string, reports []Report) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), dieAs+"="+how, "LOAM_TEST_CRASHES="+dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code == 3 || code == 4 || err == nil && how != "exit" {
		t.Fatalf("the process did not die as it should (%v): %s", err, out.Bytes())
	}
	end, err := Watch(dir, "Loam 0.2.0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	reports, err = Reports(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, reports
}

var private = regexp.MustCompile(`(?i)love|letter|home|ada|secret|diary|gguf`)

func TestARealCrashLeavesAReportWithoutPrivateText(t *testing.T) {
	for how, cause := range map[string]string{
		"panic":     "panic (its text is left out)",
		"error":     "panic (its text is left out)",
		"nil":       "panic: assignment to entry in nil map",
		"index":     "panic: runtime error: index out of range [",
		"elsewhere": "panic (its text is left out)",
		"fatal":     "fatal error of the runtime (such as a map",
	} {
		t.Run(how, func(t *testing.T) {
			dir, reports := run(t, how)
			if len(reports) != 1 || !reports[0].New {
				t.Fatalf("%d reports", len(reports))
			}
			r := reports[0]
			for _, want := range []string{"Loam 0.1.0 (abc)", "Cause: " + cause, "goroutine ", "[running", "crash_test.go:"} {
				if !strings.Contains(r.Text, want) {
					t.Errorf("the report lacks %q:\n%s", want, r.Text)
				}
			}
			if found := private.FindString(r.Text); found != "" {
				t.Errorf("the report holds %q:\n%s", found, r.Text)
			}
			if len(r.Text) > maxReport || r.When().IsZero() {
				t.Errorf("%d bytes, of %v", len(r.Text), r.When())
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
			if err := Told(r); err != nil {
				t.Fatal(err)
			}
			again, err := Reports(dir)
			if err != nil || len(again) != 1 || again[0].New {
				t.Errorf("after being told: %v, %v", again, err)
			}
			if err := Remove(again[0]); err != nil {
				t.Fatal(err)
			}
			if again, _ = Reports(dir); len(again) != 0 {
				t.Error("a removed report is there")
			}
		})
	}
}

func TestAGoodEndAndAKillLeaveNoReport(t *testing.T) {
	for _, how := range []string{"exit", "killed"} {
		if _, reports := run(t, how); len(reports) != 0 {
			t.Errorf("%s: %q", how, reports[0].Text)
		}
	}
}

func TestFewReportsAreKept(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range maxReports + 3 {
		trace := filepath.Join(dir, traceName)
		if err := os.WriteFile(trace, []byte(fmt.Sprintf("fatal error: number %d\n\ngoroutine 1 [running]:\n", i)), 0o600); err != nil {
			t.Fatal(err)
		}
		when := start.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(trace, when, when); err != nil {
			t.Fatal(err)
		}
		if err := collect(dir, trace); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Reports(dir)
	if err != nil || len(list) != maxReports {
		t.Fatalf("%d reports, %v", len(list), err)
	}
	if !strings.Contains(list[0].Text, fmt.Sprintf("number %d", maxReports+2)) {
		t.Errorf("the newest is %q", list[0].Text)
	}
}

func TestAHugeTraceMakesASmallReport(t *testing.T) {
	trace := "fatal error: stack overflow\n\ngoroutine 1 [running]:\n" + strings.Repeat("loam/ui.f(0x1)\n\t/x/ui/ui.go:1 +0x2\n", 100_000)
	if n := len(Clean(trace, time.Now())); n > maxReport || n < 1000 {
		t.Errorf("%d bytes", n)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("panic: x\n\ngoroutine 1 [running]:\nloam/ui.f({0x1, 0x2})\n\t/home/ada/loam/ui/ui.go:12 +0x1d\ncreated by loam/ui.g in goroutine 7\n\t/x/y.go:1\n")
	f.Add("SIGABRT: abort\nPC=0x1 m=0 sigcode=0\n\ngoroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\n")
	f.Add("[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n")
	f.Fuzz(func(t *testing.T, trace string) {
		if got := Clean(trace, time.Unix(0, 0)); len(got) > maxReport || strings.ContainsAny(got, "\x00\x1b\r\t") {
			t.Fatalf("%q", got)
		}
	})
}
