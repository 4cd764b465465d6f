package engine

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizeGivesLengthOneOrAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float32(), 0, 40).Draw(t, "v")
		was := append([]float32(nil), v...)
		if err := Normalize(v); err != nil {
			for i := range v {
				if v[i] != was[i] && v[i] == v[i] {
					t.Fatalf("a refused vector was changed: %v to %v", was, v)
				}
			}
			return
		}
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Fatalf("length %f of %v", math.Sqrt(sum), was)
		}
	})
	for _, v := range [][]float32{nil, {0, 0}, {float32(math.NaN()), 1}, {float32(math.Inf(1)), 1}} {
		if Normalize(v) == nil {
			t.Errorf("%v has a direction", v)
		}
	}
}

func TestCallsOfTooMuchTextAreRefused(t *testing.T) {
	for _, texts := range [][]string{make([]string, MaxEmbedTexts+1), {strings.Repeat("a", MaxEmbedBytes+1)}} {
		if CheckTexts(texts) == nil {
			t.Errorf("%d texts of %d bytes are taken", len(texts), len(texts[0]))
		}
	}
	if err := CheckTexts([]string{"a", strings.Repeat("a", MaxEmbedBytes)}); err != nil {
		t.Error(err)
	}
}
