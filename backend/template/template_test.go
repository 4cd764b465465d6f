package template

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/store/storetest"
)

// fake is an engine that renders as its function says.
type fake struct {
	render func(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error)
	limit  int64
	closed bool
	used   func() (time.Duration, bool) // nil = the system does not tell
}

func (f *fake) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	return f.render(ctx, r)
}
func (f *fake) RenderTemplate(context.Context, string, string) (string, error) { return "", nil }
func (f *fake) Limit(bytes int64)                                              { f.limit = bytes }
func (f *fake) Used() (time.Duration, bool) {
	if f.used == nil {
		return 0, false
	}
	return f.used()
}

func (f *fake) Close() error { f.closed = true; return nil }

func plain(_ context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	var b strings.Builder
	for _, m := range r.Messages {
		b.WriteString(m.Content + "\n")
	}
	fmt.Fprint(&b, r.Thinking, r.Effort)
	for _, t := range r.Tools {
		b.WriteString(t.Name)
	}
	return engine.Rendered{Prompt: b.String()}, nil
}

func TestVerdicts(t *testing.T) {
	for name, tc := range map[string]struct {
		template string
		render   func(context.Context, engine.RenderRequest) (engine.Rendered, error)
		want     backend.TemplateVerdict
	}{
		"none": {" \n", nil, backend.TemplateVerdict{State: backend.TemplateNone}},
		"good": {"{{ tools }} {{ reasoning_effort }}", plain, backend.TemplateVerdict{
			State: backend.TemplateGood, Thinks: true, Tools: true, Efforts: []string{"low", "medium", "high"},
		}},
		"wrong": {"{%", func(context.Context, engine.RenderRequest) (engine.Rendered, error) {
			return engine.Rendered{}, fmt.Errorf("render: %w: unknown filter 'x'.", engine.ErrTemplate)
		}, backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "unknown filter 'x'"}},
		"mute": {
			"x", func(context.Context, engine.RenderRequest) (engine.Rendered, error) {
				return engine.Rendered{Prompt: "x"}, nil
			},
			backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "it leaves the words of a message out"},
		},
		"crash": {"x", func(context.Context, engine.RenderRequest) (engine.Rendered, error) {
			return engine.Rendered{}, &engine.Crashed{Cause: engine.CauseUnknown}
		}, backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "it crashes the engine"}},
		"memory": {"x", func(context.Context, engine.RenderRequest) (engine.Rendered, error) {
			return engine.Rendered{}, &engine.Crashed{Cause: engine.CauseMemory}
		}, backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "it takes all memory"}},
		"endless": {"x", func(ctx context.Context, _ engine.RenderRequest) (engine.Rendered, error) {
			<-ctx.Done()
			return engine.Rendered{}, ctx.Err()
		}, backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "it does not come to an end"}},
		"refuses a second turn": {"x", func(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
			if len(r.Messages) > 1 {
				return engine.Rendered{}, fmt.Errorf("%w: one turn only", engine.ErrTemplate)
			}
			return plain(ctx, r)
		}, backend.TemplateVerdict{State: backend.TemplateBroken, Reason: "one turn only"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{render: tc.render}
			opened := 0
			p := New(Deps{Store: storetest.New(t), Build: "1", Open: func(context.Context) (Engine, error) { opened++; return f, nil }})
			for range 2 { // the second time it is known
				got, err := p.Verdict(t.Context(), tc.template)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Error(d)
				}
			}
			if tc.render != nil && (opened != 1 || !f.closed || f.limit == 0) {
				t.Errorf("opened %d times, closed %v, limit %d", opened, f.closed, f.limit)
			}
		})
	}
}

func TestAnotherEngineTriesAgain(t *testing.T) {
	s, opened := storetest.New(t), 0
	open := func(context.Context) (Engine, error) { opened++; return &fake{render: plain}, nil }
	for _, build := range []string{"1", "1", "2", "2"} {
		if _, err := New(Deps{Store: s, Build: build, Open: open}).Verdict(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if opened != 2 {
		t.Errorf("opened %d times, want 2", opened)
	}
}

func TestWithoutAnEngineNothingIsKnown(t *testing.T) {
	for _, cause := range []error{backend.ErrUnsupported, errors.New("no such program")} {
		p := New(Deps{Store: storetest.New(t), Open: func(context.Context) (Engine, error) { return nil, cause }})
		v, err := p.Verdict(t.Context(), "x")
		if v.State != backend.TemplateUnknown || (err == nil) != errors.Is(cause, backend.ErrUnsupported) {
			t.Errorf("%v: %+v, %v", cause, v, err)
		}
	}
}

func TestGivingUpIsNoVerdict(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := New(Deps{Store: storetest.New(t), Open: func(context.Context) (Engine, error) {
		return &fake{render: func(context.Context, engine.RenderRequest) (engine.Rendered, error) {
			cancel()
			return engine.Rendered{}, context.Canceled
		}}, nil
	}})
	if v, err := p.Verdict(ctx, "x"); !errors.Is(err, context.Canceled) || v.State != backend.TemplateUnknown {
		t.Errorf("%+v, %v", v, err)
	}
}

// A machine that is busy lets a good template wait: nothing is held against the template, and nothing is kept.
func TestABusyMachineIsNoFaultOfTheTemplate(t *testing.T) {
	for name, tc := range map[string]struct {
		takes, used time.Duration // of one rendering, and what of it the engine got of a processor
		want        backend.TemplateState
		after       time.Duration // of one trial at most
		says        error
	}{
		"busy":      {2 * time.Second, 20 * time.Millisecond, backend.TemplateGood, trialWait, nil},
		"too busy":  {time.Minute, 20 * time.Millisecond, backend.TemplateUnknown, trialWait, errBusy},
		"busy late": {5 * time.Second, 20 * time.Millisecond, backend.TemplateUnknown, trialWait, errBusy},
		"endless":   {time.Minute, 55 * time.Second, backend.TemplateBroken, 2 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				f := &fake{}
				f.used = func() (time.Duration, bool) {
					return time.Duration(float64(time.Since(begun)) * float64(tc.used) / float64(tc.takes)), true
				}
				f.render = func(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
					select {
					case <-time.After(tc.takes):
						return plain(ctx, r)
					case <-ctx.Done():
						return engine.Rendered{}, ctx.Err()
					}
				}
				opened := 0
				p := New(Deps{Store: storetest.New(t), Build: "1", Open: func(context.Context) (Engine, error) { opened++; return f, nil }})
				v, err := p.Verdict(t.Context(), "x")
				if v.State != tc.want || !errors.Is(err, tc.says) || time.Since(begun) > tc.after {
					t.Errorf("%+v, %v after %v", v, err, time.Since(begun))
				}
				if _, err := p.Verdict(t.Context(), "x"); !errors.Is(err, tc.says) || (opened == 1) != (tc.says == nil) {
					t.Errorf("the second time: %v, opened %d times", err, opened)
				}
			})
		})
	}
}
