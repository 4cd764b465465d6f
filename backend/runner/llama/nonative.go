//go:build nonative

package llama

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
)

// Driver returns a driver that refuses everything: the program was built without native code.
func Driver() engine.Driver { return absent{} }

type absent struct{}

var errAbsent = fmt.Errorf("this program was built without the chat engine: %w", backend.ErrUnsupported)

func (absent) Name() string { return Name }

func (absent) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return nil, backend.EngineInfo{Engine: Name}, errAbsent
}

func (absent) OpenChat(context.Context, engine.LoadRequest, engine.Progress) (engine.Chat, error) {
	return nil, errAbsent
}
