package main

import "os"

// screen says whether there is a display that a window could open on.
func screen() bool { return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" }
