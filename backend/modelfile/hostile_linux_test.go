package modelfile_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

const (
	envHostile  = "LOAM_TEST_HOSTILE_FILE"
	mostHostile = 200 << 20 // bytes that answering for any file may hold at its peak, the test's own program included
)

// TestHostileFileInAProcessOfItsOwn answers for one file; it is run by TestHostileFilesTakeLittleMemory only.
func TestHostileFileInAProcessOfItsOwn(t *testing.T) {
	path := os.Getenv(envHostile)
	if path == "" {
		t.Skip("it is the child of another test")
	}
	_, err := modelfile.Identify(path)
	status, readErr := os.ReadFile("/proc/self/status")
	if readErr != nil {
		t.Fatal(readErr)
	}
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Printf("peak %s kB, user %d ms; %v\n", strings.TrimSuffix(strings.TrimSpace(v), " kB"), use.Utime.Nano()/1e6, err != nil)
		}
	}
}

// hostile are files that were made to hurt, as they lie on a disk: the broken ones, and beginnings followed by as much of one
// pattern as a reader likes.
func hostile(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for i, b := range modelfiletest.Bad() {
		files[b.Name] = modelfiletest.Write(t, dir, fmt.Sprintf("%03d-%s", i, b.File), b.Data)
	}
	long := func(name string, front, pattern []byte, size int64) {
		path := filepath.Join(dir, fmt.Sprintf("long-%d.safetensors", len(files)))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Write(front); err != nil {
			t.Fatal(err)
		}
		block := bytes.Repeat(pattern, max(1, (1<<20)/max(len(pattern), 1)))
		for n := int64(len(front)); len(pattern) > 0 && n < min(size, 101<<20); n += int64(len(block)) {
			if _, err := f.Write(block); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Truncate(size); err != nil { // the rest is a hole, which reads as zeros
			t.Fatal(err)
		}
		files[name] = path
	}
	header := func(n uint64) []byte {
		b := make([]byte, 8)
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		return b
	}
	const giga = 1 << 30
	long("2^27 tokens in 64 GB", ggufFront(8, 1<<27), nil, 64*giga)
	long("2^23 empty tokens in 64 GB", ggufFront(8, 1<<23), nil, 64*giga)
	long("2^40 numbers in 64 GB", ggufFront(6, 1<<40), nil, 64*giga)
	long("a model and a tail of 64 GB", modelfiletest.Chat().Bytes(), nil, 64*giga)
	long("a name of 100 MB", append(header(99_999_999), `{"`...), []byte("x"), giga)
	long("a note of 100 MB of escapes", append(header(99_999_999), `{"__metadata__":{"a":"`...), []byte(`\u00e9`), giga)
	long("100 MB of blanks", append(header(99_999_999), '{'), []byte(" "), giga)
	long("100 MB of brackets", append(header(99_999_999), `{"a":`...), []byte("["), giga)
	long("100 MB of empty objects", append(header(99_999_999), `{"a":[`...), []byte("{},"), giga)
	long("a header of 2^62 bytes", append(header(1<<62), '{'), nil, giga)
	many := modelfiletest.SafetensorsRaw(repeatedTensors(1<<17), 1<<17)
	long("as many tensors as are allowed", many, nil, int64(len(many)))
	return files
}

// TestHostileFilesTakeLittleMemory answers for each hostile file in a process of its own and looks at what that took at most.
func TestHostileFilesTakeLittleMemory(t *testing.T) {
	worst, slowest := "", ""
	var mostKB, mostMS int
	files := hostile(t, t.TempDir())
	for name, path := range files {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHostileFileInAProcessOfItsOwn$")
		child.Env = append(os.Environ(), envHostile+"="+path)
		out, err := child.CombinedOutput()
		var kb, ms int
		var refused bool
		at := bytes.Index(out, []byte("peak "))
		if at < 0 || err != nil {
			t.Errorf("%s: %v\n%.400s", name, err, out)
			continue
		}
		if _, err := fmt.Sscanf(string(out[at:]), "peak %d kB, user %d ms; %t", &kb, &ms, &refused); err != nil {
			t.Errorf("%s: %v in %.100s", name, err, out[at:])
		}
		if kb > mostHostile>>10 {
			t.Errorf("%s: held %d kB at its peak", name, kb)
		}
		if kb > mostKB {
			worst, mostKB = name, kb
		}
		if ms > mostMS {
			slowest, mostMS = name, ms
		}
	}
	t.Logf("%d files; most memory %d MB (%s), most processor time %d ms (%s)", len(files), mostKB>>10, worst, mostMS, slowest)
}
