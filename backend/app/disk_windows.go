package app

import "golang.org/x/sys/windows"

// diskFree is how many bytes may be written to the disk of a folder; 0 = not known.
func diskFree(dir string) int64 {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0
	}
	return int64(free)
}
