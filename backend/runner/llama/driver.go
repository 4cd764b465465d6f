//go:build !nonative

package llama

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/modelfile"

	"github.com/klauspost/cpuid/v2"
)

// defaultBatch is n_batch and n_ubatch when nobody chose one, in tokens.
const defaultBatch = 512

// Driver returns the embedded engine. It holds no resources until it is asked for something.
func Driver() engine.Driver {
	return driver{name: Name, open: func(string) (library, error) { return builtIn(), nil }}
}

// Pack returns the current engine. Its library is opened when it is asked for something, in the folder of the plug-ins.
func Pack() engine.Driver { return driver{name: PackName, open: openPack} }

// driver is an engine; open finds its functions, given the folder of its plug-ins.
type driver struct {
	name string
	open func(pluginDir string) (library, error)
}

func (d driver) Name() string { return d.name }

// libraryName is the pack's file on this system.
func libraryName() string {
	switch runtime.GOOS {
	case "windows":
		return "loam-chat.dll"
	case "darwin":
		return "libloam-chat.dylib"
	}
	return "libloam-chat.so"
}

var packs struct {
	sync.Mutex
	dir string
	lib library
}

// openPack opens the pack of a folder. A process can open only one.
func openPack(dir string) (library, error) {
	packs.Lock()
	defer packs.Unlock()
	switch {
	case dir == "":
		return library{}, errors.New("open the current chat engine: it is not installed")
	case packs.dir == dir:
		return packs.lib, nil
	case packs.dir != "":
		return library{}, errors.New("open the current chat engine: this process has opened another one")
	}
	lib, err := openLibrary(filepath.Join(dir, libraryName()))
	if err != nil {
		return library{}, fmt.Errorf("open the current chat engine: %w", err)
	}
	packs.dir, packs.lib = dir, lib
	return lib, nil
}

// started opens the engine's library with its plug-ins, for good.
func (d driver) started(pluginDir, variant string) (library, error) {
	lib, err := d.open(pluginDir)
	if err != nil {
		return library{}, err
	}
	if err := lib.initialize(pluginDir, variant); err != nil {
		return library{}, fmt.Errorf("load the engine's plug-ins: %w", err)
	}
	return lib, nil
}

// handle is a new handle of the started engine, without a model yet.
func (d driver) handle(r engine.LoadRequest) (handle, error) {
	lib, err := d.started(r.PluginDir, r.Variant)
	if err != nil {
		return handle{}, err
	}
	h := lib.newHandle()
	if h.c == nil {
		return handle{}, errMemory
	}
	return h, nil
}

// Devices implements engine.Driver. It loads the plug-ins of pluginDir for good.
func (d driver) Devices(ctx context.Context, pluginDir string) ([]backend.Device, backend.EngineInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, backend.EngineInfo{}, err
	}
	lib, err := d.started(pluginDir, "")
	if err != nil {
		return nil, backend.EngineInfo{}, err
	}
	list, err := lib.devices()
	if err != nil {
		return nil, backend.EngineInfo{}, fmt.Errorf("list devices: %w", err)
	}
	info := backend.EngineInfo{Engine: d.name, Build: lib.build(), Device: "CPU", Variant: lib.variant(), FlashAttn: "auto", KVType: "f16", Threads: defaultThreads()}
	return list, info, nil
}

// OpenChat implements engine.Driver.
func (d driver) OpenChat(ctx context.Context, r engine.LoadRequest, progress engine.Progress) (engine.Chat, error) {
	start := time.Now()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.checkFile(r.Path, backend.KindChat); err != nil {
		return nil, err
	}
	if err := d.checkAdapters(r.Adapters); err != nil {
		return nil, err
	}
	r, err := withDefaults(r)
	if err != nil {
		return nil, err
	}
	h, err := d.handle(r)
	if err != nil {
		return nil, err
	}
	if err := load(ctx, h, r, h.open, progress); err != nil {
		h.delete()
		return nil, err
	}
	c, err := newChat(d, h, r)
	if err != nil {
		h.delete()
		return nil, fmt.Errorf("load model %s: %w", filepath.Base(r.Path), err)
	}
	c.info.LoadSeconds = time.Since(start).Seconds()
	return c, nil
}

