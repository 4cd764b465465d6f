package hardware

// Threads is how many threads compute on a machine when nobody chose: its physical cores, because two threads of one core
// only wait for each other; less one from four cores on, which is left to the window. saving = on battery: half of them, which
// costs less than half of the speed, since memory is what limits most models.
func Threads(m Machine, saving bool) int {
	n := max(min(m.PhysicalCores, m.LogicalCores), 1)
	if n >= 4 {
		n--
	}
	if saving {
		n = (n + 1) / 2
	}
	return n
}
