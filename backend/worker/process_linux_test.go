package worker_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

func TestTheEngineGoesBeforeTheWindowWhenMemoryRunsOut(t *testing.T) {
	for _, open := range []bool{false, true} {
		s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
		s.NoSandbox = open
		c, err := worker.Open(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", c.PID()))
		if err != nil || strings.TrimSpace(string(b)) != "800" {
			t.Errorf("score %q, %v", b, err)
		}
		if pgid, err := syscall.Getpgid(c.PID()); err != nil || pgid != c.PID() {
			t.Errorf("it is in process group %d, Ctrl-C would reach it: %v", pgid, err)
		}
		if full := c.Confinement().Full(); full == open && (open || c.Confinement().Why == "") {
			t.Errorf("no sandbox: %v; %v", open, c.Confinement())
		}
	}
}

// A person's secrets are in the environment of the window. They have no business in the engine's process.
func TestLittleOfTheEnvironmentIsPassedOn(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	t.Setenv("CUDA_VISIBLE_DEVICES", "0")
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
	s.NoSandbox, s.Env = true, []string{"LOAM_TEST=1"}
	c, err := worker.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", c.PID()))
	if os.Geteuid() != 0 && err != nil {
		return // it is not dumpable: nobody but root may look, which is as good
	}
	for _, want := range []string{"GGML_NO_BACKTRACE=1", "CUDA_VISIBLE_DEVICES=0", "LOAM_TEST=1"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is missing in %q, %v", want, b, err)
		}
	}
	if strings.Contains(string(b), "secret") || strings.Contains(string(b), "HOME=") {
		t.Errorf("%q", b)
	}
}
