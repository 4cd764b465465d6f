package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/backend/studio"
)

type imageCommand struct {
	Model    string   `short:"m" placeholder:"MODEL" help:"The picture model: its name, the beginning of its name, its number or its path."`
	Output   string   `short:"o" placeholder:"FILE" help:"Write the picture here as well (PNG); a count goes before the ending when there are several."`
	JSON     bool     `name:"json" help:"Print JSON."`
	Seed     *uint64  `placeholder:"N" help:"The seed; the same seed draws the same picture."`
	Size     string   `placeholder:"WxH" help:"Width and height in pixels."`
	Steps    int      `placeholder:"N" help:"Steps; more take longer."`
	CFG      float32  `name:"cfg" placeholder:"X" help:"How closely the prompt is followed; 1 switches guidance off."`
	Sampler  string   `placeholder:"NAME" help:"The sampler."`
	Negative string   `placeholder:"TEXT" help:"What should not be in the picture; works with guidance above 1."`
	Count    int      `default:"1" placeholder:"N" help:"How many pictures; each has the next seed."`
	Start    string   `placeholder:"FILE" type:"path" help:"Start from this picture (PNG, JPEG, WebP); the size follows it unless --size says otherwise."`
	Strength float32  `placeholder:"X" help:"How much of the start picture changes, above 0 and up to 1 (0.65; with a mask 0.85)."`
	Mask     string   `placeholder:"FILE" type:"path" help:"Draw only what is bright in this picture anew; it has the size of the start picture, whose other pixels stay."`
	Upscale  string   `placeholder:"FILE" type:"path" help:"Make this picture larger instead of drawing; -m names an upscaler."`
	Prompt   []string `arg:"" optional:"" name:"PROMPT" help:"What to draw; <lora:name:weight> puts a LoRA to use."`
}

// imageJSON is the JSON of an image.
type imageJSON struct {
	Files    []string   `json:"files"`
	Seed     uint64     `json:"seed"` // of the first
	Steps    int        `json:"steps"`
	Engine   string     `json:"engine"`
	Device   string     `json:"device"`
	LoadMS   float64    `json:"load_ms"` // of the first: the weights are read then
	StepMS   float64    `json:"step_ms"`
	DecodeMS float64    `json:"decode_ms"`
	LoRAs    []loraJSON `json:"loras"`
}

type loraJSON struct {
	Name    string  `json:"name"`
	Weight  float32 `json:"weight"`
	Applied int     `json:"tensors_applied"`
	Total   int     `json:"tensors_total"`
}

// Run draws pictures.
func (c *imageCommand) Run(s *session) error {
	return s.open(func(a *app.App) error {
		r, err := c.work(s.ctx, a)
		if err != nil {
			return err
		}
		p := newProgress(s.Stderr, s.Terminal)
		defer p.end()
		unsubscribe := a.Bus.Subscribe(0, func(events []event.Event) {
			for _, e := range events {
				if j, ok := e.(event.JobProgress); ok && j.Steps > 0 {
					p.show(phaseWords(j.Phase), float64(j.Step), float64(j.Steps))
				}
			}
		})
		defer unsubscribe()
		jobs, err := a.Studio.Enqueue(s.ctx, r, c.Count)
		if err != nil {
			return err
		}
		stop := context.AfterFunc(s.ctx, func() {
			for _, id := range a.Studio.Queue() {
				_ = a.Studio.Stop(context.WithoutCancel(s.ctx), id) // a job that ended in this moment cannot be stopped
			}
		})
		defer stop()
		for _, j := range jobs {
			switch j = a.Studio.Wait(context.WithoutCancel(s.ctx), j.ID); j.State {
			case backend.JobDone:
			case backend.JobStopped:
				return &coded{code: exitInterrupted}
			case backend.JobFailed, backend.JobInterrupted, backend.JobRunning, backend.JobWaiting:
				return &coded{exitFailed, "The picture could not be drawn: " + j.Error}
			}
		}
		p.end()
		return c.report(s, a, jobs)
	})
}

// phaseWords is what an engine's phase means to a person.
func phaseWords(phase string) string {
	switch phase {
	case "loading":
		return "Loading the model"
	case "text":
		return "Reading the prompt"
	case "lora":
		return "Applying LoRAs"
	case "sampling":
		return "Drawing"
	case "decode":
		return "Finishing"
	case "upscale":
		return "Making it larger"
	}
	return "Working"
}

