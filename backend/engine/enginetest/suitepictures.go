package enginetest

import (
	"bytes"
	"context"
	"testing"

	"loam/backend/engine"
)

// PictureHarness tells the suite how to open a picture engine.
type PictureHarness struct {
	// Open is PictureDriver.OpenImager, or worker.OpenPictures in its clothes. An engine that cannot be cancelled must be
	// in a child: ending that is how it is stopped.
	Open func(ctx context.Context, r engine.PictureLoad) (engine.Imager, error)
	// Load names the model. Its variant is pinned, since variants differ in the last bits.
	Load engine.PictureLoad
	// Request is small and quick: prompt, size, steps, guidance 1 or the model's own, a seed.
	Request engine.PictureRequest
	// Guidance is above 1, where a negative prompt acts; 0 = 4.
	Guidance float32
	// LoRAs that fit, by their path, with the number of tensors that all must be applied.
	LoRAs map[string]int
	// BadLoRAs must be refused, by their path, with a part of what must be said.
	BadLoRAs map[string]string
	// Bad loads must be refused, by a part of what must be said.
	Bad map[string]engine.PictureFiles
	// Overflowing opens as Load does, and its numbers overflow: no picture must come of it.
	Overflowing engine.PictureFiles
	// Upscaler, where there is one, stands alone.
	Upscaler engine.PictureFiles
	// Cancels is how often a picture is stopped at a random moment; 0 = 5. Longest is how long one may run, in steps.
	Cancels, Longest int
}

// RunPictures is the conformance suite of picture engines, driven by what they say they can do. Where it speaks of
// equality it means equal bytes.
func RunPictures(t *testing.T, h PictureHarness) {
	if h.Guidance == 0 {
		h.Guidance = 4
	}
	if h.Cancels == 0 {
		h.Cancels = 5
	}
	if h.Longest == 0 {
		h.Longest = 60
	}
	for _, x := range []struct {
		name string
		test func(*testing.T, pictureSuite)
	}{
		{"InfoIsSane", suitePictureInfo},
		{"SameRequestSameBytes", suiteSameBytes},
		{"EverySettingActs", suiteSettings},
		{"EverySamplerDrawsOrIsRefused", suiteSamplers},
		{"ProgressCountsTheSteps", suiteSteps},
		{"IllegalSizesAreRefusedInWords", suiteSizes},
		{"BadFilesAreRefusedInWords", suiteBadPictureFiles},
		{"OverflownNumbersAreNoPicture", suiteOverflow},
		{"LoRAsAreCountedAndLeaveNoTrace", suiteLoRAs},
		{"StartPictureAndMaskAct", suiteStartPicture},
		{"UpscaleEnlarges", suiteUpscale},
		{"CancelAtAnyMomentLeavesNoTrace", suiteCancelPictures},
		{"AnErrorOfTheReaderStops", suitePictureEmitError},
		{"CloseDuringAPicture", suiteClosePictures},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, pictureSuite{h}) })
	}
}

type pictureSuite struct{ PictureHarness }

// open opens the model; edit changes the request.
func (s pictureSuite) open(t *testing.T, edit ...func(*engine.PictureLoad)) engine.Imager {
	t.Helper()
	r := s.Load
	for _, f := range edit {
		f(&r)
	}
	m, err := s.Open(t.Context(), r)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

// with is the suite's request, changed.
func (s pictureSuite) with(change ...func(*engine.PictureRequest)) engine.PictureRequest {
	r := s.Request
	for _, f := range change {
		f(&r)
	}
	return r
}

// draw makes a picture, or the test fails.
func (s pictureSuite) draw(t *testing.T, m engine.Imager, change ...func(*engine.PictureRequest)) engine.PictureResult {
	t.Helper()
	r := s.with(change...)
	res, err := m.Generate(t.Context(), r, nil)
	if err != nil {
		t.Fatalf("draw: %v", err)
	}
	if p := res.Pixels; p.Width != r.Width || p.Height != r.Height || p.Channels != 3 || len(p.Data) != r.Width*r.Height*3 {
		t.Fatalf("%d bytes of %d x %d x %d for %d x %d", len(p.Data), p.Width, p.Height, p.Channels, r.Width, r.Height)
	}
	if res.Seed != r.Seed {
		t.Errorf("seed %d was drawn with seed %d", r.Seed, res.Seed)
	}
	return res
}

// refused asks for what must end in an error, and gives that.
func (s pictureSuite) refused(t *testing.T, m engine.Imager, what string, change ...func(*engine.PictureRequest)) error {
	t.Helper()
	_, err := m.Generate(t.Context(), s.with(change...), nil)
	if err == nil {
		t.Errorf("%s was drawn", what)
		return nil
	}
	oneLine(t, what, err)
	return err
}

// oneLine checks what a person reads.
func oneLine(t *testing.T, what string, err error) {
	t.Helper()
	if text := err.Error(); len(text) < 10 || len(text) > 400 || bytes.ContainsAny([]byte(text), "\n\r\x00\x1b") {
		t.Errorf("%s is refused with %q", what, text)
	}
}

func same(a, b engine.PictureResult) bool { return bytes.Equal(a.Pixels.Data, b.Pixels.Data) }
