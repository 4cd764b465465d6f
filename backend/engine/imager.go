package engine

import (
	"context"
	"time"

	"loam/backend"
)

// PictureFiles are the files of a picture model: one checkpoint, or a diffusion model with its companions. Paths are
// absolute; "" = not given.
type PictureFiles struct {
	Checkpoint string `json:"model,omitempty"` // everything in one file
	Diffusion  string `json:"diffusion_model,omitempty"`
	ClipL      string `json:"clip_l,omitempty"`
	ClipG      string `json:"clip_g,omitempty"`
	T5XXL      string `json:"t5xxl,omitempty"`
	LLM        string `json:"llm,omitempty"`
	VAE        string `json:"vae,omitempty"`
	TAE        string `json:"taesd,omitempty"`
	ControlNet string `json:"control_net,omitempty"`
	Upscaler   string `json:"upscaler,omitempty"` // may stand alone
}

// PictureLoad says which files to open and how. Only headers are read: weights are read by the first Generate, which
// reports that as phase "loading".
type PictureLoad struct {
	Files     PictureFiles `json:"files"`
	Threads   int          `json:"threads"` // 0 = physical cores
	Device    string       `json:"device"`  // "" = automatic
	FlashAttn bool         `json:"flash_attn"`
	PluginDir string       `json:"plugin_dir"` // folder of libloam-picture and its plug-ins
	Variant   string       `json:"variant"`    // "" = the best CPU variant
}

// PictureInfo describes an opened picture model.
type PictureInfo struct {
	Engine        backend.EngineInfo  `json:"engine"`
	Capabilities  PictureCapabilities `json:"capabilities"`
	Family        string              `json:"family"`
	Multiple      int                 `json:"multiple"` // width and height are multiples of this many pixels
	Encoders      []string            `json:"encoders"`
	Sampler       string              `json:"sampler"`   // the family's default
	Scheduler     string              `json:"scheduler"` // the family's default
	Samplers      []string            `json:"samplers"`
	Schedulers    []string            `json:"schedulers"`
	UpscaleFactor int                 `json:"upscale_factor"` // 0 = no upscaler is open
}

// PictureCapabilities says what an engine can do, so that the window shows only what works.
type PictureCapabilities struct {
	Progress bool `json:"progress"` // reports steps while it runs
	Cancel   bool `json:"cancel"`   // stops between graph nodes; without it, stopping ends the child
	Preview  bool `json:"preview"`
	Init     bool `json:"init"` // starts from a picture
	Mask     bool `json:"mask"`
	LoRA     bool `json:"lora"`
	Upscale  bool `json:"upscale"`
}

// PictureRequest asks for pictures. Zero values mean the family's default where there is one.
type PictureRequest struct {
	Prompt       string          `json:"prompt"`
	Negative     string          `json:"negative,omitempty"`
	Width        int             `json:"width"` // pixels
	Height       int             `json:"height"`
	Steps        int             `json:"steps"`
	Sampler      string          `json:"sampler,omitempty"`
	Scheduler    string          `json:"scheduler,omitempty"`
	CFG          float32         `json:"cfg"`                // 1 = off
	Guidance     float32         `json:"guidance,omitempty"` // of distilled models
	Seed         uint64          `json:"seed"`               // 31 bits are used
	LoRAs        []AdapterWeight `json:"loras,omitempty"`
	Strength     float32         `json:"strength,omitempty"` // of change, with Init
	Init         *Pixels         `json:"-"`                  // has the picture's size
	Mask         *Pixels         `json:"-"`                  // 1 byte per pixel, 255 = repaint
	Preview      string          `json:"preview,omitempty"`  // "", "proj", "tae", "vae"
	PreviewEvery int             `json:"preview_every,omitempty"`
}

// Pixels is an 8-bit picture: Channels bytes per pixel (3 = RGB, 1 = mask), rows from the top, no padding.
type Pixels struct {
	Width, Height, Channels int
	Data                    []byte
}

// PictureProgress is one sign of life of a running picture.
type PictureProgress struct {
	Phase   string        `json:"phase"` // "loading", "lora", "encode", "text", "sampling", "decode", "upscale"
	Step    int           `json:"step"`
	Steps   int           `json:"steps"`
	Took    time.Duration `json:"took"` // of the last step; while loading, since its start
	Preview *Pixels       `json:"-"`
}

// LoRAEffect tells what the engine did with a LoRA.
type LoRAEffect struct {
	Path    string `json:"path"`
	Applied int    `json:"tensors_applied"`
	Total   int    `json:"tensors_total"`
}

// PictureResult is a finished picture.
type PictureResult struct {
	Pixels   Pixels        `json:"-"`
	Seed     uint64        `json:"seed"`
	LoRAs    []LoRAEffect  `json:"loras,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
	Load     time.Duration `json:"load"`
	Sample   time.Duration `json:"sample"`
	Decode   time.Duration `json:"decode"`
}

// Imager is an opened picture model. Methods are called one at a time, except Close and cancelling.
type Imager interface {
	Info() PictureInfo
	Generate(ctx context.Context, r PictureRequest, emit func(PictureProgress) error) (PictureResult, error)
	Upscale(ctx context.Context, p Pixels, emit func(PictureProgress) error) (Pixels, error)
	Close() error
}

// PictureDriver opens picture models.
type PictureDriver interface {
	Engine
	OpenImager(ctx context.Context, r PictureLoad) (Imager, error)
	// Traits says, without a model, what the engine can do at most and which samplers it has. Family and what else
	// depends on a model are empty.
	Traits(ctx context.Context, pluginDir string) (PictureInfo, error)
}
