package hardware

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"loam/backend"
)

var (
	smol = backend.Model{
		Name: "SmolLM2 135M Instruct", Quant: "Q4_1", SizeBytes: 98_362_432, ContextLength: 8192, Starter: true,
		Shape: backend.ModelShape{Layers: 30, Embedding: 576, Heads: 9, HeadsKV: 3, KeyLen: 64, ValueLen: 64, Vocab: 49152},
	}
	billion = backend.Model{
		Name: "one billion", Quant: "Q4_0", SizeBytes: 686_000_000, ContextLength: 8192,
		Shape: backend.ModelShape{Layers: 22, Embedding: 2048, Heads: 32, HeadsKV: 4, KeyLen: 64, ValueLen: 64, Vocab: 49152},
	}
)

func TestForecastAgreesWithMeasurements(t *testing.T) {
	for name, tc := range map[string]struct {
		got, want int64
		within    float64
	}{
		"KV of 4,096 tokens of SmolLM2":              {Forecast(smol, 4096, Machine{}).KV, 94_000_000, 0.01},
		"half of it with q8_0, and the scales":       {ForecastLoad(Load{Model: smol, Context: 4096, KVType: "q8_0"}, Machine{}).KV, 50_135_040, 0},
		"weights of Q4_1, which REPACK leaves alone": {Forecast(smol, 4096, Machine{}).Weights, 98_362_432, 0},
		"copy of Q4_0 weights by REPACK":             {Forecast(billion, 512, Machine{}).Weights - billion.SizeBytes, 1413e6 - 907e6, 0.05},
		"weights of Q4_0 without REPACK":             {ForecastLoad(Load{Model: billion}, Machine{}).Weights, billion.SizeBytes, 0},
		"all of SmolLM2 with 1,024 tokens":           {Forecast(smol, 1024, Machine{}).Total, 199_000_000, 0.1},
		"all of SmolLM2 with 4,096 tokens":           {Forecast(smol, 4096, Machine{}).Total, 271_000_000, 0.1},
		"all of SmolLM2 with 8,192 tokens":           {Forecast(smol, 8192, Machine{}).Total, 369_000_000, 0.1},
		"all of one billion Q4_0, 8,192 tokens":      {Forecast(billion, 8192, Machine{}).Total, 1_413_000_000, 0.1},
		"the same without REPACK":                    {ForecastLoad(Load{Model: billion, Context: 8192}, Machine{}).Total, 907_000_000, 0.1},
	} {
		if diff := math.Abs(float64(tc.got - tc.want)); diff > tc.within*float64(tc.want) {
			t.Errorf("%s: %d bytes, want %d", name, tc.got, tc.want)
		}
	}
}

func TestCopiedWeightsDoNotKeepAModelFromFitting(t *testing.T) {
	m := billion
	m.SizeBytes = 4_400_000_000 // a model of 7 billion parameters on a laptop with 8 GB
	f := Forecast(m, 4096, Machine{MemoryFree: 6_000_000_000})
	if !f.Fits() || f.Total <= f.Free {
		t.Errorf("%+v: fits %v, want more resident than is free, and still to fit", f, f.Fits())
	}
	if f := Forecast(m, 4096, Machine{MemoryFree: 4_500_000_000}); f.Fits() {
		t.Errorf("%+v fits", f)
	}
}

func TestForecastUsesTheEnginesOwnContext(t *testing.T) {
	if got, want := Forecast(smol, 0, Machine{}).KV, Forecast(smol, 4096, Machine{}).KV; got != want {
		t.Errorf("KV %d, want %d: the smaller of the model's context and 4096", got, want)
	}
	short := smol
	short.ContextLength = 1024
	if got, want := Forecast(short, 0, Machine{}).KV, Forecast(smol, 1024, Machine{}).KV; got != want {
		t.Errorf("KV %d, want %d", got, want)
	}
}

func TestForecastGrowsWithWhatIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := smol
		m.Shape.Layers = rapid.IntRange(0, 512).Draw(t, "layers")
		m.SizeBytes = rapid.Int64Range(0, 1<<42).Draw(t, "size")
		a := rapid.IntRange(1, 1<<20).Draw(t, "context")
		b := rapid.IntRange(a, 1<<20).Draw(t, "longer context")
		free := rapid.Int64Range(0, 1<<42).Draw(t, "free")
		fa, fb := Forecast(m, a, Machine{MemoryFree: free}), Forecast(m, b, Machine{MemoryFree: free})
		if fb.Total < fa.Total || fa.Total < m.SizeBytes || fa.Total != fa.Weights+fa.KV+fa.Compute || fa.Free != free {
			t.Fatalf("%+v for %d tokens, %+v for %d", fa, a, fb, b)
		}
	})
}

func TestSpeedInWords(t *testing.T) {
	for tokens, want := range map[float64]float64{0: 0, -1: 0, math.NaN(): 0, math.Inf(1): 0, 0.5: 0.4, 4: 3, 12.1: 9, 33: 25, 148: 110} {
		if got := WordsPerSecond(tokens); got != want {
			t.Errorf("%g tokens/s are %g words/s, want %g", tokens, got, want)
		}
	}
}
