package imagemeta

import (
	"fmt"
	"strconv"
	"strings"
)

// FormatA1111 writes the settings as the text that A1111 reads: the prompt, a line with the negative prompt, and one
// line of "name: value" pairs.
func FormatA1111(s Settings) string {
	var b strings.Builder
	b.WriteString(s.Prompt)
	if s.Negative != "" {
		b.WriteString("\nNegative prompt: " + s.Negative)
	}
	b.WriteString("\n")
	var pairs []string
	add := func(name, value string) {
		if value != "" {
			pairs = append(pairs, name+": "+quoteValue(value))
		}
	}
	if s.Steps > 0 {
		add("Steps", strconv.Itoa(s.Steps))
	}
	add("Sampler", s.Sampler)
	add("Schedule type", s.Scheduler)
	if s.CFG != 0 {
		add("CFG scale", float(s.CFG))
	}
	if s.Guidance != 0 {
		add("Distilled CFG Scale", float(s.Guidance))
	}
	add("Seed", strconv.FormatUint(s.Seed, 10))
	add("Size", fmt.Sprintf("%dx%d", s.Width, s.Height))
	if len(s.ModelHash) >= 10 {
		add("Model hash", s.ModelHash[:10])
	}
	add("Model", s.Model)
	if s.Strength != 0 {
		add("Denoising strength", float(s.Strength))
	}
	add("Init image hash", s.Start[:min(len(s.Start), 10)])
	add("Mask hash", s.Mask[:min(len(s.Mask), 10)])
	if s.Factor > 0 {
		add("Postprocess upscale by", strconv.Itoa(s.Factor))
	}
	add("Postprocess upscaler", s.Upscaler)
	if hashes := loraHashes(s.LoRAs); hashes != "" {
		add("Lora hashes", hashes)
	}
	for _, p := range s.Other {
		add(p.Name, p.Value)
	}
	add("Version", s.Version)
	b.WriteString(strings.Join(pairs, ", "))
	return b.String()
}

func float(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }

func loraHashes(ls []LoRA) string {
	var out []string
	for _, l := range ls {
		if len(l.SHA256) >= 12 {
			out = append(out, l.Name+": "+l.SHA256[:12])
		}
	}
	return strings.Join(out, ", ")
}

// quoteValue puts a value in quotes when it holds what separates pairs.
func quoteValue(v string) string {
	if !strings.ContainsAny(v, ",:\n\"") && strings.TrimSpace(v) == v {
		return v
	}
	return strconv.Quote(v)
}

// ParseA1111 reads such a text. What it does not know by name goes to Other, so that formatting the result again loses
// nothing. A text without a line of pairs is all prompt.
func ParseA1111(text string) Settings {
	var s Settings
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n ")
	head, last := "", text
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		head, last = text[:i], text[i+1:]
	}
	pairs, ok := parsePairs(last)
	if !ok {
		head, pairs = text, nil
	}
	s.Prompt = head
	if i := strings.Index("\n"+head, "\nNegative prompt: "); i >= 0 {
		s.Prompt = strings.TrimSuffix(head[:max(i-1, 0)], "\n")
		if i == 0 {
			s.Prompt = ""
		}
		s.Negative = head[i+len("Negative prompt: "):]
	}
	for _, p := range pairs {
		s.take(p)
	}
	return s
}

// take sorts one pair into its field.
func (s *Settings) take(p Pair) {
	number := func(f *float32) bool {
		v, err := strconv.ParseFloat(p.Value, 32)
		if err == nil {
			*f = float32(v)
		}
		return err == nil
	}
	ok := false
	switch p.Name {
	case "Steps":
		n, err := strconv.Atoi(p.Value)
		if ok = err == nil && n > 0; ok {
			s.Steps = n
		}
	case "Sampler":
		s.Sampler, ok = p.Value, true
	case "Schedule type":
		s.Scheduler, ok = p.Value, true
	case "CFG scale":
		ok = number(&s.CFG)
	case "Distilled CFG Scale":
		ok = number(&s.Guidance)
	case "Denoising strength":
		ok = number(&s.Strength)
	case "Seed":
		n, err := strconv.ParseUint(p.Value, 10, 64)
		if ok = err == nil; ok {
			s.Seed = n
		}
	case "Size":
		var w, h int
		if n, _ := fmt.Sscanf(p.Value, "%dx%d", &w, &h); n == 2 && w > 0 && h > 0 {
			s.Width, s.Height, ok = w, h, true
		}
	case "Model hash":
		s.ModelHash, ok = p.Value, true
	case "Init image hash":
		s.Start, ok = p.Value, true
	case "Mask hash":
		s.Mask, ok = p.Value, true
	case "Postprocess upscaler":
		s.Upscaler, ok = p.Value, true
	case "Postprocess upscale by":
		n, err := strconv.Atoi(p.Value)
		if ok = err == nil && n > 0 && n <= 64; ok {
			s.Factor = n
		}
	case "Model":
		s.Model, ok = p.Value, true
	case "Version":
		s.Version, ok = p.Value, true
	}
	if !ok {
		s.Other = append(s.Other, p)
	}
}

// parsePairs reads "Name: value, Name: value" with quoted values. It is no such line unless it has a "Steps" or a
// "Seed" and every piece has a name.
func parsePairs(line string) (ps []Pair, ok bool) {
	for line = strings.TrimSpace(line); line != ""; {
		name, rest, found := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !found || name == "" || len(name) > 60 || len(ps) > 200 {
			return nil, false
		}
		rest = strings.TrimLeft(rest, " ")
		var value string
		if strings.HasPrefix(rest, `"`) {
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, false
			}
			value, _ = strconv.Unquote(q)
			rest = strings.TrimLeft(rest[len(q):], " ")
			if rest != "" && rest[0] != ',' {
				return nil, false
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
			value = strings.TrimSpace(value)
		}
		ps = append(ps, Pair{name, value})
		ok = ok || name == "Steps" || name == "Seed"
		line = strings.TrimSpace(rest)
	}
	return ps, ok
}
