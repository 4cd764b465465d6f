package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend/engine/enginetest"
)

// chatsOf leads two chats in a terminal.
func chatsOf(t *testing.T) *terminal {
	t.Helper()
	term := newTerminal(t, enginetest.Model{Length: 5})
	for _, q := range []string{"Why is the sky blue?\n\nSo <b>, `a < b`.", "Why is grass green?"} {
		if _, stderr, code := term.run(t.Context(), "chat", "--keep", q); code != 0 {
			t.Fatal(stderr)
		}
	}
	return term
}

func TestExportWritesOneChatToStdout(t *testing.T) {
	term := chatsOf(t)
	out, stderr, code := term.run(t.Context(), "export", "--format", "md", "why is the")
	if code != 0 || !strings.HasPrefix(out, "# Why is the sky blue?\n") || !strings.Contains(out, "So <b>, `a < b`.") {
		t.Error(out, stderr, code)
	}
	if _, stderr, code = term.run(t.Context(), "export", "why"); code != 1 || !strings.Contains(stderr, "2 chats are called") {
		t.Error(stderr, code)
	}
	if _, stderr, code = term.run(t.Context(), "export", "nothing"); code != 1 || !strings.Contains(stderr, "There is no chat") {
		t.Error(stderr, code)
	}
	for _, args := range [][]string{{"export"}, {"export", "--all", "1"}, {"export", "--all", "--format", "html"}, {"export", "--format", "pdf", "1"}} {
		if _, stderr, code = term.run(t.Context(), args...); code != exitUsage || stderr == "" {
			t.Error(args, stderr, code)
		}
	}
}

func TestExportAndImportCarryAllChats(t *testing.T) {
	term := chatsOf(t)
	path := filepath.Join(t.TempDir(), "all.jsonl")
	out, stderr, code := term.run(t.Context(), "export", "--all", "-o", path)
	if code != 0 || stderr != "" || out != "Exported 2 chats with 4 messages to "+path+"\n" {
		t.Error(out, stderr, code)
	}
	if out, stderr, code = term.run(t.Context(), "import", path); code != 0 || out != "Imported 0 chats of Loam. 2 chats were already here; --copies takes such chats in again.\n" {
		t.Error(out, stderr, code)
	}
	other := &terminal{data: t.TempDir(), stdin: strings.NewReader("")}
	out, stderr, code = other.run(t.Context(), "import", "--json", path)
	var got imported
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || len(got.Chats) != 2 || got.Messages != 4 || got.Program != "Loam" {
		t.Error(out, stderr, code, err)
	}
	again, _, _ := other.run(t.Context(), "export", "--all")
	first, err := os.ReadFile(path)
	if body := func(s string) string { _, rest, _ := strings.Cut(s, "\n"); return rest }; err != nil || len(body(again)) < 100 ||
		strings.Count(body(again), "\n") != strings.Count(body(string(first)), "\n") {
		t.Error(again, string(first), err)
	}
	if out, _, code = other.run(t.Context(), "import", "--copies", path); code != 0 || out != "Imported 2 chats of Loam.\n" {
		t.Error(out, code)
	}
}

func TestTrainingDataIsExportedOfGoodReplies(t *testing.T) {
	term := chatsOf(t)
	if _, stderr, code := term.run(t.Context(), "export", "--training", "--all"); code != 1 || !strings.Contains(stderr, "no reply has a thumb up") {
		t.Error(stderr, code)
	}
	if _, stderr, code := term.run(t.Context(), "export", "--training", "--format", "md", "--all"); code != exitUsage || stderr == "" {
		t.Error(stderr, code)
	}
	all, _, _ := term.run(t.Context(), "export", "--all")
	path := filepath.Join(t.TempDir(), "rated.jsonl")
	if err := os.WriteFile(path, []byte(strings.Replace(all, `"role":"assistant"`, `"role":"assistant","rating":1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := term.run(t.Context(), "import", "--copies", path); code != 0 {
		t.Fatal(stderr)
	}
	out, stderr, code := term.run(t.Context(), "export", "--training", "--all")
	if code != 0 || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, `{"messages":[{"role":"user","content":"Why is the sky blue?`) {
		t.Error(out, stderr, code)
	}
	to := filepath.Join(t.TempDir(), "training.jsonl")
	if out, _, code = term.run(t.Context(), "export", "--training", "--all", "-o", to); code != 0 || out != "Exported 1 reply of 1 chat to "+to+"\n" {
		t.Error(out, code)
	}
}

func TestImportSaysWhatItCannotRead(t *testing.T) {
	term := &terminal{data: t.TempDir(), stdin: strings.NewReader("")}
	path := filepath.Join(t.TempDir(), "conversations.json")
	odd := `[{"title":"A","create_time":1700000000,"mapping":{"a":{"message":{"author":{"role":"user"},"content":{"parts":["x"]}}},"b":{"parent":"a","message":{"author":{"role":"ghost"}}}}}]`
	if err := os.WriteFile(path, []byte(odd), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := term.run(t.Context(), "import", path)
	if code != 0 || out != "Imported 1 chat of ChatGPT.\n" || stderr != "loam: 1 of 2 messages could not be read: its role \"ghost\" is not known.\n" {
		t.Error(out, stderr, code)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code = term.run(t.Context(), "import", path); code != 1 || !strings.Contains(stderr, "There are no chats in it") {
		t.Error(stderr, code)
	}
	if _, stderr, code = term.run(t.Context(), "import", path+"x"); code != 1 || !strings.Contains(stderr, "There is no file") {
		t.Error(stderr, code)
	}
	if _, stderr, code = term.run(t.Context(), "export", "--all", "-o", filepath.Join(path, "x.jsonl")); code != 1 || !strings.Contains(stderr, "cannot be written") {
		t.Error(stderr, code)
	}
}
