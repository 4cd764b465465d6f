package attach

import (
	"cmp"
	"math"
	"slices"
)

// How words and meaning count together. The sum of both, each on a scale of its own from 0 to 1, is what Bruch, Gai and Ingber
// found to rank best and to need little tuning (2023, "An Analysis of Fusion Functions for Hybrid Retrieval"); ranks alone forget that
// a question's main word stands nowhere.
const (
	meaningShare = 0.5
	worthWords   = 0.25 // of the best passage's words that another must have to be found by them
	leastWords   = 0.05 // of a question's words, by their weight: below, a passage shares only "the" and "is" with it
	worthMeaning = 0.6  // on the scale of meaning, from the usual passage to the best
	worthFused   = 0.4  // of the best passage's score that another must have to be worth sending
	leastLead    = 0.02 // of the best cosine over the usual one: below, a question is near to nothing
)

// Ranking is a text among those that passages are picked of.
type Ranking struct {
	Ranked []Ranked  // by words, from Index.Rank
	Whole  float64   // Index.Whole
	Near   []float32 // cosines of the question to the passages, by their index; nil = not known: words alone count
}

// Fuse orders the passages of each source by words and meaning, the best first, and says which way each is found. A Score is then
// comparable to those of all sources, from 0 to 1, and 0 where a passage is found neither way. worth is the score from which on one should be
// sent.
func Fuse(sources []Ranking) (worth float64) {
	usual, best := meaningScale(sources)
	bestWords, bestScore := 0.0, 0.0
	words := func(s Ranking, r Ranked) float64 { return min(r.Score/max(s.Whole, 1e-9), 1) }
	for _, s := range sources {
		for _, r := range s.Ranked {
			bestWords = max(bestWords, words(s, r))
		}
	}
	for _, s := range sources {
		for i, r := range s.Ranked {
			w := words(s, r)
			if w > 0 && w >= worthWords*bestWords && (s.Near == nil || w >= leastWords) {
				r.By |= ByWords
			}
			r.Score = w
			if s.Near != nil && best > usual {
				m := min(max((float64(s.Near[r.Index])-usual)/(best-usual), 0), 1)
				if m >= worthMeaning {
					r.By |= ByMeaning
				}
				r.Score = meaningShare*m + (1-meaningShare)*w
			}
			if r.By == 0 {
				r.Score = 0
			}
			bestScore = max(bestScore, r.Score)
			s.Ranked[i] = r
		}
		slices.SortStableFunc(s.Ranked, func(a, b Ranked) int { return cmp.Compare(b.Score, a.Score) })
	}
	return worthFused * bestScore
}

// meaningScale is the cosine of the usual passage and of the best one; the same where no passage stands out.
func meaningScale(sources []Ranking) (usual, best float64) {
	var all []float32
	for _, s := range sources {
		all = append(all, s.Near...)
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	usual, best = float64(all[(len(all)-1)/2]), float64(all[len(all)-1])
	if len(all) <= 2 { // none of two is usual
		usual = min(usual, 0)
	}
	if math.IsNaN(usual) || math.IsNaN(best) || best-usual < leastLead {
		return usual, usual
	}
	return usual, best
}
