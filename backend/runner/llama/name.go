package llama

// Name is the engine's name in backend.EngineInfo.
const Name = "llama-embedded"
