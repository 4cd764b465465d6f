package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
	"loam/store/storetest"
)

// This test binary is also the engine's child.
func TestMain(m *testing.M) { enginetest.Main(m) }

// terminal is one place to type commands.
type terminal struct {
	data  string
	stdin io.Reader
	out   io.Writer // nil = kept
	files []string  // what the window was opened with
	eyes  bool      // stderr is a terminal

	change func(d *app.Deps) // nil = nothing
}

// newTerminal has a data folder with one model of the fake engine.
func newTerminal(t *testing.T, m enginetest.Model) *terminal {
	t.Helper()
	term := &terminal{data: t.TempDir(), stdin: strings.NewReader("")}
	storetest.Prepare(t, filepath.Join(term.data, "loam.db"))
	_, _, code := term.run(t.Context(), "models", "add", "--in-place", fakeModel(t, m))
	if code != 0 {
		t.Fatal("the model could not be added")
	}
	return term
}

func fakeModel(t *testing.T, m enginetest.Model) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "model.gguf")
	enginetest.WriteModelTo(t, path, m)
	steer, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return modelfiletest.Write(t, dir, "fake.gguf", modelfiletest.Chat().Set("loam.fake", string(steer)).Bytes())
}

// run types a command.
func (term *terminal) run(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	d := Deps{
		Stdin: term.stdin, Stdout: &out, Stderr: &errs, Terminal: term.eyes, Typed: true, Version: "1.2.3", Commit: "abc",
		Window: func(_ context.Context, _ app.Folders, files []string) error {
			term.files = append([]string{"window"}, files...)
			return nil
		},
		Open: term.open,
		Bench: map[string]func(context.Context) ([]backend.Figure, error){
			"store": func(context.Context) ([]backend.Figure, error) {
				return []backend.Figure{{Name: "search", Value: 12.5, Unit: "ms", Better: backend.BetterLower}}, nil
			},
		},
	}
	if term.out != nil {
		d.Stdout = term.out
	}
	code = Run(ctx, append([]string{"--data", term.data}, args...), d)
	return out.String(), errs.String(), code
}

// open is app.New with the fake engine and without installed libraries.
func (term *terminal) open(ctx context.Context, d app.Deps) (*app.App, error) {
	d.Engine, d.Pictures, d.LibDir = enginetest.Name, enginetest.PicturesName, filepath.Join(term.data, "no libraries")
	if term.change != nil {
		term.change(&d)
	}
	return app.New(ctx, d)
}

// look opens the data as a window does.
func (term *terminal) look(t *testing.T, window bool) *app.App {
	t.Helper()
	folders, err := app.DefaultFolders(term.data)
	if err != nil {
		t.Fatal(err)
	}
	a, err := term.open(t.Context(), app.Deps{Folders: folders, Window: window})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestChatStreamsTheSameTextAsItsJSON(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 40, TokenMS: 1})
	text, stderr, code := term.run(t.Context(), "chat", "--seed", "7", "Tell me a story")
	if code != 0 || stderr != "" || len(text) < 40 || !strings.HasSuffix(text, "\n") {
		t.Fatalf("code %d, stderr %q, text %q", code, stderr, text)
	}
	out, stderr, code := term.run(t.Context(), "chat", "--json", "--seed", "7", "Tell", "me", "a", "story")
	if code != 0 || stderr != "" {
		t.Fatalf("code %d, %q", code, stderr)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(out), &fields); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"device", "engine", "engine_build", "model", "model_sha256", "prompt_tokens", "prompt_tps", "reply_tokens", "reply_tps",
		"seed", "stop_reason", "text", "ttft_ms", "variant",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Error(diff)
	}
	if strings.TrimSuffix(text, "\n") != fields["text"] {
		t.Errorf("streamed %q, JSON %q", text, fields["text"])
	}
	if fields["seed"] != 7.0 || fields["engine"] != enginetest.Name || len(fields["model_sha256"].(string)) != 64 || fields["reply_tps"].(float64) <= 0 {
		t.Errorf("%v", fields)
	}
	other, _, _ := term.run(t.Context(), "chat", "--seed", "8", "Tell me a story")
	if other == text {
		t.Error("another seed gives the same text")
	}
}

func TestOnlyKeptChatsAreInTheHistory(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 5})
	for _, args := range [][]string{{"chat", "forget this"}, {"chat", "--keep", "keep this"}} {
		if _, stderr, code := term.run(t.Context(), args...); code != 0 {
			t.Fatal(code, stderr)
		}
	}
	a := term.look(t, false)
	chats, err := a.Chats.Chats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(chats) != 1 || chats[0].Title != "keep this" {
		t.Errorf("kept: %+v", chats)
	}
	if hits, err := a.Chats.Search(t.Context(), "forget", 10); err != nil || len(hits) != 0 {
		t.Errorf("found %v, %v", hits, err)
	}
}

