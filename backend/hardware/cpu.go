package hardware

import (
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// probeCPU asks the processor itself.
func probeCPU(m *Machine) {
	c := cpuid.CPU
	m.CPU = strings.Join(strings.Fields(c.BrandName), " ")
	m.PhysicalCores, m.LogicalCores = c.PhysicalCores, c.LogicalCores
	m.Features = c.FeatureSet()
}

// Variants are the CPU plug-ins of the embedded engine, slowest first, each with what it needs. The scores that ggml
// gives them rise in this order.
var variants = []struct {
	name  string
	arch  string
	needs []string
}{
	{"x64", "amd64", nil},
	{"sse42", "amd64", []string{"SSE42"}},
	{"sandybridge", "amd64", []string{"SSE42", "AVX"}},
	{"haswell", "amd64", []string{"AVX2", "FMA3", "F16C", "BMI2"}},
	{"alderlake", "amd64", []string{"AVX2", "FMA3", "F16C", "BMI2", "AVXVNNI"}},
	{"skylakex", "amd64", []string{"AVX2", "FMA3", "F16C", "BMI2", "AVX512F", "AVX512CD", "AVX512VL", "AVX512DQ", "AVX512BW"}},
	{"icelake", "amd64", []string{
		"AVX2", "FMA3", "F16C", "BMI2", "AVX512F", "AVX512CD", "AVX512VL", "AVX512DQ", "AVX512BW",
		"AVX512VBMI", "AVX512VNNI",
	}},
	{"zen4", "amd64", []string{
		"AVX2", "FMA3", "F16C", "BMI2", "AVX512F", "AVX512CD", "AVX512VL", "AVX512DQ", "AVX512BW",
		"AVX512VBMI", "AVX512VNNI", "AVX512BF16",
	}},
	{"sapphirerapids", "amd64", []string{
		"AVX2", "FMA3", "F16C", "BMI2", "AVX512F", "AVX512CD", "AVX512VL", "AVX512DQ",
		"AVX512BW", "AVX512VBMI", "AVX512VNNI", "AVX512BF16", "AMXTILE", "AMXINT8",
	}},
	{"armv8.0", "arm64", nil},
	{"armv8.2", "arm64", []string{"ASIMDDP"}},
	{"armv8.6", "arm64", []string{"ASIMDDP", "FPHP", "I8MM"}},
}

// Variant is the CPU plug-in that fits this processor best; "" where none is known.
func (m Machine) Variant() string {
	best := ""
	for _, v := range variants {
		if v.arch == m.Arch && m.Has(v.needs...) {
			best = v.name
		}
	}
	return best
}
