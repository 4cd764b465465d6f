// Package llama is the embedded chat engine: llama.cpp of December 2025, out of the Go module github.com/ollama/ollama
// v0.24.0, compiled into the program. Only its C++ is used, not the wrapper package. loam_chat.h is the C interface that
// this engine and the pack share; the embedded_*.cpp files implement it and are the only code that knows llama.h.
//
// Driver is started inside the worker child (backend/runner); a native assertion ends that process, never the window's.
// One process computes with one CPU variant: the plug-ins of the first request that names a folder stay loaded.
// A Chat follows the rules of engine.Chat: one call at a time, Close and cancelling from anywhere.
//
// Built with the tag nonative the package compiles without C and refuses to open anything.
package llama
