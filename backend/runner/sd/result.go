//go:build !nonative

package sd

import (
	"encoding/json"
	"errors"
	"fmt"

	"loam/backend/engine"
)

// generateResult reads what loam_picture_generate returned.
func generateResult(text string, k *call) (engine.PictureResult, error) {
	var out struct {
		Seed  uint64
		Loras []struct {
			Path           string
			Applied, Total int
		}
		Seconds  float64
		Warnings []string
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: read the result: %w", err)
	}
	if k.picture == nil {
		return engine.PictureResult{}, errors.New("draw: no picture came back")
	}
	res := engine.PictureResult{
		Pixels: *k.picture, Seed: out.Seed, Warnings: out.Warnings,
		Load: k.spent["loading"], Sample: k.spent["sampling"], Decode: k.spent["decode"],
	}
	for _, l := range out.Loras {
		res.LoRAs = append(res.LoRAs, engine.LoRAEffect{Path: l.Path, Applied: l.Applied, Total: l.Total})
	}
	return res, nil
}
