package imagemeta

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sample() *Receipt {
	return &Receipt{
		Format: 1, Engine: "sd-pack", Build: "b", Device: "CPU", Variant: "zen4", Created: time.UnixMilli(1_700_000_000_000).UTC(),
		Settings: Settings{
			Prompt: "a lighthouse, dusk", Negative: "blur, text", Steps: 20, Sampler: "euler_a", Scheduler: "karras", CFG: 7.5, Seed: 42,
			Width: 64, Height: 32, Model: "dream: v8", ModelHash: "0123456789abcdef", Version: "Loam 0.1",
			LoRAs: []LoRA{{Name: "ink", Weight: 0.8, SHA256: "fedcba9876543210", Applied: 722, Total: 722}},
		},
	}
}

func encode(t *testing.T, r *Receipt) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	img.Set(3, 3, color.RGBA{200, 10, 10, 255})
	var b bytes.Buffer
	if err := EncodePNG(&b, img, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReceiptComesBackFromTheFile(t *testing.T) {
	for _, prompt := range []string{"a lighthouse", "ein Leuchtturm, äöü", "灯台 🗼", "line\nbreak", ""} {
		want := sample()
		want.Settings.Prompt = prompt
		b := encode(t, want)
		m, err := ReadPNG(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, m.Receipt); d != "" {
			t.Error(d)
		}
		if m.Parameters != FormatA1111(want.Settings) {
			t.Errorf("parameters %q", m.Parameters)
		}
		if _, err := png.Decode(bytes.NewReader(b)); err != nil {
			t.Errorf("other programs cannot read the picture: %v", err)
		}
	}
}

func TestA1111Text(t *testing.T) {
	const want = "a lighthouse, dusk\nNegative prompt: blur, text\nSteps: 20, Sampler: euler_a, Schedule type: karras, CFG scale: 7.5, " +
		"Seed: 42, Size: 64x32, Model hash: 0123456789, Model: \"dream: v8\", Lora hashes: \"ink: fedcba987654\", Version: Loam 0.1"
	if d := cmp.Diff(want, FormatA1111(sample().Settings)); d != "" {
		t.Error(d)
	}
	got := ParseA1111(want)
	s := sample().Settings
	s.LoRAs, s.ModelHash = nil, "0123456789"
	s.Other = []Pair{{"Lora hashes", "ink: fedcba987654"}}
	if d := cmp.Diff(s, got); d != "" {
		t.Error(d)
	}
}

func TestTextWithoutPairsIsAllPrompt(t *testing.T) {
	for _, text := range []string{"just words", "two\nlines: here", "a: b, c: d"} {
		if got := ParseA1111(text); got.Prompt != text || got.Steps != 0 {
			t.Errorf("%q became %+v", text, got)
		}
	}
}

func TestParsingWhatWasFormattedLosesNothing(t *testing.T) {
	word := rapid.StringMatching(`[a-z():<>.0-9]{1,8}( [a-z,]{1,6}){0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{
			Prompt: word.Draw(t, "prompt"), Negative: word.Draw(t, "negative"), Steps: rapid.IntRange(1, 150).Draw(t, "steps"),
			Sampler: word.Draw(t, "sampler"), CFG: float32(rapid.IntRange(1, 300).Draw(t, "cfg")) / 10, Seed: rapid.Uint64().Draw(t, "seed"),
			Width: rapid.IntRange(1, 4096).Draw(t, "w"), Height: rapid.IntRange(1, 4096).Draw(t, "h"), Model: word.Draw(t, "model"), Start: rapid.StringMatching(`[0-9a-f]{10}|`).Draw(t, "start"),
			Mask: rapid.StringMatching(`[0-9a-f]{10}|`).Draw(t, "mask"), Strength: float32(rapid.IntRange(0, 20).Draw(t, "strength")) / 20,
			Upscaler: word.Draw(t, "upscaler"), Factor: rapid.IntRange(0, 16).Draw(t, "factor"),
		}
		if d := cmp.Diff(s, ParseA1111(FormatA1111(s))); d != "" {
			t.Fatal(d)
		}
	})
}

func TestDamagedFilesGiveWhatIsWhole(t *testing.T) {
	b := encode(t, sample())
	for n := range b {
		m, err := ReadPNG(bytes.NewReader(b[:n]))
		if n < len(signature) != errors.Is(err, ErrNotPNG) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if m.Receipt != nil && m.Receipt.Settings.Seed != 42 {
			t.Fatalf("cut at %d: a wrong receipt", n)
		}
	}
}

func FuzzReadPNG(f *testing.F) {
	img := image.NewGray(image.Rect(0, 0, 2, 2))
	var b bytes.Buffer
	if err := EncodePNG(&b, img, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(signature + "\x7f\xff\xff\xfftEXt"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadPNG(bytes.NewReader(data))
		total := 0
		for k, v := range m.Raw {
			total += len(v)
			if k == "" {
				t.Error("a text without a key")
			}
		}
		if total > 2*maxText || err != nil && total > 0 {
			t.Errorf("%d bytes of text, error %v", total, err)
		}
	})
}

func FuzzParseA1111(f *testing.F) {
	f.Add(FormatA1111(sample().Settings))
	f.Add("Negative prompt: x\nSteps: 1, Seed: \"")
	f.Fuzz(func(t *testing.T, text string) {
		s := ParseA1111(text)
		if len(s.Prompt)+len(s.Negative) > 2*len(text)+2 {
			t.Error("more text than there was")
		}
	})
}
