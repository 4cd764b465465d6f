// Package enginetest holds what tests of engines share: a fake driver that is small, exact and can be told to misbehave,
// and Run, the one conformance suite that every driver has to pass, in the process and through a worker child.
//
// Only test binaries import it. A test that wants the fake in a child calls Main from its TestMain and gives its own
// binary to worker.Spec; see Spec. The fake's model is a file that WriteModel writes; what the file says steers the
// engine, wherever it runs.
package enginetest
