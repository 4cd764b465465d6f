package chat

import (
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
	"loam/backend/modelfile/modelfiletest"
)

func TestAFileRecommendsWhatItsRepliesAreDrawnWith(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.gguf")
	file := modelfiletest.Chat().Set("general.sampling.temp", float32(0.6)).Set("general.sampling.top_k", int32(20))
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Service{}
	m := backend.Model{Path: path}
	got := s.samplingOf(backend.Chat{}, m, nil)
	if got.Temperature != 0.6 || got.TopK != 20 || got.TopP != backend.DefaultSampling().TopP {
		t.Errorf("the file's replies are drawn with %+v", got)
	}
	own := backend.Sampling{Temperature: 1.5}
	if got := s.samplingOf(backend.Chat{Sampling: &own}, m, nil); !got.Equal(own) {
		t.Errorf("the chat's own settings lose: %+v", got)
	}
	if got := s.samplingOf(backend.Chat{}, backend.Model{Path: path + ".gone"}, nil); !got.Equal(backend.DefaultSampling()) {
		t.Errorf("a file that is not there recommends %+v", got)
	}
}
