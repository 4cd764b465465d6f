//go:build linux

package residency

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

// TestKillStorm kills the child at random moments, from its start to the end of a reply, and asks on. Every request must
// end, with a reply or with an error that says it was a kill; what comes next must work; nothing may be left behind.
func TestKillStorm(t *testing.T) {
	kills := 50
	if os.Getenv("LOAM_STORM") == "full" {
		kills = 500
	}
	before := leftovers(t)
	m := New(Deps{Spec: func(n Need) (worker.Spec, error) { return enginetest.Spec(n.Model.Path), nil }})
	need := Need{Model: backend.Model{ID: 1, Name: "storm", Path: enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Length: 40, TokenMS: 1, Noise: true})}}
	rng := rand.New(rand.NewPCG(1, 500))
	var whole []int32
	outcomes := map[string]int{}
	for n := 0; n < kills; n++ {
		if outcomes["gave up"] > kills {
			t.Fatal(outcomes)
		}
		delay := time.Duration(rng.Int64N(int64(120 * time.Millisecond)))
		var wg sync.WaitGroup
		wg.Go(func() { // ends after its one shot
			time.Sleep(delay) // the moment is the point: nothing is waited for
			for pid := range children(t) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
		ids, err := request(t, m, need)
		wg.Wait()
		outcome := check(t, ids, err, &whole)
		outcomes[outcome]++
		if outcome == "gave up" {
			m.Retry()
		}
	}
	t.Log(outcomes)
	if outcomes["killed"]+outcomes["gave up"] == 0 {
		t.Error("no shot hit anything")
	}
	m.Retry()
	for range 3 { // a shot that hit nobody's request leaves one death to be found
		if _, err := request(t, m, need); err == nil {
			break
		}
	}
	if ids, err := request(t, m, need); err != nil || len(ids) != 40 {
		t.Errorf("after the storm: %d tokens, %v", len(ids), err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if after := leftovers(t); after != before {
		t.Errorf("left behind: %v, before %v", after, before)
	}
}

func request(t *testing.T, m *Manager, n Need) ([]int32, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a hang takes that long
	defer cancel()
	c, release, err := m.Acquire(ctx, n)
	if err != nil {
		return nil, err
	}
	defer release()
	var ids []int32
	_, err = c.Generate(ctx, engine.GenerateRequest{Prompt: []int32{256, 300, 301}, Sampling: backend.Sampling{Temperature: 1, Seed: 7}}, func(e engine.Event) error {
		if k, ok := e.(engine.Token); ok {
			ids = append(ids, k.ID)
		}
		return nil
	})
	if ctx.Err() != nil {
		t.Error("a request hung")
	}
	return ids, err
}

// check says how a request ended. Whatever arrived must be the beginning of the one true reply.
func check(t *testing.T, ids []int32, err error, whole *[]int32) string {
	t.Helper()
	if err == nil && *whole == nil {
		*whole = ids
	}
	if w := *whole; w != nil && (len(ids) > len(w) || fmt.Sprint(ids) != fmt.Sprint(w[:len(ids)])) {
		t.Errorf("%v is not how %v begins", ids, w)
	}
	var c *engine.Crashed
	switch {
	case err == nil && len(ids) == 40:
		return "reply"
	case errors.As(err, &c) && c.GaveUp:
		return "gave up"
	case errors.As(err, &c) && c.Cause == engine.CauseKilled:
		return "killed"
	}
	t.Errorf("%d tokens, %v", len(ids), err)
	return "wrong"
}

// children are the processes that this one has started, with their states.
func children(t *testing.T) map[int]string {
	t.Helper()
	found := map[int]string{}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks { // a child hangs under the thread that started it
		b, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		for _, f := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				continue
			}
			stat, _ := os.ReadFile("/proc/" + f + "/stat")
			_, state, _ := strings.Cut(string(stat), ") ")
			found[pid] = state[:min(1, len(state))]
		}
	}
	return found
}

// left is what a process must not gather.
type left struct{ Goroutines, Files, Children int }

func leftovers(t *testing.T) left {
	t.Helper()
	var l left
	for range 200 { // goroutines that have said their last word need a moment to be gone
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		now := left{runtime.NumGoroutine(), len(files), len(children(t))}
		if now == l {
			return l
		}
		l = now
		time.Sleep(10 * time.Millisecond)
	}
	return l
}
