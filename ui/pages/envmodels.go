package pages

import (
	"context"

	"loam/backend"
)

// ModelCare is what the program knows and does about models beside their list; *app.App is one.
type ModelCare interface {
	// PlanModel says how a model would be loaded now, and why; SetModelChoice keeps what a person wants of that.
	PlanModel(ctx context.Context, m backend.Model) (backend.LoadPlan, error)
	SetModelChoice(ctx context.Context, id int64, c backend.LoadChoice) error
}
