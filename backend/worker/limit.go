package worker

import (
	"time"

	"loam/backend/engine"
)

// limitGap is between two looks at how much memory a child has in use: at most so much passes before it is ended.
const limitGap = 5 * time.Millisecond

// Limit ends the child as soon as it has more than so many bytes of memory in use; a later call sets another limit beside
// the first. Where the system does not tell (only Linux does), nothing is limited. The goroutine ends with the child.
func (t *Templates) Limit(bytes int64) {
	go func() {
		tick := time.NewTicker(limitGap)
		defer tick.Stop()
		for {
			select {
			case <-t.p.done:
				return
			case <-tick.C:
				if used := residentBytes(t.PID()); used > bytes {
					t.p.kill(engine.CauseMemory, "it took more memory than it may")
					return
				}
			}
		}
	}()
}
