// Package season drives the picture engine that comes inside the Go module github.com/seasonjs/stable-diffusion v0.2.0,
// a library of January 2024 that knows SD 1.x, 2.x and XL. It is what draws on a machine without the current engine
// (package sd). What is broken in it is fenced off here: it draws from text alone, reports nothing while it draws, cannot
// be stopped (ending the child stops it), and is opened only where its instructions exist. It exports its symbols to the
// whole process, so it never shares one with another engine.
package season
