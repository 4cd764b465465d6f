package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"loam/backend/wire"
)

func frames(write func(w *wire.Writer)) []byte {
	var b bytes.Buffer
	write(wire.NewWriter(&b))
	return b.Bytes()
}

func request(id uint64, op wire.Op) wire.Request {
	return wire.Request{ID: id, Op: op, Body: json.RawMessage("{}")}
}

func TestInboxTakesWhatAParentSays(t *testing.T) {
	box := newInbox()
	err := box.run(wire.NewReader(bytes.NewReader(frames(func(w *wire.Writer) {
		_ = w.JSON(wire.KindRequest, request(7, wire.OpLoad))
		_ = w.Bytes(wire.KindData, []byte("state"))
		_ = w.JSON(wire.KindCancel, wire.Cancel{ID: 6}) // of an older one: too late
	}))))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	j := <-box.jobs
	if j.id != 7 || j.ctx.Err() != nil || string(<-j.data) != "state" {
		t.Errorf("%+v %v", j, j.ctx.Err())
	}
	if err := box.run(wire.NewReader(bytes.NewReader(frames(func(w *wire.Writer) { _ = w.JSON(wire.KindCancel, wire.Cancel{ID: 7}) })))); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if j.ctx.Err() == nil {
		t.Error("a cancel did not arrive")
	}
	box.finish(j)
	late := frames(func(w *wire.Writer) {
		_ = w.Bytes(wire.KindData, []byte("late"))
		_ = w.JSON(wire.KindCancel, wire.Cancel{ID: 7})
		_ = w.JSON(wire.KindRequest, request(8, wire.OpRender))
	})
	if err := box.run(wire.NewReader(bytes.NewReader(late))); !errors.Is(err, io.EOF) {
		t.Errorf("what came late was held against the parent: %v", err)
	}
}

func TestInboxRefusesWhatNoParentSays(t *testing.T) {
	for name, write := range map[string]func(w *wire.Writer){
		"a second request": func(w *wire.Writer) {
			_ = w.JSON(wire.KindRequest, request(1, wire.OpRender))
			_ = w.JSON(wire.KindRequest, request(2, wire.OpRender))
		},
		"data that nobody wants": func(w *wire.Writer) {
			_ = w.JSON(wire.KindRequest, request(1, wire.OpLoad))
			_ = w.Bytes(wire.KindData, nil)
			_ = w.Bytes(wire.KindData, nil)
		},
		"a reply":        func(w *wire.Writer) { _ = w.JSON(wire.KindReply, wire.Reply{}) },
		"a wish":         func(w *wire.Writer) { _ = w.Bytes(wire.KindWant, nil) },
		"no JSON":        func(w *wire.Writer) { _ = w.Bytes(wire.KindRequest, []byte("x")) },
		"no JSON cancel": func(w *wire.Writer) { _ = w.Bytes(wire.KindCancel, []byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := newInbox().run(wire.NewReader(bytes.NewReader(frames(write)))); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzInbox feeds the child's side whatever a parent might say: it must end and never wait for the engine.
func FuzzInbox(f *testing.F) {
	f.Add([]byte{}, true)
	f.Add(frames(func(w *wire.Writer) {
		_ = w.JSON(wire.KindRequest, request(1, wire.OpGenerate))
		_ = w.JSON(wire.KindCancel, wire.Cancel{ID: 1})
		_ = w.Bytes(wire.KindData, []byte("x"))
	}), true)
	f.Fuzz(func(t *testing.T, said []byte, quick bool) {
		box := newInbox()
		r := wire.NewReader(bytes.NewReader(said))
		for {
			frame, err := r.Next()
			if err != nil || box.take(frame) != nil {
				return
			}
			if !quick {
				continue
			}
			select {
			case j := <-box.jobs:
				box.finish(j)
			default:
			}
		}
	})
}
