//go:build !nonative

package season

/*
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
	sd "github.com/seasonjs/stable-diffusion"

	"loam/backend"
	"loam/backend/engine"
)

// Embedded is the driver.
type Embedded struct{}

// embeddedVersion is the module's version, for receipts.
const embeddedVersion = "seasonjs v0.2.0"

// Name is the engine's name in receipts.
func (Embedded) Name() string { return "sd-embedded" }

// embeddedLibrary is the module's library, which the build copies beside the plug-ins: a sandboxed child cannot unpack
// it by itself.
func embeddedLibrary(dir string) string {
	if runtime.GOOS == "darwin" {
		return filepath.Join(dir, "libsd-abi.dylib")
	}
	return filepath.Join(dir, "libsd-abi.so")
}

// runnable says why the library cannot run on this machine; nil = it can. It must be asked before the library is opened:
// a missing instruction ends the process.
func runnable(goos, arch string, has func(...cpuid.FeatureID) bool) error {
	switch {
	case goos == "linux" && arch != "amd64":
		return fmt.Errorf("the built-in picture engine needs an x86-64 processor: %w", backend.ErrUnsupported)
	case goos == "linux" && !has(cpuid.AVX2, cpuid.FMA3, cpuid.F16C):
		return fmt.Errorf("the built-in picture engine needs a processor with AVX2: %w", backend.ErrUnsupported)
	case goos != "linux" && goos != "darwin":
		return fmt.Errorf("the built-in picture engine does not run on %s: %w", goos, backend.ErrUnsupported)
	}
	return nil
}

// Devices says that there is one: the processor.
func (Embedded) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	info := backend.EngineInfo{Engine: Embedded{}.Name(), Build: embeddedVersion, Device: "CPU", Variant: "avx2"}
	if err := runnable(runtime.GOOS, runtime.GOARCH, cpuid.CPU.Supports); err != nil {
		return nil, info, err
	}
	return []backend.Device{{Name: "CPU", Description: cpuid.CPU.BrandName, Type: "cpu"}}, info, nil
}

// embedded is an opened checkpoint.
type embedded struct {
	mu   sync.Mutex
	lib  *sd.CStableDiffusionImpl
	ctx  *sd.CStableDiffusionCtx
	path string
	info engine.PictureInfo
}

// scheduler is the one that a checkpoint was trained with here.
const scheduler = "discrete"

// embeddedSamplers are the module's, by the names that the pack uses.
var embeddedSamplers = []struct {
	name string
	id   sd.SampleMethod
}{
	{"euler_a", sd.EULER_A},
	{"euler", sd.EULER},
	{"heun", sd.HEUN},
	{"dpm2", sd.DPM2},
	{"dpm++2s_a", sd.DPMPP2S_A},
	{"dpm++2m", sd.DPMPP2M},
	{"dpm++2mv2", sd.DPMPP2Mv2},
	{"lcm", sd.LCM},
}

// OpenImager loads a checkpoint; this reads all weights. It cannot be cancelled.
func (Embedded) OpenImager(ctx context.Context, r engine.PictureLoad) (engine.Imager, error) {
	if err := runnable(runtime.GOOS, runtime.GOARCH, cpuid.CPU.Supports); err != nil {
		return nil, err
	}
	f := r.Files
	if f.Checkpoint == "" || f.Diffusion != "" || f.T5XXL != "" || f.LLM != "" || f.Upscaler != "" || f.ControlNet != "" {
		return nil, fmt.Errorf("the built-in picture engine opens whole SD 1, 2 and XL checkpoints only: %w", backend.ErrUnsupported)
	}
	if _, err := os.Stat(f.Checkpoint); err != nil {
		return nil, fmt.Errorf("open picture model: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lib, err := sd.NewCStableDiffusion(embeddedLibrary(r.PluginDir))
	if err != nil {
		return nil, fmt.Errorf("open picture engine: %w", err)
	}
	threads := r.Threads
	if threads == 0 {
		threads = max(1, runtime.NumCPU()/2)
	}
	// The weights stay for the next picture (freeing them at once makes it crash) and keep the type they have.
	c := lib.NewCtx(f.Checkpoint, f.VAE, f.TAE, "", true, false, false, threads, sd.COUNT, sd.CUDA_RNG, sd.DEFAULT)
	if c == nil || *(*uintptr)(unsafe.Pointer(c)) == 0 { // its one field: the library's context, 0 when the load failed
		return nil, &backend.BadFile{Path: f.Checkpoint, Reason: "the built-in picture engine cannot load this checkpoint"}
	}
	info := traits()
	info.Engine.Threads, info.Family = threads, "SD"
	return &embedded{lib: lib, ctx: c, path: f.Checkpoint, info: info}, nil
}

// Traits says what the module can do: draw from text, no more.
func (Embedded) Traits(context.Context, string) (engine.PictureInfo, error) {
	return traits(), runnable(runtime.GOOS, runtime.GOARCH, cpuid.CPU.Supports)
}

func traits() engine.PictureInfo {
	var samplers []string
	for _, s := range embeddedSamplers {
		samplers = append(samplers, s.name)
	}
	return engine.PictureInfo{
		Engine:   backend.EngineInfo{Engine: Embedded{}.Name(), Build: embeddedVersion, Device: "CPU", Variant: "avx2", FlashAttn: "off"},
		Multiple: 64, Sampler: "euler_a", Scheduler: scheduler, Samplers: samplers, Schedulers: []string{scheduler},
	}
}

// Info describes the opened checkpoint.
func (e *embedded) Info() engine.PictureInfo { return e.info }

// check refuses what the library would do wrongly or not at all.
func (e *embedded) check(r engine.PictureRequest) (sd.SampleMethod, error) {
	switch m := e.info.Multiple; {
	case r.Width < m || r.Height < m || r.Width%m != 0 || r.Height%m != 0 || r.Width > 2048 || r.Height > 2048:
		return 0, fmt.Errorf("width and height must be multiples of %d up to 2048", m)
	case r.Steps < 1 || r.Steps > 150:
		return 0, errors.New("steps is out of range")
	case len(r.LoRAs) > 0 || strings.Contains(r.Prompt, "<lora:"):
		return 0, fmt.Errorf("LoRA: %w", backend.ErrUnsupported) // it would stay in the weights for good
	case r.Scheduler != "" && r.Scheduler != scheduler:
		return 0, fmt.Errorf("unknown scheduler %s", r.Scheduler) // it would be ignored without a word
	case r.Init != nil || r.Mask != nil:
		return 0, fmt.Errorf("start picture: %w", backend.ErrUnsupported) // reads wild memory
	}
	if r.Sampler == "" {
		return sd.EULER_A, nil
	}
	for _, s := range embeddedSamplers {
		if s.name == r.Sampler {
			return s.id, nil
		}
	}
	return 0, fmt.Errorf("unknown sampler %s", r.Sampler)
}

// Generate draws one picture. It reports nothing until it is done and cannot be cancelled.
func (e *embedded) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx == nil {
		return engine.PictureResult{}, engine.ErrClosed
	}
	sampler, err := e.check(r)
	if err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return engine.PictureResult{}, err
	}
	if emit != nil {
		if err := emit(engine.PictureProgress{Phase: "sampling", Steps: r.Steps}); err != nil {
			return engine.PictureResult{}, err
		}
	}
	cfg := r.CFG
	if cfg == 0 {
		cfg = 7
	}
	begin := time.Now()
	out := e.lib.PredictImage(e.ctx, r.Prompt, r.Negative, -1, cfg, r.Width, r.Height, sampler, r.Steps, int64(r.Seed&0x7fffffff), 1)
	runtime.KeepAlive(e)
	if len(out) != 1 || len(out[0].Data) != r.Width*r.Height*3 {
		return engine.PictureResult{}, errors.New("draw: the engine gave no picture")
	}
	px := engine.Pixels{Width: r.Width, Height: r.Height, Channels: 3, Data: append([]byte(nil), out[0].Data...)}
	C.free(unsafe.Pointer(&out[0].Data[0])) // the module never does
	if uniform(px) {
		return engine.PictureResult{}, errors.New("draw: the picture came out all one colour (numbers overflowed)")
	}
	return engine.PictureResult{Pixels: px, Seed: r.Seed & 0x7fffffff, Sample: time.Since(begin)}, nil
}

// uniform says whether all bytes are equal: what NaN turns into.
func uniform(p engine.Pixels) bool {
	for _, b := range p.Data {
		if b != p.Data[0] {
			return false
		}
	}
	return true
}

// Upscale is not to be had: the module passes the picture wrongly.
func (e *embedded) Upscale(context.Context, engine.Pixels, func(engine.PictureProgress) error) (engine.Pixels, error) {
	return engine.Pixels{}, fmt.Errorf("upscale: %w", backend.ErrUnsupported)
}

// Close frees the checkpoint.
func (e *embedded) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx != nil {
		e.lib.FreeCtx(e.ctx)
		e.ctx = nil
	}
	return nil
}
