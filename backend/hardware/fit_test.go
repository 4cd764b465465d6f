package hardware

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestACandidateIsJudgedByMemoryAndSpeed(t *testing.T) {
	laptop := Machine{Arch: "amd64", Features: []string{"AVX2"}, PhysicalCores: 4, MemoryTotal: 16 << 30, MemoryFree: 10 << 30}
	for name, tc := range map[string]struct {
		bytes, active int64
		measured      []Measured
		want          Verdict
	}{
		"a model of 4 billion":             {2_450_000_000, 0, nil, RunsGood},
		"one of 9 billion":                 {5_500_000_000, 0, nil, RunsSlow},
		"a mixture of 9 billion":           {5_500_000_000, 1_000_000_000, nil, RunsGood},
		"one that needs what others have":  {9_500_000_000, 0, nil, RunsTight},
		"one that is larger than all":      {18_000_000_000, 0, nil, RunsNot},
		"a small one on a slow machine":    {2_450_000_000, 0, []Measured{{100_000_000, 10}}, RunsSlow},
		"the larger of two that were seen": {5_500_000_000, 0, []Measured{{100_000_000, 10}, {2_000_000_000, 20}}, RunsGood},
		"one that nothing is known of":     {0, 0, nil, RunsUnknown},
	} {
		f := FitOf(Candidate{Bytes: tc.bytes, Active: tc.active}, laptop, tc.measured)
		if f.Verdict != tc.want {
			t.Errorf("%s: %+v, want %v", name, f, tc.want)
		}
		if f.Sure != (tc.measured != nil) {
			t.Errorf("%s: sure %v", name, f.Sure)
		}
	}
}

func TestTheEstimateForAKnownModelIsNearItsForecast(t *testing.T) {
	got := FitOf(Candidate{Bytes: billion.SizeBytes}, Machine{MemoryTotal: 8 << 30, MemoryFree: 6 << 30}, nil).Needed
	want := ForecastLoad(Load{Model: billion, Context: 4096}, Machine{}).Total
	if off := math.Abs(float64(got-want)) / float64(want); off > 0.15 {
		t.Errorf("%d bytes, the forecast from its header says %d: %.0f %% off", got, want, off*100)
	}
}

func TestMoreNeverFitsBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Machine{Arch: "arm64", PhysicalCores: rapid.IntRange(1, 64).Draw(t, "cores")}
		m.MemoryTotal = rapid.Int64Range(1<<30, 1<<38).Draw(t, "total")
		m.MemoryFree = rapid.Int64Range(0, m.MemoryTotal).Draw(t, "free")
		a := rapid.Int64Range(1, 1<<37).Draw(t, "bytes")
		b := a + rapid.Int64Range(0, 1<<37).Draw(t, "more")
		small, large := FitOf(Candidate{Bytes: a}, m, nil), FitOf(Candidate{Bytes: b}, m, nil)
		if large.Verdict < small.Verdict || large.Needed < small.Needed || large.Tokens > small.Tokens {
			t.Errorf("%+v of %d bytes, %+v of %d", small, a, large, b)
		}
	})
}
