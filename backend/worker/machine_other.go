//go:build !linux

package worker

func residentBytes(int) int64 { return 0 }

func oomKills() uint64 { return 0 }

func ownExe(path string) string { return path }

func pulseOf(int) (pulse, bool) { return pulse{}, false }
