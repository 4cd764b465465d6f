package uitest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/imagemeta"
	"loam/backend/studio"
)

// Studio is a queue of pictures in memory; the test says what becomes of the jobs. Finished pictures lie in Dir.
type Studio struct {
	Dir    string
	Tell   func(event.Event) // hears what a studio would tell on the bus; may be nil
	Refuse error             // Enqueue answers with it while it is set
	Now    time.Time

	mu        sync.Mutex
	next      int64
	jobs      map[int64]backend.Job
	requests  map[int64]studio.Request
	queue     []int64
	left      []int64
	done      []backend.Picture
	Cleaned   []string // what CleanStarts was to keep
	Discarded []int64
	Continued []int64
}

func (s *Studio) tell(e event.Event) {
	if s.Tell != nil {
		s.Tell(e)
	}
}

func (s *Studio) add(r studio.Request) backend.Job {
	if s.jobs == nil {
		s.jobs, s.requests = map[int64]backend.Job{}, map[int64]studio.Request{}
	}
	s.next++
	j := backend.Job{ID: s.next, State: backend.JobWaiting}
	s.jobs[j.ID], s.requests[j.ID] = j, r
	return j
}

// Leave puts a job there that an earlier run left.
func (s *Studio) Leave(r studio.Request) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.add(r)
	s.left = append(s.left, j.ID)
	return j.ID
}

// Enqueue implements pages.Studio.
func (s *Studio) Enqueue(_ context.Context, r studio.Request, count int) ([]backend.Job, error) {
	if s.Refuse != nil {
		return nil, s.Refuse
	}
	var jobs []backend.Job
	s.mu.Lock()
	for i := range count {
		one := r
		one.Seed += uint64(i)
		j := s.add(one)
		s.queue = append(s.queue, j.ID)
		jobs = append(jobs, j)
	}
	s.mu.Unlock()
	for _, j := range jobs {
		s.tell(event.JobChanged{JobID: j.ID, State: j.State})
	}
	return jobs, nil
}

func (s *Studio) state(id int64, state backend.JobState, why string, picture int64) {
	s.mu.Lock()
	j := s.jobs[id]
	j.State, j.Error = state, why
	s.jobs[id] = j
	if state != backend.JobWaiting && state != backend.JobRunning {
		s.queue = slices.DeleteFunc(s.queue, func(x int64) bool { return x == id })
	}
	s.mu.Unlock()
	s.tell(event.JobChanged{JobID: id, State: state, PictureID: picture})
}

// Begin starts a job.
func (s *Studio) Begin(id int64) { s.state(id, backend.JobRunning, "", 0) }

// Step tells of a step of a running job, with a small preview.
func (s *Studio) Step(id int64, step int, left time.Duration) {
	r := s.Request(id)
	s.tell(event.JobProgress{JobID: id, Phase: "sampling", Step: step, Steps: r.Steps, Left: left})
	w, h := r.Width/8, r.Height/8
	img := Scene(w, h, float64(step)/float64(r.Steps))
	rgb := make([]byte, 0, 3*w*h)
	for i := 0; i < len(img.Pix); i += 4 {
		rgb = append(rgb, img.Pix[i:i+3]...)
	}
	s.tell(event.JobPreview{JobID: id, Step: step, Width: w, Height: h, RGB: rgb})
}

// Fail ends a job without a picture.
func (s *Studio) Fail(id int64, why string) { s.state(id, backend.JobFailed, why, 0) }

