package fetch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/outbound"
)

// Sentence says why a download ended, for a person: what, why, and what to do. It stands in the row of the download.
func Sentence(err error) string {
	var (
		space   *NoSpace
		refused *Refused
		hash    *WrongHash
		bad     *backend.BadFile
		gone    *outbound.Unreachable
		lie     *badAnswer
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &space):
		return fmt.Sprintf("The disk is too full: %s more are needed and %s can be used. Free some space and resume.", size(space.Needed), size(space.Free))
	case errors.Is(err, backend.ErrDiskFull):
		return "The disk is full. Free some space and resume."
	case errors.Is(err, outbound.ErrOffline):
		return "Loam is offline. Switch the network on and resume."
	case errors.As(err, &refused) && (refused.Status == statusUnauth || refused.Status == statusForbidden):
		return fmt.Sprintf("%s does not give this file to everyone: accept the model's terms there, put your token into the settings, and resume.", refused.Host)
	case errors.As(err, &refused):
		return fmt.Sprintf("%s does not have this file any more. Remove the download and look for the model again.", refused.Host)
	case errors.As(err, &hash):
		return "What arrived is not the file that was promised, also at a second try. Do not use it; resume to try once more, or choose another source."
	case errors.Is(err, ErrChanged):
		return "The file changes on the server while it is downloaded. Try again later."
	case errors.Is(err, ErrElsewhere):
		return "Another Loam is downloading this already."
	case errors.As(err, &bad):
		return "It was downloaded, but cannot be used: " + strings.TrimRight(bad.Reason, ".") + "."
	case errors.As(err, &gone):
		return gone.Host + " cannot be reached. Look at the connection and resume."
	case errors.As(err, &lie):
		return "The server's answers make no sense (" + lie.reason + "). Resume to try again, or look at the proxy in the settings."
	case errors.Is(err, errDisk):
		return "The disk does not take the file: " + lastOf(err) + "."
	}
	return strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
}

// reasonOf is a short clause about what a download waits for.
func reasonOf(err error) string {
	var gone *outbound.Unreachable
	var busy *busyServer
	switch {
	case errors.As(err, &gone):
		return "No connection to " + gone.Host
	case errors.As(err, &busy):
		return busy.Error()
	case errors.Is(err, outbound.ErrStalled):
		return "The connection stalled"
	}
	return "The connection broke"
}

func size(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// lastOf is the last clause of an error.
func lastOf(err error) string {
	s := strings.Split(err.Error(), ": ")
	return s[len(s)-1]
}
