// Package worker runs an inference engine in a child process and speaks for it: Open starts this program again as a
// confined child, loads a model there and returns an engine.Chat whose methods are frames on two private pipes. When the
// child dies, whatever the reason, the request in progress ends with an *engine.Crashed that says why as far as anyone
// can tell; this process lives on.
//
// backend/residency is the main caller. A Chat may be used from several goroutines: calls queue up and run one at a time.
// No method waits for a child for ever: a cancelled context is passed on, and a child that does not answer it is killed.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

// Spec says which program to start as a child and what it is for.
type Spec struct {
	Exe       string             // the program; "" = this one
	Args      []string           // further arguments, after the hidden one and the engine's name
	Env       []string           // further environment: "NAME=value"; little of this process's own is passed on
	Engine    string             // the driver's name: "llama-embedded"
	Load      engine.LoadRequest // a language model
	Picture   engine.PictureLoad // or a picture model
	ReadOnly  []string           // files and folders the child may read beside the model, adapters and plug-ins
	NoSandbox bool
	// AutoThreads: nobody chose the number of threads, so that another one is as good. The child is not told.
	AutoThreads bool
	BuildID     string // what the child must say it is; "" = wire.BuildID of this process
	Logger      *slog.Logger

	StartTimeout time.Duration // from start to the first frame; 0 = 30 s
	CancelGrace  time.Duration // from a cancel to the kill; 0 = 2 s
	Silence      time.Duration // of a child that neither says nor does anything, until the kill; 0 = 2 min
	CloseGrace   time.Duration // from the end of the stream to the kill; 0 = 2 s
}

