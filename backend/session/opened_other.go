//go:build !darwin

package session

// listenOpened has nothing to listen to.
func listenOpened(func(paths []string)) {}
