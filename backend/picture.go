package backend

import "time"

// JobState is the life of a picture job.
type JobState string

// The states of a job. Waiting jobs never start by themselves at the next launch.
const (
	JobWaiting     JobState = "waiting"
	JobRunning     JobState = "running"
	JobDone        JobState = "done"
	JobStopped     JobState = "stopped"
	JobFailed      JobState = "failed"
	JobInterrupted JobState = "interrupted" // its owner died
)

// Job is a picture that was asked for. Settings is the request as JSON, kept as it was stored.
type Job struct {
	ID       int64
	State    JobState
	Settings []byte
	Error    string
	Created  time.Time
	Updated  time.Time
}

// Picture is a finished picture: a file named by its SHA-256 and the settings that made it.
type Picture struct {
	ID        int64
	JobID     int64
	MessageID int64 // the message it hangs under; 0 = none
	MadeFrom  int64 // the picture it was made from; 0 = none
	SHA256    string
	Width     int // pixels
	Height    int
	Seed      uint64
	Prompt    string
	Settings  []byte // JSON
	Created   time.Time
	Deleted   time.Time
}
