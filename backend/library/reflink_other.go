//go:build !linux && !darwin

package library

import "errors"

func reflink(string, string) error { return errors.ErrUnsupported }
