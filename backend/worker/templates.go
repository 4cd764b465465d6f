package worker

import (
	"context"
	"time"

	"loam/backend/engine"
	"loam/backend/wire"
)

// Templates works on templates in a child process without a model. It implements engine.Templates. A template that crashes
// the child or takes all its memory ends every later call with an *engine.Crashed; one that never ends is killed CancelGrace
// after the caller's ctx.
type Templates struct{ p *process }

var _ engine.Templates = (*Templates)(nil)

// OpenTemplates starts a child of an engine that knows templates; backend.ErrUnsupported from one that does not.
func OpenTemplates(ctx context.Context, s Spec) (*Templates, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	s.Load.Path, s.Load.Adapters, s.Picture = "", nil, engine.PictureLoad{}
	if s, err = s.resolve(); err != nil {
		return nil, err
	}
	p, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := p.ask(ctx, wire.OpTemplates, wire.Devices{PluginDir: s.Load.PluginDir}, handlers{}, nil); err != nil {
		_ = p.close() // err says why
		return nil, err
	}
	return &Templates{p}, nil
}

// RenderTemplate implements engine.Templates.
func (t *Templates) RenderTemplate(ctx context.Context, template, globals string) (string, error) {
	var out string
	err := t.p.ask(ctx, wire.OpTemplate, wire.Template{Template: template, Globals: globals}, handlers{}, &out)
	return out, err
}

// Render implements engine.Templates.
func (t *Templates) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	var out engine.Rendered
	err := t.p.ask(ctx, wire.OpRender, r, handlers{}, &out)
	return out, err
}

// Parse implements engine.Templates.
func (t *Templates) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	var out engine.Parsed
	err := t.p.ask(ctx, wire.OpParse, r, handlers{}, &out)
	return out, err
}

// Grammar implements engine.Templates.
func (t *Templates) Grammar(ctx context.Context, schema string) (string, error) {
	var out string
	err := t.p.ask(ctx, wire.OpGrammar, schema, handlers{}, &out)
	return out, err
}

// PID is the child's process ID.
func (t *Templates) PID() int { return t.p.cmd.Process.Pid }

// Used is how much time of processors the child has had; false where the system does not tell, and after its end.
func (t *Templates) Used() (time.Duration, bool) {
	p, known := pulseOf(t.PID())
	return p.cpu, known
}

// Done is closed when the child has ended, however.
func (t *Templates) Done() <-chan struct{} { return t.p.done }

// Err is nil while the child runs and after Close, else an *engine.Crashed.
func (t *Templates) Err() error { return t.p.err() }

// Close ends the child. A second call does nothing.
func (t *Templates) Close() error { return t.p.close() }
