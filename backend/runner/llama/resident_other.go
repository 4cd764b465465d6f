//go:build !linux && !nonative

package llama

// residentBytes is not known here.
func residentBytes() int64 { return 0 }
