//go:build unix

package app

import "golang.org/x/sys/unix"

// diskFree is how many bytes may be written to the disk of a folder; 0 = not known.
func diskFree(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
