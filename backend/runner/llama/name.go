package llama

// Names of the engines in backend.EngineInfo.
const (
	Name     = "llama-embedded"
	PackName = "llama-pack"
)
