package fetch

import (
	"errors"
	"fmt"
	"syscall"

	"loam/backend"
	"loam/backend/outbound"
)

// Errors that callers branch on.
var (
	// ErrElsewhere: another process of Loam is fetching this.
	ErrElsewhere = errors.New("another Loam is downloading this already")
	// ErrChanged: the file on the server changes while it is fetched.
	ErrChanged = errors.New("the file on the server changes while it is downloaded")
)

// WrongHash is a file that is whole, but not the one that the hub promised.
type WrongHash struct{ File string }

func (e *WrongHash) Error() string {
	return fmt.Sprintf("%s is not the file that was promised: its hash differs, also after it was downloaded again", e.File)
}

// Refused is an answer that says no.
type Refused struct {
	File   string
	Host   string
	Status int
}

func (e *Refused) Error() string {
	return fmt.Sprintf("%s refuses %s (status %d)", e.Host, e.File, e.Status)
}

// NoSpace is a disk without room.
type NoSpace struct{ Needed, Free int64 }

func (e *NoSpace) Error() string {
	return fmt.Sprintf("the disk of the models folder is too full: %d bytes are needed and %d are free", e.Needed, e.Free)
}

// Unwrap makes it a full disk.
func (e *NoSpace) Unwrap() error { return backend.ErrDiskFull }

// badAnswer is an answer that no honest server gives. A few of them are passed over.
type badAnswer struct{ reason string }

func (e *badAnswer) Error() string { return "the server's answer makes no sense: " + e.reason }

// errChangedNow is an answer from another version of the file than the ones before.
var errChangedNow = errors.New("another version of the file")

// busyServer is an answer that asks to wait.
type busyServer struct {
	host   string
	status int
}

func (e *busyServer) Error() string {
	if e.status == 429 {
		return e.host + " asks to slow down"
	}
	return fmt.Sprintf("%s is busy (status %d)", e.host, e.status)
}

// final says whether trying again is no use.
func final(err error) bool {
	var refused *Refused
	var space *NoSpace
	var hash *WrongHash
	switch {
	case errors.As(err, &refused), errors.As(err, &space), errors.As(err, &hash), errors.Is(err, ErrChanged),
		errors.Is(err, outbound.ErrOffline), errors.Is(err, backend.ErrDiskFull), errors.Is(err, errDisk):
		return true
	}
	return false
}

// errDisk marks an error of the disk.
var errDisk = errors.New("the disk does not take it")

// diskError gives an error of the disk what callers branch on.
func diskError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", backend.ErrDiskFull, err)
	}
	return fmt.Errorf("%w: %w", errDisk, err)
}
