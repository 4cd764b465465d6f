//go:build !nonative

package sd

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "pack.h"
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"loam/backend"
	"loam/backend/engine"
)

// libraryName is the pack's file on this system.
func libraryName() string {
	switch runtime.GOOS {
	case "windows":
		return "loam-picture.dll"
	case "darwin":
		return "libloam-picture.dylib"
	}
	return "libloam-picture.so"
}

// Pack is the current picture engine. The zero value is ready; the library is opened once per process.
type Pack struct{}

// Name is the engine's name in receipts.
func (Pack) Name() string { return "sd-pack" }

var opened struct {
	sync.Mutex
	dir     string
	wish    string // the variant that was asked for
	err     error
	names   names
	variant string
}

// names is what the library says it knows.
type names struct {
	Families   []string `json:"families"`
	Samplers   []string `json:"samplers"`
	Schedulers []string `json:"schedulers"`
	Version    string   `json:"version"`
}

// lastLines keeps the newest lines of the library's log, for the details of an error.
var lastLines struct {
	sync.Mutex
	plugin string
}

// open opens the library of a folder with a CPU variant, "" = the best. A process can open only one.
func open(dir, wish string) (names, string, error) {
	opened.Lock()
	defer opened.Unlock()
	if opened.dir == dir && dir != "" && (opened.wish == wish || wish == "" || wish == opened.variant) {
		return opened.names, opened.variant, opened.err
	}
	if opened.dir != "" {
		return names{}, "", fmt.Errorf("open picture engine in %s: this process has opened another one", filepath.Base(dir))
	}
	opened.dir, opened.wish = dir, wish
	opened.names, opened.variant, opened.err = load(dir, wish)
	return opened.names, opened.variant, opened.err
}

func load(dir, wish string) (n names, variant string, err error) {
	path := filepath.Join(dir, libraryName())
	if _, err := os.Stat(path); err != nil {
		return n, "", fmt.Errorf("open picture engine: %w", err)
	}
	cpath, cdir, cwish := C.CString(path), C.CString(dir), C.CString(wish)
	defer C.free(unsafe.Pointer(cpath))
	defer C.free(unsafe.Pointer(cdir))
	defer C.free(unsafe.Pointer(cwish))
	if msg := C.pack_open(cpath); msg != nil {
		defer C.free(unsafe.Pointer(msg))
		return n, "", fmt.Errorf("open picture engine: %s", C.GoString(msg))
	}
	var cerr *C.char
	if C.pack_init(cdir, cwish, &cerr) == 0 {
		return n, "", fmt.Errorf("open picture engine: %s", take(cerr))
	}
	if err := json.Unmarshal([]byte(take(C.pack_names())), &n); err != nil {
		return n, "", fmt.Errorf("open picture engine: %w", err)
	}
	lastLines.Lock()
	defer lastLines.Unlock()
	return n, lastLines.plugin, nil
}

// take copies a string of the library and frees it.
func take(s *C.char) string {
	if s == nil {
		return "no message"
	}
	defer C.pack_free(s)
	return C.GoString(s)
}

// Devices lists what the library can compute on.
func (Pack) Devices(_ context.Context, pluginDir string) ([]backend.Device, backend.EngineInfo, error) {
	n, variant, err := open(pluginDir, "")
	if err != nil {
		return nil, backend.EngineInfo{}, err
	}
	var list []struct {
		Name, Description, Type string
		Free, Total             int64
	}
	if err := json.Unmarshal([]byte(take(C.pack_devices())), &list); err != nil {
		return nil, backend.EngineInfo{}, fmt.Errorf("list devices: %w", err)
	}
	var devices []backend.Device
	for _, d := range list {
		devices = append(devices, backend.Device{Name: d.Name, Description: d.Description, Type: d.Type, FreeBytes: d.Free, TotalBytes: d.Total})
	}
	return devices, backend.EngineInfo{Engine: Pack{}.Name(), Build: n.Version, Device: "CPU", Variant: variant}, nil
}

