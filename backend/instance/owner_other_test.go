//go:build !linux

package instance

import "testing"

func waitForZombie(*testing.T, int) {}
