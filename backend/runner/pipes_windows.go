package runner

import (
	"errors"
	"os"

	"loam/backend/wire"
)

// pipes are inherited handles, whose numbers the parent tells.
func pipes(s wire.Start) (in, out *os.File, err error) {
	if s.In == 0 || s.Out == 0 {
		return nil, nil, errors.New("the parent named no pipes")
	}
	return os.NewFile(uintptr(s.In), "requests"), os.NewFile(uintptr(s.Out), "replies"), nil
}
