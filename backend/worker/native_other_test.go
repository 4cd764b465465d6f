//go:build !linux || !cgo

package worker_test

import "loam/backend/engine"

// nativeDrivers need cgo and mmap.
var nativeDrivers []engine.Engine
