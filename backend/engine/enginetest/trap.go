package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

func (c *chat) has(at Place) bool {
	return slices.ContainsFunc(c.model.Faults, func(t Trap) bool { return t.At == at })
}

// trap springs what the model file has laid at this place; n is what went well before, asked the prompt's text.
func (c *chat) trap(at Place, n int, asked string) error {
	for _, t := range c.model.Faults {
		if t.At != at || n != t.After || !strings.Contains(asked, t.When) {
			continue
		}
		if err := c.spring(t); err != nil {
			return err
		}
	}
	return nil
}

func (c *chat) spring(t Trap) error {
	switch t.Do {
	case DoHang:
		<-c.closed // in a child this never comes: there, nothing but a kill helps
		return engine.ErrClosed
	case DoFreeze:
		freeze()
	case DoExit:
		os.Exit(3)
	case DoQuit:
		os.Exit(0)
	case DoAbort:
		fmt.Fprintln(os.Stderr, "fake.cpp:7: GGML_ASSERT(honest) failed")
		abort()
	case DoPanic:
		panic("the fake engine panics on purpose")
	case DoPointer:
		wildRead()
	case DoKill:
		killSelf()
	case DoMemory:
		fmt.Fprintln(os.Stderr, "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 17179869184")
		abort()
	case DoGPU:
		fmt.Fprintln(os.Stderr, "CUDA error: an illegal memory access was encountered")
		abort()
	case DoCaught:
		return &engine.Crashed{Cause: engine.CauseAssertion, Detail: "GGML_ASSERT(caught) failed"}
	case DoError:
		return errors.New("the fake engine fails on purpose")
	case DoBadFile:
		return &backend.BadFile{Path: c.path, Reason: "it is bad on purpose"}
	}
	if t.Do == DoFreeze || t.Do == DoAbort || t.Do == DoKill || t.Do == DoMemory || t.Do == DoGPU {
		time.Sleep(time.Minute) // the signal is on its way
	}
	return fmt.Errorf("no mishap %q", t.Do)
}

// noise prints what no parser should ever see.
func (c *chat) noise() {
	if !c.model.Noise {
		return
	}
	b := make([]byte, 4096)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	os.Stdout.Write(b)
	os.Stderr.Write(b)
}