// Finish ends a job with a picture in a file.
func (s *Studio) Finish(id int64) (backend.Picture, error) {
	r := s.Request(id)
	rec := imagemeta.Receipt{
		Format: 1, Engine: "fake", Device: "CPU", Variant: "zen4", Created: s.Now, Sample: time.Duration(r.Steps) * 2 * time.Second,
		Decode: time.Second, Job: id,
		Settings: imagemeta.Settings{
			Prompt: r.Prompt, Negative: r.Negative, Steps: r.Steps, Sampler: "euler", Scheduler: "discrete", CFG: r.CFG, Seed: r.Seed,
			Width: r.Width, Height: r.Height, Model: "Flux schnell",
		},
	}
	rec.Settings.Start, rec.Settings.Mask, rec.Settings.Strength = r.Start, r.Mask, r.Strength
	parent, has := s.byHash(r.Start)
	if has {
		rec.MadeFrom = parent.SHA256
	}
	if r.Upscale {
		rec.Settings.Width, rec.Settings.Height, rec.Settings.Upscaler, rec.Settings.Factor = 2*r.Width, 2*r.Height, "Twice", 2
	}
	for _, l := range r.LoRAs {
		rec.Settings.LoRAs = append(rec.Settings.LoRAs, imagemeta.LoRA{Name: "ink sketch", Weight: l.Weight, Applied: 700, Total: 722})
	}
	settings, err := json.Marshal(rec)
	if err != nil {
		return backend.Picture{}, err
	}
	sum := sha256.Sum256(settings)
	p := backend.Picture{
		ID: 1000 + id, JobID: id, MadeFrom: parent.ID, SHA256: hex.EncodeToString(sum[:]), Width: rec.Settings.Width, Height: rec.Settings.Height, Seed: r.Seed, Prompt: r.Prompt,
		Settings: settings, Created: s.Now,
	}
	f, err := os.Create(s.Path(p))
	if err != nil {
		return p, err
	}
	defer f.Close()
	if err := imagemeta.EncodePNG(f, Scene(p.Width, p.Height, 1+float64(r.Seed%7)), &rec); err != nil {
		return p, err
	}
	s.mu.Lock()
	s.done = append([]backend.Picture{p}, s.done...)
	s.mu.Unlock()
	s.state(id, backend.JobDone, "", p.ID)
	return p, nil
}

// Request is what a job was asked for.
func (s *Studio) Request(id int64) studio.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[id]
}

// Stop implements pages.Studio.
func (s *Studio) Stop(_ context.Context, id int64) error {
	s.state(id, backend.JobStopped, "", 0)
	return nil
}

// Queue implements pages.Studio.
func (s *Studio) Queue() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queue)
}

// Left implements pages.Studio.
func (s *Studio) Left(context.Context) ([]backend.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var jobs []backend.Job
	for _, id := range s.left {
		jobs = append(jobs, s.jobs[id])
	}
	return jobs, nil
}

// Continue implements pages.Studio.
func (s *Studio) Continue(_ context.Context, ids ...int64) error {
	s.mu.Lock()
	s.Continued, s.queue, s.left = append(s.Continued, ids...), append(s.queue, ids...), nil
	s.mu.Unlock()
	return nil
}

// Discard implements pages.Studio.
func (s *Studio) Discard(_ context.Context, ids ...int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Discarded, s.left = append(s.Discarded, ids...), nil
	return nil
}

// Job implements pages.Studio.
func (s *Studio) Job(_ context.Context, id int64) (backend.Job, studio.Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, ok := s.jobs[id]
	if !ok {
		return j, studio.Request{}, backend.ErrNotFound
	}
	return j, s.requests[id], nil
}

// Picture implements pages.Studio.
func (s *Studio) Picture(_ context.Context, id int64) (backend.Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.done {
		if p.ID == id {
			return p, nil
		}
	}
	return backend.Picture{}, backend.ErrNotFound
}

// Pictures implements pages.Studio.
func (s *Studio) Pictures(_ context.Context, limit, offset int) ([]backend.Picture, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := min(offset, len(s.done))
	to := len(s.done)
	if limit > 0 {
		to = min(from+limit, to)
	}
	return slices.Clone(s.done[from:to]), nil
}

// Search implements pages.Studio: prompts that have the words as they stand.
func (s *Studio) Search(_ context.Context, query string, limit int) (found []studio.Found, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.done {
		if strings.Contains(p.Prompt, query) && len(found) < limit {
			found = append(found, studio.Found{Picture: p, Snippet: p.Prompt})
		}
	}
	return found, nil
}

