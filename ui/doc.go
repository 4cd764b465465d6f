// Package ui is the window: the rail and its pages, notices, shortcuts, drops, and the bridge from the services'
// goroutines to the window's own. main makes a UI and opens it; the pages know the services only through the interfaces
// of package pages, so that the whole window runs in tests with fakes.
//
// Everything here belongs to the goroutine of the window, except the dispatcher (any goroutine may hand it events) and
// the tasks, which run elsewhere and come back through it.
package ui
