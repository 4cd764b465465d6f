package hardware

import "math"

// Candidate is a model that is not here yet, as far as its header, its page or a catalogue tells.
type Candidate struct {
	Bytes   int64 // of its weights
	Active  int64 // of them, what is read for a token (a mixture of experts reads a part); 0 = all
	KV      int64 // bytes of the context's cache; 0 = estimated from the weights
	Compute int64 // bytes beside; 0 = estimated
}

// Measured is how fast a model really wrote on this machine.
type Measured struct {
	Bytes     int64   // what it reads for a token
	PerSecond float64 // tokens
}

// Verdict says how well something runs on a machine.
type Verdict uint8

// The verdicts, best first.
const (
	RunsUnknown Verdict = iota // the machine or the model does not tell enough
	RunsGood                   // it fits beside what runs now, and writes at least as fast as one reads slowly
	RunsSlow                   // it fits, and one waits for it
	RunsTight                  // it fits only when other programs give memory back
	RunsNot                    // it needs more memory than there is
)

func (v Verdict) String() string {
	switch v {
	case RunsUnknown:
		return "unknown"
	case RunsGood:
		return "good"
	case RunsSlow:
		return "slow"
	case RunsTight:
		return "tight"
	case RunsNot:
		return "not"
	}
	return "unknown"
}

// Fit is how a candidate would run on a machine.
type Fit struct {
	Verdict Verdict
	Needed  int64   // bytes of memory, with a context of 4,096 tokens
	Leaves  int64   // bytes of what is free now that remain; below zero = so much is missing
	Tokens  float64 // a second while it writes, estimated; 0 = not known
	Sure    bool    // Tokens was scaled from a model that was measured here
}

const (
	slowTokens   = 4.0 // a second: about as fast as one reads slowly
	leastContext = 150 << 20
)

// FitOf says how a candidate would run here. Its speed comes from what was measured on this machine where there is
// something, since reading the weights is what limits a model: the largest of the measured ones tells most.
func FitOf(c Candidate, m Machine, measured []Measured) Fit {
	if c.Bytes <= 0 || m.MemoryTotal <= 0 {
		return Fit{}
	}
	kv, compute := c.KV, c.Compute
	if kv <= 0 {
		kv = max(c.Bytes/10, leastContext) // 4,096 tokens of a model with grouped heads: 0.1 GB at 1 B, 0.5 GB at 8 B
	}
	if compute <= 0 {
		compute = 34<<20 + c.Bytes/40
	}
	f := Fit{Needed: c.Bytes + kv + compute}
	f.Leaves = m.MemoryFree - f.Needed
	active := c.Active
	if active <= 0 || active > c.Bytes {
		active = c.Bytes
	}
	f.Tokens, f.Sure = speedOf(active, m, measured)
	switch {
	case f.Needed > m.MemoryTotal-m.MemoryTotal/10:
		f.Verdict = RunsNot
	case f.Needed > m.MemoryFree-m.MemoryFree/10:
		f.Verdict = RunsTight
	case f.Tokens < slowTokens:
		f.Verdict = RunsSlow
	default:
		f.Verdict = RunsGood
	}
	return f
}

// speedOf estimates tokens a second from bytes per token.
func speedOf(active int64, m Machine, measured []Measured) (tokens float64, sure bool) {
	var best Measured
	for _, x := range measured {
		if x.Bytes > best.Bytes && x.PerSecond > 0 && !math.IsInf(x.PerSecond, 0) && !math.IsNaN(x.PerSecond) {
			best = x
		}
	}
	if best.Bytes > 0 {
		return float64(best.Bytes) * best.PerSecond / float64(active), true
	}
	return 4 * bytesInAQuarter(m) / float64(active), false
}

// bytesInAQuarter is how many bytes of weights the processor reads in a quarter of a second, estimated from what it is.
func bytesInAQuarter(m Machine) float64 {
	speed := min(perCore*float64(max(1, m.PhysicalCores)), atMost)
	if m.Arch == "amd64" && !m.Has("AVX2") {
		speed /= 4
	}
	return speed
}
