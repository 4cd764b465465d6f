package llama

import (
	"regexp"
	"strings"
)

// Reasons the engine gives in its log, and what they mean to a person. The first that matches holds; $1 is what the
// parentheses caught.
var reasons = []struct {
	pattern *regexp.Regexp
	clause  string
}{
	{regexp.MustCompile(`unknown (?:model )?architecture: '([^']*)'`), `its architecture "$1" is not known to this engine`},
	{regexp.MustCompile(`unknown pre-tokenizer: '([^']*)'`), `its pre-tokenizer "$1" is not known to this engine, which would read text wrongly`},
	{regexp.MustCompile(`unknown tokenizer: '([^']*)'`), `its tokenizer "$1" is not known to this engine`},
	{regexp.MustCompile(`bad special token: '([^']*)' = (\d+)`), `it names token $2 as $1, and its vocabulary ends before that`},
	{regexp.MustCompile(`CLIP cannot be used`), `it is a vision projector, not a language model`},
	{regexp.MustCompile(`^no tokenizer`), `it has no tokenizer`},
	{regexp.MustCompile(`^encoder model`), `it is a model with an encoder, which this engine does not run`},
	{regexp.MustCompile(`^diffusion model`), `it is a language-diffusion model, which this engine does not run`},
	{regexp.MustCompile(`^reranker`), `it rates pairs of texts and makes no vectors of them`},
	{regexp.MustCompile(`^unknown pooling: (\S+)`), `it makes its vectors in a way that is not known here ($1)`},
	{regexp.MustCompile(`^context too small: (\S+)`), `it claims to read $1 tokens at a time, which is too little to be true`},
	{regexp.MustCompile(`^no dimensions`), `its vectors have no numbers`},
	{regexp.MustCompile(`^embedding model`), `it is an embedding model and writes no text`},
	{regexp.MustCompile(`not within the file bounds`), `it is cut off: download it again`},
	{regexp.MustCompile(`invalid magic`), `it is not a GGUF file`},
	{regexp.MustCompile(`model arch and LoRA arch mismatch`), `it was made for a model of another architecture`},
	{regexp.MustCompile(`does not exist in base model|has incorrect shape|not transposed`), `it was made for another model`},
	{regexp.MustCompile(`expect (?:general|adapter)\.type`), `it is not a LoRA adapter`},
	{regexp.MustCompile(`missing one component|unexpected suffix`), `it is incomplete or not a LoRA adapter`},
}

// clauseOf turns the engine's log of a failed load into one clause for a person.
func clauseOf(log string) string {
	for _, r := range reasons {
		for line := range strings.Lines(log) {
			if m := r.pattern.FindStringSubmatchIndex(line); m != nil {
				return string(r.pattern.ExpandString(nil, r.clause, line, m))
			}
		}
	}
	if d := detail(log); d != "" {
		return "the engine refuses it: " + d
	}
	return "the engine refuses it without a reason"
}

// detail is the most telling line of a log: the first one, without the name of the C function and without the words that
// only say that loading failed.
func detail(log string) string {
	best := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if name, rest, ok := strings.Cut(line, ": "); ok && !strings.Contains(name, " ") {
			line = rest
		}
		for {
			what, rest, ok := strings.Cut(line, ": ")
			if !ok || !strings.HasPrefix(what, "error loading model") && !strings.HasPrefix(what, "failed to apply lora") {
				break
			}
			line, best = rest, "" // this line says why
		}
		if best == "" && line != "" && line != "failed to load model" {
			best = line
		}
	}
	if runes := []rune(best); len(runes) > 200 {
		best = string(runes[:200]) + "…"
	}
	return best
}
