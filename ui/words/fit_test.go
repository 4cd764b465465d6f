package words_test

import (
	"testing"

	"loam/backend/hardware"
	"loam/ui/words"
)

func TestAFitIsSaidInOneLine(t *testing.T) {
	for want, f := range map[string]hardware.Fit{
		"":                                   {},
		"about 9 words/s, leaves 5 GB free":  {Verdict: hardware.RunsGood, Tokens: 12, Leaves: 5e9},
		"under 1 word/s, leaves 800 MB free": {Verdict: hardware.RunsSlow, Tokens: 0.5, Leaves: 8e8},
		"won't fit: needs 22 GB":             {Verdict: hardware.RunsNot, Needed: 22e9},
		"needs 6 GB: 1.5 GB more than is free now": {Verdict: hardware.RunsTight, Needed: 6e9, Leaves: -15e8},
	} {
		if got := words.Fit(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
