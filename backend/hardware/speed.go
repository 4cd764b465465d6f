package hardware

import "math"

// WordsPerSecond turns a measured generation speed into words of English per second: a token is about 3/4 of a word.
// The result is rounded as a person would say it (0.4, 3, 25, 140); 0 when nothing was measured.
func WordsPerSecond(tokensPerSecond float64) float64 {
	w := tokensPerSecond * 0.75
	switch {
	case w <= 0 || math.IsNaN(w) || math.IsInf(w, 0):
		return 0
	case w < 1:
		return math.Round(w*10) / 10
	case w < 20:
		return math.Round(w)
	case w < 100:
		return math.Round(w/5) * 5
	}
	return math.Round(w/10) * 10
}
