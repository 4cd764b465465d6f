package worker

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loam/backend/engine"
	"loam/backend/wire"
)

// FuzzChildOutput feeds the parent's side whatever a child might say: every method must end, with an error or without,
// and take no more memory than a frame may.
func FuzzChildOutput(f *testing.F) {
	say := func(write func(w *wire.Writer)) []byte {
		var b bytes.Buffer
		write(wire.NewWriter(&b))
		return b.Bytes()
	}
	f.Add(uint8(0), []byte{})
	f.Add(uint8(0), say(func(w *wire.Writer) {
		_ = w.JSON(wire.KindEvent, wire.Event{Type: wire.EventToken, Body: json.RawMessage(`{"id":1,"text":"a"}`)})
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 1, Body: json.RawMessage(`{"stop":"end"}`)})
	}))
	f.Add(uint8(1), say(func(w *wire.Writer) {
		_ = w.Bytes(wire.KindData, make([]byte, 12))
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 1})
	}))
	f.Add(uint8(3), say(func(w *wire.Writer) {
		_ = w.Bytes(wire.KindWant, nil)
		_ = w.JSON(wire.KindReply, wire.Reply{ID: 1, Fault: json.RawMessage(`{"code":"crashed","cause":"gpu fault"}`)})
	}))
	f.Add(uint8(4), say(func(w *wire.Writer) {
		_ = w.JSON(wire.KindEvent, wire.Event{Type: wire.EventLoad, Body: json.RawMessage(`1e999`)})
	}))
	f.Fuzz(func(t *testing.T, method uint8, said []byte) {
		p := &process{
			spec: Spec{CancelGrace: time.Hour, CloseGrace: time.Hour}, r: wire.NewReader(bytes.NewReader(said)), w: wire.NewWriter(io.Discard),
			words: &lastWords{}, end: func() error { return nil }, turn: make(chan struct{}, 1), done: make(chan struct{}),
		}
		dead := make(chan struct{}) // the child of this test is dead as soon as somebody waits for its end
		p.done = dead
		c := &Chat{p: p, info: engine.Info{Vocab: 2}}
		ended := make(chan struct{})
		go func() { // ends with the method
			defer close(ended)
			use(t, c, method)
		}()
		time.AfterFunc(time.Millisecond, func() { close(dead) })
		<-ended
	})
}

func use(t *testing.T, c *Chat, method uint8) {
	ctx := t.Context()
	switch method % 6 {
	case 0:
		_, _ = c.Generate(ctx, engine.GenerateRequest{Prompt: []int32{1}}, func(engine.Event) error { return nil })
	case 1:
		if v, err := c.Logits(ctx, engine.GenerateRequest{Prompt: []int32{1}}); err == nil && len(v) > c.info.Vocab {
			t.Errorf("%d logits of a vocabulary of %d", len(v), c.info.Vocab)
		}
	case 2:
		_ = c.SaveState(ctx, io.Discard)
	case 3:
		_ = c.LoadState(ctx, strings.NewReader("state"))
	case 4:
		on := handlers{event: func(e wire.Event) error { return loading(e, nil) }}
		_ = c.p.ask(ctx, wire.OpOpen, c.p.spec.Load, on, &c.info)
	case 5:
		_, _ = c.Tokenize(ctx, "x", false)
	}
}

func TestLastWordsKeepBothEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l lastWords
		var all strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "writes") {
			p := strings.Repeat(rapid.StringMatching(`[a-z]{1,9}`).Draw(t, "word"), rapid.IntRange(0, 2000).Draw(t, "times"))
			all.WriteString(p)
			if n, err := l.Write([]byte(p)); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		}
		s, want := l.String(), all.String()
		if len(want) <= 2*keep && s != want {
			t.Fatalf("%d bytes of %d were kept, all fit", len(s), len(want))
		}
		if len(want) > 2*keep && (!strings.HasPrefix(s, want[:keep]) || !strings.HasSuffix(s, want[len(want)-keep:]) || len(s) > 2*keep+20) {
			t.Fatalf("the ends of %d bytes were lost: %d kept", len(want), len(s))
		}
		l.mark()
		if s := l.String(); s != "" {
			t.Fatal(s)
		}
	})
}

func TestSignalsOfRealProcessesAreUnderstood(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no signals")
	}
	for _, x := range []struct {
		script    string
		words     string
		loading   bool
		oomKilled bool
		want      engine.Cause
	}{
		{script: "kill -KILL $$", want: engine.CauseKilled},
		{script: "kill -KILL $$", oomKilled: true, want: engine.CauseMemory},
		{script: "kill -KILL $$", loading: true, want: engine.CauseKilled},
		{script: "kill -TERM $$", want: engine.CauseKilled},
		{script: "kill -ABRT $$", want: engine.CauseAssertion},
		{script: "kill -ABRT $$", loading: true, want: engine.CauseBadFile},
		{script: "kill -ABRT $$", words: "loam-chat abort: out of memory", loading: true, want: engine.CauseMemory},
		{script: "kill -ABRT $$", words: "terminate called after throwing an instance of 'std::bad_alloc'", want: engine.CauseMemory},
		{script: "kill -ABRT $$", words: "terminate called after throwing an instance of 'vk::DeviceLostError'\n  what(): vk::Queue::submit: ErrorDeviceLost", want: engine.CauseGPU},
		{script: "kill -SEGV $$", want: engine.CauseUnknown},
		{script: "kill -SEGV $$", loading: true, want: engine.CauseBadFile},
		{script: "kill -FPE $$", loading: true, want: engine.CauseBadFile},
		{script: "kill -BUS $$", want: engine.CauseBadFile},
		{script: "exit 2", words: "fatal error: runtime: out of memory", want: engine.CauseMemory},
		{script: "exit 2", words: "CUDA error: out of memory", want: engine.CauseMemory},
		{script: "exit 71", words: "loam engine process: confine: landlock: argument", want: engine.CauseUnknown},
		{script: "exit 0", want: engine.CauseUnknown},
	} {
		t.Run(x.script+" "+x.words, func(t *testing.T) {
			c := exec.CommandContext(t.Context(), "/bin/sh", "-c", x.script)
			err := c.Run()
			got := classify(remains{state: c.ProcessState, err: err, words: x.words, loading: x.loading, oomKilled: x.oomKilled})
			if got.Cause != x.want || !strings.Contains(got.Detail, strings.SplitN(x.words, "\n", 2)[0]) {
				t.Errorf("%+v, want %s", got, x.want)
			}
		})
	}
}
