// Package studio makes pictures: it keeps the queue of picture jobs on disk, gives them to the engine one after the
// other, and stores what comes back. A job is stored before any engine sees it. A picture is written to a temporary file
// with everything that made it, flushed, renamed to its SHA-256 and only then recorded, so that no crash leaves half a
// picture or loses a whole one. Jobs of an earlier run never start by themselves: Waiting lists them, Continue and
// Discard decide.
//
// Service may be used from any goroutine. It owns one goroutine, which draws; Close ends it.
package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/raster"
	"loam/store"
)

// Store keeps jobs and pictures; met by *store.Store.
type Store interface {
	AddJob(ctx context.Context, j backend.Job) (backend.Job, error)
	StartJob(ctx context.Context, id int64, owner backend.Owner) (backend.Job, error)
	UpdateJob(ctx context.Context, j backend.Job) error
	Job(ctx context.Context, id int64) (backend.Job, error)
	Jobs(ctx context.Context, states ...backend.JobState) ([]backend.Job, error)
	MarkJobsInterrupted(ctx context.Context, alive func(backend.Owner) bool) ([]backend.Job, error)
	AddPicture(ctx context.Context, p backend.Picture) (backend.Picture, error)
	Picture(ctx context.Context, id int64) (backend.Picture, error)
	Pictures(ctx context.Context, limit, offset int) ([]backend.Picture, error)
	SearchPictures(ctx context.Context, query string, limit int) ([]store.PictureHit, error)
	// PictureOf gives the picture whose file has a SHA-256; backend.ErrNotFound when there is none.
	PictureOf(ctx context.Context, sha256 string) (backend.Picture, error)
}

// Models finds the files of a picture model; met by an adapter over the library.
type Models interface {
	// PictureFiles gives the model and the files of its set. An incomplete set is an error that names what is missing.
	PictureFiles(ctx context.Context, modelID int64) (backend.Model, engine.PictureFiles, error)
	// LoRA gives an installed LoRA by its id.
	LoRA(ctx context.Context, modelID int64) (backend.Model, error)
	// CheckLoRA says why the engine must not see a LoRA together with a model: it aborts on shapes that do not fit.
	CheckLoRA(ctx context.Context, loraID, modelID int64) error
}

// Engines lends an opened picture model; met by the residency.
type Engines interface {
	AcquirePictures(ctx context.Context, m backend.Model, files engine.PictureFiles) (engine.Imager, func(), error)
}

// Bus is where jobs are announced.
type Bus interface {
	Publish(event.Event)
	Deliver(event.Event)
}

// Deps is what a Service is made of.
type Deps struct {
	Store   Store
	Models  Models
	Engines Engines
	Bus     Bus
	Dir     string // the folder of finished pictures
	Version string // of the program, for receipts
	Owner   backend.Owner
	Alive   func(backend.Owner) bool
	Logger  *slog.Logger
	Now     func() time.Time // nil = time.Now
}

// LoRA is a LoRA of a request.
type LoRA struct {
	ModelID int64   `json:"model_id"`
	Weight  float32 `json:"weight"`
}

// Request is what a person asked for; a job stores it as JSON.
type Request struct {
	ModelID   int64   `json:"model_id"`
	Prompt    string  `json:"prompt"`
	Negative  string  `json:"negative,omitempty"`
	Width     int     `json:"width"` // pixels
	Height    int     `json:"height"`
	Steps     int     `json:"steps"`
	Sampler   string  `json:"sampler,omitempty"`
	Scheduler string  `json:"scheduler,omitempty"`
	CFG       float32 `json:"cfg"`
	Guidance  float32 `json:"guidance,omitempty"`
	Seed      uint64  `json:"seed"`
	LoRAs     []LoRA  `json:"loras,omitempty"`
	// Start is the SHA-256 of a kept start picture (KeepStart); "" = from words alone. Strength is how much of it changes,
	// above 0 and up to 1.
	Start    string  `json:"start,omitempty"`
	Strength float32 `json:"strength,omitempty"`
	// Mask is the SHA-256 of a kept mask (KeepMask) of the size of Start: only what it marks is drawn anew. Width and
	// Height are then those of Start.
	Mask string `json:"mask,omitempty"`
	// Upscale makes Start larger with the upscaler ModelID; the rest has no effect.
	Upscale bool `json:"upscale,omitempty"`
}

