package pages

import (
	"reflect"
	"slices"
	"strings"

	"loam/backend"
)

// moreTunables are the settings that fewer people turn, in the order of the sampler chain.
var moreTunables = []tunable{
	{
		"Top-n-sigma", "Keeps tokens within so many standard deviations of the best one. 0 = off.", 0, 20, false,
		func(s *backend.Sampling) float64 { return float64(s.TopNSigma) },
		func(s *backend.Sampling, v float64) { s.TopNSigma = float32(v) },
	},
	{
		"Typical", "Keeps the tokens that surprise about as much as usual, up to this share. 0 or 1 = off.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.TypicalP) },
		func(s *backend.Sampling, v float64) { s.TypicalP = float32(v) },
	},
	{
		"XTC probability", "How often the likeliest tokens are left out, for less usual words. 0 = off.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.XTCProbability) },
		func(s *backend.Sampling, v float64) { s.XTCProbability = float32(v) },
	},
	{
		"XTC threshold", "XTC leaves out tokens that are likelier than this, all but the last of them. 0 = 0.1.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.XTCThreshold) },
		func(s *backend.Sampling, v float64) { s.XTCThreshold = float32(v) },
	},
	{
		"Temperature range", "The temperature moves by so much, higher where the model is unsure. 0 = off.", 0, 5, false,
		func(s *backend.Sampling) float64 { return float64(s.DynatempRange) },
		func(s *backend.Sampling, v float64) { s.DynatempRange = float32(v) },
	},
	{
		"Temperature curve", "How sharply the range follows the model's doubt. 0 = 1, a straight line.", 0, 10, false,
		func(s *backend.Sampling) float64 { return float64(s.DynatempExponent) },
		func(s *backend.Sampling, v float64) { s.DynatempExponent = float32(v) },
	},
	{
		"DRY strength", "Holds back tokens that would repeat a longer passage. 0 = off.", 0, 10, false,
		func(s *backend.Sampling) float64 { return float64(s.DRYMultiplier) },
		func(s *backend.Sampling, v float64) { s.DRYMultiplier = float32(v) },
	},
	{
		"DRY growth", "How much stronger DRY gets with each repeated token. 0 = 1.75.", 0, 8, false,
		func(s *backend.Sampling) float64 { return float64(s.DRYBase) },
		func(s *backend.Sampling, v float64) { s.DRYBase = float32(v) },
	},
	{
		"DRY free length", "Repetitions of so many tokens are allowed. 0 = 2.", 0, 100, true,
		func(s *backend.Sampling) float64 { return float64(s.DRYAllowedLength) },
		func(s *backend.Sampling, v float64) { s.DRYAllowedLength = int(v) },
	},
	{
		"DRY window", "How many tokens back DRY looks. 0 = the whole context.", 0, 1 << 20, true,
		func(s *backend.Sampling) float64 { return float64(s.DRYLastN) },
		func(s *backend.Sampling, v float64) { s.DRYLastN = int(v) },
	},
	{
		"Mirostat", "Steers how surprising the text is, in place of the settings above: version 1 or 2. 0 = off.", 0, 2, true,
		func(s *backend.Sampling) float64 { return float64(s.Mirostat) },
		func(s *backend.Sampling, v float64) { s.Mirostat = int(v) },
	},
	{
		"Mirostat surprise", "The surprise per token that mirostat keeps, in bits. 0 = 5.", 0, 20, false,
		func(s *backend.Sampling) float64 { return float64(s.MirostatTau) },
		func(s *backend.Sampling, v float64) { s.MirostatTau = float32(v) },
	},
	{
		"Mirostat speed", "How fast mirostat corrects itself. 0 = 0.1.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.MirostatEta) },
		func(s *backend.Sampling, v float64) { s.MirostatEta = float32(v) },
	},
	{
		"Adaptive-p target", "Draws so that chosen tokens are about this likely on average. 0 = off.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.AdaptiveTarget) },
		func(s *backend.Sampling, v float64) { s.AdaptiveTarget = float32(v) },
	},
	{
		"Adaptive-p memory", "How long adaptive-p remembers what was drawn. 0 = 0.9.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.AdaptiveDecay) },
		func(s *backend.Sampling, v float64) { s.AdaptiveDecay = float32(v) },
	},
}

// tunablesOf are the settings that act in an engine, the ones that people turn most first; nil = what it can do is not
// known yet.
func tunablesOf(can *backend.Capabilities) []tunable {
	all := append(append([]tunable{}, tunables...), moreTunables...)
	if can == nil || len(can.Samplers) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(u tunable) bool {
		name := u.member()
		return name != "max_tokens" && !slices.Contains(can.Samplers, name)
	})
}

// member is the setting's name in backend.Sampling's JSON, which is how engines call it.
func (t tunable) member() string {
	var s backend.Sampling
	t.set(&s, t.high)
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}
