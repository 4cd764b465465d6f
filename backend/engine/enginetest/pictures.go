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
	"slices"
	"sync"
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
	Only    bool   `json:"only,omitempty"`     // it draws from text alone and tells nothing meanwhile, like an old engine
	Deaf    bool   `json:"deaf,omitempty"`     // it does not hear a cancel before the picture is finished
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

// Traits implements engine.PictureDriver.
func (pictures) Traits(context.Context, string) (engine.PictureInfo, error) {
	return (&imager{}).Info(), nil
}

func (pictures) OpenImager(_ context.Context, r engine.PictureLoad) (engine.Imager, error) {
	path := r.Files.Checkpoint
	if path == "" {
		path = r.Files.Upscaler
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &backend.BadFile{Path: path, Reason: "it may not be read"}
	}
	var m PictureModel
	if json.Unmarshal(b, &m) != nil || m.Marker != 1 {
		return nil, &backend.BadFile{Path: path, Reason: "it is not a model of the fake picture engine"}
	}
	return &imager{m: m}, nil
}

type imager struct {
	m      PictureModel
	mu     sync.Mutex // one picture at a time
	closed bool
}

var (
	fakeSamplers   = []string{"euler", "heun"}
	fakeSchedulers = []string{"discrete", "karras"}
)

func (i *imager) Info() engine.PictureInfo {
	all := !i.m.Only
	return engine.PictureInfo{
		Engine: backend.EngineInfo{Engine: PicturesName, Build: "1", Device: "CPU", Variant: "none"},
		Capabilities: engine.PictureCapabilities{
			Progress: all, Cancel: !i.m.Deaf, Preview: all, Init: all, Mask: all, LoRA: all, Upscale: all,
		},
		Family: i.m.Family, Multiple: 8, Encoders: []string{"fake"}, Sampler: "euler", Scheduler: "discrete",
		Samplers: fakeSamplers, Schedulers: fakeSchedulers, UpscaleFactor: 2,
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

// check refuses what a real engine refuses.
func (i *imager) check(r engine.PictureRequest) error {
	switch {
	case r.Width%8 != 0 || r.Height%8 != 0 || r.Width < 8 || r.Height < 8 || r.Width > 4096 || r.Height > 4096:
		return errors.New("width and height must be multiples of 8 up to 4096")
	case r.Steps < 0 || r.Steps > 10_000:
		return errors.New("steps is out of range")
	case r.Sampler != "" && !slices.Contains(fakeSamplers, r.Sampler):
		return errors.New("unknown sampler " + r.Sampler)
	case r.Scheduler != "" && !slices.Contains(fakeSchedulers, r.Scheduler):
		return errors.New("unknown scheduler " + r.Scheduler)
	case i.m.Only && (len(r.LoRAs) > 0 || r.Init != nil || r.Mask != nil):
		return backend.ErrUnsupported
	}
	for _, px := range []*engine.Pixels{r.Init, r.Mask} {
		if px != nil && (px.Width != r.Width || px.Height != r.Height || len(px.Data) != px.Width*px.Height*px.Channels) {
			return errors.New("a picture of the request has another size than the picture")
		}
	}
	seen := map[string]bool{}
	for _, l := range r.LoRAs {
		if seen[l.Path] {
			return errors.New("LoRA given twice: " + l.Path)
		}
		seen[l.Path] = true
		if _, err := os.Stat(l.Path); err != nil {
			return fmt.Errorf("cannot read LoRA %s", l.Path)
		}
	}
	return nil
}

// number is what the picture is a function of: the request as far as it acts.
func number(r engine.PictureRequest) (uint64, error) {
	r.LoRAs = slices.DeleteFunc(slices.Clone(r.LoRAs), func(l engine.AdapterWeight) bool { return l.Weight == 0 })
	if len(r.LoRAs) == 0 {
		r.LoRAs = nil
	}
	r.Preview = ""
	if r.Sampler == fakeSamplers[0] {
		r.Sampler = ""
	}
	if r.Scheduler == fakeSchedulers[0] {
		r.Scheduler = ""
	}
	b, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	h := fnv.New64a()
	h.Write(b)
	for _, px := range []*engine.Pixels{r.Init, r.Mask} {
		if px != nil {
			h.Write(px.Data)
		}
	}
	return h.Sum64(), nil
}

func (i *imager) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return engine.PictureResult{}, engine.ErrClosed
	}
	if err := i.check(r); err != nil {
		return engine.PictureResult{}, err
	}
	n, err := number(r)
	if err != nil {
		return engine.PictureResult{}, err
	}
	if err := ctx.Err(); err != nil {
		return engine.PictureResult{}, err
	}
	begin := time.Now()
	if err := i.steps(ctx, r, emit); err != nil {
		return engine.PictureResult{}, err
	}
	if i.m.Uniform {
		return engine.PictureResult{}, errors.New("the picture came out all one colour (numbers overflowed)")
	}
	res := engine.PictureResult{Pixels: *paint(r.Width, r.Height, n), Seed: r.Seed, Sample: time.Since(begin)}
	for _, l := range r.LoRAs {
		res.LoRAs = append(res.LoRAs, engine.LoRAEffect{Path: l.Path, Applied: 2, Total: 2})
	}
	return res, nil
}

// steps takes the time of the steps and tells of them.
func (i *imager) steps(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) error {
	if i.m.Deaf {
		ctx = context.WithoutCancel(ctx)
	}
	took := time.Duration(i.m.StepMS) * time.Millisecond
	for step := 1; step <= r.Steps; step++ {
		if step == i.m.DieAt {
			os.Exit(3)
		}
		if step == i.m.HangAt {
			select {}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(took):
		}
		if emit == nil || i.m.Only && step > 1 {
			continue
		}
		p := engine.PictureProgress{Phase: "sampling", Step: step, Steps: r.Steps, Took: took}
		if i.m.Only {
			p.Step, p.Took = 0, 0
		}
		if err := emit(p); err != nil {
			return err
		}
		if r.Preview == "" || i.m.Only {
			continue
		}
		if err := emit(engine.PictureProgress{Phase: "preview", Step: step, Preview: paint(r.Width/8, r.Height/8, uint64(step))}); err != nil {
			return err
		}
	}
	return nil
}

func (i *imager) Upscale(_ context.Context, p engine.Pixels, _ func(engine.PictureProgress) error) (engine.Pixels, error) {
	if i.m.Only {
		return engine.Pixels{}, backend.ErrUnsupported
	}
	if len(p.Data) != p.Width*p.Height*3 {
		return engine.Pixels{}, errors.New("upscale: not an RGB picture")
	}
	return *paint(2*p.Width, 2*p.Height, uint64(len(p.Data))), nil
}

func (i *imager) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	return nil
}
