package runner

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

// server answers requests with one engine. It belongs to one goroutine.
type server struct {
	driver engine.Engine
	chat   engine.Chat
	imager engine.Imager
	embed  engine.Embedder
	bare   engine.Templates // without a model
	w      *wire.Writer
	box    *inbox
}

// devices is the answer to OpDevices.
type devices struct {
	Devices []backend.Device   `json:"devices"`
	Info    backend.EngineInfo `json:"info"`
	// Pictures is what a picture engine can do.
	Pictures *engine.PictureInfo `json:"pictures,omitempty"`
}

var errNotOpen = errors.New("no model is open")

// answer handles one job. An error means that the parent is gone.
func (s *server) answer(j *job) error {
	body, err := s.do(j)
	s.box.finish(j)
	r := wire.Reply{ID: j.id}
	if err == nil {
		r.Body, err = json.Marshal(body)
	}
	if err == nil && len(r.Body) > wire.MaxJSON/2 {
		err = fmt.Errorf("the answer to %s is too long: %d bytes", j.op, len(r.Body))
	}
	if err != nil {
		f := engine.FaultOf(err)
		f.Text = shorten(f.Text) // native code may put a lot into a message
		f.Detail = shorten(f.Detail)
		r.Body = nil
		if r.Fault, err = json.Marshal(f); err != nil {
			return err
		}
	}
	return s.w.JSON(wire.KindReply, r)
}

func shorten(s string) string { return s[:min(len(s), 16<<10)] }

// do runs the engine's method for a job.
func (s *server) do(j *job) (any, error) {
	switch j.op {
	case wire.OpDevices:
		r, err := read[wire.Devices](j)
		if err != nil {
			return nil, err
		}
		list, info, err := s.driver.Devices(j.ctx, r.PluginDir)
		d := devices{Devices: list, Info: info}
		if p, ok := s.driver.(engine.PictureDriver); ok && err == nil {
			d.Pictures = &engine.PictureInfo{}
			*d.Pictures, err = p.Traits(j.ctx, r.PluginDir)
		}
		return d, err
	case wire.OpOpen:
		return s.open(j)
	case wire.OpPictureOpen, wire.OpDraw, wire.OpUpscale:
		return s.picture(j)
	case wire.OpTemplates, wire.OpTemplate, wire.OpGrammar:
		return s.templates(j)
	case wire.OpEmbedOpen, wire.OpEmbed:
		return s.embedding(j)
	case wire.OpRender, wire.OpParse, wire.OpTokenize, wire.OpGenerate, wire.OpLogits, wire.OpSave, wire.OpLoad, wire.OpAdapt:
		if s.chat == nil && s.bare != nil {
			return s.templates(j)
		}
		if s.chat == nil {
			return nil, fmt.Errorf("%s: %w", j.op, errNotOpen)
		}
		return s.use(j)
	}
	return nil, fmt.Errorf("request %q: %w", j.op, backend.ErrUnsupported)
}

func (s *server) use(j *job) (any, error) {
	switch j.op {
	case wire.OpRender:
		r, err := read[engine.RenderRequest](j)
		if err != nil {
			return nil, err
		}
		return s.chat.Render(j.ctx, r)
	case wire.OpParse:
		r, err := read[engine.ParseRequest](j)
		if err != nil {
			return nil, err
		}
		return s.chat.Parse(j.ctx, r)
	case wire.OpTokenize:
		r, err := read[wire.Tokenize](j)
		if err != nil {
			return nil, err
		}
		return s.chat.Tokenize(j.ctx, r.Text, r.Special)
	case wire.OpGenerate:
		r, err := read[engine.GenerateRequest](j)
		if err != nil {
			return nil, err
		}
		return s.chat.Generate(j.ctx, r, s.emit)
	case wire.OpLogits:
		r, err := read[engine.GenerateRequest](j)
		if err != nil {
			return nil, err
		}
		return nil, s.logits(j.ctx, r)
	case wire.OpSave:
		return nil, s.chat.SaveState(j.ctx, s.w.Stream())
	case wire.OpAdapt:
		list, err := read[[]engine.AdapterWeight](j)
		if err != nil {
			return nil, err
		}
		if a, ok := s.chat.(engine.Adapting); ok {
			return nil, a.Adapt(j.ctx, list)
		}
	case wire.OpLoad:
		return nil, s.chat.LoadState(j.ctx, &stream{j: j, w: s.w})
	case wire.OpDevices, wire.OpOpen, wire.OpPictureOpen, wire.OpDraw, wire.OpUpscale, wire.OpTemplates, wire.OpTemplate, wire.OpGrammar,
		wire.OpEmbedOpen, wire.OpEmbed:
	}
	return nil, fmt.Errorf("request %q: %w", j.op, backend.ErrUnsupported)
}

func (s *server) open(j *job) (any, error) {
	r, err := read[engine.LoadRequest](j)
	if err != nil {
		return nil, err
	}
	if s.chat != nil {
		return nil, errors.New("a model is open already")
	}
	d, ok := s.driver.(engine.Driver)
	if !ok {
		return nil, fmt.Errorf("%s: %w", j.op, backend.ErrUnsupported)
	}
	if s.chat, err = d.OpenChat(j.ctx, r, s.loading()); err != nil {
		s.chat = nil // an interface around a nil pointer is not nil
		return nil, err
	}
	return s.chat.Info(), nil
}

// loading passes on how far a load is.
func (s *server) loading() engine.Progress {
	told := float32(-1)
	return func(done float32) {
		if done < told+0.01 && done < 1 || done == told || math.IsNaN(float64(done)) {
			return // a hundred frames tell enough
		}
		told = done
		_ = s.event(wire.EventLoad, done) // a closed pipe ends the process elsewhere
	}
}

// logits sends the values as they lie in memory: JSON would neither be exact for NaN nor quick.
func (s *server) logits(ctx context.Context, r engine.GenerateRequest) error {
	values, err := s.chat.Logits(ctx, r)
	if err != nil {
		return err
	}
	return s.floats(values)
}

// floats sends numbers as Data frames.
func (s *server) floats(values []float32) error {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	_, err := s.w.Stream().Write(b)
	return err
}

func (s *server) emit(e engine.Event) error {
	switch e := e.(type) {
	case engine.Evaluating:
		return s.event(wire.EventEvaluating, e)
	case engine.Prompt:
		return s.event(wire.EventPrompt, e)
	case engine.Token:
		return s.event(wire.EventToken, e)
	}
	return fmt.Errorf("event %T: %w", e, backend.ErrUnsupported)
}

func (s *server) event(t wire.EventType, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("event %s: %w", t, err)
	}
	return s.w.JSON(wire.KindEvent, wire.Event{Type: t, Body: b})
}

func read[T any](j *job) (T, error) {
	var v T
	if err := json.Unmarshal(j.body, &v); err != nil {
		return v, fmt.Errorf("request %s: %w", j.op, err)
	}
	return v, nil
}
