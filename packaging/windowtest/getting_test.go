//go:build window

package windowtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/hub/hubtest"
	"loam/store"
)

// market is a hub on this machine with one model, which is the starter under another name, and a line that takes some seconds
// for it.
func market(t *testing.T, data string) *hubtest.Hub {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(program(t)), "lib", "loam", "starter", "*.gguf"))
	if err != nil || len(files) != 1 {
		t.Skipf("the starter model, which stands for what is downloaded, is not there: %q, %v", files, err)
	}
	model, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	model = bytes.Replace(model, []byte("Smollm2"), []byte("HubChat"), 1) // another file than the installed one
	h := hubtest.New(hubtest.Repo{
		ID: "example/Small-Chat-GGUF", Tags: []string{"gguf", "license:apache-2.0"}, Task: "text-generation", Downloads: 1200,
		GGUF: map[string]any{"total": 134_515_008, "architecture": "llama"}, Card: map[string]any{"license": "apache-2.0"},
		Files: []hubtest.File{{Path: "Small-Chat-Q4_1.gguf", Bytes: model}, {Path: "README.md", Git: true, Bytes: []byte("# Small Chat\n\nIt is small.\n")}},
	})
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	t.Setenv("HF_ENDPOINT", endpoint)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "LOAM_OFFLINE", "HF_HUB_OFFLINE", "HF_TOKEN"} {
		t.Setenv(name, "")
	}
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(data, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetSetting(t.Context(), app.KeyRate, 9000); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return h
}

// wanted is the one download of a data folder.
func (h History) wanted() (backend.Download, bool) {
	list, err := h.s.Downloads(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	if len(list) != 1 {
		return backend.Download{}, false
	}
	return list[0], true
}

// From an empty folder to an answer of a model that was downloaded, with the window killed twice in between.
func TestAModelIsFoundDownloadedAndAnswersThoughTheWindowIsKilledTwice(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	hub := market(t, data)
	l := start(t, s, data)
	h := history(t, data)
	l.fill(t)
	noted := l.wantSmallChat(hub, data)
	for kill := range 2 {
		from := noted()
		l.until("some of the file", func() bool { l.alive(); return noted() > from+600 }) // fifty pieces or so
		s.shot(t, "getting-4-running")
		l.kill()
		have := noted()
		asked := len(hub.Asked())
		l = start(t, s, data)
		l.fill(t)
		d, ok := h.wanted()
		if !ok || d.State != backend.DownloadPaused || noted() < have || len(hub.Asked()) != asked {
			t.Fatalf("after kill %d: %+v, the journal has %d of %d bytes, %d requests by itself", kill+1, d, noted(), have, len(hub.Asked())-asked)
		}
		s.shot(t, "getting-5-offered")
		l.key("ctrl+1")
		l.click(991, 93) // Resume, in the notice
		l.until("the download to go on", func() bool { l.alive(); d, _ := h.wanted(); return d.State == backend.DownloadRunning })
	}
	l.key("ctrl+3")
	var d backend.Download
	l.until("the end of the download", func() bool { l.alive(); d, _ = h.wanted(); return d.State != backend.DownloadRunning })
	if d.State != backend.DownloadDone || d.ModelID == 0 {
		t.Fatalf("the download is %+v", d)
	}
	m, err := h.s.Model(t.Context(), d.ModelID)
	if err != nil || m.SHA256 != d.Want.Files[0].SHA256 || !m.Owned {
		t.Fatalf("%+v, %v", m, err)
	}
	s.shot(t, "getting-6-here")
	l.click(1083, 96) // Chat, in the download's row
	l.ask("Say hello.")
	l.until("an answer", func() bool { l.alive(); r, ok := h.reply(); return ok && r.Text != "" })
	if r, _ := h.reply(); r.ModelID != m.ID {
		t.Errorf("model %d answered and not %d", r.ModelID, m.ID)
	}
	s.shot(t, "getting-7-answer")
	h.intact()
}

// wantSmallChat finds the model of the market and begins its download; noted is how much of the file's journal is written.
func (l *Loam) wantSmallChat(hub *hubtest.Hub, data string) (noted func() int64) {
	l.t.Helper()
	l.key("ctrl+3")
	if asked := hub.Asked(); len(asked) != 0 {
		l.t.Fatalf("the hub was asked before anybody wanted something: %q", asked)
	}
	l.click(427, 38) // Find more
	l.typeText("small")
	before := l.screen.shot(l.t, "getting-1-asked")
	l.key("Return")
	l.until("a result", func() bool {
		l.alive()
		return len(hub.Asked()) > 0 && changed(before, l.screen.shot(l.t, "getting-2-found")) > 0.001
	})
	l.click(400, 172)
	l.until("the card", func() bool { l.alive(); return len(hub.Asked()) >= 4 })
	l.screen.shot(l.t, "getting-3-detail")
	l.clickPrimary("Download")
	journal := filepath.Join(data, "models", ".partial", "1", "0.part.journal")
	return func() int64 {
		info, err := os.Stat(journal)
		if err != nil {
			return 0
		}
		return info.Size()
	}
}

// Closing the window leaves the program at work until the file is there and checked; the next start has the model.
func TestADownloadIsFinishedAfterTheWindowIsGone(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	hub := market(t, data)
	l := start(t, s, data)
	h := history(t, data)
	l.fill(t)
	noted := l.wantSmallChat(hub, data)
	l.until("some of the file", func() bool { l.alive(); return noted() > 600 })
	running := s.shot(t, "getting-8-running")
	l.knock()
	l.until("the question", func() bool { l.alive(); return changed(running, s.shot(t, "getting-9-asked")) > 0.2 })
	l.clickPrimary("Finish in the background")
	l.until("the window to go", func() bool { return !l.visible() })
	l.alive()
	if d, ok := h.wanted(); !ok || d.State != backend.DownloadRunning {
		t.Fatalf("the window is gone, and the download is %+v", d)
	}
	<-l.ended
	d, ok := h.wanted()
	if !ok || d.State != backend.DownloadDone || l.err != nil {
		t.Fatalf("the program ended (%v), and the download is %+v", l.err, d)
	}
	m, err := h.s.Model(t.Context(), d.ModelID)
	if err != nil || m.SHA256 != d.Want.Files[0].SHA256 || !m.Owned {
		t.Fatalf("%+v, %v", m, err)
	}
	if out, complaint, code := command(t, data, "models", "list"); code != 0 || !strings.Contains(out, m.Name) {
		t.Errorf("the list of models is %s %s", out, complaint)
	}
	l = start(t, s, data)
	l.fill(t)
	l.key("ctrl+3")
	time.Sleep(500 * time.Millisecond) // for the picture
	s.shot(t, "getting-10-next-start")
	h.intact()
	l.quit()
}

// fill makes the window as large as the screen.
func (l *Loam) fill(t *testing.T) {
	t.Helper()
	l.screen.tool(t, "xdotool", "windowmove", l.window, "0", "0", "windowsize", "--sync", l.window, "1280", "800")
}
