//go:build nonative

package llama

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
)

// Driver returns a driver that refuses everything: the program was built without native code.
func Driver() engine.Driver { return absent(Name) }

// Pack is the same as the current engine.
func Pack() engine.Driver { return absent(PackName) }

// absent is an engine that is not there, by its name.
type absent string

var errAbsent = fmt.Errorf("this program was built without the chat engine: %w", backend.ErrUnsupported)

func (a absent) Name() string { return string(a) }

func (a absent) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return nil, backend.EngineInfo{Engine: string(a)}, errAbsent
}

func (absent) OpenChat(context.Context, engine.LoadRequest, engine.Progress) (engine.Chat, error) {
	return nil, errAbsent
}

func (absent) OpenEmbedder(context.Context, engine.LoadRequest, engine.Progress) (engine.Embedder, error) {
	return nil, errAbsent
}
