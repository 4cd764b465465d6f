package residency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/kvstate"
)

// States keeps KV states beyond the life of a process. *kvstate.Folder is one.
type States interface {
	Save(ctx context.Context, h kvstate.Head, write func(io.Writer) error) error
	Load(ctx context.Context, chat int64, model, identity string, read func(kvstate.Head, io.Reader) error) (found bool, err error)
}

const (
	keepFrom   = 64      // tokens: fewer are read sooner than a file
	keepMost   = 2 << 30 // bytes: making a copy of more takes too long for who comes meanwhile
	keepGrown  = 20      // while idle, a state is saved again when it grew by the twentieth part
	idleSave   = 15 * time.Second
	switchSave = time.Second     // somebody waits for the context
	leaveSave  = 3 * time.Second // the process ends, and nobody waits long for it
	closeSave  = time.Second     // of the program
)

var _ engine.Keeping = (*lease)(nil)

// holding says whose conversation lies in a context. It is guarded by Manager.mu.
type holding struct {
	chat   int64 // 0 = nobody's that is known
	tokens int
	note   []byte
	dirty  bool // it is not on disk like this
	tried  bool // while idle, and it cannot or should not be saved
	saved  int  // tokens that are
}

// Recall implements engine.Keeping.
func (l *lease) Recall(ctx context.Context, chat int64) []byte {
	if l.check() != nil {
		return nil
	}
	l.chat = chat
	held := l.m.held(l.r)
	if held.chat == chat {
		return held.note
	}
	l.m.leave(ctx, l.r, switchSave)
	if chat == 0 || l.m.deps.States == nil || !l.r.info.Capabilities.State {
		return nil
	}
	identity, ok := l.m.identity(l.r)
	if !ok {
		return nil
	}
	var head kvstate.Head
	found, err := l.m.deps.States.Load(ctx, chat, l.r.need.Model.SHA256, identity, func(h kvstate.Head, r io.Reader) error {
		head = h
		return l.died(l.r.child.LoadState(ctx, r))
	})
	if err != nil && ctx.Err() == nil {
		l.m.log.Info("The context of a chat is read anew", "chat", chat, "error", err)
	}
	if !found {
		return nil
	}
	l.m.hold(l.r, holding{chat: chat, tokens: head.Tokens, note: head.Note, saved: head.Tokens})
	return head.Note
}

// Keep implements engine.Keeping.
func (l *lease) Keep(chat int64, tokens int, note []byte) {
	if l.check() != nil || chat == 0 || chat != l.chat {
		return
	}
	held := l.m.held(l.r)
	h := holding{chat: chat, tokens: tokens, note: note, dirty: true}
	if held.chat == chat {
		h.saved = held.saved
	}
	l.m.hold(l.r, h)
}

// Holds implements engine.Keeping.
func (l *lease) Holds(chat int64) bool { return chat != 0 && l.m.held(l.r).chat == chat }

// use is called before the cache changes: what another conversation has in it is kept first.
func (l *lease) use(ctx context.Context) {
	if held := l.m.held(l.r); held.chat != 0 && held.chat != l.chat {
		l.m.leave(ctx, l.r, switchSave)
	}
}

func (m *Manager) held(r *resident) holding {
	m.mu.Lock()
	defer m.mu.Unlock()
	return r.held
}

func (m *Manager) hold(r *resident, h holding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.held = h
}

// leave saves what is in a context that is given up, in bounded time. The caller has the turn.
func (m *Manager) leave(ctx context.Context, r *resident, limit time.Duration) {
	if m.held(r).dirty {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		m.save(ctx, r)
	}
	m.hold(r, holding{})
}

// save writes the state of a context to disk. The caller has the turn.
func (m *Manager) save(ctx context.Context, r *resident) {
	h := m.held(r)
	identity, ok := m.identity(r)
	if !ok || !h.dirty || m.deps.States == nil || r.child == nil || !r.info.Capabilities.State || h.tokens < keepFrom || !m.roomToCopy(r, h.tokens) {
		h.tried = true
		m.hold(r, h)
		return
	}
	head := kvstate.Head{Chat: h.chat, Model: r.need.Model.SHA256, Identity: identity, Tokens: h.tokens, Note: h.note}
	began := time.Now()
	err := m.deps.States.Save(ctx, head, func(w io.Writer) error { return r.child.SaveState(ctx, w) })
	switch {
	case err == nil:
		h.dirty, h.saved = false, h.tokens
		m.log.Debug("Context saved", "chat", h.chat, "tokens", h.tokens, "seconds", time.Since(began).Seconds())
	case ctx.Err() != nil:
		return // somebody came; there will be another time
	default:
		h.dirty = false // the next reply is another chance
		m.log.Info("The context of a chat could not be kept", "chat", h.chat, "error", err)
	}
	m.hold(r, h)
}

