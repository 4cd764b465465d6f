package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"loam/backend"
)

// Limits of embedding models and of one call.
const (
	MaxEmbedTexts = 256      // of one call
	MaxEmbedBytes = 64 << 10 // of one text
	MaxEmbedDims  = 16384    // of a vector
)

// Embedder is a loaded embedding model: it turns texts into vectors that lie near each other where the texts mean the same, and
// does not chat. As with a Chat, its methods are called one at a time, except Close and the cancelling of ctx.
type Embedder interface {
	Embedding() EmbedInfo
	// Embed gives each text one vector of length 1, in their order. What a text has beyond Embedding().Tokens is not read.
	// A text's vector does not depend on the others.
	Embed(ctx context.Context, texts []string) (Embedded, error)
	Close() error
}

// EmbedInfo describes a loaded embedding model.
type EmbedInfo struct {
	Engine      backend.EngineInfo `json:"engine"`
	Dims        int                `json:"dims"`    // numbers of a vector
	Tokens      int                `json:"tokens"`  // the longest text
	Pooling     string             `json:"pooling"` // how the vectors of the tokens become one: "mean", "cls", "last"
	MemoryBytes int64              `json:"memory_bytes"`
	LoadSeconds float64            `json:"load_seconds"`
}

// Embedded is the result of Embed.
type Embedded struct {
	Vectors [][]float32 `json:"-"`
	Tokens  []int       `json:"tokens"`        // that each text has, those beyond the limit too
	Cut     []int       `json:"cut,omitempty"` // the texts that were too long, by their place
}

// EmbedDriver is a Driver that opens embedding models, too.
type EmbedDriver interface {
	Engine
	// OpenEmbedder loads a model; of the request only Path, Context (tokens of a text; 0 = the engine's choice), Threads,
	// GPULayers, Device, FlashAttn, PluginDir and Variant count. Errors are as those of OpenChat.
	OpenEmbedder(ctx context.Context, r LoadRequest, progress Progress) (Embedder, error)
}

// CheckTexts refuses what is more than one call takes.
func CheckTexts(texts []string) error {
	if len(texts) > MaxEmbedTexts {
		return fmt.Errorf("%d texts in one call, at most %d are taken", len(texts), MaxEmbedTexts)
	}
	for _, t := range texts {
		if len(t) > MaxEmbedBytes {
			return fmt.Errorf("a text of %d bytes, at most %d are taken", len(t), MaxEmbedBytes)
		}
	}
	return nil
}

// Normalize makes a vector one of length 1. A model whose vectors have no direction (all zero, not a number) is of no use: that
// is an error, and v is then as it was.
func Normalize(v []float32) error {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if !(length > 1e-20) || math.IsInf(length, 0) { // a NaN is not above anything
		return errNoDirection
	}
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return nil
}

var errNoDirection = errors.New("the model gives vectors that are no numbers: its file is damaged")
