package engine

import (
	"context"
	"errors"

	"loam/backend"
)

// Fault is an error as data, so that it can cross from the worker child to its parent and still be branched on there:
// errors.Is and errors.As find the same sentinels and types on both sides.
type Fault struct {
	Code   string    `json:"code"`
	Text   string    `json:"text"` // what Error said
	Path   string    `json:"path,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Cause  Cause     `json:"cause,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Need   *Shortage `json:"need,omitempty"`
}

// Shortage is what a backend.DoesNotFit says.
type Shortage struct {
	Model    string           `json:"model"`
	Forecast backend.Forecast `json:"forecast"`
}

// The codes of faults that carry more than a sentinel.
const (
	codeBadFile = "bad file"
	codeCrashed = "crashed"
	codeFit     = "does not fit"
	codeOther   = "other"
)

// sentinels are the errors that keep their identity across the border.
var sentinels = map[string]error{
	"prompt too long": ErrPromptTooLong,
	"empty prompt":    ErrEmptyPrompt,
	"closed":          ErrClosed,
	"other build":     ErrOtherBuild,
	"no fit":          ErrNoFit,
	"template":        ErrTemplate,
	"unsupported":     backend.ErrUnsupported,
	"not found":       backend.ErrNotFound,
	"canceled":        context.Canceled,
	"deadline":        context.DeadlineExceeded,
}

// FaultOf describes err; nil for nil.
func FaultOf(err error) *Fault {
	if err == nil {
		return nil
	}
	f := &Fault{Code: codeOther, Text: err.Error()}
	var bad *backend.BadFile
	var crashed *Crashed
	var fit *backend.DoesNotFit
	switch {
	case errors.As(err, &bad):
		f.Code, f.Path, f.Reason = codeBadFile, bad.Path, bad.Reason
	case errors.As(err, &crashed):
		f.Code, f.Cause, f.Detail = codeCrashed, crashed.Cause, crashed.Detail
	case errors.As(err, &fit):
		f.Code, f.Need = codeFit, &Shortage{fit.Model, fit.Forecast}
	default:
		for code, s := range sentinels {
			if errors.Is(err, s) {
				f.Code = code
				break
			}
		}
	}
	return f
}

// Err is the error that f describes; nil for nil.
func (f *Fault) Err() error {
	if f == nil {
		return nil
	}
	var cause error
	switch f.Code {
	case codeBadFile:
		cause = &backend.BadFile{Path: f.Path, Reason: f.Reason}
	case codeCrashed:
		cause = &Crashed{Cause: f.Cause, Detail: f.Detail}
	case codeFit:
		if f.Need != nil {
			cause = &backend.DoesNotFit{Model: f.Need.Model, Forecast: f.Need.Forecast}
		}
	default:
		cause = sentinels[f.Code]
	}
	if cause == nil {
		return errors.New(f.Text)
	}
	return &remoteError{f.Text, cause}
}

// remoteError keeps the words of the other side and the identity of the error behind them.
type remoteError struct {
	text  string
	cause error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.cause }
