package studio

import (
	"regexp"
	"strconv"
	"strings"
)

// LoRARef is a LoRA as a prompt names it.
type LoRARef struct {
	Name   string
	Weight float32
}

// loraTag is <lora:name:weight>; the weight may be missing.
var loraTag = regexp.MustCompile(`<lora:([^:<>]{1,200})(?::([^:<>]{1,20}))?>`)

// LoRAsIn takes the LoRAs out of a prompt, in their order. A tag whose weight is no number between -8 and 8 stays in the
// text as it is.
func LoRAsIn(prompt string) (clean string, refs []LoRARef) {
	clean = loraTag.ReplaceAllStringFunc(prompt, func(tag string) string {
		m := loraTag.FindStringSubmatch(tag)
		weight := 1.0
		if m[2] != "" {
			var err error
			if weight, err = strconv.ParseFloat(strings.TrimSpace(m[2]), 32); err != nil || !(weight >= -8 && weight <= 8) {
				return tag
			}
		}
		refs = append(refs, LoRARef{strings.TrimSpace(m[1]), float32(weight)})
		return ""
	})
	if len(refs) == 0 {
		return prompt, nil
	}
	return strings.Join(strings.Fields(clean), " "), refs
}
