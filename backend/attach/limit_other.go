//go:build !unix

package attach

// limitMemory does nothing: the Go runtime's own limit is all there is here.
func limitMemory() {}
