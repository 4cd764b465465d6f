// Package backend holds the nouns of Loam: what the window, the command line, the services and the store talk about.
// It has no behaviour beyond small methods on its own values, imports nothing of ours, starts no goroutine and does no
// input or output, so that every other room may use it. All values are plain data: copy them freely, share them
// read-only. Times are UTC with millisecond resolution, sizes are bytes, durations are time.Duration.
package backend
