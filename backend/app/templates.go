package app

import (
	"context"
	"time"

	"loam/backend"
	"loam/backend/template"
	"loam/backend/worker"
)

// templateGrace is from the end of a template's time to the end of the child that runs it.
const templateGrace = 100 * time.Millisecond

// startTemplates makes what tries chat templates.
func (a *App) startTemplates() {
	a.templates = template.New(template.Deps{
		Store: a.Store, Build: a.Version + " " + a.Commit,
		Open: func(ctx context.Context) (template.Engine, error) {
			s := a.spec(a.EngineSettings(ctx), a.ChatEngine())
			s.CancelGrace = templateGrace
			e, err := worker.OpenTemplates(ctx, s)
			if err != nil {
				return nil, err
			}
			return e, nil
		},
	})
}

// TemplateVerdict says whether a model's chat template can be used by the engine that the model runs on, and what it can be
// told. Where that engine does not run templates, nothing is known.
func (a *App) TemplateVerdict(ctx context.Context, m backend.Model) (backend.TemplateVerdict, error) {
	if m.Kind != backend.KindChat {
		return backend.TemplateVerdict{}, nil
	}
	chosen, err := a.ModelEngine(ctx, m.ID)
	if err != nil || chosen == ChatEmbedded && a.deps.Engine == "" || a.ChatEngine() == ChatEmbedded {
		return backend.TemplateVerdict{}, err
	}
	return a.templates.Verdict(ctx, m.Template)
}
