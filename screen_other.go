//go:build !linux

package main

// screen is always there on a desktop system.
func screen() bool { return true }
