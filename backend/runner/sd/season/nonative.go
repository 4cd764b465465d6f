//go:build nonative

package season

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
)

// Embedded is a driver that refuses everything: the program was built without native code.
type Embedded struct{}

var errAbsent = fmt.Errorf("this program was built without the built-in picture engine: %w", backend.ErrUnsupported)

// Name is the engine's name in receipts.
func (Embedded) Name() string { return "sd-embedded" }

// Devices refuses.
func (Embedded) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return nil, backend.EngineInfo{Engine: Embedded{}.Name()}, errAbsent
}

// OpenImager refuses.
func (Embedded) OpenImager(context.Context, engine.PictureLoad) (engine.Imager, error) {
	return nil, errAbsent
}

// Traits refuses.
func (Embedded) Traits(context.Context, string) (engine.PictureInfo, error) {
	return engine.PictureInfo{}, errAbsent
}
