package llama

// threadsFor is the number of compute threads for a machine: its physical cores, because two threads of one core only
// wait for each other; less one from four cores on, which is left to the window. On smaller machines every core counts
// more than a smooth window does. Cores that the process may not use are not counted.
func threadsFor(physical, usable int) int {
	n := usable
	if physical > 0 && physical < n {
		n = physical
	}
	if n >= 4 {
		n--
	}
	return max(n, 1)
}

// nodeFlops is what one node of the compute graph may cost on a CPU: about 0.1 s on two cores. Cancelling falls between
// nodes, and progress between calls.
const nodeFlops = 8e9

// callTokens is how many tokens of a prompt are evaluated in one call on a CPU. Large models gain nothing from large
// calls, because computing takes far longer than reading the weights once more, but they would not stop or show progress
// for seconds. The largest matrix of a layer holds, by experience, 1 in 3.5 of its weights.
func callTokens(params int64, layers, batch int) int {
	if params <= 0 || layers <= 0 {
		return batch
	}
	n := nodeFlops / (2 * float64(params) / float64(layers) / 3.5)
	size := 64
	for size*2 <= batch && float64(size*2) <= n {
		size *= 2
	}
	if n >= float64(batch) {
		return batch
	}
	return min(size, batch)
}
