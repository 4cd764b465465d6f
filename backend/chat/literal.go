package chat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"loam/backend"
	"loam/backend/engine"
)

// What somebody writes may spell a control token ("<|im_end|>"), and must reach the model as these letters and not as
// the token, or a message could end itself and speak for another role. A prompt is tokenized as a whole, though: only then
// are its tokens those that the model was trained on. So control tokens are looked for in the words of each message, by
// asking the tokenizer; where there are some, a word that nobody could guess stands for each while the template runs, and
// afterwards the prompt is cut at these places and each is tokenized as plain text. A prompt without them is not touched.

// literal is a rendered prompt; the stretches in plain spell control tokens and are somebody's words.
type literal struct {
	text  string
	plain [][2]int // in order, apart from each other
}

// from is what follows the first n bytes.
func (l literal) from(n int) literal {
	out := literal{text: l.text[n:]}
	for _, s := range l.plain {
		if s[1] > n {
			out.plain = append(out.plain, [2]int{max(s[0]-n, 0), s[1] - n})
		}
	}
	return out
}

// The bounds of looking for control tokens; a message that breaks them is taken as plain text altogether, which is as
// safe and differs only in how its borders are tokenized.
const (
	mostControls  = 32
	keptHarmless  = 1 << 14
	firstStretch  = 256 // bytes
	harmlessSizes = 32 << 20
)

// guard knows which texts hold no control token of a model's vocabulary.
type guard struct {
	mu       sync.Mutex
	model    string
	harmless map[[sha256.Size]byte]struct{}
}

func (g *guard) knows(model backend.Model, text string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if name := fmt.Sprint(model.ID, model.SHA256, model.Path); name != g.model || len(g.harmless) > keptHarmless {
		g.model, g.harmless = name, map[[sha256.Size]byte]struct{}{}
	}
	_, ok := g.harmless[sha256.Sum256([]byte(text))]
	return ok
}

func (g *guard) learn(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.harmless[sha256.Sum256([]byte(text))] = struct{}{}
}

// vocabulary asks an engine's tokenizer about control tokens.
type vocabulary struct {
	ctx         context.Context
	e           engine.Chat
	front, back []int32 // what the vocabulary puts around every text
	framed      bool
}

func (v *vocabulary) tokens(text string, special bool) ([]int32, error) {
	ids, err := v.e.Tokenize(v.ctx, text, special)
	if err != nil {
		return nil, fmt.Errorf("tokenize: %w", err)
	}
	return ids, nil
}

// frame learns what stands around every text.
func (v *vocabulary) frame() error {
	if v.framed {
		return nil
	}
	framed, err := v.tokens("a", true)
	if err != nil {
		return err
	}
	bare, err := v.tokens("a", false)
	if err != nil {
		return err
	}
	v.framed = true
	for n := 0; n+len(bare) <= len(framed); n++ {
		if slices.Equal(framed[n:n+len(bare)], bare) {
			v.front, v.back = framed[:n], framed[n+len(bare):]
			break
		}
	}
	return nil
}

// inner takes away what stands around every text.
func (v *vocabulary) inner(ids []int32) []int32 {
	if n := len(v.front); len(ids) >= n && slices.Equal(ids[:n], v.front) {
		ids = ids[n:]
	}
	if n := len(v.back); len(ids) >= n && slices.Equal(ids[len(ids)-n:], v.back) {
		ids = ids[:len(ids)-n]
	}
	return ids
}

// holdsControl says whether a text reads otherwise when control tokens are looked for in it.
func (v *vocabulary) holdsControl(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	if err := v.frame(); err != nil {
		return false, err
	}
	parsed, err := v.tokens(text, true)
	if err != nil {
		return false, err
	}
	plain, err := v.tokens(text, false)
	if err != nil {
		return false, err
	}
	return !slices.Equal(v.inner(parsed), plain), nil
}

// nextControl finds the first control token in a text that holds one.
func (v *vocabulary) nextControl(text string) (string, error) {
	holds := func(s string) bool {
		ok, err := v.holdsControl(s)
		return err == nil && ok
	}
	size := min(firstStretch, len(text))
	for size < len(text) && !holds(text[:runeEnd(text, size)]) {
		size = min(2*size, len(text))
	}
	end := runeEnd(text, search(size, func(n int) bool { return holds(text[:runeEnd(text, n)]) }))
	head := text[:end]
	// The longest beginning that can be left out: what is left is the token alone.
	start := end - search(end, func(n int) bool { return holds(head[runeStart(head, end-n):]) })
	return head[runeStart(head, start):], v.ctx.Err()
}

