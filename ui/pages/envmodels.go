package pages

import (
	"context"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/catalogue"
	"loam/backend/hardware"
	"loam/backend/library"
)

// ModelCare is what the program knows and does about models beside their list; *app.App is one.
type ModelCare interface {
	// PlanModel says how a model would be loaded now, and why; SetModelChoice keeps what a person wants of that.
	PlanModel(ctx context.Context, m backend.Model) (backend.LoadPlan, error)
	SetModelChoice(ctx context.Context, id int64, c backend.LoadChoice) error
	// Catalogues lists the catalogues of models, Loam's own first; Recommend what they have of a kind and how it would run here,
	// the best choice first.
	Catalogues(ctx context.Context) ([]catalogue.Catalogue, error)
	AddCatalogue(ctx context.Context, path string) (catalogue.Catalogue, error)
	RemoveCatalogue(ctx context.Context, name string) (undo func() error, err error)
	Recommend(ctx context.Context, kind backend.ModelKind) ([]app.Recommendation, error)
	// Get begins to download a model of a catalogue; backend.ErrUnsupported: this program cannot.
	Get(ctx context.Context, e catalogue.Entry) error
	// RemovedModels lists what was removed and can still be brought back.
	RemovedModels(ctx context.Context) ([]app.RemovedModel, error)
	// ModelsDir is where the models folder is; MoveModels moves it.
	ModelsDir() string
	MoveModels(ctx context.Context, to string, progress func(done, total int64)) (library.MovePlan, error)
	// Bill is the bill of materials; ReportText a doctor's report without anything private.
	Bill(ctx context.Context) ([]byte, error)
	ReportText(ctx context.Context, r hardware.Report) string
}
