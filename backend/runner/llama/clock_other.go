//go:build !linux && !nonative

package llama

import "time"

func computed() (time.Duration, bool) { return 0, false }
