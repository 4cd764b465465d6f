package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"loam/backend"
	"loam/backend/engine"
)

// spelled is how the last exchange of a context was spelled in tokens. It is kept with the context's KV state, so it
// names the text by its hash only.
type spelled struct {
	Model  int64   `json:"model"`
	File   string  `json:"file"`  // SHA-256 of the model
	Bytes  int     `json:"bytes"` // of the prompt's text and the reply's
	Text   string  `json:"text"`  // SHA-256 of both
	Prompt []int32 `json:"prompt"`
	Reply  []int32 `json:"reply"`
}

// spellingOf is how a prompt and the reply to it were spelled.
func spellingOf(p prepared, reply string) spelled {
	sum := sha256.Sum256([]byte(p.text + reply))
	return spelled{
		Model: p.plan.Model.ID, File: p.plan.Model.SHA256, Bytes: len(p.text) + len(reply), Text: hex.EncodeToString(sum[:]),
		Prompt: p.tokens, Reply: p.reply,
	}
}

// begins says whether a prompt's text begins with this exchange, for the same model.
func (l spelled) begins(p prepared) bool {
	if l.Bytes <= 0 || len(l.Prompt) == 0 || len(p.text) <= l.Bytes || l.Model != p.plan.Model.ID || l.File != p.plan.Model.SHA256 {
		return false
	}
	sum := sha256.Sum256([]byte(p.text[:l.Bytes]))
	return hex.EncodeToString(sum[:]) == l.Text
}

// recall brings the chat's context back into an engine that can keep one.
func (r *run) recall(e engine.Chat) {
	k, ok := e.(engine.Keeping)
	if !ok {
		return
	}
	id := r.chat.ID
	if backend.IsTemporary(id) {
		id = 0 // it leaves nothing behind
	}
	note := k.Recall(r.ctx, id)
	var last spelled
	if len(note) == 0 || json.Unmarshal(note, &last) != nil {
		return
	}
	r.s.mu.Lock()
	r.s.lastPrompt = last
	r.s.mu.Unlock()
}

// remember leaves the context to the chat, with what the next turn needs to know of it. text is the whole reply.
func (r *run) remember(e engine.Chat, out outcome, text string) {
	k, ok := e.(engine.Keeping)
	if !ok || backend.IsTemporary(r.chat.ID) {
		return
	}
	r.mu.Lock()
	p, tokens := r.prompt, len(r.prompt.tokens)+r.count
	r.mu.Unlock()
	var note []byte
	if out.err == nil && out.result.Stop == backend.StopEnd && r.record == nil {
		note, _ = json.Marshal(spellingOf(p, text)) // numbers and hex digits
	}
	k.Keep(r.chat.ID, tokens, note)
}

// joinLast makes the prompt begin with exactly the tokens of the last prompt and its reply, where its text does. A model
// may have spelled its reply in other tokens than the tokenizer would, and every difference would have to be read again.
func (s *Service) joinLast(ctx context.Context, e engine.Chat, p *prepared, most int) {
	s.mu.Lock()
	last := s.lastPrompt
	s.mu.Unlock()
	if !last.begins(*p) {
		return
	}
	tail, err := p.words.from(last.Bytes).tokenize(ctx, e)
	if err != nil {
		return
	}
	// What the vocabulary puts in front of every text does not belong in the middle of one.
	if front, err := e.Tokenize(ctx, "", true); err == nil && len(front) > 0 && len(tail) > len(front) && slices.Equal(tail[:len(front)], front) {
		tail = tail[len(front):]
	}
	if len(tail) > len(p.tokens) || len(tail) == 0 || !slices.Equal(p.tokens[len(p.tokens)-len(tail):], tail) {
		return // the border is no border for this vocabulary
	}
	reply := last.Reply
	if n := len(reply); n > 0 && reply[n-1] == tail[0] {
		reply = reply[:n-1] // the end-of-turn token that the model drew itself
	}
	if tokens := slices.Concat(last.Prompt, reply, tail); len(tokens) <= most {
		p.tokens = tokens
		p.plan.PromptTokens = len(tokens)
	}
}
