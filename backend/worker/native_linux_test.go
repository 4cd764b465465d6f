//go:build cgo

package worker_test

import (
	"context"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/runner/sandbox/probe"
	"loam/backend/worker"
)

// nativeDrivers die as only native code can.
var nativeDrivers = []engine.Engine{nativeDriver{enginetest.Driver()}}

// nativeDriver is the fake engine whose replies end natively: the first token of the prompt says how.
type nativeDriver struct{ engine.Driver }

const (
	nativeAbort int32 = 1 + iota
	nativeAbortThread
	nativeWildRead
	nativeWildReadThread
	nativeFileGone
)

func (nativeDriver) Name() string { return "native" }

func (d nativeDriver) OpenChat(ctx context.Context, r engine.LoadRequest, p engine.Progress) (engine.Chat, error) {
	c, err := d.Driver.OpenChat(ctx, r, p)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(r.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	weights, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return nativeChat{c, weights}, nil
}

type nativeChat struct {
	engine.Chat
	weights []byte
}

func (c nativeChat) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	switch r.Prompt[0] {
	case nativeAbort, nativeAbortThread:
		probe.Abort(r.Prompt[0] == nativeAbortThread)
	case nativeWildRead, nativeWildReadThread:
		probe.WildRead(r.Prompt[0] == nativeWildReadThread)
	case nativeFileGone:
		r.Prompt = []int32{int32(c.weights[0])}
	}
	return c.Chat.Generate(ctx, r, emit)
}

func TestNativeDeathsAreUnderstood(t *testing.T) {
	for _, x := range []struct {
		name   string
		how    int32
		cause  engine.Cause
		detail string
	}{
		{"abort", nativeAbort, engine.CauseAssertion, "GGML_ASSERT(x) failed"},
		{"abort on a native thread", nativeAbortThread, engine.CauseAssertion, "GGML_ASSERT(x) failed"},
		{"bad pointer", nativeWildRead, engine.CauseUnknown, "SIGSEGV"},
		{"bad pointer on a native thread", nativeWildReadThread, engine.CauseUnknown, "segmentation fault"},
		{"the model file was cut", nativeFileGone, engine.CauseBadFile, "SIGBUS"},
	} {
		t.Run(x.name, func(t *testing.T) {
			path := enginetest.WriteModel(t, t.TempDir(), enginetest.Model{})
			s := enginetest.Spec(path)
			s.Engine = "native"
			c, err := worker.Open(t.Context(), s, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
			_, _, _, err = say(t.Context(), c, engine.GenerateRequest{Prompt: []int32{x.how}}, nil)
			checkDeath(t, c, err, x.cause, x.detail)
		})
	}
}
