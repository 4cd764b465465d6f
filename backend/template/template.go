// Package template tries the chat template of a model before the model is first used. Templates are programs out of files
// that anybody can write: they can be wrong, run for ever, take all memory or crash the engine that runs them. So a trial
// renders a few conversations in a child process of its own, under a limit of time and memory, and what it finds is kept
// with the template's hash: no template is tried twice by the same engine.
//
// App wires it to the engines and the store; chat asks it before a reply. A Prober may be used from any goroutine; one trial
// runs at a time.
package template

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

// The limits of a trial. A child starts in about 0.1 s and renders a real template in a few milliseconds.
const (
	trialTime   = 1500 * time.Millisecond
	trialWork   = trialTime / 2    // of a processor, before a template is called endless: a busy machine is no fault of it
	trialWait   = 20 * time.Second // for a machine that is busy; then nothing is known
	trialMemory = 768 << 20        // bytes in use, the engine's libraries included
)

// errBusy ends a trial that got no time of a processor.
var errBusy = errors.New("this machine is too busy just now; try again later")

// Store keeps what was found. *store.Store meets it.
type Store interface {
	Setting(ctx context.Context, key string, v any) (found bool, err error)
	SetSetting(ctx context.Context, key string, v any) error
}

// Engine renders templates in a child process that can be limited.
type Engine interface {
	Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error)
	RenderTemplate(ctx context.Context, template, globals string) (string, error)
	Limit(bytes int64)
	// Used is how much time of processors it has had; false where the system does not tell.
	Used() (time.Duration, bool)
	Close() error
}

// Deps is what a Prober is made of.
type Deps struct {
	Store Store
	// Open starts a child whose renderings are killed soon after their context ends; backend.ErrUnsupported where no engine
	// that renders templates is installed.
	Open func(ctx context.Context) (Engine, error)
	// Build names the engine: another one may find something else.
	Build string
}

// Prober tries templates.
type Prober struct {
	store Store
	open  func(ctx context.Context) (Engine, error)
	build string
	turn  sync.Mutex
}

// New returns a Prober.
func New(d Deps) *Prober { return &Prober{store: d.Store, open: d.Open, build: d.Build} }

// kept is a verdict as it is stored.
type kept struct {
	backend.TemplateVerdict
	Build string `json:"build"`
}

// Verdict says whether a chat template can be used, and tries it where nobody did before: that takes less than two seconds,
// whatever the template does, unless the machine is busy with other work. An error says that it could not be tried, which is
// nothing against the template.
func (p *Prober) Verdict(ctx context.Context, template string) (backend.TemplateVerdict, error) {
	if strings.TrimSpace(template) == "" {
		return backend.TemplateVerdict{State: backend.TemplateNone}, nil
	}
	sum := sha256.Sum256([]byte(template))
	key := "template." + hex.EncodeToString(sum[:])
	p.turn.Lock()
	defer p.turn.Unlock()
	var known kept
	if found, err := p.store.Setting(ctx, key, &known); err != nil {
		return backend.TemplateVerdict{}, err
	} else if found && known.Build == p.build {
		return known.TemplateVerdict, nil
	}
	v, err := p.try(ctx, template)
	if err != nil || v.State == backend.TemplateUnknown {
		return v, err
	}
	return v, p.store.SetSetting(ctx, key, kept{v, p.build})
}

