package worker_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

// open starts a child with a fake model.
func open(t *testing.T, m enginetest.Model) *worker.Chat {
	t.Helper()
	c, err := worker.Open(t.Context(), enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), m)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func tokens(t *testing.T, c engine.Chat, text string) []int32 {
	t.Helper()
	ids, err := c.Tokenize(t.Context(), text, true)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// say asks for a reply and collects its text. each is called with every token; nil = nothing to do.
func say(ctx context.Context, c engine.Chat, r engine.GenerateRequest, each func(n int)) (string, []int32, engine.Result, error) {
	var text strings.Builder
	var ids []int32
	res, err := c.Generate(ctx, r, func(e engine.Event) error {
		if k, ok := e.(engine.Token); ok {
			text.WriteString(k.Text)
			ids = append(ids, k.ID)
			if each != nil {
				each(len(ids))
			}
		}
		return nil
	})
	return text.String() + res.Text, ids, res, err
}

func TestAReplyComesThroughTheChild(t *testing.T) {
	c := open(t, enginetest.Model{Script: "Hello é 語 🙃 there.", Noise: true})
	text, ids, res, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text != "Hello é 語 🙃 there." || res.Stop != backend.StopEnd || res.Usage.ReplyTokens != len(ids) {
		t.Errorf("%q %+v", text, res)
	}
	if i := c.Info(); i.Engine.Engine != enginetest.Name || i.MemoryBytes <= 0 || i.LoadSeconds <= 0 {
		t.Errorf("%+v", i)
	}
}

func TestLoadingShowsProgress(t *testing.T) {
	var seen []float32
	c, err := worker.Open(t.Context(), enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{})), func(done float32) { seen = append(seen, done) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(seen) < 3 || seen[0] != 0 || seen[len(seen)-1] != 1 {
		t.Error(seen)
	}
}

func TestDevicesAreProbedInAChild(t *testing.T) {
	p, err := worker.Probe(t.Context(), enginetest.Spec(""))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Devices) != 1 || p.Devices[0].Name != "CPU" || p.Engine.Engine != enginetest.Name {
		t.Errorf("%+v", p)
	}
	if !p.Confinement.Full() && p.Confinement.Why == "" {
		t.Errorf("%+v", p.Confinement)
	}
}

func TestAnotherBuildIsNoticed(t *testing.T) {
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
	s.BuildID = "another one"
	if _, err := worker.Open(t.Context(), s, nil); !errors.Is(err, engine.ErrOtherBuild) {
		t.Error(err)
	}
}

func TestCloseEndsEveryRequest(t *testing.T) {
	c := open(t, enginetest.Model{Endless: true, TokenMS: 5})
	p := tokens(t, c, "hi")
	began := make(chan struct{})
	ended := make(chan error)
	go func() {
		_, _, _, err := say(context.WithoutCancel(t.Context()), c, engine.GenerateRequest{Prompt: p}, func(n int) {
			if n == 3 {
				close(began)
			}
		})
		ended <- err
	}()
	<-began
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, engine.ErrClosed) {
		t.Error(err)
	}
	if _, err := c.Tokenize(t.Context(), "x", false); !errors.Is(err, engine.ErrClosed) {
		t.Error(err)
	}
	<-c.Done()
	if err := c.Err(); err != nil {
		t.Error("a closed engine did not crash: ", err)
	}
}

func TestStopEndsTheReplyAndTheChildGoesOn(t *testing.T) {
	c := open(t, enginetest.Model{Endless: true, TokenMS: 2})
	p := tokens(t, c, "hi")
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		_, ids, res, err := say(ctx, c, engine.GenerateRequest{Prompt: p}, func(n int) {
			if n == 5 {
				cancel()
			}
		})
		if err != nil || res.Stop != backend.StopCancel || len(ids) < 5 {
			t.Error(err, res, len(ids))
		}
		cancel()
	}
	if err := c.Err(); err != nil {
		t.Error(err)
	}
}

func TestAChildThatIgnoresAStopIsKilled(t *testing.T) {
	for _, do := range []enginetest.Mishap{enginetest.DoHang, enginetest.DoFreeze} {
		t.Run(string(do), func(t *testing.T) {
			s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtToken, After: 4, Do: do}}}))
			s.CancelGrace = 50 * time.Millisecond
			c, err := worker.Open(t.Context(), s, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			p := tokens(t, c, "hi")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, ids, res, err := say(ctx, c, engine.GenerateRequest{Prompt: p}, func(n int) {
				if n == 4 {
					cancel()
				}
			})
			if err != nil || res.Stop != backend.StopCancel || len(ids) != 4 || res.Usage.ReplyTokens != 4 {
				t.Error(err, res, ids)
			}
			<-c.Done()
			var crashed *engine.Crashed
			if _, err := c.Tokenize(t.Context(), "x", false); !errors.As(err, &crashed) || crashed.Cause != engine.CauseHang {
				t.Error(err)
			}
		})
	}
}

func TestAChildThatIsStuckIsKilledUnasked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells whether a process does anything: /proc")
	}
	for _, do := range []enginetest.Mishap{enginetest.DoHang, enginetest.DoFreeze} {
		t.Run(string(do), func(t *testing.T) {
			s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtToken, After: 4, Do: do}}}))
			s.Silence = 800 * time.Millisecond
			c, err := worker.Open(t.Context(), s, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, ids, _, err := say(t.Context(), c, engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, func(int) {})
			var crashed *engine.Crashed
			if !errors.As(err, &crashed) || crashed.Cause != engine.CauseHang || len(ids) != 4 {
				t.Error(err, ids)
			}
		})
	}
}

func TestCloseKillsAFrozenChild(t *testing.T) {
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtRender, Do: enginetest.DoFreeze}}}))
	s.CloseGrace = 50 * time.Millisecond
	s.CancelGrace = time.Hour
	c, err := worker.Open(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := c.Render(context.WithoutCancel(t.Context()), engine.RenderRequest{})
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatal("it answered: ", err)
	case <-time.After(100 * time.Millisecond): // it is frozen by now, or will be: both end the same
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, engine.ErrClosed) {
		t.Error(err)
	}
}

func TestABrokenReaderStopsTheReply(t *testing.T) {
	c := open(t, enginetest.Model{Endless: true})
	enough := errors.New("enough")
	n := 0
	_, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: tokens(t, c, "hi")}, func(engine.Event) error {
		if n++; n == 10 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 10 {
		t.Error(err, n)
	}
	if got := tokens(t, c, "still here"); len(got) == 0 {
		t.Error("the child is gone")
	}
}
