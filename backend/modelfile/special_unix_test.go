//go:build unix

package modelfile_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

func TestPipesAndDevicesAreRefusedWithoutWaiting(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.gguf")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // the path of a socket must be short
	l, err := net.Listen("unix", "s.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, says := range map[string]string{pipe: "named pipe", os.DevNull: "device", "/dev/zero": "device", "s.gguf": "socket"} {
		f, err := modelfile.Identify(path)
		wantClause(t, f, err, path, says)
	}
}

func TestUnreadableFileSaysSo(t *testing.T) {
	if os.Geteuid() == 0 {
		// The administrator may read everything but what cannot be read at all.
		f, err := modelfile.Identify("/proc/self/mem")
		wantClause(t, f, err, "/proc/self/mem", "it is")
		return
	}
	path := modelfiletest.Write(t, t.TempDir(), "m.gguf", modelfiletest.Chat().Bytes())
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	f, err := modelfile.Identify(path)
	wantClause(t, f, err, path, "you have no permission")
}