// Traits says what the library can do.
func (Pack) Traits(_ context.Context, pluginDir string) (engine.PictureInfo, error) {
	n, variant, err := open(pluginDir, "")
	if err != nil {
		return engine.PictureInfo{}, err
	}
	return engine.PictureInfo{
		Engine:       backend.EngineInfo{Engine: Pack{}.Name(), Build: n.Version, Device: "CPU", Variant: variant},
		Capabilities: engine.PictureCapabilities{Progress: true, Cancel: true, Preview: true, Init: true, Mask: true, LoRA: true, Upscale: true},
		Samplers:     n.Samplers, Schedulers: n.Schedulers,
	}, nil
}

// picture is an opened model of the pack.
type picture struct {
	mu   sync.Mutex // one call at a time; also guards p against Close
	p    *C.loam_picture
	info engine.PictureInfo
}

// OpenImager opens a picture model: its headers are read now, its weights by the first Generate.
func (Pack) OpenImager(ctx context.Context, r engine.PictureLoad) (engine.Imager, error) {
	n, variant, err := open(r.PluginDir, r.Variant)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	threads := r.Threads
	if threads == 0 {
		threads = max(1, runtime.NumCPU()/2)
	}
	params, err := openParams(r, threads)
	if err != nil {
		return nil, fmt.Errorf("open picture model: %w", err)
	}
	cparams := C.CString(params)
	defer C.free(unsafe.Pointer(cparams))
	var cerr *C.char
	p := C.pack_picture_open(cparams, &cerr)
	if p == nil {
		return nil, openError(r.Files, take(cerr))
	}
	c := &picture{p: p}
	var info struct {
		Family, Sampler, Scheduler string
		Multiple                   int
		Encoders                   []string
		UpscaleFactor              int `json:"upscale_factor"`
	}
	if err := json.Unmarshal([]byte(take(C.pack_picture_info(p))), &info); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("open picture model: %w", err)
	}
	device := r.Device
	if device == "" {
		device = "CPU"
	}
	full := info.Family != ""
	c.info = engine.PictureInfo{
		Engine: backend.EngineInfo{Engine: Pack{}.Name(), Build: n.Version, Device: device, Variant: variant, Threads: threads, FlashAttn: onOff(r.FlashAttn)},
		Capabilities: engine.PictureCapabilities{
			Progress: true, Cancel: true, Preview: full, Init: full, Mask: full, LoRA: full, Upscale: info.UpscaleFactor > 0,
		},
		Family: info.Family, Multiple: info.Multiple, Encoders: info.Encoders, Sampler: info.Sampler, Scheduler: info.Scheduler,
		Samplers: n.Samplers, Schedulers: n.Schedulers, UpscaleFactor: info.UpscaleFactor,
	}
	return c, nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// Info describes the opened model.
func (c *picture) Info() engine.PictureInfo { return c.info }

// call is what a running call of the library reports to.
type call struct {
	emit    func(engine.PictureProgress) error
	err     error // of emit: ends the call
	cancel  func()
	phase   string
	picture *engine.Pixels
	load    time.Duration
	begin   time.Time
	spent   map[string]time.Duration // per phase
}

func (k *call) report(p engine.PictureProgress) {
	if k.err != nil || k.emit == nil {
		return
	}
	if k.err = k.emit(p); k.err != nil {
		k.cancel()
	}
}

// enter books the time since the last change of phase on the phase that ends.
func (k *call) enter(phase string) {
	now := time.Now()
	if k.phase != "" {
		k.spent[k.phase] += now.Sub(k.begin)
	}
	k.phase, k.begin = phase, now
}

//export loamPictureLog
func loamPictureLog(level C.int, text *C.char) {
	s := C.GoString(text)
	if level >= 1 && strings.Contains(s, "loaded CPU backend") {
		if i := strings.LastIndex(s, "libggml-cpu-"); i >= 0 {
			lastLines.Lock()
			lastLines.plugin = strings.TrimSuffix(strings.TrimSpace(s[i+len("libggml-cpu-"):]), ".so")
			lastLines.Unlock()
		}
	}
}

