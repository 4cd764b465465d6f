package studio

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/imagemeta"
)

// loop draws the jobs of this run, one after the other.
func (s *Service) loop() {
	defer close(s.done)
	for {
		s.mu.Lock()
		var id int64
		ctx, cancel := context.WithCancel(s.ctx)
		if len(s.queue) > 0 {
			id, s.queue = s.queue[0], s.queue[1:]
			s.running, s.stop, s.stopped = id, cancel, false
		}
		s.mu.Unlock()
		if id != 0 {
			s.job(ctx, id)
			s.mu.Lock()
			s.running = 0
			s.ended()
			s.mu.Unlock()
		}
		cancel()
		if s.ctx.Err() != nil {
			return
		}
		if id == 0 {
			select {
			case <-s.wake:
			case <-s.ctx.Done():
				return
			}
		}
	}
}

// job draws one job and records how it ended. The record is written even when the studio is closing.
func (s *Service) job(ctx context.Context, id int64) {
	keep := context.WithoutCancel(ctx)
	j, err := s.d.Store.StartJob(keep, id, s.d.Owner)
	if err != nil {
		s.d.Logger.Error("Picture job did not start", "job", id, "error", err)
		return
	}
	s.d.Bus.Deliver(event.JobChanged{JobID: id, State: backend.JobRunning})
	picture, err := s.draw(ctx, j.ID)
	s.mu.Lock()
	stopped := s.stopped
	s.mu.Unlock()
	state, why := backend.JobDone, ""
	switch {
	case err == nil:
	case stopped:
		state = backend.JobStopped
	case s.ctx.Err() != nil:
		state, why = backend.JobInterrupted, "Loam was closed while this picture was drawn."
	default:
		state, why = backend.JobFailed, sentence(err)
	}
	if err := s.finish(keep, id, state, why, picture.ID); err != nil {
		s.d.Logger.Error("Picture job was not recorded", "job", id, "error", err)
	}
}

// sentence is the innermost clause of an error, without the names of operations that a person did not ask for.
func sentence(err error) string {
	if bad, ok := errors.AsType[*backend.BadFile](err); ok && bad.Path != "" {
		return filepath.Base(bad.Path) + " cannot be used: " + bad.Reason
	}
	return strings.TrimPrefix(err.Error(), "draw: ")
}

// draw makes the picture of a running job and stores it.
func (s *Service) draw(ctx context.Context, id int64) (backend.Picture, error) {
	_, r, err := s.Job(ctx, id)
	if err != nil {
		return backend.Picture{}, err
	}
	if r.Upscale {
		return s.upscale(ctx, id, r)
	}
	m, files, err := s.d.Models.PictureFiles(ctx, r.ModelID)
	if err != nil {
		return backend.Picture{}, err
	}
	loras, kept, err := s.loras(ctx, r)
	if err != nil {
		return backend.Picture{}, err
	}
	r.LoRAs = kept
	req := engine.PictureRequest{
		Prompt: r.Prompt, Negative: r.Negative, Width: r.Width, Height: r.Height, Steps: r.Steps, Sampler: r.Sampler,
		Scheduler: r.Scheduler, CFG: r.CFG, Guidance: r.Guidance, Seed: r.Seed,
	}
	for i, l := range loras {
		req.LoRAs = append(req.LoRAs, engine.AdapterWeight{Path: l.Path, Weight: kept[i].Weight})
	}
	im, release, err := s.d.Engines.AcquirePictures(ctx, m, files)
	if err != nil {
		return backend.Picture{}, err
	}
	defer release()
	info := im.Info()
	if info.Multiple > 0 && r.Mask == "" && (r.Width%info.Multiple != 0 || r.Height%info.Multiple != 0) {
		return backend.Picture{}, fmt.Errorf("width and height must be multiples of %d for %s", info.Multiple, m.Name)
	}
	if len(loras) > 0 && !info.Capabilities.LoRA {
		return backend.Picture{}, fmt.Errorf("the engine that draws here cannot use LoRAs: take %s out, or install the current picture engine", loras[0].Name)
	}
	in, err := s.input(r, m, info)
	if err != nil {
		return backend.Picture{}, err
	}
	in.put(&req, r.Strength)
	if info.Capabilities.Preview {
		req.Preview = previewOf(files, req.Width, req.Height)
	}
	res, err := im.Generate(ctx, req, s.progress(id, paceKey{r.ModelID, req.Width, req.Height}, in.steps(r), in.preview()))
	if err != nil {
		return backend.Picture{}, err
	}
	if err := acted(m, loras, res.LoRAs); err != nil {
		return backend.Picture{}, err
	}
	if px := res.Pixels; px.Width != req.Width || px.Height != req.Height || len(px.Data) != px.Width*px.Height*3 {
		return backend.Picture{}, errors.New("the engine's picture has the wrong size")
	}
	res.Pixels = in.finish(res.Pixels)
	rec := receipt(s.d.Version, s.d.Now(), m, files, loras, r, info, res)
	if parent, ok := s.parent(ctx, r.Start); ok {
		rec.MadeFrom = parent.SHA256
	}
	return s.keep(context.WithoutCancel(ctx), id, res, rec)
}

