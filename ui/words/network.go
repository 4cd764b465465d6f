package words

import (
	"errors"
	"fmt"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/fetch"
	"loam/backend/hub"
	"loam/backend/outbound"
)

// NextOnline is the label of the step that switches the network on.
const NextOnline = "Go online"

// ofNetwork explains why another machine gave nothing.
func ofNetwork(err error) (text, next, learn string) {
	if d, ok := errors.AsType[*DownloadFailed](err); ok {
		return fmt.Sprintf("%s was not downloaded. %s", named(d.Name), d.Reason), "", LearnDownload
	}
	if gated, ok := errors.AsType[*hub.Gated](err); ok {
		what := "This model"
		if gated.Repo != "" {
			what = gated.Repo
		}
		return fmt.Sprintf("%s is given only to people who accepted its terms: do that on %s, and put your token into the settings.", what, gated.Host), NextSettings, LearnGated
	}
	if gone, ok := errors.AsType[*outbound.Unreachable](err); ok {
		return fmt.Sprintf("%s cannot be reached. Look at the connection, or at the proxy in the settings, and try again.", gone.Host), NextTryAgain, LearnNetwork
	}
	if s, ok := errors.AsType[*hub.Status](err); ok {
		if s.Code == 429 {
			wait := "a few minutes"
			if s.Wait > 0 {
				wait = s.Wait.Round(time.Second).String()
			}
			return fmt.Sprintf("%s asks to slow down. Try again in %s.", s.Host, wait), NextTryAgain, LearnNetwork
		}
		return fmt.Sprintf("%s does not answer as it should (status %d). Try again later.", s.Host, s.Code), NextTryAgain, LearnNetwork
	}
	if space, ok := errors.AsType[*fetch.NoSpace](err); ok {
		return fetch.Sentence(space), NextFolder, LearnDiskFull
	}
	switch {
	case errors.Is(err, outbound.ErrOffline):
		return "Loam is offline, as its settings or its environment say. Nothing is asked of other machines.", NextOnline, LearnOffline
	case errors.Is(err, outbound.ErrStalled), errors.Is(err, outbound.ErrRedirects):
		return "The server gave no answer. Try again.", NextTryAgain, LearnNetwork
	case errors.Is(err, hub.ErrNotFound):
		return "There is no such model on the hub, or it is private. Look at the name, which is like owner/name.", "", LearnNetwork
	case errors.Is(err, hub.ErrBadName):
		return "That is no name of a model on the hub. They look like owner/name.", "", LearnNetwork
	case errors.Is(err, hub.ErrAnswer):
		return "The hub's answer cannot be understood. Perhaps a network's login page is in between: open a web page and try again.", NextTryAgain, LearnNetwork
	case errors.Is(err, fetch.ErrElsewhere):
		return "Another Loam is downloading this already. Wait for it, or stop it there.", "", LearnDownload
	case errors.Is(err, app.ErrNoKeyring):
		return "There is no keyring on this system that could keep the token safely. Set the variable HF_TOKEN instead.", "", LearnGated
	}
	return "", "", ""
}

// DownloadFailed is a download that ended without a model, for who waits for one.
type DownloadFailed struct{ Name, Reason string }

func (e *DownloadFailed) Error() string { return e.Name + ": " + e.Reason }

// Failure is the end of a download as an error; nil where it is done.
func Failure(d backend.Download) error {
	if d.State == backend.DownloadDone {
		return nil
	}
	return &DownloadFailed{Name: d.Want.Name, Reason: d.Error}
}
