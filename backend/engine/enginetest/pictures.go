package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

// PicturesName is the fake picture engine's name.
const PicturesName = "fake-pictures"

// PictureModel is the content of a model file of the fake picture engine, as JSON. The zero value draws at full speed.
type PictureModel struct {
	Family  string `json:"family,omitempty"`
	StepMS  int    `json:"step_ms,omitempty"`  // milliseconds per step
	HangAt  int    `json:"hang_at,omitempty"`  // the step that ignores every cancel and never ends; 0 = none
	DieAt   int    `json:"die_at,omitempty"`   // the step in which the process ends; 0 = none
	Uniform bool   `json:"uniform,omitempty"`  // its pictures come out all one colour
	Only    bool   `json:"only,omitempty"`     // it draws from text alone: no LoRA, start picture or preview
	Marker  int    `json:"loam_fake_pictures"` // 1
}

// WritePictureModel writes a model file into dir and returns its path.
func WritePictureModel(tb testing.TB, dir string, m PictureModel) string {
	tb.Helper()
	m.Marker = 1
	b, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(dir, "pictures.fake")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Pictures is the fake picture engine: its pictures are a function of the request.
func Pictures() engine.PictureDriver { return pictures{} }

type pictures struct{}

func (pictures) Name() string { return PicturesName }

func (pictures) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return []backend.Device{{Name: "CPU", Type: "cpu"}}, backend.EngineInfo{Engine: PicturesName, Build: "1", Device: "CPU", Variant: "none"}, nil
}

func (pictures) OpenImager(_ context.Context, r engine.PictureLoad) (engine.Imager, error) {
	path := r.Files.Checkpoint
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &backend.BadFile{Path: path, Reason: "it may not be read"}
	}
	var m PictureModel
	if json.Unmarshal(b, &m) != nil || m.Marker != 1 {
		return nil, &backend.BadFile{Path: path, Reason: "it is not a model of the fake picture engine"}
	}
	return &imager{m}, nil
}

type imager struct{ m PictureModel }

func (i *imager) Info() engine.PictureInfo {
	return engine.PictureInfo{
		Engine: backend.EngineInfo{Engine: PicturesName, Build: "1", Device: "CPU", Variant: "none"},
		Capabilities: engine.PictureCapabilities{
			Progress: true, Cancel: true, Preview: !i.m.Only, Init: !i.m.Only, Mask: !i.m.Only, LoRA: !i.m.Only, Upscale: true,
		},
		Family: i.m.Family, Multiple: 8, Encoders: []string{"fake"}, Sampler: "euler", Scheduler: "discrete",
		Samplers: []string{"euler", "heun"}, Schedulers: []string{"discrete", "karras"}, UpscaleFactor: 2,
	}
}

// paint fills a picture from a source of numbers.
func paint(w, h int, seed uint64) *engine.Pixels {
	rnd := rand.New(rand.NewPCG(seed, 1))
	px := &engine.Pixels{Width: w, Height: h, Channels: 3, Data: make([]byte, w*h*3)}
	for k := range px.Data {
		px.Data[k] = byte(rnd.Uint32())
	}
	return px
}

func (i *imager) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	if r.Width%8 != 0 || r.Height%8 != 0 || r.Width < 8 || r.Height < 8 {
		return engine.PictureResult{}, errors.New("width and height must be multiples of 8")
	}
	if i.m.Only && (len(r.LoRAs) > 0 || r.Init != nil) {
		return engine.PictureResult{}, backend.ErrUnsupported
	}
	b, err := json.Marshal(r)
	if err != nil {
		return engine.PictureResult{}, err
	}
	h := fnv.New64a()
	h.Write(b)
	for _, px := range []*engine.Pixels{r.Init, r.Mask} {
		if px != nil {
			h.Write(px.Data)
		}
	}
	for step := 1; step <= r.Steps; step++ {
		if step == i.m.DieAt {
			os.Exit(3)
		}
		if step == i.m.HangAt {
			select {}
		}
		select {
		case <-ctx.Done():
			return engine.PictureResult{}, ctx.Err()
		case <-time.After(time.Duration(i.m.StepMS) * time.Millisecond):
		}
		if emit == nil {
			continue
		}
		p := engine.PictureProgress{Phase: "sampling", Step: step, Steps: r.Steps, Took: time.Duration(i.m.StepMS) * time.Millisecond}
		if err := emit(p); err != nil {
			return engine.PictureResult{}, err
		}
		if r.Preview != "" {
			if err := emit(engine.PictureProgress{Phase: "preview", Step: step, Preview: paint(r.Width/8, r.Height/8, uint64(step))}); err != nil {
				return engine.PictureResult{}, err
			}
		}
	}
	if i.m.Uniform {
		return engine.PictureResult{}, errors.New("the picture came out all one colour (numbers overflowed)")
	}
	res := engine.PictureResult{Pixels: *paint(r.Width, r.Height, h.Sum64()), Seed: r.Seed}
	for _, l := range r.LoRAs {
		if _, err := os.Stat(l.Path); err != nil {
			return engine.PictureResult{}, fmt.Errorf("cannot read LoRA %s", l.Path)
		}
		res.LoRAs = append(res.LoRAs, engine.LoRAEffect{Path: l.Path, Applied: 2, Total: 2})
	}
	return res, nil
}

func (i *imager) Upscale(_ context.Context, p engine.Pixels, _ func(engine.PictureProgress) error) (engine.Pixels, error) {
	return *paint(2*p.Width, 2*p.Height, uint64(len(p.Data))), nil
}

func (i *imager) Close() error { return nil }
