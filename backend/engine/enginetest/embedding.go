package enginetest

import (
	"context"
	"hash/fnv"
	"strings"
	"unicode"

	"loam/backend/engine"
)

// The fake's vectors: each word (or what Model.Means takes it for) pulls into a direction of its own, so that texts are near
// each other as far as they share words.
const (
	embedDims   = 64
	embedTokens = 256 // the longest text, in words
)

var _ engine.EmbedDriver = driver{}

// OpenEmbedder implements engine.EmbedDriver. Every fake model can embed.
func (d driver) OpenEmbedder(ctx context.Context, r engine.LoadRequest, progress engine.Progress) (engine.Embedder, error) {
	c, err := d.OpenChat(ctx, r, progress)
	if err != nil {
		return nil, err
	}
	return &embedder{chat: c.(*chat)}, nil
}

type embedder struct {
	*chat
	done int // texts
}

func (e *embedder) Embedding() engine.EmbedInfo {
	return engine.EmbedInfo{Engine: info, Dims: embedDims, Tokens: embedTokens, Pooling: "mean", MemoryBytes: e.info.MemoryBytes}
}

func (e *embedder) Embed(ctx context.Context, texts []string) (engine.Embedded, error) {
	if err := engine.CheckTexts(texts); err != nil {
		return engine.Embedded{}, err
	}
	if err := e.enter(); err != nil {
		return engine.Embedded{}, err
	}
	defer e.leave()
	out := engine.Embedded{Tokens: []int{}}
	for i, text := range texts {
		if err := e.trap(AtEmbed, e.done, text); err != nil {
			return engine.Embedded{}, err
		}
		if err := e.sleep(ctx, e.model.EmbedMS*1000); err != nil {
			return engine.Embedded{}, err
		}
		e.done++
		words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		out.Tokens = append(out.Tokens, len(words))
		if len(words) > embedTokens {
			words, out.Cut = words[:embedTokens], append(out.Cut, i)
		}
		v := make([]float32, embedDims)
		v[0] = 0.01 // a text without words has a direction, too
		for _, w := range words {
			if m, ok := e.model.Means[w]; ok {
				w = m
			}
			h := fnv.New64a()
			h.Write([]byte(w))
			for k, bits := 0, h.Sum64(); k < embedDims; k++ {
				v[k] += float32(int(bits>>k&1)*2 - 1)
			}
		}
		if err := engine.Normalize(v); err != nil {
			return engine.Embedded{}, err
		}
		out.Vectors = append(out.Vectors, v)
	}
	return out, nil
}
