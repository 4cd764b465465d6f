// Package imagemeta keeps what made a picture inside the picture's file. It writes PNG files with two texts: the line
// that A1111 and its successors read ("parameters"), and Loam's own receipt as JSON ("loam"), and reads both back.
// Pictures come from anywhere, so reading is bounded: in chunks, in bytes of text, and in what compressed text may
// become. Everything here is pure; no goroutine, no file name.
//
// The PNG format is ISO/IEC 15948; text chunks are its section 11.3.3. The form of the "parameters" text is the one that
// stable-diffusion-webui writes and reads.
package imagemeta

import (
	"encoding/json"
	"time"
)

// Settings is what a picture was asked for, as far as any dialect tells it.
type Settings struct {
	Prompt    string  `json:"prompt"`
	Negative  string  `json:"negative,omitempty"`
	Steps     int     `json:"steps,omitempty"`
	Sampler   string  `json:"sampler,omitempty"`
	Scheduler string  `json:"scheduler,omitempty"`
	CFG       float32 `json:"cfg,omitempty"`
	Guidance  float32 `json:"guidance,omitempty"`
	Seed      uint64  `json:"seed"`
	Width     int     `json:"width"`  // pixels
	Height    int     `json:"height"` // pixels
	// Start is the SHA-256 of the picture it started from, Strength how much of that changed, and Mask the SHA-256 of the
	// mask outside of which nothing changed. A1111 shows the first ten digits.
	Start    string  `json:"start,omitempty"`
	Mask     string  `json:"mask,omitempty"`
	Strength float32 `json:"strength,omitempty"`
	// Upscaler made it Factor times as large; Width and Height are those afterwards.
	Upscaler     string `json:"upscaler,omitempty"`
	UpscalerHash string `json:"upscaler_sha256,omitempty"`
	Factor       int    `json:"upscale_factor,omitempty"`

	Model     string `json:"model,omitempty"`
	ModelHash string `json:"model_sha256,omitempty"` // lower-case hex; A1111 shows the first ten digits
	LoRAs     []LoRA `json:"loras,omitempty"`
	Version   string `json:"version,omitempty"` // the program that wrote it

	// Other holds the pairs of an A1111 line that have no field here, in their order.
	Other []Pair `json:"other,omitempty"`
}

// Pair is one "name: value" of an A1111 line.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// LoRA is one LoRA that took part, with the tensors that the engine applied.
type LoRA struct {
	Name    string  `json:"name"`
	Weight  float32 `json:"weight"`
	SHA256  string  `json:"sha256,omitempty"`
	Applied int     `json:"tensors_applied"`
	Total   int     `json:"tensors_total"`
}

// Receipt is Loam's own record: the settings and everything needed to say whether a repetition will be exact.
type Receipt struct {
	Format   int               `json:"format"` // 1
	Settings Settings          `json:"settings"`
	Files    map[string]string `json:"files,omitempty"` // role of a model file -> its SHA-256
	Engine   string            `json:"engine"`
	Build    string            `json:"build"`
	Device   string            `json:"device"`
	Variant  string            `json:"variant,omitempty"` // CPU plug-in
	Threads  int               `json:"threads,omitempty"` // fewer on battery
	Created  time.Time         `json:"created"`
	Job      int64             `json:"job,omitempty"`       // of the data folder that it was drawn in
	MadeFrom string            `json:"made_from,omitempty"` // SHA-256 of the picture it started from
	Load     time.Duration     `json:"load_ns,omitempty"`
	Sample   time.Duration     `json:"sample_ns,omitempty"`
	Decode   time.Duration     `json:"decode_ns,omitempty"`
}

// Meta is what a picture's file says about itself; nil or empty = it does not say.
type Meta struct {
	Parameters string   // the A1111 text as found
	Receipt    *Receipt // Loam's own
	Raw        map[string]string
}

// receiptJSON is the text of the "loam" chunk.
func receiptJSON(r *Receipt) (string, error) {
	b, err := json.Marshal(r)
	return string(b), err
}
