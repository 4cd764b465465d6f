package instance

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// waitForZombie waits until the kernel shows the killed process as one; it is not waited for yet.
func waitForZombie(t *testing.T, pid int) {
	t.Helper()
	for {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(stat), ") Z ") {
			return
		}
		runtime.Gosched()
	}
}

func TestStatIsReadWithAnyProcessName(t *testing.T) {
	const tail = " S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5555 1 1 1"
	for name, want := range map[string]int64{
		"(loam)": 5555, "(a b)": 5555, "() S 1 2 3)": 5555, "(": 0, "": 0,
	} {
		started, running, known := parseStat([]byte("7 " + name + tail))
		if started != want || running != (want != 0) || known != (want != 0) {
			t.Errorf("%q: %d, %v, %v", name, started, running, known)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("7 (loam) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5555 1 1 1"))
	f.Add([]byte("7 (loam"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if _, running, known := parseStat(stat); running && !known {
			t.Error("a process runs that is not known")
		}
	})
}
