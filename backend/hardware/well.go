package hardware

import (
	"strconv"

	"loam/backend"
)

// wellSteps are the sizes of chat models that there are to choose from, in billions of parameters.
var wellSteps = []float64{0.5, 1, 1.5, 3, 4, 7, 14, 32, 70}

const (
	// quantizedBytes is what a billion parameters take as Q4_K_M, in bytes: about 4.9 bits each.
	quantizedBytes = 0.62e9
	// beside is what a conversation and the engine take beside the weights.
	beside = 1 << 30
	// perCore is how many bytes of weights a core of today reads in a quarter of a second with AVX2 or NEON: at four tokens
	// a second text comes about as fast as one reads. More than atMost no memory of a laptop can deliver.
	perCore = 1e9
	atMost  = 9e9
)

// RunsWell is how large a chat model (in the usual quantization of 4 to 5 bits) this machine runs well on its processor, in
// billions of parameters: it leaves half of the memory to everything else and writes about as fast as one reads. It is an
// estimate from what the machine is; 0 = not known, or not even the smallest.
func RunsWell(m Machine) float64 {
	if m.MemoryTotal <= 0 {
		return 0
	}
	bytes := min(float64(m.MemoryTotal)/2-beside, bytesInAQuarter(m))
	best := 0.0
	for _, billions := range wellSteps {
		if billions*quantizedBytes <= bytes {
			best = billions
		}
	}
	return best
}

// Billions writes a number of parameters as models do: "7 B", "1.5 B".
func Billions(b float64) string { return strconv.FormatFloat(b, 'g', -1, 64) + " B" }

// WhyCPU says why models run on the processor, as a clause after "because", and what can be done; both are empty where
// one of the devices is a graphics card that is used. worse says whether something is wrong that a person might mend.
func WhyCPU(m Machine, devices []backend.Device) (because, next string, worse bool) {
	for _, d := range devices {
		if d.Type == "gpu" || d.Type == "igpu" {
			return "", "", false
		}
	}
	if len(m.GPUs) == 0 {
		return "no graphics card that can compute was found", "", false
	}
	g := m.GPUs[0]
	for _, other := range m.GPUs { // the one that would help most
		if g.Integrated && !other.Integrated {
			g = other
		}
	}
	switch {
	case g.Vendor == "nvidia" && g.Driver == "nouveau":
		return g.Name + " has the driver nouveau, which cannot compute", "Install NVIDIA's own driver, then start Loam again.", true
	case g.Driver == "" && m.OS == "linux":
		return "no driver for " + g.Name + " is loaded", "Install the driver of its maker, then start Loam again.", true
	case g.Integrated:
		return g.Name + " shares the machine's memory and would hardly be faster", "", false
	}
	return "this Loam has no plug-in that can use " + g.Name, "Nothing needs doing: everything works on the processor, only slower.", true
}