// try renders conversations of the kinds that a chat has.
func (p *Prober) try(ctx context.Context, template string) (backend.TemplateVerdict, error) {
	patient, cancel := context.WithTimeoutCause(ctx, trialWait, errBusy)
	defer cancel()
	e, err := p.open(patient)
	switch {
	case errors.Is(err, backend.ErrUnsupported):
		return backend.TemplateVerdict{}, nil
	case err != nil && patient.Err() != nil:
		return backend.TemplateVerdict{}, fmt.Errorf("try the chat template: %w", context.Cause(patient))
	case err != nil:
		return backend.TemplateVerdict{}, fmt.Errorf("try the chat template: %w", err)
	}
	defer e.Close() //nolint:errcheck // what it said is what counts
	e.Limit(trialMemory)
	limited, stop := limit(patient, e)
	defer stop()

	user := func(text string) engine.Message { return engine.Message{Role: backend.RoleUser, Content: text} }
	talk := []engine.Message{user("Name a city."), {Role: backend.RoleAssistant, Content: "Oslo"}, user("Another one.")}
	render := func(edit func(r *engine.RenderRequest)) (string, error) {
		r := engine.RenderRequest{Template: template, Messages: talk, AddGenerationPrompt: true}
		edit(&r)
		out, err := e.Render(limited, r)
		return out.Prompt, err
	}
	for _, messages := range [][]engine.Message{talk[:1], talk} {
		text, err := render(func(r *engine.RenderRequest) { r.Messages = messages })
		if err == nil && !strings.Contains(text, messages[len(messages)-1].Content) {
			err = fmt.Errorf("%w: it leaves the words of a message out", engine.ErrTemplate)
		}
		if err != nil {
			if patient.Err() != nil { // the caller or the machine gave up, not the template
				return backend.TemplateVerdict{}, fmt.Errorf("try the chat template: %w", context.Cause(patient))
			}
			return backend.TemplateVerdict{State: backend.TemplateBroken, Reason: reason(limited, telling(limited, e, template, err))}, nil
		}
	}
	// What comes now may fail without any harm to a chat. The template can be told what makes a difference.
	differs := func(one, other func(r *engine.RenderRequest)) bool {
		a, err1 := render(one)
		b, err2 := render(other)
		return err1 == nil && err2 == nil && a != b
	}
	out := backend.TemplateVerdict{State: backend.TemplateGood}
	out.Thinks = differs(func(r *engine.RenderRequest) { r.Thinking = engine.ThinkingOn }, func(r *engine.RenderRequest) { r.Thinking = engine.ThinkingOff })
	if differs(func(r *engine.RenderRequest) { r.Effort = "low" }, func(r *engine.RenderRequest) { r.Effort = "high" }) {
		out.Efforts = []string{"low", "medium", "high"}
	}
	const tool = "loam_tell_time"
	text, err := render(func(r *engine.RenderRequest) {
		r.Tools = []engine.Tool{{Name: tool, Description: "Tells the time", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}}
	})
	out.Tools = err == nil && strings.Contains(text, tool)
	if patient.Err() != nil { // what is missing in out was not looked at
		return backend.TemplateVerdict{}, fmt.Errorf("try the chat template: %w", context.Cause(patient))
	}
	return out, nil
}

// limit ends a context when the engine has had the time of a trial.
func limit(ctx context.Context, e Engine) (limited context.Context, stop func()) {
	limited, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		next := time.NewTimer(trialTime)
		defer next.Stop()
		for {
			select {
			case <-limited.Done():
				return
			case <-next.C:
			}
			if used, known := e.Used(); !known || used >= trialWork {
				cancel()
				return
			}
			next.Reset(trialTime / 10)
		}
	})
	return limited, func() { cancel(); watch.Wait() }
}

// telling looks for better words about a template that was refused: what runs it bare names the place and the cause.
func telling(ctx context.Context, e Engine, template string, err error) error {
	if !errors.Is(err, engine.ErrTemplate) || ctx.Err() != nil {
		return err
	}
	const globals = `{"messages":[{"role":"user","content":"Name a city."}],"add_generation_prompt":true,"bos_token":"","eos_token":""}`
	if _, bare := e.RenderTemplate(ctx, template, globals); bare != nil {
		return bare
	}
	return err
}

// reason is one clause about a failure.
func reason(limited context.Context, err error) string {
	var crash *engine.Crashed
	switch {
	case errors.As(err, &crash) && crash.Cause == engine.CauseMemory:
		return "it takes all memory"
	case limited.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return "it does not come to an end"
	case errors.As(err, &crash):
		return "it crashes the engine"
	}
	text := err.Error()
	if _, after, ok := strings.Cut(text, engine.ErrTemplate.Error()+": "); ok {
		text = after
	}
	return strings.TrimRight(strings.TrimSpace(text), ".")
}
