//go:build !nonative

package season

import (
	"bytes"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
)

func TestEmbeddedIsRefusedWhereItCannotRun(t *testing.T) {
	all := func(...cpuid.FeatureID) bool { return true }
	none := func(...cpuid.FeatureID) bool { return false }
	for _, x := range []struct {
		os, arch string
		has      func(...cpuid.FeatureID) bool
		want     string
	}{
		{"linux", "amd64", all, ""},
		{"darwin", "arm64", none, ""},
		{"linux", "amd64", none, "AVX2"},
		{"linux", "arm64", all, "x86-64"},
		{"windows", "amd64", all, "windows"},
	} {
		err := runnable(x.os, x.arch, x.has)
		if (err == nil) != (x.want == "") || err != nil && (!strings.Contains(err.Error(), x.want) || !errors.Is(err, backend.ErrUnsupported)) {
			t.Errorf("%s/%s: %v, want %q", x.os, x.arch, err, x.want)
		}
	}
}

func TestEmbeddedDrawsFromText(t *testing.T) {
	if err := runnable(runtime.GOOS, runtime.GOARCH, cpuid.CPU.Supports); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	path := filepath.Join(t.TempDir(), "sd15.safetensors")
	if err := tinypicture.WriteSD15(path, 1); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(enginetest.LibDir(t), "picture-embedded")
	m, err := Embedded{}.OpenImager(t.Context(), engine.PictureLoad{Files: engine.PictureFiles{Checkpoint: path}, Threads: 2, PluginDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	one := engine.PictureRequest{Prompt: "a red apple", Width: 64, Height: 64, Steps: 2, CFG: 2, Seed: 42}
	draw := func(r engine.PictureRequest) engine.PictureResult {
		t.Helper()
		res, err := m.Generate(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := draw(one)
	if !bytes.Equal(first.Pixels.Data, draw(one).Pixels.Data) {
		t.Error("the same request drew another picture")
	}
	for name, change := range map[string]func(*engine.PictureRequest){
		"seed":   func(r *engine.PictureRequest) { r.Seed = 43 },
		"prompt": func(r *engine.PictureRequest) { r.Prompt = "blue ocean waves at night" },
		"steps":  func(r *engine.PictureRequest) { r.Steps = 3 },
	} {
		r := one
		change(&r)
		res := draw(r)
		if bytes.Equal(res.Pixels.Data, first.Pixels.Data) {
			t.Errorf("%s does not change the picture", name)
		}
	}
	for name, change := range map[string]func(*engine.PictureRequest){
		"size":  func(r *engine.PictureRequest) { r.Width = 72 },
		"LoRA":  func(r *engine.PictureRequest) { r.LoRAs = []engine.AdapterWeight{{Path: "x", Weight: 1}} },
		"start": func(r *engine.PictureRequest) { r.Init = &first.Pixels },
	} {
		r := one
		change(&r)
		if _, err := m.Generate(t.Context(), r, nil); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
}