// roomToCopy says whether the engine's process may make a copy of a state to write it out. What is not known is no reason
// against it.
func (m *Manager) roomToCopy(r *resident, tokens int) bool {
	if m.deps.Forecast == nil || r.info.Context == 0 {
		return true
	}
	f := m.deps.Forecast(r.need.Model, r.info.Context)
	size := f.KV / int64(r.info.Context) * int64(tokens)
	return size <= keepMost && (f.Free <= 0 || size <= f.Free/2)
}

// saveIdle runs on the timer's goroutine.
func (m *Manager) saveIdle() {
	ctx, cancel := context.WithTimeout(m.base, time.Minute)
	defer cancel()
	if !m.turn.trySpare(cancel) {
		return // somebody came in the same moment
	}
	m.stopIdle()
	m.mu.Lock()
	r := m.resident
	m.mu.Unlock()
	if r != nil {
		if h := m.held(r); (h.tokens-h.saved)*keepGrown >= h.tokens {
			m.save(ctx, r)
		}
	}
	m.giveTurn()
}

// wantsSave says whether a context is worth saving while nobody does anything. m.mu is held.
func (m *Manager) wantsSave() bool {
	return m.resident != nil && m.resident.child != nil && m.deps.States != nil && m.resident.held.dirty && !m.resident.held.tried &&
		(m.resident.held.tokens-m.resident.held.saved)*keepGrown >= m.resident.held.tokens
}

// ErrNotFree is the answer to AcquireIdle while the engine is used, or does not have the model.
var ErrNotFree = errors.New("the engine is not free")

// AcquireIdle is Acquire for what nobody waits for: it loads nothing, does not wait, and its context ends as soon as
// somebody else wants an engine. ErrNotFree: not now.
func (m *Manager) AcquireIdle(ctx context.Context, n Need) (engine.Chat, context.Context, func(), error) {
	n.Kind = KindChat
	ctx, cancel := context.WithCancel(ctx)
	if !m.turn.trySpare(cancel) {
		cancel()
		return nil, nil, nil, ErrNotFree
	}
	m.stopIdle()
	m.mu.Lock()
	r := m.resident
	m.mu.Unlock()
	spec, err := m.spec(n)
	if err == nil && r != nil && r.child != nil && r.process.Err() == nil && r.serves(n, spec, m.best) {
		l := &lease{m: m, r: r}
		return l, ctx, func() {
			if l.over.CompareAndSwap(false, true) {
				cancel()
				m.giveTurn()
			}
		}, nil
	}
	cancel()
	m.giveTurn()
	return nil, nil, nil, errors.Join(ErrNotFree, err)
}

// identity is identityOf, with a hash that became known meanwhile. The caller has the turn.
func (m *Manager) identity(r *resident) (string, bool) {
	if r.need.Model.SHA256 == "" && m.deps.Hash != nil {
		r.need.Model.SHA256 = m.deps.Hash(r.need.Model)
	}
	return identityOf(r)
}

// identityOf names all that the bits of a state depend on beside the model's hash; false where that is not known. Every process
// that makes the same name can go on with a state.
func identityOf(r *resident) (string, bool) {
	m, e := r.need.Model, r.info.Engine
	if m.SHA256 == "" {
		return "", false
	}
	parts := []string{
		fmt.Sprint(m.SizeBytes), e.Engine, e.Build, e.Device, e.Variant, e.FlashAttn, e.KVType,
		fmt.Sprint(r.info.Context), fmt.Sprint(r.info.Batch), fmt.Sprint(r.layers),
	}
	for _, a := range r.spec.Load.Adapters {
		if a.Weight == 0 {
			continue
		}
		info, err := os.Stat(a.Path)
		if err != nil {
			return "", false
		}
		parts = append(parts, fmt.Sprintf("%s*%g %d %d", a.Path, a.Weight, info.Size(), info.ModTime().UnixNano()))
	}
	return strings.Join(parts, "|"), true
}

// sameModel takes what became known of a model since it was loaded: its hash is computed while nobody waits.
func (r *resident) sameModel(m backend.Model) {
	if r.need.Model.SHA256 == "" {
		r.need.Model.SHA256 = m.SHA256
	}
}
