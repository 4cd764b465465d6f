// Package llama drives llama.cpp as a chat engine, twice. The embedded engine is llama.cpp of December 2025, out of the Go
// module github.com/ollama/ollama v0.24.0, compiled into the program; only its C++ is used, not the wrapper package. The
// pack is libloam-chat, a current llama.cpp that packaging/native builds and that is opened at run time. loam_chat.h is
// the C interface that both share: shim_*.cpp implement it for both, embedded_*.cpp and packaging/native/chatshim hold
// what differs, and nothing else knows llama.h.
//
// Driver and Pack are started inside the worker child (backend/runner), one engine per process; a native assertion ends
// that process, never the window's. One process computes with one CPU variant: the plug-ins of the first request that
// names a folder stay loaded. A Chat follows the rules of engine.Chat: one call at a time, Close and cancelling from
// anywhere.
//
// Built with the tag nonative the package compiles without C and refuses to open anything.
package llama
