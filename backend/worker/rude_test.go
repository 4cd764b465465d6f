package worker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/wire"
	"loam/backend/worker"
)

const (
	envRude   = "WORKER_TEST_RUDE"
	envParent = "WORKER_TEST_PARENT"
)

// TestMain is also every child these tests start: a good one, a rude one, and a parent that is about to be killed.
func TestMain(m *testing.M) {
	if how := os.Getenv(envRude); how != "" {
		rude(how)
		os.Exit(0)
	}
	if model := os.Getenv(envParent); model != "" {
		parent(model)
	}
	enginetest.Main(m, nativeDrivers...)
}

// rude is a child that does not keep to the wire.
func rude(how string) {
	w := wire.NewWriter(os.NewFile(4, "replies"))
	hello := func() {
		id, err := wire.BuildID()
		if err != nil {
			panic(err)
		}
		if err := w.JSON(wire.KindHello, wire.Hello{Build: id, Engine: enginetest.Name}); err != nil {
			panic(err)
		}
	}
	wait := func() { time.Sleep(time.Hour) }
	switch how {
	case "silent":
		wait()
	case "noise":
		os.NewFile(4, "replies").Write([]byte(strings.Repeat("\xff\x00noise", 1000)))
		wait()
	case "odd hello":
		_ = w.Bytes(wire.KindHello, []byte("[]"))
		wait()
	case "noise after hello":
		hello()
		os.NewFile(4, "replies").Write([]byte("\x01\x00\x00\x00\x63what"))
		wait()
	case "wrong reply":
		hello()
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 99})
		wait()
	case "reply that is not JSON":
		hello()
		_ = w.Bytes(wire.KindReply, []byte("{"))
		wait()
	case "data that nobody asked for":
		hello()
		_ = w.Bytes(wire.KindData, []byte("data"))
		wait()
	case "too few vectors", "too many vectors", "vectors of nothing", "vectors without end":
		hello()
		dims := 2
		if how == "vectors without end" {
			dims = 1 << 30
		}
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 1, Body: fmt.Appendf(nil, `{"dims":%d,"tokens":8}`, dims)})
		_ = w.Bytes(wire.KindData, make([]byte, map[string]int{"too few vectors": 4, "too many vectors": 16, "vectors of nothing": 8}[how]))
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 2, Body: []byte(`{"tokens":[1]}`)})
		wait()
	case "closed pipe":
		hello()
		os.NewFile(4, "replies").Close()
		wait()
	case "half a frame":
		hello()
		os.NewFile(4, "replies").Write([]byte{200, 0, 0, 0, byte(wire.KindReply), '{'})
		os.Exit(1)
	}
}

func TestARudeChildIsShownTheDoor(t *testing.T) {
	for how, other := range map[string]bool{ // other: taken for another build of the program
		"silent": false, "noise": true, "odd hello": true, "noise after hello": false, "wrong reply": false,
		"reply that is not JSON": false, "data that nobody asked for": false, "closed pipe": false, "half a frame": false,
	} {
		t.Run(how, func(t *testing.T) {
			s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
			s.Env = []string{envRude + "=" + how}
			s.StartTimeout, s.CloseGrace = 2*time.Second, 50*time.Millisecond
			c, err := worker.Open(t.Context(), s, nil)
			if err == nil {
				c.Close()
			}
			var crashed *engine.Crashed
			if other && !errors.Is(err, engine.ErrOtherBuild) || !other && !errors.As(err, &crashed) {
				t.Errorf("%T %v", err, err)
			}
			if strings.Contains(fmt.Sprint(err), "\n") {
				t.Errorf("%q", err)
			}
		})
	}
}

func TestARudeChildEmbedsNothing(t *testing.T) {
	for _, how := range []string{"too few vectors", "too many vectors", "vectors of nothing", "vectors without end"} {
		s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
		s.Env = []string{envRude + "=" + how}
		s.StartTimeout, s.CloseGrace = 10*time.Second, 50*time.Millisecond
		e, err := worker.OpenEmbedder(t.Context(), s, nil)
		if err == nil {
			var out engine.Embedded
			out, err = e.Embed(t.Context(), []string{"a"})
			if err == nil {
				t.Errorf("%s: %v is believed", how, out)
			}
			e.Close()
		}
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestStartingCanBeCancelled(t *testing.T) {
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{}))
	s.Env = []string{envRude + "=silent"}
	s.CloseGrace = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := worker.Open(ctx, s, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestLoadingCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), enginetest.Model{LoadMS: 3_600_000}))
	if _, err := worker.Open(ctx, s, func(float32) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// parent starts an engine, says which process it is, and keeps it busy until it is killed.
func parent(model string) {
	c, err := worker.Open(context.Background(), enginetest.Spec(model), nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.PID())
	_, err = c.Generate(context.Background(), engine.GenerateRequest{Prompt: []int32{256}}, func(engine.Event) error { return nil })
	fmt.Println(err)
	os.Exit(1)
}

func TestAChildDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	for name, m := range map[string]enginetest.Model{
		"while it talks":    {Endless: true, TokenMS: 1},
		"while it computes": {Faults: []enginetest.Trap{{At: enginetest.AtToken, Do: enginetest.DoHang}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := exec.CommandContext(t.Context(), "/proc/self/exe")
			p.Env = append(os.Environ(), envParent+"="+enginetest.WriteModel(t, t.TempDir(), m))
			out, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			if _, err := fmt.Fscan(out, &pid); err != nil {
				t.Fatal(err)
			}
			if gone(pid) {
				t.Fatal("the child does not run")
			}
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait()
			for i := 0; !gone(pid); i++ {
				if i == 1000 {
					t.Fatal("the child outlives its parent")
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

func gone(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, state, _ := strings.Cut(string(b), ") ")
	return err != nil || strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}