// checkFile refuses, with words, files that the engine would read without bounds or take for something else.
func (d driver) checkFile(path string, want backend.ModelKind) error {
	f, err := modelfile.Identify(path)
	if err != nil {
		return err
	}
	bad := func(format string, args ...any) error {
		return &backend.BadFile{Path: path, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case f.Kind != want && want == backend.KindAdapter:
		return bad("it is a file for %s, not an adapter for a chat model", f.Kind)
	case f.Kind != want && want == backend.KindEmbedding:
		return bad("it is a file for %s, not an embedding model", f.Kind)
	case f.Kind == backend.KindEmbedding && want == backend.KindChat:
		return bad("it is an embedding model: it finds passages in files by their meaning, and does not chat")
	case f.Kind != want:
		return bad("it is a file for %s, not a chat model", f.Kind)
	case f.Format != "gguf":
		return bad("it is a %s file, and this engine reads only GGUF", f.Format)
	}
	if fault := f.FaultOf(modelfile.Engine(d.name)); fault != "" && want != backend.KindAdapter {
		return bad("%s", fault)
	}
	return nil
}

func (d driver) checkAdapters(list []engine.AdapterWeight) error {
	for _, a := range list {
		if err := d.checkFile(a.Path, backend.KindAdapter); err != nil {
			return err
		}
	}
	return nil
}

// apart gives the files and the weights of adapters.
func apart(list []engine.AdapterWeight) (paths []string, weights []float32) {
	for _, a := range list {
		paths, weights = append(paths, a.Path), append(weights, a.Weight)
	}
	return paths, weights
}

// defaultThreads is the number of compute threads when nobody chose one.
func defaultThreads() int {
	return threadsFor(cpuid.CPU.PhysicalCores, min(runtime.NumCPU(), runtime.GOMAXPROCS(0)))
}

var flashAttention = map[string]int{"auto": -1, "off": 0, "on": 1}

func withDefaults(r engine.LoadRequest) (engine.LoadRequest, error) {
	if r.Batch <= 0 {
		r.Batch = defaultBatch
	}
	if r.Threads <= 0 {
		r.Threads = defaultThreads()
	}
	if r.FlashAttn == "" {
		r.FlashAttn = "auto"
	}
	if r.KVType == "" {
		r.KVType = "f16"
	}
	if _, ok := flashAttention[r.FlashAttn]; !ok {
		return r, fmt.Errorf("flash attention can be auto, on or off, not %q", r.FlashAttn)
	}
	if r.Context < 0 {
		return r, fmt.Errorf("a context of %d tokens", r.Context)
	}
	return r, nil
}

// progressEvery is how often a load reports how far it is.
const progressEvery = 50 * time.Millisecond

// load runs the blocking open and meanwhile reports progress and passes on the end of ctx.
func load(ctx context.Context, h handle, r engine.LoadRequest, open func(openParams) (status, int, error), progress engine.Progress) error {
	p := openParams{
		path: r.Path, device: r.Device, kvType: r.KVType, flashAt: flashAttention[r.FlashAttn],
		gpuLayers: r.GPULayers, context: r.Context, batch: r.Batch, threads: r.Threads,
	}
	p.adapters, p.weights = apart(r.Adapters)
	type outcome struct {
		st     status
		failed int
		err    error
	}
	done := make(chan outcome, 1)
	go func() { // ends with open, which ctx ends
		st, failed, err := open(p)
		done <- outcome{st, failed, err}
	}()
	if progress == nil {
		progress = func(float32) {}
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-stop:
			h.cancel(true)
			stop = nil
		case <-tick.C:
			progress(h.progress())
		case o := <-done:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if o.err != nil || o.st != statusOK {
				return loadError(r, o.st, o.failed, o.err)
			}
			progress(1)
			return nil
		}
	}
}

// errMemory is a load that failed because memory did not suffice; no file is to blame.
var errMemory = errors.New("there is not enough memory")

var outOfMemory = regexp.MustCompile(`(?i)out of memory|failed to allocate|unable to allocate|alloc_buffer|cannot allocate`)

// loadError says whose fault it was.
func loadError(r engine.LoadRequest, st status, failed int, err error) error {
	name := filepath.Base(r.Path)
	if err == nil {
		err = errors.New("the engine gave no reason")
	}
	switch {
	case outOfMemory.MatchString(err.Error()):
		return fmt.Errorf("load model %s: %w", name, errMemory)
	case st == statusBadModel:
		return &backend.BadFile{Path: r.Path, Reason: clauseOf(err.Error())}
	case st == statusBadAdapter && failed >= 0 && failed < len(r.Adapters):
		return &backend.BadFile{Path: r.Adapters[failed].Path, Reason: clauseOf(err.Error())}
	}
	if d := detail(err.Error()); d != "" {
		return fmt.Errorf("load model %s: %s", name, d)
	}
	return fmt.Errorf("load model %s: %w", name, err)
}
