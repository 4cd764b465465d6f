//go:build unix

package instance

import (
	"fmt"
	"os"
	"syscall"
)

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
