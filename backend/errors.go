package backend

import (
	"errors"
	"fmt"
)

// Sentinels that callers branch on. Everything else is a plain wrapped error.
var (
	ErrNotFound    = errors.New("not found")
	ErrNewerStore  = errors.New("the database was written by a newer version of Loam")
	ErrReadOnly    = errors.New("the data folder cannot be written")
	ErrDiskFull    = errors.New("the disk is full")
	ErrLocked      = errors.New("another Loam is using this data folder")
	ErrNoModel     = errors.New("no chat model is installed")
	ErrBusy        = errors.New("a reply is already being written in this chat")
	ErrUnsupported = errors.New("not supported by this engine")
)

// BadFile is a file that is not what it claims to be. Reason is one clause for a person, without the path;
// Path is empty where a reader was given bytes and not a file.
type BadFile struct {
	Path   string
	Reason string
}

func (e *BadFile) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s: %s", e.Path, e.Reason)
}

// DoesNotFit is a load that would need more memory than there is.
type DoesNotFit struct {
	Model    string
	Forecast Forecast
	// Fatal: the system would end it, so that no word of a person lets it through.
	Fatal bool
}

func (e *DoesNotFit) Error() string {
	return fmt.Sprintf("%s needs %d bytes and %d are free", e.Model, e.Forecast.Needed(), e.Forecast.Free)
}
