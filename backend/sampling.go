package backend

import "reflect"

// Sampling is the sampler chain of a reply, in the terms and units of llama.cpp and in its order: logit bias, penalties,
// DRY, top-n-sigma, top-k, typical, top-p, min-p, XTC, temperature, and the draw: plain, mirostat or adaptive-p. The zero
// value of a field switches that sampler off, or takes llama.cpp's own value where another field switches it, except
// Temperature, where 0 means greedy: the best token after bias, penalties, DRY and grammar.
type Sampling struct {
	Temperature      float32 `json:"temperature"`
	TopK             int     `json:"top_k"`
	TopP             float32 `json:"top_p"` // 0 or 1 = off
	MinP             float32 `json:"min_p"`
	RepeatPenalty    float32 `json:"repeat_penalty"` // 0 or 1 = off
	FrequencyPenalty float32 `json:"frequency_penalty"`
	PresencePenalty  float32 `json:"presence_penalty"`
	PenaltyLastN     int     `json:"penalty_last_n"` // tokens the penalties look back at
	Seed             uint64  `json:"seed"`
	RandomSeed       bool    `json:"random_seed,omitempty"` // draw a new Seed for each reply
	MaxTokens        int     `json:"max_tokens,omitempty"`  // 0 = until the context is full

	TypicalP         float32  `json:"typical_p,omitempty"`   // 0 or 1 = off
	TopNSigma        float32  `json:"top_n_sigma,omitempty"` // standard deviations below the best logit that stay
	XTCProbability   float32  `json:"xtc_probability,omitempty"`
	XTCThreshold     float32  `json:"xtc_threshold,omitempty"`     // 0 = 0.1
	DynatempRange    float32  `json:"dynatemp_range,omitempty"`    // the temperature moves by so much around Temperature
	DynatempExponent float32  `json:"dynatemp_exponent,omitempty"` // 0 = 1
	DRYMultiplier    float32  `json:"dry_multiplier,omitempty"`
	DRYBase          float32  `json:"dry_base,omitempty"`           // 0 = 1.75
	DRYAllowedLength int      `json:"dry_allowed_length,omitempty"` // tokens that may repeat; 0 = 2
	DRYLastN         int      `json:"dry_last_n,omitempty"`         // tokens it looks back at; 0 = the whole context
	DRYBreakers      []string `json:"dry_breakers,omitempty"`       // nil = DefaultDRYBreakers
	Mirostat         int      `json:"mirostat,omitempty"`           // version 1 or 2; takes the place of top-n-sigma to XTC
	MirostatTau      float32  `json:"mirostat_tau,omitempty"`       // surprise to keep, in bits; 0 = 5
	MirostatEta      float32  `json:"mirostat_eta,omitempty"`       // how fast it learns; 0 = 0.1
	AdaptiveTarget   float32  `json:"adaptive_target,omitempty"`    // adaptive-p: probability that chosen tokens should have
	AdaptiveDecay    float32  `json:"adaptive_decay,omitempty"`     // 0 = 0.9

	LogitBias  []TokenBias `json:"logit_bias,omitempty"`
	Grammar    *Grammar    `json:"grammar,omitempty"`
	JSONSchema string      `json:"json_schema,omitempty"` // the reply has to be JSON of this schema; needs Capabilities.Schema
	Preserved  []string    `json:"preserved,omitempty"`   // control tokens whose text belongs to the reply
}

// NeverBias and less forbids a token.
const NeverBias = -100

// TokenBias is added to the logit of a token.
type TokenBias struct {
	ID   int32   `json:"id"`
	Bias float32 `json:"bias"`
}

// Grammar is what a reply has to look like, in llama.cpp's GBNF notation; its start symbol is root.
type Grammar struct {
	Text         string   `json:"text"`
	Lazy         bool     `json:"lazy,omitempty"`          // it begins only at a trigger
	Patterns     []string `json:"patterns,omitempty"`      // triggers: regular expressions over the reply
	Tokens       []int32  `json:"tokens,omitempty"`        // triggers: single tokens
	Prefix       string   `json:"prefix,omitempty"`        // what the prompt holds of the reply already, which the grammar describes too
	ThoughtBegin string   `json:"thought_begin,omitempty"` // a lazy grammar does not look at what stands between these two
	ThoughtEnd   string   `json:"thought_end,omitempty"`
}

// DefaultDRYBreakers are the strings that end a repetition for DRY when none are given: llama.cpp's own.
func DefaultDRYBreakers() []string { return []string{"\n", ":", "\"", "*"} }

// Equal says whether two settings are the same.
func (s Sampling) Equal(o Sampling) bool { return reflect.DeepEqual(s, o) }

// DefaultSampling is what a chat uses until a person or a model file says otherwise: llama.cpp's own defaults.
func DefaultSampling() Sampling {
	return Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1, PenaltyLastN: 64, RandomSeed: true}
}
