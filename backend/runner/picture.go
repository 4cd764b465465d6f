package runner

import (
	"errors"
	"fmt"
	"io"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

var errNoPictures = errors.New("no picture model is open")

// picture runs the picture engine's method for a job.
func (s *server) picture(j *job) (any, error) {
	if j.op == wire.OpPictureOpen {
		return s.openPictures(j)
	}
	if s.imager == nil {
		return nil, fmt.Errorf("%s: %w", j.op, errNoPictures)
	}
	if j.op == wire.OpUpscale {
		d, err := read[wire.Draw[struct{}]](j)
		if err != nil {
			return nil, err
		}
		px, err := s.receive(j, d.Init)
		if err != nil {
			return nil, err
		}
		if px == nil {
			return nil, errors.New("upscale: no picture given")
		}
		out, err := s.imager.Upscale(j.ctx, *px, s.tell)
		if err != nil {
			return nil, err
		}
		return nil, s.send(wire.Pixels{}, out)
	}
	d, err := read[wire.Draw[engine.PictureRequest]](j)
	if err != nil {
		return nil, err
	}
	r := d.Request
	if r.Init, err = s.receive(j, d.Init); err != nil {
		return nil, err
	}
	if r.Mask, err = s.receive(j, d.Mask); err != nil {
		return nil, err
	}
	res, err := s.imager.Generate(j.ctx, r, s.tell)
	if err != nil {
		return nil, err
	}
	return res, s.send(wire.Pixels{}, res.Pixels)
}

func (s *server) openPictures(j *job) (any, error) {
	d, ok := s.driver.(engine.PictureDriver)
	if !ok {
		return nil, fmt.Errorf("%s: %w", j.op, backend.ErrUnsupported)
	}
	r, err := read[engine.PictureLoad](j)
	if err != nil {
		return nil, err
	}
	if s.imager != nil {
		return nil, errors.New("a picture model is open already")
	}
	if s.imager, err = d.OpenImager(j.ctx, r); err != nil {
		s.imager = nil // an interface around a nil pointer is not nil
		return nil, err
	}
	return s.imager.Info(), nil
}

// receive reads a picture that the parent announced.
func (s *server) receive(j *job, p *wire.Pixels) (*engine.Pixels, error) {
	if p == nil {
		return nil, nil
	}
	n, ok := p.Bytes()
	if !ok {
		return nil, fmt.Errorf("a picture of %d x %d x %d", p.Width, p.Height, p.Channels)
	}
	px := &engine.Pixels{Width: p.Width, Height: p.Height, Channels: p.Channels, Data: make([]byte, n)}
	in := &stream{j: j, w: s.w}
	if _, err := io.ReadFull(in, px.Data); err != nil {
		return nil, fmt.Errorf("read a picture: %w", err)
	}
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) { // the empty frame that ends the stream
		return nil, errors.New("read a picture: more bytes than it has")
	}
	return px, nil
}

// send announces a picture and sends its bytes.
func (s *server) send(head wire.Pixels, px engine.Pixels) error {
	head.Width, head.Height, head.Channels = px.Width, px.Height, px.Channels
	if n, ok := head.Bytes(); !ok || n != len(px.Data) {
		return fmt.Errorf("the engine's picture of %d x %d has %d bytes", px.Width, px.Height, len(px.Data))
	}
	if err := s.event(wire.EventPixels, head); err != nil {
		return err
	}
	_, err := s.w.Stream().Write(px.Data)
	return err
}

// tell passes the engine's signs of life on.
func (s *server) tell(p engine.PictureProgress) error {
	if p.Preview != nil {
		return s.send(wire.Pixels{Preview: true, Step: p.Step}, *p.Preview)
	}
	return s.event(wire.EventProgress, p)
}
