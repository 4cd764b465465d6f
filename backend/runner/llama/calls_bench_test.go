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
)

// BenchmarkCalls prints what calls of several tokens cost with all their logits, in calls of one (CPU time at one thread, else the
// clock; the best of all runs counts), what a draw takes, and whether the logits are those of single calls. LOAM_BENCH_ENGINE
// and LOAM_BENCH_MODEL as in BenchmarkCPU, LOAM_BENCH_THREADS as elsewhere. A process can load one engine: run it alone.
func BenchmarkCalls(b *testing.B) {
	d, dir := Driver(), plugins(b)
	if os.Getenv("LOAM_BENCH_ENGINE") != Name {
		d, dir = Pack(), dir+"-pack"
	}
	r := engine.LoadRequest{Path: os.Getenv("LOAM_BENCH_MODEL"), PluginDir: dir, Context: 2048, Threads: 1}
	if t, err := strconv.Atoi(os.Getenv("LOAM_BENCH_THREADS")); err == nil {
		r.Threads = t
	}
	if r.Path == "" {
		r.Path = starter(b)
	}
	opened, err := d.OpenChat(b.Context(), r, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	c := opened.(*chat)
	cpu := func(f func()) time.Duration {
		if r.Threads > 1 { // they spin while they wait
			start := time.Now()
			f()
			return time.Since(start)
		}
		before, _ := computed()
		f()
		after, _ := computed()
		return after - before
	}
	eval := func(tokens []int32, all bool) {
		if st := must(c.h.eval(tokens, all)); st != statusOK {
			b.Error("status", st)
		}
	}
	sizes := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 24, 32, 48, 64}
	text := longText(b, c, 512+64)
	for _, start := range []int{100, 500} {
		c.clear()
		if _, err := c.call(text[:start]); err != nil {
			b.Fatal(err)
		}
		rest := text[start : start+64]
		var want [][]float32
		for i := range rest {
			eval(rest[i:i+1], false)
			want = append(want, must(c.h.logits(-1, c.info.Vocab)))
		}
		best := map[int]time.Duration{}
		exact := map[int]bool{}
		draw := time.Duration(1 << 60)
		if err := c.h.beginSampling(must(c.sampling(backend.Sampling{})), text[:start], start); err != nil {
			b.Fatal(err)
		}
		for range 30 {
			for _, n := range sizes {
				c.h.keep(start)
				took := cpu(func() { eval(rest[:n], true) })
				if best[n] == 0 || took < best[n] {
					best[n] = took
				}
				exact[n] = true
				for i := range n {
					exact[n] = exact[n] && slices.Equal(must(c.h.logits(i, c.info.Vocab)), want[i])
				}
			}
			draw = min(draw, cpu(func() {
				if _, _, err := c.h.draw(-1, start+1, 0); err != nil {
					b.Error(err)
				}
			}))
		}
		var line strings.Builder
		for _, n := range sizes {
			fmt.Fprintf(&line, "\n%3d tokens: %8.2f ms = %5.2f single, %.2f a token; exact %v", n, best[n].Seconds()*1e3, best[n].Seconds()/best[1].Seconds(), best[n].Seconds()/best[1].Seconds()/float64(n), exact[n])
		}
		fmt.Printf("%s at %d, a draw %v, variant %s%s\n", c.info.Engine.Engine, start, draw, c.info.Engine.Variant, line.String())
	}
	for b.Loop() { // it was measured above
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
