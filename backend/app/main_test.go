package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/runner"
	"loam/store/storetest"
)

// This test binary is also the engine's child and the program that the storm kills.
func TestMain(m *testing.M) {
	if attach.IsReader(os.Args) {
		os.Exit(attach.Main(os.Stdin, os.Stdout))
	}
	if dir := os.Getenv(envWriter); dir != "" && !runner.IsWorker(os.Args) {
		os.Exit(writeForever(dir))
	}
	if dir := os.Getenv(envTemporary); dir != "" && !runner.IsWorker(os.Args) {
		os.Exit(talkInSecret(dir))
	}
	enginetest.Main(m, drivers()...)
}

// fakeModel is a GGUF file that the library takes for a chat model and that steers the fake engine.
func fakeModel(t *testing.T, dir string, m enginetest.Model) string {
	t.Helper()
	path := filepath.Join(dir, "model.gguf")
	enginetest.WriteModelTo(t, path, m)
	steer, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return modelfiletest.Write(t, dir, "model.gguf", modelfiletest.Chat().Set("loam.fake", string(steer)).Bytes())
}

func foldersIn(t *testing.T, dir string) Folders {
	t.Helper()
	f, err := DefaultFolders(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// open starts an App with the fake engine on a data folder.
func open(t *testing.T, dir string) *App {
	t.Helper()
	return openWith(t, Deps{Folders: foldersIn(t, dir), Engine: enginetest.Name, LibDir: filepath.Join(dir, "no libraries"), Window: true})
}

func openWith(t *testing.T, d Deps) *App {
	t.Helper()
	if d.Places.Home == "" { // nobody's models but the test's
		home := t.TempDir()
		d.Places = library.Places{Home: home, Root: home, Env: func(string) string { return "" }}
	}
	storetest.Prepare(t, d.Folders.database())
	a, err := New(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeApp(t, a) })
	return a
}

func closeApp(t *testing.T, a *App) {
	t.Helper()
	if err := a.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// seeded are settings that give the same text every time.
func seeded(maxTokens int) *backend.Sampling {
	return &backend.Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, Seed: 42, MaxTokens: maxTokens}
}

func newChat(t *testing.T, a *App, sampling *backend.Sampling) backend.Chat {
	t.Helper()
	c, err := a.Chats.Create(t.Context(), backend.Chat{Sampling: sampling})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, a *App, chatID int64, text string) backend.Message {
	t.Helper()
	sent, err := a.Chats.Send(t.Context(), chatID, chat.SendRequest{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return sent.Reply
}

func wait(t *testing.T, a *App, id int64) backend.Message {
	t.Helper()
	m, err := a.Chats.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func resume(t *testing.T, a *App, id int64) backend.Message {
	t.Helper()
	if err := a.Chats.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return wait(t, a, id)
}

// repeat has the engine write a reply again, from its record alone.
func repeat(t *testing.T, a *App, id int64) string {
	t.Helper()
	g, err := a.Chats.Generation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	model, err := a.Library.Get(t.Context(), g.Model.ID)
	if err != nil {
		t.Fatal(err)
	}
	need := chat.Need{Model: model, Context: g.Context, Like: &g.Engine}
	for _, ref := range g.Adapters {
		m, err := a.Library.Get(t.Context(), ref.ID)
		if err != nil {
			t.Fatal(err)
		}
		need.Adapters = append(need.Adapters, engine.AdapterWeight{Path: m.Path, Weight: ref.Weight})
	}
	e, release, err := engines{a}.Acquire(t.Context(), need)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var text strings.Builder
	result, err := e.Generate(t.Context(), engine.GenerateRequest{
		Prompt: g.Prompt, Cuts: g.Cuts, Stops: g.Stops, Sampling: g.Sampling,
	}, func(ev engine.Event) error {
		if token, ok := ev.(engine.Token); ok {
			text.WriteString(token.Text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String() + result.Text
}

// waitForText waits until a running reply has so many bytes, or has ended.
func waitForText(t *testing.T, a *App, id int64, bytes int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		m, err := a.Chats.Message(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Text) >= bytes || m.State != backend.MessageRunning {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// killWorkers kills the engine processes of this one, as the out-of-memory killer would.
func killWorkers(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("child processes are found by /proc, which only Linux has")
	}
	killed := 0
	for _, pid := range children(t, os.Getpid()) {
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if p.Kill() == nil {
			killed++
		}
	}
	if killed != 1 {
		t.Fatalf("%d engine processes were killed", killed)
	}
}

// children are the worker children of a process.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue // that thread has ended
		}
		for _, field := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if err == nil && bytes.Contains(line, []byte("loam-worker")) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
