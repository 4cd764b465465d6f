package runner

import (
	"errors"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

var errNoTemplates = errors.New("templates are not open")

// templates runs the method of engine.Templates for a job.
func (s *server) templates(j *job) (any, error) {
	if j.op == wire.OpTemplates {
		return nil, s.openTemplates(j)
	}
	if s.bare == nil {
		return nil, fmt.Errorf("%s: %w", j.op, errNoTemplates)
	}
	switch j.op {
	case wire.OpTemplate:
		r, err := read[wire.Template](j)
		if err != nil {
			return nil, err
		}
		return s.bare.RenderTemplate(j.ctx, r.Template, r.Globals)
	case wire.OpGrammar:
		r, err := read[string](j)
		if err != nil {
			return nil, err
		}
		return s.bare.Grammar(j.ctx, r)
	case wire.OpRender:
		r, err := read[engine.RenderRequest](j)
		if err != nil {
			return nil, err
		}
		return s.bare.Render(j.ctx, r)
	case wire.OpParse:
		r, err := read[engine.ParseRequest](j)
		if err != nil {
			return nil, err
		}
		return s.bare.Parse(j.ctx, r)
	case wire.OpDevices, wire.OpOpen, wire.OpTokenize, wire.OpGenerate, wire.OpLogits, wire.OpSave, wire.OpLoad, wire.OpAdapt, wire.OpTemplates,
		wire.OpPictureOpen, wire.OpDraw, wire.OpUpscale, wire.OpEmbedOpen, wire.OpEmbed:
	}
	return nil, fmt.Errorf("request %q without a model: %w", j.op, backend.ErrUnsupported)
}

func (s *server) openTemplates(j *job) error {
	d, ok := s.driver.(engine.TemplateDriver)
	if !ok {
		return fmt.Errorf("%s: %w", j.op, backend.ErrUnsupported)
	}
	r, err := read[wire.Devices](j)
	if err != nil {
		return err
	}
	if s.bare != nil {
		return errors.New("templates are open already")
	}
	if s.bare, err = d.OpenTemplates(j.ctx, r.PluginDir); err != nil {
		s.bare = nil // an interface around a nil pointer is not nil
	}
	return err
}