// decodedPixels is how large a picture may be that a small decoder shows after every step.
const decodedPixels = 512 * 512

// previewOf says how the picture so far is made visible: by a projection of the latents, which costs nothing, or, where the
// set's decoder is a small one and the picture is no larger than decodedPixels, as what it will be.
func previewOf(files engine.PictureFiles, width, height int) string {
	if files.TAE != "" && files.VAE == "" && width*height <= decodedPixels {
		return "tae"
	}
	return "proj"
}

// progress publishes the engine's signs of life with the time that is left, as far as steps of this size are known.
// Previews go through show.
func (s *Service) progress(id int64, key paceKey, steps int, show func(engine.Pixels) engine.Pixels) func(engine.PictureProgress) error {
	done := 0 // steps: what is loaded after them does not bring them back
	return func(p engine.PictureProgress) error {
		if p.Preview != nil {
			px := show(*p.Preview)
			s.d.Bus.Publish(event.JobPreview{JobID: id, Step: p.Step, Width: px.Width, Height: px.Height, RGB: px.Data})
			return nil
		}
		e := event.JobProgress{JobID: id, Phase: p.Phase, Step: p.Step, Steps: p.Steps}
		s.mu.Lock()
		if p.Phase == "sampling" && p.Step > 0 && p.Took > 0 {
			s.pace[key] = p.Took
		}
		if step := s.pace[key]; step > 0 {
			switch p.Phase {
			case "sampling":
				done = p.Step
			case "decode":
				done = steps
			}
			e.Left = time.Duration(max(0, steps-done)) * step
		}
		s.mu.Unlock()
		if p.Phase == "upscale" {
			e.Left = time.Duration(max(0, p.Steps-p.Step)) * p.Took
		}
		s.d.Bus.Publish(e)
		return nil
	}
}

// receipt says what made the picture.
func receipt(version string, now time.Time, m backend.Model, files engine.PictureFiles, loras []backend.Model, r Request, info engine.PictureInfo, res engine.PictureResult) *imagemeta.Receipt {
	rec := &imagemeta.Receipt{
		Format: 1, Engine: info.Engine.Engine, Build: info.Engine.Build, Device: info.Engine.Device, Variant: info.Engine.Variant, Threads: info.Engine.Threads,
		Created: now.UTC(), Load: res.Load, Sample: res.Sample, Decode: res.Decode, Files: map[string]string{},
		Settings: imagemeta.Settings{
			Prompt: r.Prompt, Negative: r.Negative, Steps: r.Steps, Sampler: r.Sampler, Scheduler: r.Scheduler, CFG: r.CFG,
			Guidance: r.Guidance, Seed: res.Seed, Width: res.Pixels.Width, Height: res.Pixels.Height, Model: m.Name,
			Start: r.Start, Mask: r.Mask, ModelHash: m.SHA256, Version: "Loam " + version,
		},
	}
	if r.Start != "" {
		rec.Settings.Strength = r.Strength
	}
	if rec.Settings.Sampler == "" {
		rec.Settings.Sampler = info.Sampler
	}
	if rec.Settings.Scheduler == "" {
		rec.Settings.Scheduler = info.Scheduler
	}
	for role, path := range map[string]string{"vae": files.VAE, "taesd": files.TAE, "t5xxl": files.T5XXL, "clip_l": files.ClipL, "clip_g": files.ClipG, "llm": files.LLM} {
		if path != "" {
			rec.Files[role] = filepath.Base(path)
		}
	}
	for i, l := range loras {
		out := imagemeta.LoRA{Name: l.Name, Weight: r.LoRAs[i].Weight, SHA256: l.SHA256}
		for _, e := range res.LoRAs {
			if e.Path == l.Path {
				out.Applied, out.Total = e.Applied, e.Total
			}
		}
		rec.Settings.LoRAs = append(rec.Settings.LoRAs, out)
	}
	return rec
}
