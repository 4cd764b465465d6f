package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

const (
	app = "io.loam.desktop"
	// answers bounds how long a service may take; one that hangs costs this once per reply, on the Keeper's goroutine.
	answers = 2 * time.Second
)

// system asks the services of the desktop, the one that only holds off sleep before those that keep the screen lit, and
// takes the first that agrees. None is started for it. A connection of its own makes sure that all is given back when it
// is closed, however the call to give back ends.
func system(why string) (release func(), err error) {
	var errs []error
	for _, ask := range []func(string) (func(), error){portal, powerManagement, screenSaver, login} {
		release, err := ask(why)
		if err == nil {
			return release, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// sessionBus connects to a bus that is there; the library would start one.
func sessionBus(options ...dbus.ConnOption) (*dbus.Conn, error) {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		if _, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")); err != nil {
			return nil, fmt.Errorf("no session bus: %w", err)
		}
	}
	return dbus.ConnectSessionBus(options...)
}

// on calls a method over a connection of its own.
func on(connect func(...dbus.ConnOption) (*dbus.Conn, error), name, path, method string, args ...any) (*dbus.Conn, *dbus.Call, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answers)
	defer cancel()
	conn, err := connect()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	call := conn.Object(name, dbus.ObjectPath(path)).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	if call.Err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, call.Err), conn.Close())
	}
	return conn, call, nil
}

// undo is a release that calls a method and closes the connection.
func undo(conn *dbus.Conn, name string, path dbus.ObjectPath, method string, args ...any) func() {
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), answers)
		defer cancel()
		_ = conn.Object(name, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...).Err // closing gives it back too
		_ = conn.Close()
	}
}

// portal holds off sleep and nothing else (flag 4).
// https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Inhibit.html
func portal(why string) (func(), error) {
	const name, suspend = "org.freedesktop.portal.Desktop", uint32(4)
	conn, call, err := on(sessionBus, name, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit.Inhibit",
		"", suspend, map[string]dbus.Variant{"reason": dbus.MakeVariant(why)})
	if err != nil {
		return nil, err
	}
	var handle dbus.ObjectPath
	if err := call.Store(&handle); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return undo(conn, name, handle, "org.freedesktop.portal.Request.Close"), nil
}

// powerManagement holds off sleep on KDE and Xfce.
func powerManagement(why string) (func(), error) {
	return cookie("org.freedesktop.PowerManagement.Inhibit", "/org/freedesktop/PowerManagement/Inhibit", "org.freedesktop.PowerManagement.Inhibit", why)
}

// screenSaver holds off all that idleness does. https://specifications.freedesktop.org/idle-inhibit-spec/latest/
func screenSaver(why string) (func(), error) {
	return cookie("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver", why)
}

// cookie is the form that both of them have.
func cookie(name, path, face, why string) (func(), error) {
	conn, call, err := on(sessionBus, name, path, face+".Inhibit", app, why)
	if err != nil {
		return nil, err
	}
	var c uint32
	if err := call.Store(&c); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return undo(conn, name, dbus.ObjectPath(path), face+".UnInhibit", c), nil
}

// login holds off what the system does when it is idle; a lid that is closed still has its way.
// https://systemd.io/INHIBITOR_LOCKS/
func login(why string) (func(), error) {
	conn, call, err := on(dbus.ConnectSystemBus, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager.Inhibit",
		"idle", "Loam", why, "block")
	if err != nil {
		return nil, err
	}
	var fd dbus.UnixFD
	if err := call.Store(&fd); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		_ = unix.Close(int(fd)) // which is the release
		_ = conn.Close()
	}, nil
}

// Tray says whether the desktop shows tray icons now. A window must not hide where nothing brings it back.
func Tray() bool {
	const name = "org.kde.StatusNotifierWatcher"
	conn, call, err := on(sessionBus, name, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties.Get",
		name, "IsStatusNotifierHostRegistered")
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // the bus forgets us either way
	var there dbus.Variant
	if call.Store(&there) != nil {
		return false
	}
	shown, ok := there.Value().(bool)
	return ok && shown
}