func TestPromptComesFromStdin(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 5})
	term.stdin = strings.NewReader("from a pipe\n")
	if _, stderr, code := term.run(t.Context(), "chat", "--keep", "-"); code != 0 {
		t.Fatal(code, stderr)
	}
	chats, err := term.look(t, false).Chats.Chats(t.Context())
	if err != nil || len(chats) != 1 || chats[0].Title != "from a pipe" {
		t.Errorf("%+v, %v", chats, err)
	}
}

// after calls f when so many bytes were written.
type after struct {
	mu      sync.Mutex
	written bytes.Buffer
	bytes   int
	f       func()
}

func (w *after) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.Write(p)
	if w.written.Len() >= w.bytes {
		w.f()
	}
	return len(p), nil
}

func TestInterruptStopsTheReplyAndKeepsIt(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 100_000, TokenMS: 1})
	ctx, interrupt := context.WithCancel(t.Context())
	out := &after{bytes: 30, f: interrupt}
	term.out = out
	_, stderr, code := term.run(ctx, "chat", "--keep", "Write a book")
	if code != exitInterrupted || stderr != "" {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	a := term.look(t, false)
	chats, err := a.Chats.Chats(t.Context())
	if err != nil || len(chats) != 1 {
		t.Fatal(chats, err)
	}
	path, err := a.Chats.Transcript(t.Context(), chats[0].ID)
	if err != nil || len(path) != 2 {
		t.Fatal(path, err)
	}
	if path[1].State != backend.MessageStopped || strings.TrimSuffix(out.written.String(), "\n") != strings.TrimSuffix(path[1].Text, "\n") {
		t.Errorf("%v: stored %q, printed %q", path[1].State, path[1].Text, out.written.String())
	}
}

// broken is a pipe whose reader has gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 5})
	term.out = broken{}
	for _, args := range [][]string{{"chat", "hello"}, {"chat", "--json", "hello"}, {"models", "list", "--json"}, {"version"}} {
		if _, stderr, code := term.run(t.Context(), args...); code != exitFailed || !strings.Contains(strings.ToLower(stderr), "broken pipe") {
			t.Errorf("%v: code %d, %q", args, code, stderr)
		}
	}
}

func TestCommandsWorkWhileTheWindowIsOpen(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 5})
	window := term.look(t, true)
	if out, stderr, code := term.run(t.Context(), "chat", "--keep", "hello"); code != 0 || out == "" {
		t.Errorf("code %d, %q", code, stderr)
	}
	chats, err := window.Chats.Chats(t.Context())
	if err != nil || len(chats) != 1 {
		t.Errorf("the window sees %v, %v", chats, err)
	}
}

func TestMistakesEndInOneClearLine(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 5})
	text := filepath.Join(t.TempDir(), "text.gguf")
	if err := os.WriteFile(text, []byte("Dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		has  string
		code int
	}{
		"no prompt":         {[]string{"chat"}, "nothing to ask", exitUsage},
		"blank prompt":      {[]string{"chat", "  "}, "nothing to ask", exitUsage},
		"no such model":     {[]string{"chat", "-m", "nope", "hi"}, `no model "nope"`, exitFailed},
		"model not there":   {[]string{"models", "show", "nope"}, `no model "nope"`, exitFailed},
		"remove nothing":    {[]string{"models", "rm", "nope"}, `no model "nope"`, exitFailed},
		"missing file":      {[]string{"models", "add", "--in-place", "/nowhere.gguf"}, "nowhere.gguf", exitFailed},
		"text as a model":   {[]string{"models", "add", "--in-place", text}, "text.gguf", exitFailed},
		"bad seed":          {[]string{"chat", "--seed", "x", "hi"}, "--seed", exitUsage},
		"bad flag":          {[]string{"chat", "--nope", "hi"}, "--nope", exitUsage},
		"bad benchmark":     {[]string{"bench", "moon"}, "chat", exitUsage},
		"neither nor":       {[]string{"serve"}, `"serve"`, exitUsage},
		"no picture model":  {[]string{"image", "a tree"}, "No picture model", exitFailed},
		"missing file, too": {[]string{"models", "add"}, "<FILE>", exitUsage},
	} {
		stdout, stderr, code := term.run(t.Context(), c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.has) || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "loam: ") {
			t.Errorf("%s: code %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

func TestCrashOfTheEngineIsOneClearLine(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 50, Faults: []enginetest.Trap{{At: enginetest.AtToken, After: 5, Do: enginetest.DoAbort}}})
	out, stderr, code := term.run(t.Context(), "chat", "hello")
	if code != exitFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "engine") {
		t.Errorf("code %d, out %q, stderr %q", code, out, stderr)
	}
}

