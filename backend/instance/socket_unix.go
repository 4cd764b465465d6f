//go:build !windows

package instance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

const (
	socketName = "loam.sock"
	// socketPathMax is what fits in a socket address everywhere, with its final zero (104 bytes on macOS).
	socketPathMax = 100
)

// listen opens the socket in the data folder, or, where its path is too long or its file system knows no sockets, in a
// private folder among the temporary files.
func listen(dir string) (net.Listener, string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(abs, socketName)
	if len(path) <= socketPathMax {
		if listener, err := listenAt(path); err == nil {
			return listener, path, nil
		}
	}
	private := filepath.Join(runtimeFolder(), fmt.Sprintf("loam-%d", os.Getuid()))
	if err := os.Mkdir(private, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, "", err
	}
	// A folder in /tmp may be somebody else's trap: only one that nobody else can enter will do.
	if err := checkPrivate(private); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(abs))
	path = filepath.Join(private, hex.EncodeToString(sum[:8])+".sock")
	listener, err := listenAt(path)
	return listener, path, err
}

// runtimeFolder is the session's folder for sockets; it is wiped at logout.
func runtimeFolder() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
	}
	return os.TempDir()
}

// listenAt listens on a socket file. A file that is there already is left over from a process that was killed: whoever
// calls this holds the lock.
func listenAt(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// dial reaches the holder that listens at socket.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", socket)
}

// letForward has nothing to do: a window of this system may show itself when it is asked to.
func letForward(int) {}

// checkPrivate makes sure that a folder is ours and that nobody else can enter it.
func checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a private folder", dir)
	}
	return nil
}