// search finds the smallest n in (0, most] for which f holds, provided that it holds from there on.
func search(most int, f func(n int) bool) int {
	low, high := 1, most
	for low < high {
		middle := (low + high) / 2
		if f(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func runeEnd(s string, n int) int {
	for n < len(s) && !utf8.RuneStart(s[n]) {
		n++
	}
	return n
}

func runeStart(s string, n int) int {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// hide is what stands for control tokens in the words of a request: shown are the texts of the prompt, hidden the words
// in their place.
type hide struct {
	shown, hidden []string
}

func (h *hide) word(text string) string {
	if i := slices.Index(h.shown, text); i >= 0 {
		return h.hidden[i]
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	word := "loam" + hex.EncodeToString(b[:])
	h.shown, h.hidden = append(h.shown, text), append(h.hidden, word)
	return word
}

// conceal puts words in the place of the control tokens in every text of a request.
func (g *guard) conceal(ctx context.Context, e engine.Chat, model backend.Model, r *engine.RenderRequest) (*hide, error) {
	v, h := &vocabulary{ctx: ctx, e: e}, &hide{}
	var known []string // the control tokens found, the longest first
	for i := range r.Messages {
		for _, field := range saying(&r.Messages[i]) {
			if *field == "" || g.knows(model, *field) {
				continue
			}
			was := *field
			text, found, err := concealed(v, h, was, known)
			if err != nil {
				return nil, err
			}
			known = found
			if text == was {
				g.learn(was)
			}
			*field = text
		}
	}
	return h, nil
}

func concealed(v *vocabulary, h *hide, was string, known []string) (text string, found []string, err error) {
	text = was
	for n := 0; ; n++ {
		for _, k := range known {
			if strings.Contains(text, k) {
				text = strings.ReplaceAll(text, k, h.word(k))
			}
		}
		holds, err := v.holdsControl(text)
		if err != nil || !holds {
			return text, known, err
		}
		if n == mostControls || len(was) > harmlessSizes {
			return h.word(was), known, nil
		}
		next, err := v.nextControl(text)
		if err != nil {
			return "", nil, err
		}
		// What holds no token by itself, or stands across a word that is in place already, cannot be told apart.
		holds, err = v.holdsControl(next)
		if err != nil {
			return "", nil, err
		}
		if !holds || slices.ContainsFunc(h.hidden, func(w string) bool { return strings.Contains(next, w) }) {
			return h.word(was), known, nil
		}
		known = append(known, next)
		slices.SortStableFunc(known, func(a, b string) int { return len(b) - len(a) })
	}
}

// saying are the texts of a message that somebody wrote, a person or a model.
func saying(m *engine.Message) []*string {
	list := []*string{&m.Content, &m.Reasoning, &m.Name}
	for i := range m.ToolCalls {
		list = append(list, &m.ToolCalls[i].Name, &m.ToolCalls[i].Arguments)
	}
	return list
}

// reveal puts the control tokens back and remembers where they stand.
func (h *hide) reveal(rendered string) literal {
	out := literal{text: rendered}
	if len(h.hidden) == 0 {
		return out
	}
	var b strings.Builder
	for rest := rendered; ; {
		at, which := len(rest), -1
		for i, w := range h.hidden {
			if n := strings.Index(rest[:min(len(rest), at+len(w))], w); n >= 0 && n < at {
				at, which = n, i
			}
		}
		b.WriteString(rest[:at])
		if which < 0 {
			break
		}
		start := b.Len()
		b.WriteString(h.shown[which])
		if n := len(out.plain); n > 0 && out.plain[n-1][1] == start {
			out.plain[n-1][1] = b.Len()
		} else {
			out.plain = append(out.plain, [2]int{start, b.Len()})
		}
		rest = rest[at+len(h.hidden[which]):]
	}
	out.text = b.String()
	return out
}

// tokenize splits a prompt; what is marked as plain gives no control token.
func (l literal) tokenize(ctx context.Context, e engine.Chat) ([]int32, error) {
	v := &vocabulary{ctx: ctx, e: e}
	if len(l.plain) == 0 {
		return v.tokens(l.text, true)
	}
	if err := v.frame(); err != nil {
		return nil, err
	}
	out := slices.Clone(v.front)
	add := func(text string, special bool) error {
		if text == "" {
			return nil
		}
		ids, err := v.tokens(text, special)
		if special {
			ids = v.inner(ids)
		}
		out = append(out, ids...)
		return err
	}
	at := 0
	for _, s := range l.plain {
		if err := add(l.text[at:s[0]], true); err != nil {
			return nil, err
		}
		if err := add(l.text[s[0]:s[1]], false); err != nil {
			return nil, err
		}
		at = s[1]
	}
	if err := add(l.text[at:], true); err != nil {
		return nil, err
	}
	return append(out, v.back...), nil
}