//export loamPictureProgress
func loamPictureProgress(user C.uintptr_t, phase *C.char, step, steps C.int, seconds C.double) {
	k := cgo.Handle(user).Value().(*call)
	name := C.GoString(phase)
	if name != k.phase {
		k.enter(name)
	}
	k.report(engine.PictureProgress{
		Phase: name, Step: int(step), Steps: int(steps), Took: time.Duration(float64(seconds) * float64(time.Second)),
	})
}

//export loamPicturePixels
func loamPicturePixels(user C.uintptr_t, preview, index, width, height C.int, rgb *C.uint8_t) {
	k := cgo.Handle(user).Value().(*call)
	px := &engine.Pixels{
		Width: int(width), Height: int(height), Channels: 3,
		Data: C.GoBytes(unsafe.Pointer(rgb), width*height*3),
	}
	if preview != 0 {
		k.report(engine.PictureProgress{Phase: "preview", Step: int(index), Preview: px})
		return
	}
	k.picture = px
}

// watch cancels the running call when ctx ends. A cancel that comes before the library has begun is lost on it, so it
// is repeated until the call is over.
func (c *picture) watch(ctx context.Context) (done func()) {
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		for !over.Load() {
			C.pack_picture_cancel(c.p)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() {
		over.Store(true)
		<-ended
	}
}

// run calls f with the library to itself and gives ctx's end, emit's error and the library's message their turn.
func (c *picture) run(ctx context.Context, emit func(engine.PictureProgress) error, f func(user C.uintptr_t, cerr **C.char) *C.char) (string, *call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.p == nil {
		return "", nil, engine.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	k := &call{emit: emit, cancel: cancel, spent: map[string]time.Duration{}}
	h := cgo.NewHandle(k)
	defer h.Delete()
	done := c.watch(ctx)
	var cerr *C.char
	out := f(C.uintptr_t(h), &cerr)
	interrupted := ctx.Err()
	cancel() // lets the watcher end
	done()
	k.enter("")
	if k.err != nil {
		if out != nil {
			take(out)
		}
		return "", nil, k.err
	}
	if out == nil {
		msg := take(cerr)
		if msg == "cancelled" && interrupted != nil {
			return "", nil, interrupted
		}
		return "", nil, errors.New(msg)
	}
	return take(out), k, nil
}

// Generate draws one picture.
func (c *picture) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	params, pixels, err := generateParams(r)
	if err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w", err)
	}
	cparams := C.CString(params)
	defer C.free(unsafe.Pointer(cparams))
	var data *C.uint8_t
	if len(pixels) > 0 {
		p := C.CBytes(pixels)
		defer C.free(p)
		data = (*C.uint8_t)(p)
	}
	text, k, err := c.run(ctx, emit, func(user C.uintptr_t, cerr **C.char) *C.char {
		return C.pack_picture_generate(c.p, cparams, data, C.int64_t(len(pixels)), user, cerr)
	})
	if err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w", err)
	}
	return generateResult(text, k)
}

// Upscale enlarges a picture by the model's factor.
func (c *picture) Upscale(ctx context.Context, p engine.Pixels, emit func(engine.PictureProgress) error) (engine.Pixels, error) {
	if p.Channels != 3 || p.Width < 1 || p.Height < 1 || len(p.Data) != p.Width*p.Height*3 {
		return engine.Pixels{}, errors.New("upscale: not an RGB picture")
	}
	data := C.CBytes(p.Data)
	defer C.free(data)
	_, k, err := c.run(ctx, emit, func(user C.uintptr_t, cerr **C.char) *C.char {
		return C.pack_picture_upscale(c.p, (*C.uint8_t)(data), C.int(p.Width), C.int(p.Height), user, cerr)
	})
	if err != nil {
		return engine.Pixels{}, fmt.Errorf("upscale: %w", err)
	}
	if k.picture == nil {
		return engine.Pixels{}, errors.New("upscale: no picture came back")
	}
	return *k.picture, nil
}

// Close frees the model; it waits for a running call, so cancel that first.
func (c *picture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.p != nil {
		C.pack_picture_close(c.p)
		c.p = nil
	}
	return nil
}