// Path implements pages.Studio.
func (s *Studio) Path(p backend.Picture) string { return filepath.Join(s.Dir, p.SHA256+".png") }

// SaveCopy implements pages.Studio.
func (s *Studio) SaveCopy(p backend.Picture, path string) error {
	b, err := os.ReadFile(s.Path(p))
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func (s *Studio) byHash(sum string) (backend.Picture, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.done, func(p backend.Picture) bool { return p.SHA256 == sum })
	if i < 0 || sum == "" {
		return backend.Picture{}, false
	}
	return s.done[i], true
}

// KeepStart implements pages.Studio: the file must be a PNG.
func (s *Studio) KeepStart(_ context.Context, path string) (studio.Start, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return studio.Start{}, err
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return studio.Start{}, &backend.BadFile{Path: path, Reason: "it is no PNG, JPEG or WebP picture"}
	}
	sum := sha256.Sum256(b)
	name := hex.EncodeToString(sum[:])
	return studio.Start{SHA256: name, Width: c.Width, Height: c.Height}, os.WriteFile(s.StartPath(name), b, 0o600)
}

// KeepStartOf implements pages.Studio.
func (s *Studio) KeepStartOf(_ context.Context, p backend.Picture) (studio.Start, error) {
	return studio.Start{SHA256: p.SHA256, Width: p.Width, Height: p.Height}, s.SaveCopy(p, s.StartPath(p.SHA256))
}

// KeepMask implements pages.Studio.
func (s *Studio) KeepMask(_ context.Context, m *image.Gray) (string, error) {
	sum := sha256.Sum256(m.Pix)
	name := hex.EncodeToString(sum[:])
	f, err := os.Create(s.StartPath(name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	return name, png.Encode(f, m)
}

// StartPath implements pages.Studio.
func (s *Studio) StartPath(sum string) string { return filepath.Join(s.Dir, "start-"+sum+".png") }

// CleanStarts implements pages.Studio: it only notes what it was to keep.
func (s *Studio) CleanStarts(_ context.Context, keep ...string) (int, error) {
	s.Cleaned = append(s.Cleaned, keep...)
	return 0, nil
}

// Scene is a picture of hills under a sky that differs with phase.
func Scene(width, height int, phase float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	hills := make([]float64, width)
	for x := range hills {
		hills[x] = 0.65 + 0.08*math.Sin(6*float64(x)/float64(width)+phase)
	}
	haze := 20 * math.Sin(phase)
	for y := range height {
		fy := float64(y) / float64(height)
		sky := color.RGBA{R: byte(230 - 120*fy), G: byte(180 - 60*fy + haze), B: byte(140 + 60*fy), A: 255}
		land := color.RGBA{R: 40, G: byte(70 + 40*fy), B: byte(60 + haze), A: 255}
		for x, hill := range hills {
			c := sky
			if fy > hill {
				c = land
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// PictureModel is a picture model that is complete by itself.
func PictureModel(id int64) backend.Model {
	return backend.Model{
		ID: id, Name: "Flux schnell", Kind: backend.KindDiffusion, Family: "flux", Format: "gguf", Quant: "Q4_0", SizeBytes: 6_700_000_000,
		License: "Apache-2.0", Path: "/home/ada/models/flux-schnell.gguf", State: backend.ModelReady,
		Shape: backend.ModelShape{HasEncoder: true, HasVAE: true},
	}
}

// LoRA is a LoRA for pictures of a family.
func LoRA(id int64, family string) backend.Model {
	return backend.Model{
		ID: id, Name: "ink sketch", Kind: backend.KindLoRA, Family: family, Format: "safetensors", SizeBytes: 44e6, State: backend.ModelReady,
		Path: "/home/ada/models/ink-sketch.safetensors", Shape: backend.ModelShape{Triggers: "inksk, line art"},
	}
}
