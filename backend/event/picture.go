package event

import (
	"time"

	"loam/backend"
)

// JobChanged tells that a picture job was added or reached another state. Always delivered.
type JobChanged struct {
	JobID     int64
	State     backend.JobState
	PictureID int64 // the finished picture; 0 = none
}

// JobProgress tells where a running picture is.
type JobProgress struct {
	JobID       int64
	Phase       string // "loading", "text", "sampling", "decode", ...; as the engine names them
	Step, Steps int
	Left        time.Duration // an estimate; 0 = not known yet
}

// JobPreview carries what a running picture looks like so far: RGB, rows from the top.
type JobPreview struct {
	JobID         int64
	Step          int
	Width, Height int
	RGB           []byte
}

// Key implements Event.
func (e JobChanged) Key() Key { return Key{"job.changed", e.JobID} }

// Key implements Event.
func (e JobProgress) Key() Key { return Key{"job.progress", e.JobID} }

// Key implements Event.
func (e JobPreview) Key() Key { return Key{"job.preview", e.JobID} }

// Merge implements Event: the newer one stands.
func (e JobChanged) Merge(Event) Event { return e }

// Merge implements Event: the newer one stands.
func (e JobProgress) Merge(Event) Event { return e }

// Merge implements Event: the newer one stands.
func (e JobPreview) Merge(Event) Event { return e }
