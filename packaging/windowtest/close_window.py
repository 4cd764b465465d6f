#!/usr/bin/env python3
"""Ask an X11 window to close, as its close button does (WM_DELETE_WINDOW).

    close_window.py WINDOW_ID

Needs python3-xlib and DISPLAY; no window manager.
"""
import sys

from Xlib import X, display
from Xlib.protocol import event

d = display.Display()
w = d.create_resource_object("window", int(sys.argv[1]))
w.send_event(event.ClientMessage(
    window=w, client_type=d.intern_atom("WM_PROTOCOLS"), data=(32, [d.intern_atom("WM_DELETE_WINDOW"), X.CurrentTime, 0, 0, 0])))
d.sync()