func TestModelsAreListedShownAndRemoved(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	out, _, code := term.run(t.Context(), "models", "--json")
	var list []map[string]any
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) != 1 {
		t.Fatalf("%q, %v", out, err)
	}
	for _, field := range []string{"id", "name", "kind", "family", "format", "quant", "size", "sha256", "license", "path", "state", "reason"} {
		if _, ok := list[0][field]; !ok {
			t.Errorf("the list lacks %s", field)
		}
	}
	name := list[0]["name"].(string)
	if out, _, code := term.run(t.Context(), "models", "show", name); code != 0 || !strings.Contains(out, "fake.gguf") {
		t.Errorf("code %d, %q", code, out)
	}
	if out, _, code := term.run(t.Context(), "models", "rm", "1"); code != 0 || !strings.Contains(out, "stays at") {
		t.Errorf("code %d, %q", code, out)
	}
	if out, _, code := term.run(t.Context(), "models", "list", "--json"); code != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("code %d, %q", code, out)
	}
	if _, stderr, code := term.run(t.Context(), "chat", "hi"); code != exitFailed || !strings.Contains(stderr, "no chat model") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

// Names come out of files; they must not move the cursor or break a column.
func TestNamesCannotMoveTheCursor(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	a := term.look(t, false)
	if _, err := a.Library.Add(t.Context(), fakeModel(t, enginetest.Model{Length: 9}), library.AddOptions{Name: "a\x1b[2Jb\nc"}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"models"}, {"models", "show", "2"}, {"models", "rm", "2"}} {
		out, stderr, code := term.run(t.Context(), args...)
		if code != 0 || strings.ContainsAny(out, "\x1b\r") {
			t.Errorf("%v: %q, %q", args, out, stderr)
		}
	}
}

func TestBenchTellsItsFigures(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	for what, count := range map[string]int{"chat": 5, "store": 1} {
		out, stderr, code := term.run(t.Context(), "bench", what, "--json", "--runs", "2")
		var report benchReport
		if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
			t.Fatalf("%s: code %d, %q, %v", what, code, stderr, err)
		}
		if report.Bench != what || report.Machine == "" || report.Commit != "abc" || len(report.Figures) != count {
			t.Errorf("%s: %+v", what, report)
		}
		for _, f := range report.Figures {
			if f.Name == "" || f.Unit == "" || (f.Better != backend.BetterLower && f.Better != backend.BetterHigher) {
				t.Errorf("%s: figure %+v", what, f)
			}
		}
	}
}

func TestDoctorSaysWhatItFound(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	out, stderr, _ := term.run(t.Context(), "doctor", "--json")
	var report struct {
		Findings []struct{ ID, Title, State, Detail string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%q, %q, %v", out, stderr, err)
	}
	text, _, _ := term.run(t.Context(), "doctor")
	if len(report.Findings) < 5 {
		t.Errorf("%+v", report)
	}
	for _, f := range report.Findings {
		if !strings.Contains(text, plain(f.Title)) {
			t.Errorf("the text lacks %q", f.Title)
		}
	}
}

func TestWordsWithoutACommandOpenTheWindow(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	file := filepath.Join(t.TempDir(), "a b.gguf")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want []string }{{nil, []string{"window"}}, {[]string{file}, []string{"window", file}}} {
		if _, stderr, code := term.run(t.Context(), c.args...); code != 0 {
			t.Errorf("code %d, %q", code, stderr)
		}
		if diff := cmp.Diff(c.want, term.files); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHelpAndVersionArePrinted(t *testing.T) {
	term := &terminal{data: t.TempDir()}
	if out, _, code := term.run(t.Context(), "--help"); code != 0 || !strings.Contains(out, "doctor") {
		t.Errorf("code %d, %q", code, out)
	}
	if out, _, code := term.run(t.Context(), "version"); code != 0 || !strings.HasPrefix(out, "loam 1.2.3 (abc") {
		t.Errorf("code %d, %q", code, out)
	}
	if entries, err := os.ReadDir(term.data); err != nil || len(entries) != 0 {
		t.Errorf("they left %v, %v", entries, err)
	}
}

func TestModelsOfOtherProgramsAreListedAndBrought(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "INVOKEAI_ROOT"} {
		t.Setenv(name, "")
	}
	dir := filepath.Join(home, ".lmstudio", "models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t, enginetest.Model{})
	b, err := os.ReadFile(fakeModel(t, enginetest.Model{Length: 7}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Other.gguf"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, code := term.run(t.Context(), "models", "found"); code != 0 || !strings.Contains(out, "LM Studio") || !strings.Contains(out, "Other.gguf") {
		t.Errorf("found: code %d, %q", code, out)
	}
	if _, stderr, code := term.run(t.Context(), "models", "bring", "Jan"); code != exitFailed || !strings.Contains(stderr, "models found") {
		t.Errorf("bring of what is not there: code %d, %q", code, stderr)
	}
	if out, _, code := term.run(t.Context(), "models", "bring", "lm studio"); code != 0 || !strings.Contains(out, "where it lies") {
		t.Errorf("bring: code %d, %q", code, out)
	}
	if out, _, code := term.run(t.Context(), "models", "check", "2"); code != 0 || !strings.Contains(out, "verified") {
		t.Errorf("check: code %d, %q", code, out)
	}
	if out, _, code := term.run(t.Context(), "models", "copy", "2"); code != 0 || !strings.Contains(out, "models folder") {
		t.Errorf("copy: code %d, %q", code, out)
	}
}
