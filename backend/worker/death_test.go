package worker_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"

	"github.com/google/go-cmp/cmp"
)

func TestDeathsAreUnderstood(t *testing.T) {
	for _, x := range []struct {
		do     enginetest.Mishap
		cause  engine.Cause // in a reply
		load   engine.Cause // while loading
		detail string
	}{
		{enginetest.DoExit, engine.CauseUnknown, engine.CauseUnknown, "exit status 3"},
		{enginetest.DoQuit, engine.CauseUnknown, engine.CauseUnknown, "exit status 0"},
		{enginetest.DoAbort, engine.CauseAssertion, engine.CauseBadFile, "GGML_ASSERT(honest) failed"},
		{enginetest.DoPanic, engine.CauseUnknown, engine.CauseUnknown, "panic: the fake engine panics on purpose"},
		{enginetest.DoPointer, engine.CauseUnknown, engine.CauseBadFile, "SIGSEGV"},
		{enginetest.DoKill, engine.CauseKilled, engine.CauseKilled, "killed"},
		{enginetest.DoMemory, engine.CauseMemory, engine.CauseMemory, "failed to allocate"},
		{enginetest.DoGPU, engine.CauseGPU, engine.CauseGPU, "CUDA error"},
		{enginetest.DoCaught, engine.CauseAssertion, engine.CauseAssertion, "GGML_ASSERT(caught) failed"},
	} {
		t.Run(string(x.do), func(t *testing.T) {
			c := open(t, enginetest.Model{Noise: true, Faults: []enginetest.Trap{{At: enginetest.AtToken, After: 2, Do: x.do}}})
			_, ids, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, nil)
			if len(ids) != 2 {
				t.Errorf("%d tokens arrived before the death, want 2", len(ids))
			}
			checkDeath(t, c, err, x.cause, x.detail)
		})
		t.Run(string(x.do)+" while loading", func(t *testing.T) {
			c, err := worker.Open(t.Context(), enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{
				Faults: []enginetest.Trap{{At: enginetest.AtLoad, After: 5, Do: x.do}},
			})), nil)
			if err == nil {
				c.Close()
			}
			var crashed *engine.Crashed
			if !errors.As(err, &crashed) || crashed.Cause != x.load || !strings.Contains(crashed.Detail, x.detail) {
				t.Errorf("%v: %+v, want %s: ...%s", err, crashed, x.load, x.detail)
			}
		})
	}
}

func checkDeath(t *testing.T, c *worker.Chat, err error, cause engine.Cause, detail string) {
	t.Helper()
	var crashed *engine.Crashed
	if !errors.As(err, &crashed) || crashed.Cause != cause || !strings.Contains(crashed.Detail, detail) || strings.Contains(crashed.Detail, "\n") {
		t.Errorf("%v: %+v, want %s: ...%s", err, crashed, cause, detail)
	}
	<-c.Done()
	var after *engine.Crashed
	if !errors.As(c.Err(), &after) || cmp.Diff(crashed, after) != "" {
		t.Errorf("the engine says it died of %v", c.Err())
	}
	if _, err := c.Tokenize(t.Context(), "x", false); !errors.As(err, &after) {
		t.Errorf("after its death it answers %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestADeathInIdlenessIsNoticed(t *testing.T) {
	c := open(t, enginetest.Model{Length: 2, Faults: []enginetest.Trap{{At: enginetest.AtIdle, Do: enginetest.DoKill}}})
	if _, _, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, nil); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	var crashed *engine.Crashed
	if !errors.As(c.Err(), &crashed) || crashed.Cause != engine.CauseKilled {
		t.Error(c.Err())
	}
}

func TestErrorsThatAreNoDeathsLeaveTheChildAlone(t *testing.T) {
	c := open(t, enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtToken, Do: enginetest.DoError, When: "please"}}})
	if _, _, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "fail please")}, nil); err == nil || err.Error() != "the fake engine fails on purpose" {
		t.Error(err)
	}
	if _, _, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, nil); err != nil {
		t.Error(err)
	}
}

func TestFilesThatCannotBeModelsAreRefusedBeforeAChildStarts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, x := range map[string]struct{ path, reason string }{
		"missing":        {filepath.Join(dir, "missing"), "not there"},
		"empty":          {write("empty", ""), "empty"},
		"folder":         {dir, "folder"},
		"device":         {"/dev/null", "regular"},
		"missing part":   {write("a-00001-of-00002.gguf", "GGUF"), "not there"},
		"dangling link":  {link(t, filepath.Join(dir, "gone"), filepath.Join(dir, "dangling")), "not there"},
		"link to itself": {link(t, filepath.Join(dir, "loop"), filepath.Join(dir, "loop")), "not there"},
	} {
		t.Run(name, func(t *testing.T) {
			s := enginetest.Spec(x.path)
			s.Exe = "/no/such/program"
			if _, err := worker.Open(t.Context(), s, nil); err == nil || !strings.Contains(err.Error(), x.reason) {
				t.Errorf("%v, want ...%s", err, x.reason)
			}
		})
	}
}

func link(t *testing.T, to, name string) string {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestALinkedModelIsFound(t *testing.T) {
	real := enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Script: "Linked."})
	dir := t.TempDir()
	first := link(t, real, filepath.Join(dir, "first"))
	c, err := worker.Open(t.Context(), enginetest.Spec(link(t, first, filepath.Join(dir, "second"))), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if text, _, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, nil); err != nil || text != "Linked." {
		t.Error(text, err)
	}
}

func TestAProgramThatIsGoneIsOneClearError(t *testing.T) {
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
	s.Exe = filepath.Join(t.TempDir(), "loam")
	if _, err := worker.Open(t.Context(), s, nil); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}

func TestAnUnknownEngineIsNoRiddle(t *testing.T) {
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
	s.Engine = "steam"
	var crashed *engine.Crashed
	if _, err := worker.Open(t.Context(), s, nil); !errors.As(err, &crashed) || !strings.Contains(crashed.Detail, `no engine "steam"`) {
		t.Errorf("%v %+v", err, crashed)
	}
}
