//go:build !nonative

package llama

/*
#include <stdlib.h>
#include "table.h"
*/
import "C"

import (
	"math"
	"unsafe"

	"loam/backend"
)

// memory is C memory that one call needs; free gives all of it back.
type memory struct{ blocks []unsafe.Pointer }

func (m *memory) free() {
	for _, p := range m.blocks {
		C.free(p)
	}
}

func (m *memory) text(s string) *C.char {
	p := C.CString(cText(s))
	m.blocks = append(m.blocks, unsafe.Pointer(p))
	return p
}

func (m *memory) texts(list []string) **C.char {
	p := (**C.char)(C.calloc(C.size_t(max(len(list), 1)), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	m.blocks = append(m.blocks, unsafe.Pointer(p))
	for i, s := range list {
		unsafe.Slice(p, len(list))[i] = m.text(s)
	}
	return p
}

func (m *memory) ints(list []int32) *C.int32_t {
	p := (*C.int32_t)(C.calloc(C.size_t(max(len(list), 1)), 4))
	m.blocks = append(m.blocks, unsafe.Pointer(p))
	copy(unsafe.Slice((*int32)(unsafe.Pointer(p)), len(list)), list)
	return p
}

func (m *memory) floats(list []float32) *C.float {
	p := (*C.float)(C.calloc(C.size_t(max(len(list), 1)), 4))
	m.blocks = append(m.blocks, unsafe.Pointer(p))
	copy(unsafe.Slice((*float32)(unsafe.Pointer(p)), len(list)), list)
	return p
}

// beginSampling builds the sampler chain over the tokens so far, the first nPrompt of which are the prompt. s went through
// sampling.
func (h handle) beginSampling(s backend.Sampling, history []int32, nPrompt int) error {
	var m memory
	defer m.free()
	cs := C.struct_loam_chat_sampling{
		temperature: C.float(s.Temperature), top_p: C.float(s.TopP), min_p: C.float(s.MinP),
		penalty_repeat: C.float(s.RepeatPenalty), penalty_freq: C.float(s.FrequencyPenalty), penalty_present: C.float(s.PresencePenalty),
		typical_p: C.float(s.TypicalP), top_n_sigma: C.float(s.TopNSigma),
		xtc_probability: C.float(s.XTCProbability), xtc_threshold: C.float(s.XTCThreshold),
		dynatemp_range: C.float(s.DynatempRange), dynatemp_exponent: C.float(s.DynatempExponent),
		dry_multiplier: C.float(s.DRYMultiplier), dry_base: C.float(s.DRYBase),
		dry_allowed_length: C.int32_t(s.DRYAllowedLength), dry_last_n: C.int32_t(s.DRYLastN),
		mirostat: C.int32_t(s.Mirostat), mirostat_tau: C.float(s.MirostatTau), mirostat_eta: C.float(s.MirostatEta),
		adaptive_target: C.float(s.AdaptiveTarget), adaptive_decay: C.float(s.AdaptiveDecay),
		top_k: C.int32_t(s.TopK), penalty_last_n: C.int32_t(s.PenaltyLastN), seed: C.uint64_t(s.Seed),
		dry_breakers: m.texts(s.DRYBreakers), n_dry_breakers: C.int32_t(len(s.DRYBreakers)),
	}
	var ids []int32
	var bias []float32
	for _, b := range s.LogitBias {
		if b.Bias <= backend.NeverBias {
			b.Bias = float32(math.Inf(-1))
		}
		ids, bias = append(ids, b.ID), append(bias, b.Bias)
	}
	cs.bias_tokens, cs.bias, cs.n_bias = m.ints(ids), m.floats(bias), C.int32_t(len(ids))
	if g := s.Grammar; g != nil && g.Text != "" {
		cs.grammar = C.struct_loam_chat_grammar{
			text: m.text(g.Text), lazy: C.int32_t(cBool(g.Lazy)), patterns: m.texts(g.Patterns), n_patterns: C.int32_t(len(g.Patterns)),
			tokens: m.ints(g.Tokens), n_tokens: C.int32_t(len(g.Tokens)), prefix: m.text(g.Prefix),
			thought_begin: m.text(g.ThoughtBegin), thought_end: m.text(g.ThoughtEnd),
		}
	}
	var e *C.char
	if C.table_sampling_begin(h.t, h.c, &cs, (*C.int32_t)(unsafe.SliceData(history)), C.int32_t(len(history)), C.int32_t(nPrompt), &e) != C.LOAM_CHAT_OK {
		return h.take(e)
	}
	return nil
}

// alternative is a token with its log-probability before any sampler.
type alternative struct {
	id      int32
	logProb float32
}

// draw takes the token for a position from the logits of a token of the last call; index -1 = its last one.
func (h handle) draw(index, position, alts int) (int32, []alternative, error) {
	ids, probs := make([]int32, alts+1), make([]float32, alts+1)
	var token C.int32_t
	var e *C.char
	n := int(C.table_draw(h.t, h.c, C.int32_t(index), C.uint64_t(position), &token, C.int32_t(alts), (*C.int32_t)(&ids[0]), (*C.float)(&probs[0]), &e))
	if n < 0 {
		return 0, nil, h.take(e)
	}
	var list []alternative
	for i := range n {
		list = append(list, alternative{ids[i], probs[i]})
	}
	return int32(token), list, nil
}
