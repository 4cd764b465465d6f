//go:build !linux && !windows && !darwin

package session

import "errors"

func system(string) (release func(), err error) {
	return nil, errors.New("this system is not known")
}

// Tray says whether the desktop shows tray icons.
func Tray() bool { return false }
