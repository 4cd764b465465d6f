package library

import "syscall"

func systemIdentity(sys any) (identity, bool) {
	s, ok := sys.(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{Device: s.Dev, Number: s.Ino, Changed: s.Ctim.Nano()}, true
}
