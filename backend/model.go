package backend

import "time"

// ModelKind is what a model file is for.
type ModelKind string

// The kinds of files that Loam knows. Only KindChat and the picture kinds can be put to use.
const (
	KindChat        ModelKind = "chat"
	KindAdapter     ModelKind = "adapter" // LoRA for a chat model
	KindProjector   ModelKind = "projector"
	KindEmbedding   ModelKind = "embedding"
	KindDiffusion   ModelKind = "diffusion"
	KindTextEncoder ModelKind = "text encoder"
	KindVAE         ModelKind = "vae"
	KindLoRA        ModelKind = "lora" // LoRA for a diffusion model
	KindControlNet  ModelKind = "controlnet"
	KindUpscaler    ModelKind = "upscaler"

	KindReranker     ModelKind = "reranker"          // rates how well a text answers a question
	KindGuard        ModelKind = "guard"             // rates whether a text is harmful
	KindTextual      ModelKind = "textual inversion" // a word that a text encoder learns
	KindImageAdapter ModelKind = "image adapter"     // IP-Adapter, T2I-Adapter and alike
	KindUnknown      ModelKind = "unknown"
)

// ModelState says whether a model can be used.
type ModelState string

// The states of a model; Model.Reason explains every state but Ready.
const (
	ModelReady       ModelState = "ready"
	ModelUnverified  ModelState = "unverified"  // known by its header; never loaded yet
	ModelQuarantined ModelState = "quarantined" // it failed validation or its first load
	ModelMissing     ModelState = "missing"     // the file is not where it was: moved, or its disk is unplugged
	ModelChanged     ModelState = "changed"     // size or time differ from what was recorded
	ModelIncomplete  ModelState = "incomplete"  // other files of its set are missing
)

// Model is a model file (or a set led by it) that the library knows.
type Model struct {
	ID            int64      `json:"id"`
	Name          string     `json:"name"`
	Kind          ModelKind  `json:"kind"`
	Family        string     `json:"family"` // "llama", "qwen3", "flux", "sdxl"
	Format        string     `json:"format"` // "gguf", "safetensors"
	Quant         string     `json:"quant"`  // "Q4_1", "F16"
	SizeBytes     int64      `json:"size"`
	SHA256        string     `json:"sha256"` // empty while it is being computed
	License       string     `json:"license"`
	Path          string     `json:"path"`
	State         ModelState `json:"state"`
	Reason        string     `json:"reason"`
	Parameters    int64      `json:"parameters,omitempty"`
	ContextLength int        `json:"context_length,omitempty"` // tokens it was trained for
	Template      string     `json:"-"`                        // its chat template, as found in the file
	TemplateHash  string     `json:"template_sha256,omitempty"`
	Source        string     `json:"source,omitempty"`  // where it came from, for a person
	Starter       bool       `json:"starter,omitempty"` // it came with the program, or is a part of one that did
	Owned         bool       `json:"owned,omitempty"`   // the file lies in Loam's models folder and may be deleted by Loam
	ModTime       time.Time  `json:"-"`                 // of the file when it was last checked
	Added         time.Time  `json:"added"`
	Deleted       time.Time  `json:"-"` // zero = installed; else removed and undoable until the file is freed
	Shape         ModelShape `json:"-"`
}

// Ref is the model as receipts name it.
func (m Model) Ref() ModelRef { return ModelRef{ID: m.ID, Name: m.Name, SHA256: m.SHA256} }

// ModelShape is what a memory forecast needs of a chat model's header, and what makes the files of a picture model fit
// each other.
type ModelShape struct {
	Layers    int `json:"layers"`
	Embedding int `json:"embedding"`
	Heads     int `json:"heads"`
	HeadsKV   int `json:"heads_kv"`
	KeyLen    int `json:"key_len"`   // values per K head
	ValueLen  int `json:"value_len"` // values per V head
	Vocab     int `json:"vocab"`

	// Of picture models and their companions.
	TextWidth  int  `json:"text_width,omitempty"`  // values per token that a denoiser listens to, or that an encoder gives
	Latent     int  `json:"latent,omitempty"`      // channels of the latents that a VAE decodes
	HasEncoder bool `json:"has_encoder,omitempty"` // a text encoder is in the same file
	HasVAE     bool `json:"has_vae,omitempty"`     // a VAE is in the same file

	// Of LoRAs and adapters.
	Triggers string `json:"triggers,omitempty"` // words that it was trained to listen to, with commas between
	Rank     int    `json:"rank,omitempty"`     // 0 = not known
	Method   string `json:"method,omitempty"`   // how it changes weights: "LoRA", "LoHa", "LoKr", "DoRA", ...
	Base     string `json:"base,omitempty"`     // what it was made for, in its maker's words
}

// Forecast is the memory that a load will take, in bytes, said before it is taken. Reclaimable counts the part of Total
// that the system drops when memory gets short: pages of the file that were copied into another layout and are not read
// again.
type Forecast struct {
	Weights int64 `json:"weights"`
	KV      int64 `json:"kv"`
	Compute int64 `json:"compute"`
	Total   int64 `json:"total"`
	Free    int64 `json:"free"` // available on the machine at the time of asking

	Reclaimable int64 `json:"reclaimable,omitempty"`
}

// Needed is what must be free for the load to work well.
func (f Forecast) Needed() int64 { return f.Total - f.Reclaimable }

// Fits says whether the load leaves a reserve of 10 % of what is free.
func (f Forecast) Fits() bool { return f.Needed() <= f.Free-f.Free/10 }

// Capabilities says what an engine can do with a loaded model, so that the window shows only what works.
type Capabilities struct {
	Templates   bool `json:"templates"`    // renders the model's own (Jinja) template
	NamedFormat bool `json:"named_format"` // renders by one of the built-in named formats
	Tools       bool `json:"tools"`
	Reasoning   bool `json:"reasoning"`
	Grammar     bool `json:"grammar"`
	Schema      bool `json:"schema"` // turns a JSON schema into a grammar
	Adapters    bool `json:"adapters"`
	State       bool `json:"state"` // saves and restores the KV state
	Embed       bool `json:"embed"`
	TrimKV      bool `json:"trim_kv"` // can drop the tail of its KV cache (recurrent models cannot)
	Speculate   bool `json:"speculate"`

	Samplers []string `json:"samplers,omitempty"` // names of backend.Sampling's members that act, as in its JSON
}

// Device is something that can compute.
type Device struct {
	Name        string `json:"name"`        // "CPU", "CUDA0", "Vulkan0"
	Description string `json:"description"` // "AMD Ryzen 7 ..."
	Type        string `json:"type"`        // "cpu", "gpu", "igpu", "accel"
	FreeBytes   int64  `json:"free"`
	TotalBytes  int64  `json:"total"`
}
