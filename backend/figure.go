package backend

// Better says which way a figure improves.
type Better string

// The two ways.
const (
	BetterLower  Better = "lower"
	BetterHigher Better = "higher"
)

// Figure is one measured number of a benchmark.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Better Better  `json:"better"`
}
