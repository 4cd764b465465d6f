package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"

	"loam/backend/engine"
)

// keyProofs is a row of the store: what engines found out about calls of several tokens.
const keyProofs = "calls.proofs"

const (
	proofModels = 24   // whose proofs are kept, the last ones used
	proofCalls  = 2048 // of each
)

// provenCalls is what was found out about one model with one engine and its settings.
type provenCalls struct {
	Of    string             `json:"of"` // hash of the identity
	Calls []engine.CallProof `json:"calls"`
}

// callProofs implements residency.Proofs in the store.
type callProofs struct {
	a  *App
	mu sync.Mutex // one change at a time; another process may lose one, which is then found out again
}

func (p *callProofs) Load(ctx context.Context, identity string) ([]engine.CallProof, error) {
	list, err := p.read(ctx)
	if i := index(list, identity); err == nil && i >= 0 {
		return list[i].Calls, nil
	}
	return nil, err
}

func (p *callProofs) Save(ctx context.Context, identity string, found []engine.CallProof) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	list, err := p.read(ctx)
	if err != nil {
		return err
	}
	this := provenCalls{Of: named(identity)}
	if i := index(list, identity); i >= 0 {
		this = list[i]
		list = slices.Delete(list, i, i+1)
	}
	for _, f := range found {
		this.Calls = slices.DeleteFunc(this.Calls, func(c engine.CallProof) bool { return c.Call == f.Call && c.Span == f.Span })
		this.Calls = append(this.Calls, f)
	}
	this.Calls = this.Calls[max(0, len(this.Calls)-proofCalls):]
	list = append([]provenCalls{this}, list...)
	return p.a.Store.SetSetting(ctx, keyProofs, list[:min(len(list), proofModels)])
}

func (p *callProofs) read(ctx context.Context) (list []provenCalls, err error) {
	_, err = p.a.Store.Setting(ctx, keyProofs, &list)
	return list, err
}

func index(list []provenCalls, identity string) int {
	of := named(identity)
	return slices.IndexFunc(list, func(c provenCalls) bool { return c.Of == of })
}

func named(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(sum[:16])
}
