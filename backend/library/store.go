package library

import (
	"context"

	"loam/backend"
)

// Store is what the library needs of the database; *store.Store is one.
type Store interface {
	AddModel(ctx context.Context, m backend.Model) (backend.Model, error)
	Model(ctx context.Context, id int64) (backend.Model, error)
	UpdateModel(ctx context.Context, m backend.Model) error
	ModelBySHA(ctx context.Context, sha256 string) (backend.Model, error)
	ModelByPath(ctx context.Context, path string) (backend.Model, error)
	RemoveModel(ctx context.Context, id int64) error
	RestoreModel(ctx context.Context, id int64) error
	ForgetModel(ctx context.Context, id int64) error
	Setting(ctx context.Context, key string, v any) (bool, error)
	SetSetting(ctx context.Context, key string, v any) error
}
