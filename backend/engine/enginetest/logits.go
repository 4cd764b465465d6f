package enginetest

import (
	"cmp"
	"math"
	"slices"

	"loam/backend"
)

// mix is a 64-bit finalizer (the one of splitmix64): any change of a or b changes every bit.
func mix(a, b uint64) uint64 {
	z := a + 0x9E3779B97F4A7C15*(b+1)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func unit(h uint64) float32 { return float32(h>>40) / (1 << 24) }

// logits are a table of which token likes to follow which, with a little of the whole history in it, the cuts into
// evaluation calls included: as with real engines, the same tokens in other calls give nearly the same, not equal logits.
func logits(salt, history uint64, last int32) []float32 {
	l := make([]float32, vocabSize)
	must, forced := follows[last]
	for i := range l {
		id := int32(i)
		noise := unit(mix(history, uint64(i)))
		like := 6 * unit(mix(mix(salt, uint64(last)), uint64(i)))
		switch {
		case forced && id == must:
			l[i] = 40 + noise
		case id == tokenEnd:
			l[i] = like - 1 + noise
		case id == 0xC3 || id == 0xE8 || id == 0xF0:
			l[i] = like + noise
		case id < firstWord:
			l[i] = -30 - noise
		default:
			l[i] = like + noise
		}
	}
	return l
}

// candidate is a token that may be drawn.
type candidate struct {
	id int32
	p  float64 // logit, later probability
}

// draw picks the token at a position of the context. It is a function of its arguments alone.
func draw(l []float32, s backend.Sampling, before []int32, position int) int32 {
	c := make([]candidate, len(l))
	for i, v := range l {
		c[i] = candidate{int32(i), float64(v)}
	}
	penalize(c, s, before)
	slices.SortFunc(c, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.id, b.id)) })
	if s.Temperature <= 0 {
		return c[0].id
	}
	if s.TopK > 0 {
		c = c[:min(s.TopK, len(c))]
	}
	probabilities(c, 1)
	if s.TopP > 0 && s.TopP < 1 {
		sum := 0.0
		for i := range c {
			if sum += c[i].p; sum >= float64(s.TopP) {
				c = c[:i+1]
				break
			}
		}
	}
	if s.MinP > 0 {
		least := c[0].p * float64(s.MinP)
		c = slices.DeleteFunc(c, func(x candidate) bool { return x.p < least })
	}
	for i := range c {
		c[i].p = math.Log(c[i].p)
	}
	probabilities(c, float64(s.Temperature))
	u := float64(unit(mix(s.Seed, uint64(position))))
	for _, x := range c {
		if u -= x.p; u < 0 {
			return x.id
		}
	}
	return c[0].id
}

func probabilities(c []candidate, temperature float64) {
	sum, top := 0.0, c[0].p
	for i := range c {
		c[i].p = math.Exp((c[i].p - top) / temperature)
		sum += c[i].p
	}
	for i := range c {
		c[i].p /= sum
	}
}

func penalize(c []candidate, s backend.Sampling, before []int32) {
	n := len(before)
	if s.PenaltyLastN >= 0 {
		n = min(n, s.PenaltyLastN)
	}
	counts := map[int32]int{}
	for _, id := range before[len(before)-n:] {
		counts[id]++
	}
	for i := range c {
		n := counts[c[i].id]
		if n == 0 {
			continue
		}
		if s.RepeatPenalty > 0 && c[i].p > 0 {
			c[i].p /= float64(s.RepeatPenalty)
		} else if s.RepeatPenalty > 0 {
			c[i].p *= float64(s.RepeatPenalty)
		}
		c[i].p -= float64(n)*float64(s.FrequencyPenalty) + float64(s.PresencePenalty)
	}
}

// alternatives are the n best tokens with their log-probabilities, and the drawn one where it is not among them.
func alternatives(l []float32, drawn int32, n int) []backend.TokenAlt {
	if n <= 0 {
		return nil
	}
	top := float64(slices.Max(l))
	sum := 0.0
	for _, v := range l {
		sum += math.Exp(float64(v) - top)
	}
	alts := make([]backend.TokenAlt, len(l))
	for i, v := range l {
		alts[i] = backend.TokenAlt{ID: int32(i), LogProb: float32(float64(v) - top - math.Log(sum))}
	}
	slices.SortStableFunc(alts, func(a, b backend.TokenAlt) int { return cmp.Compare(b.LogProb, a.LogProb) })
	at := slices.IndexFunc(alts, func(a backend.TokenAlt) bool { return a.ID == drawn })
	last := alts[at]
	if alts = slices.Clone(alts[:min(n, len(alts))]); at >= len(alts) {
		alts = append(alts, last)
	}
	for i := range alts {
		a := &alts[i]
		if p := piece(a.ID); len(p) > 0 {
			*a = backend.NewTokenAlt(a.ID, p, a.LogProb)
		} else {
			a.Text, a.Control = name(a.ID), true
		}
	}
	return alts
}