// maxPixels bounds a picture to what any engine here can address; maxPrompt bounds its words.
const (
	maxPixels = 4096 * 4096
	maxPrompt = 64 << 10
	maxCount  = 100
)

// check refuses what no engine could draw.
func (r Request) check() error {
	most := maxPixels
	if r.Mask != "" { // of a picture that is there already; what the engine draws of it is less
		most = raster.MaxPixels
	}
	switch {
	case r.ModelID == 0:
		return errors.New("no picture model is chosen")
	case r.Start != "" && !isSum(r.Start) || r.Mask != "" && !isSum(r.Mask):
		return errors.New("the start picture is not one that was kept")
	case (r.Mask != "" || r.Upscale) && r.Start == "":
		return errors.New("there is no picture to start from")
	case r.Upscale:
		return nil
	case r.Start != "" && !(r.Strength > 0 && r.Strength <= 1):
		return fmt.Errorf("a strength of %g is out of range (above 0, up to 1)", r.Strength)
	case r.Width < 16 || r.Height < 16 || r.Width > most/16 || r.Height > most/16 || r.Width*r.Height > most:
		return fmt.Errorf("a picture of %d x %d cannot be drawn", r.Width, r.Height)
	case r.Steps < 1 || r.Steps > 1000:
		return fmt.Errorf("%d steps are out of range (1 to 1000)", r.Steps)
	case len(r.Prompt) > maxPrompt || len(r.Negative) > maxPrompt:
		return errors.New("the prompt is too long")
	}
	return nil
}

// Service is the studio.
type Service struct {
	d      Deps
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{}
	wake   chan struct{}

	mu      sync.Mutex
	queue   []int64 // jobs of this run, in their order
	running int64
	stop    context.CancelFunc // of the running job
	stopped bool               // a person stopped the running job
	pace    map[paceKey]time.Duration
	over    chan struct{} // closed and replaced whenever a job ends
}

// paceKey is what the time of a step depends on.
type paceKey struct {
	model         int64
	width, height int
}

// New starts the studio. Jobs that were waiting at the last run keep waiting for a word.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{d: d, ctx: ctx, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1), pace: map[paceKey]time.Duration{}, over: make(chan struct{})}
	go s.loop()
	return s
}

// Close stops the running picture, which stays in the queue as interrupted, and ends the studio's goroutine.
func (s *Service) Close() {
	s.cancel()
	<-s.done
}

// Enqueue stores count jobs that differ in their seed (seed, seed+1, ...) and puts them at the end of the queue.
func (s *Service) Enqueue(ctx context.Context, r Request, count int) ([]backend.Job, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	if count < 1 || count > maxCount {
		return nil, fmt.Errorf("draw: %d pictures at once are out of range (1 to %d)", count, maxCount)
	}
	if _, _, err := s.d.Models.PictureFiles(ctx, r.ModelID); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	if err := s.kept(r); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	var jobs []backend.Job
	for i := range count {
		one := r
		one.Seed = (r.Seed + uint64(i)) & 0x7fffffff
		settings, err := json.Marshal(one)
		if err != nil {
			return jobs, fmt.Errorf("draw: %w", err)
		}
		j, err := s.d.Store.AddJob(ctx, backend.Job{State: backend.JobWaiting, Settings: settings})
		if err != nil {
			return jobs, fmt.Errorf("draw: %w", err)
		}
		jobs = append(jobs, j)
		s.push(j.ID)
	}
	return jobs, nil
}

func (s *Service) push(id int64) {
	s.mu.Lock()
	s.queue = append(s.queue, id)
	s.mu.Unlock()
	s.d.Bus.Deliver(event.JobChanged{JobID: id, State: backend.JobWaiting})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Queue lists the jobs of this run that are not finished, the running one first.
func (s *Service) Queue() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []int64
	if s.running != 0 {
		ids = append(ids, s.running)
	}
	return append(ids, s.queue...)
}

// Left lists the jobs that earlier runs left: waiting ones, and those that were running when their program died.
func (s *Service) Left(ctx context.Context) ([]backend.Job, error) {
	if _, err := s.d.Store.MarkJobsInterrupted(ctx, s.d.Alive); err != nil {
		return nil, err
	}
	all, err := s.d.Store.Jobs(ctx, backend.JobWaiting, backend.JobInterrupted)
	if err != nil {
		return nil, err
	}
	mine := map[int64]bool{}
	for _, id := range s.Queue() {
		mine[id] = true
	}
	var left []backend.Job
	for _, j := range all {
		if !mine[j.ID] {
			left = append(left, j)
		}
	}
	return left, nil
}

