package session

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

// bus starts a bus of the test's own and makes it the session bus; there is no system bus.
func bus(t *testing.T) {
	t.Helper()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon is not installed, so no desktop can be played")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, []byte(`<busconfig><type>session</type><listen>unix:dir=`+dir+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "--config-file="+config, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "none"))
}

// saver is the service that keeps the screen lit.
type saver struct {
	mu  sync.Mutex
	log []string
}

func (s *saver) note(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, words)
}

// notes is what was asked so far.
func (s *saver) notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Inhibit is called over the bus.
func (s *saver) Inhibit(app, why string) (uint32, *dbus.Error) {
	s.note("inhibit " + app + ": " + why)
	return 77, nil
}

// UnInhibit is called over the bus.
func (s *saver) UnInhibit(cookie uint32) *dbus.Error {
	if cookie == 77 {
		s.note("uninhibit")
	}
	return nil
}

// play puts a service on the bus.
func play(t *testing.T, service any, name, path, face string) {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Export(service, dbus.ObjectPath(path), face); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("%v, %v", reply, err)
	}
}

func TestADesktopOnTheBusIsAskedAndFreed(t *testing.T) {
	for _, name := range []string{"org.freedesktop.ScreenSaver", "org.freedesktop.PowerManagement.Inhibit"} {
		bus(t)
		s := &saver{}
		play(t, s, name, "/"+strings.ReplaceAll(name, ".", "/"), name)
		k := NewKeeper(nil, true, nil)
		k.Hold()
		k.Close()
		release, err := system("by hand")
		if err != nil {
			t.Fatal(err)
		}
		release()
		want := []string{"inhibit " + app + ": by hand", "uninhibit"}
		all := s.notes()
		if diff := cmp.Diff(want, all[max(0, len(all)-2):]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// portalDesk is a desktop with a portal.
type portalDesk struct{ saver }

// Inhibit is called over the bus.
func (p *portalDesk) Inhibit(window string, flags uint32, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	if window == "" && flags == 4 && options["reason"].Value() == "by hand" {
		p.note("inhibit")
	}
	return "/request/1", nil
}

// Close is called over the bus.
func (p *portalDesk) Close() *dbus.Error { p.note("close"); return nil }

func TestThePortalIsPreferred(t *testing.T) {
	bus(t)
	p, s := &portalDesk{}, &saver{}
	play(t, s, "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver")
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Export(p, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Export(p, "/request/1", "org.freedesktop.portal.Request"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName("org.freedesktop.portal.Desktop", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	release, err := system("by hand")
	if err != nil {
		t.Fatal(err)
	}
	release()
	if diff := cmp.Diff([]string{"inhibit", "close"}, p.notes()); diff != "" {
		t.Error(diff)
	}
	if asked := s.notes(); len(asked) != 0 {
		t.Errorf("another service was asked too: %q", asked)
	}
}

func TestWithoutADesktopNothingHappens(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if _, err := system("nobody hears it"); err == nil {
		t.Error("somebody agreed")
	}
	if Tray() {
		t.Error("there is a tray")
	}
	k := NewKeeper(nil, true, nil)
	k.Hold()()
	k.Close()
}

// tray is a desktop that shows icons, or does not.
type tray struct{ shown bool }

// Get is called over the bus.
func (w tray) Get(string, string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(w.shown), nil }

func TestTrayAsksTheDesktop(t *testing.T) {
	for _, shown := range []bool{true, false} {
		bus(t)
		play(t, tray{shown}, "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties")
		if Tray() != shown {
			t.Errorf("Tray() = %v", !shown)
		}
	}
}
