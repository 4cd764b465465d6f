package residency

import (
	"context"
	"fmt"

	"loam/backend/engine"
)

// Proofs keeps what engines found out about calls of several tokens beyond the life of a process, so that only the very first
// reply of a model pays for it. identity names all that it depends on; it is long.
type Proofs interface {
	Load(ctx context.Context, identity string) ([]engine.CallProof, error)
	Save(ctx context.Context, identity string, found []engine.CallProof) error
}

// proofs is what a child has to be told before it guesses: nothing where it was told before. The caller has the turn.
func (m *Manager) proofs(ctx context.Context, r *resident) []engine.CallProof {
	identity, ok := m.proofIdentity(r)
	if !ok || identity == r.proven {
		return nil
	}
	list, err := m.deps.Proofs.Load(ctx, identity)
	if err != nil {
		m.log.Info("What is known about calls of a model could not be read", "error", err)
		return nil
	}
	r.proven = identity
	return list
}

// keepProofs keeps what a reply found out. The caller has the turn.
func (m *Manager) keepProofs(ctx context.Context, r *resident, found []engine.CallProof) {
	if len(found) == 0 {
		return
	}
	identity, ok := m.proofIdentity(r)
	if !ok {
		return
	}
	if err := m.deps.Proofs.Save(context.WithoutCancel(ctx), identity, found); err != nil {
		m.log.Info("What was found out about calls of a model could not be kept", "error", err)
	}
}

// proofIdentity names what the bits of calls depend on: that of states, and how many threads share the work.
func (m *Manager) proofIdentity(r *resident) (string, bool) {
	if m.deps.Proofs == nil {
		return "", false
	}
	identity, ok := m.identity(r)
	return fmt.Sprintf("%s|%s|%d threads", r.need.Model.SHA256, identity, r.info.Engine.Threads), ok
}