// Continue puts jobs that earlier runs left into this run's queue.
func (s *Service) Continue(ctx context.Context, ids ...int64) error {
	for _, id := range ids {
		j, err := s.d.Store.Job(ctx, id)
		if err != nil {
			return err
		}
		if j.State != backend.JobWaiting && j.State != backend.JobInterrupted {
			continue
		}
		j.State, j.Error = backend.JobWaiting, ""
		if err := s.d.Store.UpdateJob(ctx, j); err != nil {
			return err
		}
		s.push(id)
	}
	return nil
}

// Discard gives jobs up that earlier runs left; jobs of this run are not touched.
func (s *Service) Discard(ctx context.Context, ids ...int64) error {
	mine := s.Queue()
	for _, id := range ids {
		j, err := s.d.Store.Job(ctx, id)
		if err != nil {
			return fmt.Errorf("discard: %w", err)
		}
		if slices.Contains(mine, id) || j.State != backend.JobWaiting && j.State != backend.JobInterrupted {
			continue
		}
		if err := s.finish(ctx, id, backend.JobStopped, "", 0); err != nil {
			return fmt.Errorf("discard: %w", err)
		}
	}
	return nil
}

// Picture reads one finished picture.
func (s *Service) Picture(ctx context.Context, id int64) (backend.Picture, error) {
	return s.d.Store.Picture(ctx, id)
}

// Stop ends a job: a waiting one at once, the running one between two graph nodes.
func (s *Service) Stop(ctx context.Context, id int64) error {
	s.mu.Lock()
	if s.running == id {
		s.stopped = true
		s.stop()
		s.mu.Unlock()
		return nil
	}
	for i, q := range s.queue {
		if q == id {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	err := s.finish(ctx, id, backend.JobStopped, "", 0)
	s.mu.Lock()
	s.ended()
	s.mu.Unlock()
	return err
}

// ended wakes those who wait for a job. The caller holds mu.
func (s *Service) ended() {
	close(s.over)
	s.over = make(chan struct{})
}

// finish records the end of a job and tells it.
func (s *Service) finish(ctx context.Context, id int64, state backend.JobState, why string, picture int64) error {
	j, err := s.d.Store.Job(ctx, id)
	if err != nil {
		return err
	}
	j.State, j.Error = state, why
	if err := s.d.Store.UpdateJob(ctx, j); err != nil {
		return err
	}
	s.d.Bus.Deliver(event.JobChanged{JobID: id, State: state, PictureID: picture})
	return nil
}

// Wait waits until a job of this run has ended and returns it; when ctx ends first, as it is then.
func (s *Service) Wait(ctx context.Context, id int64) backend.Job {
	for {
		s.mu.Lock()
		over := s.over // before the look, so that no end is missed
		mine := s.running == id || slices.Contains(s.queue, id)
		s.mu.Unlock()
		if mine {
			select {
			case <-over:
				continue
			case <-ctx.Done():
			}
		}
		j, err := s.d.Store.Job(context.WithoutCancel(ctx), id)
		if err != nil {
			j = backend.Job{ID: id, State: backend.JobFailed, Error: err.Error()}
		}
		return j
	}
}

// Pictures lists the finished pictures, the newest first.
func (s *Service) Pictures(ctx context.Context, limit, offset int) ([]backend.Picture, error) {
	return s.d.Store.Pictures(ctx, limit, offset)
}

// Found is a picture that a search found, and the part of its prompt around the words.
type Found struct {
	Picture backend.Picture
	Snippet string
}

// Search finds pictures by the words of their prompts, the newest first: the last word also as a beginning, "words in quotes"
// as they stand, without case and diacritics.
func (s *Service) Search(ctx context.Context, query string, limit int) ([]Found, error) {
	hits, err := s.d.Store.SearchPictures(ctx, query, limit)
	var found []Found
	for _, h := range hits {
		found = append(found, Found{Picture: h.Picture, Snippet: h.Snippet})
	}
	return found, err
}

// Job reads one job with its request.
func (s *Service) Job(ctx context.Context, id int64) (backend.Job, Request, error) {
	j, err := s.d.Store.Job(ctx, id)
	if err != nil {
		return j, Request{}, err
	}
	var r Request
	if err := json.Unmarshal(j.Settings, &r); err != nil {
		return j, r, fmt.Errorf("read job %d: %w", id, err)
	}
	return j, r, nil
}
