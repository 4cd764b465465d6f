package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/hub/hubtest"
	"loam/backend/modelfile/modelfiletest"
)

// pulling is a terminal with a hub that has one chat model in two quantizations.
func pulling(t *testing.T) (*terminal, *hubtest.Hub) {
	t.Helper()
	content := append(modelfiletest.Chat().Bytes(), make([]byte, 3<<20)...)
	h := hubtest.New(hubtest.Repo{
		ID: "owner/tiny", Tags: []string{"gguf", "license:apache-2.0"}, Card: map[string]any{"license": "apache-2.0"},
		Files: []hubtest.File{{Path: "tiny-Q4_K_M.gguf", Bytes: content}, {Path: "tiny-Q8_0.gguf", Bytes: append(bytes.Clone(content), make([]byte, 9)...)}},
	})
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	t.Setenv("HF_ENDPOINT", endpoint)
	for _, name := range []string{"HF_TOKEN", "LOAM_OFFLINE", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "")
	}
	return &terminal{data: t.TempDir(), stdin: strings.NewReader("")}, h
}

func TestPullDownloadsAModel(t *testing.T) {
	term, h := pulling(t)
	out, errs, code := term.run(t.Context(), "pull", "owner/tiny:q4_k_m")
	if code != 0 || !strings.Contains(out, "Downloaded") || !strings.Contains(out, "(chat, 3.") {
		t.Fatalf("%d %q %q", code, out, errs)
	}
	if out, _, _ := term.run(t.Context(), "models", "list", "--json"); !strings.Contains(out, `"source": "127.0.0.1:`) || !strings.Contains(out, `"sha256": "`) {
		t.Errorf("the list is %s", out)
	}
	entries, err := filepath.Glob(filepath.Join(term.data, "models", ".partial", "*", "*.part*"))
	if err != nil || len(entries) != 0 {
		t.Errorf("left over: %q, %v", entries, err)
	}
	asked := len(h.Asked())
	out, errs, code = term.run(t.Context(), "pull", "--json", "owner/tiny:tiny-Q4_K_M.gguf") // a second time
	var m backend.Model
	if err := json.Unmarshal([]byte(out), &m); err != nil || code != 0 || m.License != "Apache-2.0" && m.License != "apache-2.0" {
		t.Errorf("%d %q %q %v", code, out, errs, err)
	}
	if n := strings.Count(strings.Join(h.Asked()[asked:], "\n"), "/resolve/"); n > 1 { // its head is read again, not its bytes
		t.Errorf("it was downloaded again: %q", h.Asked()[asked:])
	}
}

func TestPullSaysWhyItFailedAndGoesOn(t *testing.T) {
	term, h := pulling(t)
	h.SetFault(func(n int, _ *http.Request) hubtest.Fault {
		if n == 0 { // the header
			return hubtest.Fault{}
		}
		return hubtest.Fault{Shift: 512}
	})
	_, errs, code := term.run(t.Context(), "pull", "owner/tiny:Q8_0")
	if code != exitFailed || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "was not downloaded") {
		t.Errorf("%d %q", code, errs)
	}
	h.SetFault(nil)
	if out, errs, code := term.run(t.Context(), "pull", "owner/tiny:Q8_0"); code != 0 {
		t.Errorf("%d %q %q", code, out, errs)
	}
	files, err := filepath.Glob(filepath.Join(term.data, "models", "owner", "tiny", "*"))
	if err != nil || len(files) != 1 || filepath.Base(files[0]) != "tiny-Q8_0.gguf" {
		t.Errorf("%q, %v", files, err)
	}
}

func TestPullSaysWhatThereIs(t *testing.T) {
	term, _ := pulling(t)
	out, errs, code := term.run(t.Context(), "pull", "--list", "owner/tiny")
	if code != 0 || !strings.Contains(out, "Q4_K_M") || !strings.Contains(out, "Q8_0") || strings.Count(out, "recommended") != 1 {
		t.Errorf("%d %q %q", code, out, errs)
	}
	for args, want := range map[string]string{
		"owner/none":        "There is no such model on the hub",
		"nonsense name":     "no name of a model",
		"owner/tiny:Q2_K":   `owner/tiny has no "Q2_K". There is: Q4_K_M, Q8_0.`,
		"owner/tiny:x.gguf": "has no",
	} {
		_, errs, code := term.run(t.Context(), "pull", args)
		if code != exitFailed || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %q", args, code, errs)
		}
	}
	t.Setenv("LOAM_OFFLINE", "1")
	if _, errs, code := term.run(t.Context(), "pull", "owner/tiny"); code != exitFailed || !strings.Contains(errs, "Loam is offline") {
		t.Errorf("%d %q", code, errs)
	}
}

func TestCommandsAskTheNetworkForNothing(t *testing.T) {
	term, h := pulling(t)
	for _, args := range [][]string{{"models", "list"}, {"version"}, {"models", "found"}} {
		if _, errs, code := term.run(t.Context(), args...); code != 0 {
			t.Errorf("%q: %q", args, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(term.data, "logs", "network.jsonl")); !os.IsNotExist(err) || len(h.Asked()) != 0 {
		t.Errorf("something was asked: %q, %v", h.Asked(), err)
	}
}
