package hardware

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThreadsLeaveACoreAndSpareTheBattery(t *testing.T) {
	for _, c := range []struct{ physical, logical, plugged, battery int }{
		{8, 16, 7, 4}, {4, 8, 3, 2}, {2, 4, 2, 1}, {1, 1, 1, 1}, {6, 4, 3, 2}, {0, 0, 1, 1}, {16, 32, 15, 8},
	} {
		m := Machine{PhysicalCores: c.physical, LogicalCores: c.logical}
		if a, b := Threads(m, false), Threads(m, true); a != c.plugged || b != c.battery {
			t.Errorf("%d of %d cores: %d plugged in, %d on battery; want %d and %d", c.physical, c.logical, a, b, c.plugged, c.battery)
		}
	}
}

// The plug is pulled and put back: what is read follows.
func TestTheBatteryIsReadAnew(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, "sys/class/power_supply", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("AC/type", "Mains")
	write("BAT0/type", "Battery")
	write("mouse/type", "Battery")
	write("mouse/scope", "Device")
	write("mouse/status", "Discharging")
	for _, c := range []struct {
		online, status string
		want           bool
	}{{"1", "Charging", false}, {"0", "Discharging", true}, {"1", "Not charging", false}, {"0", "Discharging", true}} {
		write("AC/online", c.online)
		write("BAT0/status", c.status)
		var m Machine
		tree{root: root}.fill(&m, nil)
		if m.OnBattery != c.want {
			t.Errorf("plug %s, battery %s: OnBattery = %v", c.online, c.status, m.OnBattery)
		}
	}
}