func (s Spec) withDefaults() (Spec, error) {
	if s.Exe == "" {
		exe, err := os.Executable()
		if err != nil {
			return s, fmt.Errorf("find the program: %w", err)
		}
		if _, err := os.Stat(exe); err != nil {
			exe = ownExe(exe)
		}
		s.Exe = exe
	}
	exe, err := filepath.Abs(s.Exe) // the child starts in another folder
	if err != nil {
		return s, fmt.Errorf("find the program: %w", err)
	}
	s.Exe = exe
	if s.BuildID == "" {
		id, err := wire.BuildID()
		if err != nil {
			return s, err
		}
		s.BuildID = id
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	or := func(d *time.Duration, standard time.Duration) {
		if *d == 0 {
			*d = standard
		}
	}
	or(&s.StartTimeout, 30*time.Second)
	or(&s.CancelGrace, 2*time.Second)
	or(&s.Silence, 2*time.Minute)
	or(&s.CloseGrace, 2*time.Second)
	return s, nil
}

// Probed is what a child says without a model.
type Probed struct {
	Devices     []backend.Device
	Engine      backend.EngineInfo
	Confinement wire.Confinement
	Pictures    engine.PictureInfo // of a picture engine: what it can do at most
}

// Probe asks an engine, in a child of its own that ends at once, what it could compute on.
func Probe(ctx context.Context, s Spec) (Probed, error) {
	s, err := s.withDefaults()
	if err != nil {
		return Probed{}, err
	}
	s.Load.Path, s.Load.Adapters = "", nil
	if s, err = s.resolve(); err != nil {
		return Probed{}, err
	}
	p, err := start(ctx, s)
	if err != nil {
		return Probed{}, err
	}
	defer p.close() //nolint:errcheck // what it said is what counts
	var r struct {
		Devices  []backend.Device   `json:"devices"`
		Info     backend.EngineInfo `json:"info"`
		Pictures engine.PictureInfo `json:"pictures"`
	}
	err = p.ask(ctx, wire.OpDevices, wire.Devices{PluginDir: s.Load.PluginDir}, handlers{}, &r)
	return Probed{r.Devices, r.Info, p.hello.Confinement, r.Pictures}, err
}

// Devices is Probe for those who only want to know the devices.
func Devices(ctx context.Context, s Spec) ([]backend.Device, backend.EngineInfo, error) {
	p, err := Probe(ctx, s)
	return p.Devices, p.Engine, err
}

// Open starts a child and loads s.Load.Path in it; progress may be nil. Errors are *backend.BadFile where the file is at
// fault, engine.ErrOtherBuild after an update of the program's file, *engine.Crashed when the child died of it.
func Open(ctx context.Context, s Spec, progress engine.Progress) (*Chat, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	if s, err = s.resolve(); err != nil {
		return nil, err
	}
	p, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	c := &Chat{p: p}
	began := time.Now()
	on := handlers{event: func(e wire.Event) error { return loading(e, progress) }}
	if err := p.ask(ctx, wire.OpOpen, s.Load, on, &c.info); err != nil {
		_ = p.close() // err says why
		return nil, err
	}
	if b := residentBytes(p.cmd.Process.Pid); b > 0 {
		c.info.MemoryBytes = b // the child itself may not look
	}
	if c.info.LoadSeconds == 0 {
		c.info.LoadSeconds = time.Since(began).Seconds()
	}
	return c, nil
}

func loading(e wire.Event, progress engine.Progress) error {
	if e.Type != wire.EventLoad {
		return fmt.Errorf("%w: event %q while loading", errChild, e.Type)
	}
	done, err := strconv.ParseFloat(string(e.Body), 32)
	if err != nil {
		return fmt.Errorf("%w: %w", errChild, err)
	}
	if progress != nil {
		progress(float32(done))
	}
	return nil
}

// part matches a model file that is one of several: the others lie beside it and are opened by name.
var part = regexp.MustCompile(`^(.*-)\d{5}(-of-)(\d{5})(\.gguf)$`)

// resolve checks the files and follows their links, because the child may only read where the links lead to.
func (s Spec) resolve() (Spec, error) {
	s.Load.Adapters = append([]engine.AdapterWeight(nil), s.Load.Adapters...)
	s.ReadOnly = append(append([]string(nil), s.ReadOnly...), filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	s.ReadOnly = slices.DeleteFunc(s.ReadOnly, func(p string) bool { return !filepath.IsAbs(p) }) // the child starts elsewhere
	for i, p := range s.ReadOnly {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			s.ReadOnly[i] = real
		}
	}
	if s.Load.PluginDir != "" {
		dir, err := filepath.Abs(s.Load.PluginDir)
		if err != nil {
			return s, fmt.Errorf("find the plug-ins: %w", err)
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		s.Load.PluginDir = dir
		s.ReadOnly = append(s.ReadOnly, dir)
	}
	files := append(pictureFiles(&s.Picture.Files), &s.Load.Path)
	for i := range s.Load.Adapters {
		files = append(files, &s.Load.Adapters[i].Path)
	}
	for _, f := range files {
		if *f == "" {
			continue
		}
		granted, err := grant(f)
		if err != nil {
			return s, err
		}
		s.ReadOnly = append(s.ReadOnly, granted...)
	}
	return s, nil
}

// grant makes *path absolute and real, and lists the files it stands for. Only these are opened to the child, not their
// folder: that may be a whole home.
func grant(path *string) ([]string, error) {
	abs, err := filepath.Abs(*path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", *path, err)
	}
	real, err := checkFile(abs)
	if err != nil {
		return nil, err
	}
	m := part.FindStringSubmatch(filepath.Base(abs))
	if m == nil {
		*path = real
		return []string{real}, nil
	}
	*path = abs // its name is needed to find the other parts, even if it is a link
	total, _ := strconv.Atoi(m[3])
	granted := []string{real}
	for i := 1; i <= total; i++ {
		other, err := checkFile(filepath.Join(filepath.Dir(abs), fmt.Sprintf("%s%05d%s%s%s", m[1], i, m[2], m[3], m[4])))
		if err != nil {
			return nil, err
		}
		granted = append(granted, other)
	}
	return granted, nil
}

// checkFile follows links and refuses what cannot be a model, in words for a person.
func checkFile(path string) (real string, err error) {
	bad := func(reason string) error { return &backend.BadFile{Path: path, Reason: reason} }
	if real, err = filepath.EvalSymlinks(path); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return "", bad("it may not be read")
		}
		return "", bad("the file is not there")
	}
	st, err := os.Stat(real)
	switch {
	case err != nil:
		return "", bad("the file is not there")
	case st.IsDir():
		return "", bad("it is a folder, not a model file")
	case !st.Mode().IsRegular():
		return "", bad("it is not a regular file")
	case st.Size() == 0:
		return "", bad("the file is empty")
	}
	f, err := os.Open(real)
	if err != nil {
		return "", bad("it may not be read")
	}
	f.Close()
	return real, nil
}
