//go:build !nonative

package llama

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

// A process computes with one CPU variant, so variants are compared by runs of their own:
//
//	LOAM_BENCH_VARIANT=static go test -trimpath -tags migrated_fynedo -run '^$' -bench . ./backend/runner/llama
//
// LOAM_BENCH_MODEL names another model, LOAM_BENCH_THREADS the number of threads (default: the program's own choice).
func benchChat(b *testing.B) *chat {
	r := engine.LoadRequest{Path: os.Getenv("LOAM_BENCH_MODEL"), PluginDir: plugins(b), Context: 1024, Variant: os.Getenv("LOAM_BENCH_VARIANT")}
	if r.Path == "" {
		r.Path = starter(b)
	}
	r.Threads, _ = strconv.Atoi(os.Getenv("LOAM_BENCH_THREADS"))
	c, err := Driver().OpenChat(b.Context(), r, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	e := c.Info().Engine
	b.Logf("variant %s, %d threads", e.Variant, e.Threads)
	return c.(*chat)
}

// BenchmarkPrompt evaluates prompts of 512 tokens from an empty cache.
func BenchmarkPrompt(b *testing.B) {
	c := benchChat(b)
	prompt := longText(b, c, 512)
	for b.Loop() {
		c.clear()
		logits(b, c, engine.GenerateRequest{Prompt: prompt, Cuts: []int{512}})
	}
	b.ReportMetric(float64(512*b.N)/b.Elapsed().Seconds(), "tok/s")
}

// BenchmarkPromptInSmallCalls is BenchmarkPrompt as larger models are evaluated on a CPU.
func BenchmarkPromptInSmallCalls(b *testing.B) {
	c := benchChat(b)
	prompt := longText(b, c, 512)
	for b.Loop() {
		c.clear()
		logits(b, c, engine.GenerateRequest{Prompt: prompt, Cuts: slices.Repeat([]int{64}, 8)})
	}
	b.ReportMetric(float64(512*b.N)/b.Elapsed().Seconds(), "tok/s")
}

// BenchmarkStop cancels the evaluation of a prompt in its middle and measures until Generate is back.
func BenchmarkStop(b *testing.B) {
	c := benchChat(b)
	prompt := longText(b, c, 512)
	var worst, sum time.Duration
	for b.Loop() {
		c.clear()
		ctx, cancel := context.WithCancel(b.Context())
		var at time.Time
		timer := time.AfterFunc(300*time.Millisecond, func() {
			at = time.Now()
			cancel()
		})
		result, err := c.Generate(ctx, engine.GenerateRequest{Prompt: prompt, Cuts: []int{512}}, func(engine.Event) error { return nil })
		if err != nil || result.Stop != backend.StopCancel {
			b.Fatal(result, err)
		}
		took := time.Since(at)
		timer.Stop()
		sum, worst = sum+took, max(worst, took)
	}
	b.ReportMetric(float64(sum.Microseconds())/1e3/float64(b.N), "ms/stop")
	b.ReportMetric(float64(worst.Microseconds())/1e3, "ms/worst")
}

// BenchmarkGeneration draws replies of 64 tokens through the default sampler chain.
func BenchmarkGeneration(b *testing.B) {
	c := benchChat(b)
	s := backend.DefaultSampling()
	s.Seed, s.MaxTokens = 1, 64
	r := engine.GenerateRequest{Prompt: longText(b, c, 32), Sampling: s}
	tokens := 0
	var seconds float64
	for b.Loop() {
		a := generate(b, c, r)
		tokens += len(a.tokens)
		seconds += a.result.Usage.ReplyTime.Seconds()
	}
	b.ReportMetric(float64(tokens)/seconds, "tok/s")
}

// BenchmarkOpen loads the model and closes it.
func BenchmarkOpen(b *testing.B) {
	r := engine.LoadRequest{Path: starter(b), PluginDir: plugins(b), Context: 1024, Threads: 1}
	for b.Loop() {
		c, err := Driver().OpenChat(b.Context(), r, nil)
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
