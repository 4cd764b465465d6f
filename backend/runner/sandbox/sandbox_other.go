//go:build !linux

package sandbox

// Enter confines the process; here it cannot.
func Enter(Rules, []string, []string) error { return ErrUnavailable }

// Offer makes this process the first to go when memory runs out; here it cannot.
func Offer() {}

// Harden switches off what could leak the process's memory; here nothing is known to help.
func Harden() error { return nil }

// Devices lists the device files of the machine's graphics processors.
func Devices() []string { return nil }
