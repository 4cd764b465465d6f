//go:build nonative

package sd

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
)

// Pack is a driver that refuses everything: the program was built without native code.
type Pack struct{}

var errAbsent = fmt.Errorf("this program was built without the picture engine: %w", backend.ErrUnsupported)

// Name is the engine's name in receipts.
func (Pack) Name() string { return "sd-pack" }

// Devices refuses.
func (Pack) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return nil, backend.EngineInfo{Engine: Pack{}.Name()}, errAbsent
}

// OpenImager refuses.
func (Pack) OpenImager(context.Context, engine.PictureLoad) (engine.Imager, error) {
	return nil, errAbsent
}

// Traits refuses.
func (Pack) Traits(context.Context, string) (engine.PictureInfo, error) {
	return engine.PictureInfo{}, errAbsent
}
