//go:build !windows

package main

// console has nothing to do where a program has the terminal that it was started in.
func console() {}
