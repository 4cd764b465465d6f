package worker

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestWhatCountsAsASignOfLife(t *testing.T) {
	before := pulse{cpu: 10 * time.Second, faults: 7}
	for name, c := range map[string]struct {
		now  pulse
		want bool
	}{
		"computing":                {pulse{cpu: 14 * time.Second, faults: 7}, true},
		"one core of many, slowly": {pulse{cpu: 10*time.Second + 400*time.Millisecond, faults: 7}, true},
		"reading its weights":      {pulse{cpu: 10 * time.Second, faults: 8}, true},
		"waiting for a disk":       {pulse{cpu: 10 * time.Second, faults: 7, onDisk: true}, true},
		"only the runtime's ticks": {pulse{cpu: 10*time.Second + 30*time.Millisecond, faults: 7}, false},
		"nothing at all":           {before, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.now.stirs(before, 15*time.Second); got != c.want {
				t.Errorf("%+v after %+v: %v", c.now, before, got)
			}
		})
	}
}

func TestThePulseOfAProcessGrowsWithItsWork(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells: /proc")
	}
	before, ok := pulseOf(os.Getpid())
	if !ok {
		t.Fatal("no pulse of this process")
	}
	for now := before; now.cpu-before.cpu < 50*time.Millisecond; { // ends when it works, the test's own time limit otherwise
		for range 1_000_000 {
			runtime.KeepAlive(now)
		}
		if now, ok = pulseOf(os.Getpid()); !ok {
			t.Fatal("the pulse is gone")
		}
	}
	if _, ok := pulseOf(1 << 30); ok {
		t.Error("a pulse of no process")
	}
}
