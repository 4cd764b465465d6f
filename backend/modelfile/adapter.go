package modelfile

import (
	"fmt"
	"slices"
	"strings"
)

// MatchAdapter compares a LoRA for a chat model with the model, both GGUF: every pair of matrices must have its tensor
// there, in the right shape. It reads only headers. Errors are *backend.BadFile.
func MatchAdapter(adapter, base string) (LoRAMatch, error) {
	have, err := headerShapes(base)
	if err != nil {
		return LoRAMatch{}, err
	}
	tensors, err := headerShapes(adapter)
	if err != nil {
		return LoRAMatch{}, err
	}
	m := LoRAMatch{Total: len(tensors), Known: true}
	names := make([]string, 0, len(tensors))
	for name := range tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		layer, isA := strings.CutSuffix(name, ".lora_a")
		if !isA {
			if strings.HasSuffix(name, ".lora_b") {
				continue // counted with its partner
			}
			if d := have[name]; d != nil && equalShape(d, tensors[name]) { // a norm that is given whole
				m.Matched++
			}
			continue
		}
		d := have[layer]
		if d == nil {
			continue
		}
		if reason := fitAdapter(d, tensors[name], tensors[layer+".lora_b"], strings.HasPrefix(layer, "token_embd")); reason != "" {
			m.Wrong += 2
			if len(m.Misfits) < keptMisfits {
				m.Misfits = append(m.Misfits, Misfit{clip(layer, 120), reason})
			}
			continue
		}
		m.Matched += 2
	}
	return m, nil
}

// fitAdapter checks one pair against its tensor. The matrices of an embedding are kept the other way round, since its
// rows are looked up and not multiplied.
func fitAdapter(base, a, b []int64, lookup bool) string {
	if len(base) != 2 || len(a) != 2 || len(b) != 2 {
		return "is no pair of matrices"
	}
	rank, in, out, other := a[0], a[1], b[0], b[1]
	if lookup {
		rank, in, out, other = a[1], a[0], b[1], b[0]
		if rank != other {
			rank, in, out, other = a[0], a[1], b[0], b[1]
		}
	}
	switch {
	case rank != other:
		return fmt.Sprintf("has matrices of different rank (%d and %d)", rank, other)
	case lookup && (in == base[0] && out == base[1] || in == base[1] && out == base[0]):
		return ""
	case out != base[0]:
		return fmt.Sprintf("gives %d values where the model has %d", out, base[0])
	case in != base[1]:
		return fmt.Sprintf("takes %d values where the model has %d", in, base[1])
	}
	return ""
}
