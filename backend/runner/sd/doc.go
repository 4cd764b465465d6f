// Package sd drives stable-diffusion.cpp inside the worker child. Pack is libloam-picture, the current engine, found
// beside the program and opened with dlopen. It serves one opened model at a time and keeps these promises of
// engine.Imager: a cancelled context ends a call between two graph nodes, every failure is an error of one line, a
// picture of one colour is a failure and not a picture, and nothing is printed on standard output.
//
// Only the worker's main imports this package. Calls into the library wait for each other; callbacks come on the
// calling thread.
package sd
