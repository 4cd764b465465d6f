package cli

import (
	"fmt"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/engine"
	"loam/backend/residency"
)

// memoryEvery is how often the size of the engine's process is looked at while it draws.
const memoryEvery = 50 * time.Millisecond

// image measures loading, steps and decoding in the engine's process. Nothing is kept: the pictures mean nothing.
func (c *benchCommand) image(s *session, a *app.App) ([]backend.Figure, error) {
	wish := &imageCommand{Model: c.Model, Size: c.Size, Steps: c.Steps, Prompt: []string{"a lighthouse at dusk"}, Seed: new(uint64)}
	r, err := wish.request(s.ctx, a)
	if err != nil {
		return nil, err
	}
	m, files, err := a.Library.PictureFiles(s.ctx, r.ModelID)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	im, release, err := a.Engines.AcquirePictures(s.ctx, residency.Need{Model: m, Files: files})
	if err != nil {
		return nil, err
	}
	defer release()
	open := time.Since(begin)
	bar := newProgress(s.Stderr, s.Terminal)
	defer bar.end()
	var steps, decodes []float64
	var load time.Duration
	var peak int64
	var looked time.Time
	for i := range c.Runs + 1 {
		res, err := im.Generate(s.ctx, engine.PictureRequest{
			Prompt: r.Prompt, Width: r.Width, Height: r.Height, Steps: r.Steps, CFG: r.CFG, Seed: uint64(i),
		}, func(p engine.PictureProgress) error {
			bar.show("Measuring", float64(i*r.Steps+p.Step), float64((c.Runs+1)*r.Steps))
			if now := time.Now(); now.Sub(looked) >= memoryEvery {
				looked = now
				if l, ok := im.(interface{ MemoryBytes() int64 }); ok {
					peak = max(peak, l.MemoryBytes())
				}
			}
			return s.ctx.Err()
		})
		if err != nil {
			return nil, fmt.Errorf("measure pictures: %w", err)
		}
		if i == 0 {
			load = res.Load // the weights are read by the first picture, which also warms the machine up
			continue
		}
		steps = append(steps, res.Sample.Seconds()*1000/float64(r.Steps))
		decodes = append(decodes, res.Decode.Seconds()*1000)
	}
	info := im.Info().Engine
	return []backend.Figure{
		{Name: "open " + m.Name, Value: open.Seconds() * 1000, Unit: "ms", Better: backend.BetterLower},
		{Name: "load " + m.Name, Value: load.Seconds() * 1000, Unit: "ms", Better: backend.BetterLower},
		{Name: fmt.Sprintf("step at %dx%d (%s)", r.Width, r.Height, info.Variant), Value: median(steps), Unit: "ms", Better: backend.BetterLower},
		{Name: "decode", Value: median(decodes), Unit: "ms", Better: backend.BetterLower},
		{Name: "engine process, at most", Value: float64(peak) / (1 << 20), Unit: "MiB", Better: backend.BetterLower},
	}, nil
}
