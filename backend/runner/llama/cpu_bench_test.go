//go:build linux && !nonative

package llama

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/worker"
)

// userTime is the CPU time that a process has spent outside the kernel: on a busy machine it says more than the clock.
func userTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks, err := strconv.ParseInt(fields[11], 10, 64) // utime, in hundredths of a second
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// cpuChat opens LOAM_BENCH_MODEL, or the starter, in a child with one thread. LOAM_BENCH_ENGINE is "llama-pack" or
// "llama-embedded".
func cpuChat(b *testing.B) *worker.Chat {
	b.Helper()
	name, dir := os.Getenv("LOAM_BENCH_ENGINE"), plugins(b)
	if name == "" {
		name = PackName
	}
	if name == PackName {
		dir += "-pack"
	}
	r := engine.LoadRequest{Path: os.Getenv("LOAM_BENCH_MODEL"), PluginDir: dir, Context: 1024, Threads: 1}
	if r.Path == "" {
		r.Path = starter(b)
	}
	c, err := worker.Open(b.Context(), worker.Spec{Engine: name, Load: r}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

// BenchmarkCPU measures prompts of 160 tokens and replies of 24 by the child's user CPU time; the best of all runs counts.
func BenchmarkCPU(b *testing.B) {
	c := cpuChat(b)
	var prompt []int32
	for i := range int32(160) {
		prompt = append(prompt, 1000+i*7)
	}
	var pp, tg float64
	for i := 0; b.Loop(); i++ {
		prompt[0] = 100 + int32(i) // nothing is taken from the cache
		before := userTime(b, c.PID())
		if _, err := c.Logits(b.Context(), engine.GenerateRequest{Prompt: prompt, Cuts: []int{160}}); err != nil {
			b.Fatal(err)
		}
		middle := userTime(b, c.PID())
		a, err := collect(b.Context(), c, engine.GenerateRequest{Prompt: prompt, Cuts: []int{160}, Sampling: backend.Sampling{MaxTokens: 24, LogitBias: []backend.TokenBias{{ID: 2, Bias: backend.NeverBias}}}}, nil)
		if err != nil {
			b.Fatal(err)
		}
		after := userTime(b, c.PID())
		pp = max(pp, 160/(middle-before).Seconds())
		// The reply begins with the prompt's only call again, whose logits it needs.
		tg = max(tg, float64(len(a.tokens))/max((after-middle)-(middle-before), 10*time.Millisecond).Seconds())
	}
	b.ReportMetric(pp, "prompt-tok/s")
	b.ReportMetric(tg, "reply-tok/s")
}

// BenchmarkSpeculation compares replies with and without guessing by the child's user CPU time, in pairs; the median counts.
func BenchmarkSpeculation(b *testing.B) {
	for _, task := range []struct{ name, prompt string }{
		{"rewrite", rewrite},
		{"open", "<|im_start|>user\nWrite a story about a cat that learns to sail.<|im_end|>\n<|im_start|>assistant\n"},
	} {
		b.Run(task.name, func(b *testing.B) {
			c := cpuChat(b)
			prompt, err := c.Tokenize(b.Context(), task.prompt, true)
			if err != nil {
				b.Fatal(err)
			}
			var gains []float64
			run := func(speculate bool) (time.Duration, []int32) {
				if _, err := c.Logits(b.Context(), engine.GenerateRequest{Prompt: prompt}); err != nil {
					b.Fatal(err)
				}
				before := userTime(b, c.PID())
				a, err := collect(b.Context(), c, engine.GenerateRequest{Prompt: prompt, Speculate: speculate, Sampling: backend.Sampling{MaxTokens: 128}}, nil)
				if err != nil {
					b.Fatal(err)
				}
				took := userTime(b, c.PID()) - before
				b.Logf("%d tokens in %v, %d of %d guesses held", len(a.tokens), took, a.result.Usage.Confirmed, a.result.Usage.Drafted)
				return took, a.tokens
			}
			for range 3 {
				run(true) // proves the sizes of calls
			}
			for b.Loop() {
				plain, want := run(false)
				guessed, got := run(true)
				if !slices.Equal(want, got) {
					b.Fatal("speculation changed the text")
				}
				gains = append(gains, plain.Seconds()/guessed.Seconds())
			}
			slices.Sort(gains)
			b.ReportMetric(gains[len(gains)/2], "gain")
		})
	}
}
