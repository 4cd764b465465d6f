package modelfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/modelfile"
)

// TestBrokenPictureModelsAreRefusedBeforeAnEngineSeesThem covers what stable-diffusion.cpp meets with an abort, endless
// memory or silence, and what it would refuse itself.
func TestBrokenPictureModelsAreRefusedBeforeAnEngineSeesThem(t *testing.T) {
	f := tinyModel(t)
	whole, err := os.ReadFile(f.Diffusion)
	if err != nil {
		t.Fatal(err)
	}
	list, err := tinypicture.BrokenModels(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		got, err := modelfile.Read(bytes.NewReader(b.Data), int64(len(b.Data)))
		var bad *backend.BadFile
		switch {
		case b.Says == "" && (err != nil || got.Kind == backend.KindUnknown):
			t.Errorf("%s: %+v, %v", b.Name, got.Kind, err)
		case b.Says != "" && !(errors.As(err, &bad) && strings.Contains(bad.Reason, b.Says) && !strings.ContainsAny(bad.Reason, "\n\r")):
			t.Errorf("%s: %v, want %q", b.Name, err, b.Says)
		}
	}
	dir := t.TempDir()
	for _, b := range tinypicture.BrokenLoRAs() {
		path := filepath.Join(dir, b.Name)
		if err := os.WriteFile(path, b.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		m := match(t, path, f.Diffusion, f.T5)
		if b.Says == "" && m.Reason() != "" || !strings.Contains(m.Reason(), b.Says) {
			t.Errorf("%s: %q, want %q", b.Name, m.Reason(), b.Says)
		}
	}
}
