package worker_test

import (
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

// BenchmarkToken is what one token costs in this process and through a child: the difference is the price of the pipe.
func BenchmarkToken(b *testing.B) {
	path := enginetest.WriteModel(b, b.TempDir(), enginetest.Model{Context: 1 << 20, Endless: true})
	load := engine.LoadRequest{Path: path, Context: 1 << 20}
	run := func(b *testing.B, c engine.Chat) {
		defer c.Close()
		r := engine.GenerateRequest{Prompt: []int32{256, 300}, Sampling: backend.Sampling{MaxTokens: 400}}
		for left := b.N; left > 0; left -= r.Sampling.MaxTokens {
			r.Sampling.MaxTokens = min(left, 400)
			if _, err := c.Generate(b.Context(), r, func(engine.Event) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("here", func(b *testing.B) {
		c, err := enginetest.Driver().OpenChat(b.Context(), load, nil)
		if err != nil {
			b.Fatal(err)
		}
		run(b, c)
	})
	b.Run("child", func(b *testing.B) {
		s := enginetest.Spec(path)
		s.Load = load
		c, err := worker.Open(b.Context(), s, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		run(b, c)
	})
}

// BenchmarkStart is a child's whole life: two starts of the program, the sandbox, a tiny model, the end.
func BenchmarkStart(b *testing.B) {
	s := enginetest.Spec(enginetest.WriteModel(b, b.TempDir(), enginetest.Model{}))
	for b.Loop() {
		c, err := worker.Open(b.Context(), s, nil)
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
