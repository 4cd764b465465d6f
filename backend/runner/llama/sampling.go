//go:build !nonative

package llama

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"loam/backend"
)

var errNumber = errors.New("sampling: a setting is not a number")

// sampling puts settings into the engine's terms: neutral values for what is switched off, llama.cpp's own for what a
// switch leaves open.
func (c *chat) sampling(s backend.Sampling) (backend.Sampling, error) {
	if err := checkNumbers(s); err != nil {
		return s, err
	}
	or := func(v *float32, standard float32) {
		if *v == 0 {
			*v = standard
		}
	}
	unit := func(v *float32) { // 1 = off
		if *v <= 0 || *v > 1 {
			*v = 1
		}
	}
	unit(&s.TopP)
	unit(&s.TypicalP)
	or(&s.RepeatPenalty, 1)
	or(&s.XTCThreshold, 0.1)
	or(&s.DynatempExponent, 1)
	or(&s.DRYBase, 1.75)
	or(&s.MirostatTau, 5)
	or(&s.MirostatEta, 0.1)
	or(&s.AdaptiveDecay, 0.9)
	if s.AdaptiveTarget <= 0 {
		s.AdaptiveTarget = -1
	}
	if s.DRYAllowedLength == 0 {
		s.DRYAllowedLength = 2
	}
	if s.DRYLastN == 0 {
		s.DRYLastN = -1
	}
	if s.DRYBreakers == nil {
		s.DRYBreakers = backend.DefaultDRYBreakers()
	}
	s.TopK, s.MinP, s.PenaltyLastN = max(s.TopK, 0), max(s.MinP, 0), max(s.PenaltyLastN, 0)
	for _, b := range s.LogitBias {
		if b.ID < 0 || int(b.ID) >= c.info.Vocab {
			return s, fmt.Errorf("sampling: a bias for token %d, which is not in the vocabulary", b.ID)
		}
	}
	if s.JSONSchema != "" && s.Grammar == nil {
		text, st, err := c.h.schemaToGrammar(s.JSONSchema)
		switch {
		case err != nil:
			return s, fmt.Errorf("sampling: the JSON schema cannot be used: %s", strings.TrimSpace(err.Error()))
		case st != statusOK:
			return s, fmt.Errorf("sampling: a reply by a JSON schema needs the chat pack: %w", backend.ErrUnsupported)
		}
		s.Grammar = &backend.Grammar{Text: text}
	}
	return s, nil
}

func checkNumbers(s backend.Sampling) error {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() { //nolint:exhaustive // the rest are not numbers with a range
		case reflect.Float32:
			if math.IsNaN(f.Float()) || math.IsInf(f.Float(), 0) {
				return errNumber
			}
		case reflect.Int:
			if f.Int() > math.MaxInt32 || f.Int() < math.MinInt32 {
				return errors.New("sampling: a setting is too large")
			}
		default:
		}
	}
	switch {
	case s.Temperature < 0 || s.RepeatPenalty < 0:
		return errors.New("sampling: a temperature or repeat penalty below 0")
	case s.Mirostat < 0 || s.Mirostat > 2:
		return fmt.Errorf("sampling: there is no mirostat %d", s.Mirostat)
	case s.DynatempRange < 0 || s.DRYMultiplier < 0 || s.DRYBase < 0 || s.DRYAllowedLength < 0 || s.XTCProbability < 0 || s.TopNSigma < 0:
		return errors.New("sampling: a setting below 0")
	}
	for _, b := range s.LogitBias {
		if math.IsNaN(float64(b.Bias)) || math.IsInf(float64(b.Bias), 1) {
			return errNumber
		}
	}
	return nil
}

// samplers are the members of backend.Sampling that act, by their names in JSON: all of them.
func samplers() []string {
	var names []string
	t := reflect.TypeFor[backend.Sampling]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch name {
		case "seed", "random_seed", "max_tokens", "preserved", "grammar", "json_schema":
		default:
			names = append(names, name)
		}
	}
	return names
}
