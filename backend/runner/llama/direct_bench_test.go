//go:build linux && !nonative

package llama

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/worker"
)

// speed is in tokens per second of user CPU time.
type speed struct{ Prompt, Reply float64 }

// direct measures with the C++ program.
func direct(b *testing.B, program, model string, prompt, reply int) speed {
	b.Helper()
	args := []string{filepath.Dir(program), model, strconv.Itoa(prompt), strconv.Itoa(reply), "1", "1"}
	out, err := exec.CommandContext(b.Context(), program, args...).Output()
	if err != nil {
		b.Fatalf("%v: %v", args, err)
	}
	var s speed
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			b.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	return s
}

// through measures in a confined child, as the program does: with sampling, text and pipe.
func through(b *testing.B, name, model string, prompt, reply int) speed {
	b.Helper()
	dir := plugins(b)
	if name == PackName {
		dir += "-pack"
	}
	c, err := worker.Open(b.Context(), worker.Spec{Engine: name, Load: engine.LoadRequest{Path: model, PluginDir: dir, Context: 1024, Threads: 1}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	tokens := make([]int32, prompt)
	var s speed
	for i := range 2 { // the first time reads the weights from the disk
		for k := range tokens {
			tokens[k] = int32(1000 + 7*k + i)
		}
		begin := userTime(b, c.PID())
		if _, err := c.Logits(b.Context(), engine.GenerateRequest{Prompt: tokens}); err != nil {
			b.Fatal(err)
		}
		middle := userTime(b, c.PID())
		never := []backend.TokenBias{{ID: 2, Bias: backend.NeverBias}} // the reply's end
		a, err := collect(b.Context(), c, engine.GenerateRequest{Prompt: tokens[:2], Sampling: backend.Sampling{MaxTokens: reply, LogitBias: never}}, nil)
		if err != nil {
			b.Fatal(err)
		}
		s = speed{float64(prompt) / (middle - begin).Seconds(), float64(len(a.tokens)) / (userTime(b, c.PID()) - middle).Seconds()}
	}
	return s
}

// BenchmarkAgainstDirect measures both engines and a C++ program that drives a native build of llama.cpp
// (packaging/native/chatbench/build.sh says how) in turns, one thread each. Ratios of processor time hold on a busy machine,
// too; each is the median over pairs. LOAM_PAIRS is how many.
func BenchmarkAgainstDirect(b *testing.B) {
	program := os.Getenv("LOAM_DIRECT")
	if program == "" {
		b.Skip("SKIP: LOAM_DIRECT does not name the program of packaging/native/chatbench/build.sh")
	}
	pairs, _ := strconv.Atoi(os.Getenv("LOAM_PAIRS"))
	pairs = max(pairs, 3)
	dir := b.TempDir()
	for _, x := range []struct {
		name, model   string
		prompt, reply int
	}{
		{"smollm2", starter(b), 512, 96},
		{"billion-q4_0", modelfiletest.Billion(modelfiletest.Q4_0).WriteSparse(b, dir, "q4_0.gguf"), 512, 24},
		{"billion-q4_k", modelfiletest.Billion(modelfiletest.Q4K).WriteSparse(b, dir, "q4_k.gguf"), 512, 24},
	} {
		b.Run(x.name, func(b *testing.B) {
			ratios := map[string][]float64{}
			add := func(unit string, v float64) { ratios[unit] = append(ratios[unit], v) }
			for range b.N * pairs {
				d := direct(b, program, x.model, x.prompt, x.reply)
				add("direct-prompt-tok/s", d.Prompt)
				add("direct-reply-tok/s", d.Reply)
				for _, name := range []string{PackName, Name} {
					s := through(b, name, x.model, x.prompt, x.reply)
					add(fmt.Sprintf("%s-prompt", name), s.Prompt/d.Prompt)
					add(fmt.Sprintf("%s-reply", name), s.Reply/d.Reply)
				}
			}
			for unit, list := range ratios {
				slices.Sort(list)
				b.ReportMetric(list[len(list)/2], unit)
			}
		})
	}
}