// request fills in what was not said.
func (c *imageCommand) request(ctx context.Context, a *app.App) (studio.Request, error) {
	m, err := c.model(ctx, a)
	if err != nil {
		return studio.Request{}, err
	}
	d := studio.DefaultsFor(m.Family, m.Name)
	prompt, refs := studio.LoRAsIn(strings.Join(c.Prompt, " "))
	r := studio.Request{
		ModelID: m.ID, Prompt: prompt, Negative: c.Negative, Width: d.Size, Height: d.Size, Steps: d.Steps, CFG: d.CFG, Sampler: c.Sampler,
	}
	if c.Steps > 0 {
		r.Steps = c.Steps
	}
	if c.CFG > 0 {
		r.CFG = c.CFG
	}
	start, err := c.from(ctx, a, &r)
	if err != nil {
		return r, err
	}
	switch {
	case c.Mask != "":
		r.Width, r.Height = start.Width, start.Height
	case c.Start != "":
		shape := d.ShapeLike(start.Width, start.Height, sizeMultiple)
		r.Width, r.Height = shape.Width, shape.Height
	}
	if c.Size != "" {
		if n, err := fmt.Sscanf(c.Size, "%dx%d", &r.Width, &r.Height); n != 2 || err != nil {
			return r, &coded{exitUsage, fmt.Sprintf("The size %q is not like 512x512.", c.Size)}
		}
	}
	if c.Seed != nil {
		r.Seed = *c.Seed
	} else {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		r.Seed = uint64(binary.LittleEndian.Uint32(b[:]) >> 1)
	}
	installed, err := a.Library.List(ctx)
	if err != nil {
		return r, err
	}
	for _, ref := range refs {
		l, ok := studio.FindLoRA(ref.Name, installed)
		if !ok {
			if l, err = findModel(ctx, a, ref.Name); err != nil {
				return r, err
			}
		}
		r.LoRAs = append(r.LoRAs, studio.LoRA{ModelID: l.ID, Weight: ref.Weight})
	}
	return r, nil
}

// model is the picture model that was named, or the first that can draw.
func (c *imageCommand) model(ctx context.Context, a *app.App) (backend.Model, error) {
	if c.Model != "" {
		return findModel(ctx, a, c.Model)
	}
	list, err := a.Library.List(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	var incomplete *library.MissingParts
	for _, m := range list {
		if m.Kind != backend.KindDiffusion {
			continue
		}
		set := library.SetOf(m, list)
		if set.Complete() {
			return m, nil
		}
		if incomplete == nil {
			incomplete = &library.MissingParts{Model: m.Name, Missing: set.Missing}
		}
	}
	if incomplete != nil {
		return backend.Model{}, incomplete
	}
	return backend.Model{}, &coded{exitFailed, "No picture model is installed yet. Add one with: loam models add FILE"}
}

// report copies the pictures where they were asked for and tells of them.
func (c *imageCommand) report(s *session, a *app.App, jobs []backend.Job) error {
	all, err := a.Studio.Pictures(s.ctx, len(jobs)+100, 0)
	if err != nil {
		return err
	}
	out := imageJSON{LoRAs: []loraJSON{}}
	for i, j := range jobs {
		for _, p := range all {
			if p.JobID != j.ID {
				continue
			}
			path := a.Studio.Path(p)
			if c.Output != "" {
				to := numbered(c.Output, i, len(jobs))
				if err := copyFile(path, to); err != nil {
					return err
				}
				path = to
			}
			out.Files = append(out.Files, path)
			if i == 0 {
				out.fill(p)
			}
		}
	}
	if c.JSON {
		return s.print(out)
	}
	for _, f := range out.Files {
		if _, err := fmt.Fprintln(s.Stdout, f); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	return nil
}

// fill takes the figures out of a picture's receipt.
func (out *imageJSON) fill(p backend.Picture) {
	var rec imagemeta.Receipt
	if json.Unmarshal(p.Settings, &rec) != nil {
		return // a row that says nothing more
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	out.Seed, out.Steps, out.Engine, out.Device = p.Seed, rec.Settings.Steps, rec.Engine, rec.Device
	out.LoadMS, out.DecodeMS = ms(rec.Load), ms(rec.Decode)
	if rec.Settings.Steps > 0 {
		out.StepMS = ms(rec.Sample) / float64(rec.Settings.Steps)
	}
	for _, l := range rec.Settings.LoRAs {
		out.LoRAs = append(out.LoRAs, loraJSON{Name: l.Name, Weight: l.Weight, Applied: l.Applied, Total: l.Total})
	}
}

// numbered puts a count before a name's ending where there are several.
func numbered(name string, i, n int) string {
	if n < 2 {
		return name
	}
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i+1, ext)
}

// copyFile copies a picture; half a file is removed again.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy the picture: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		_ = os.Remove(to)
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}
