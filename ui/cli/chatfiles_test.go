package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend/engine/enginetest"
)

func TestFilesGoAlongWithAPrompt(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Script: "Read."})
	dir := t.TempDir()
	short, long, program := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "long.txt"), filepath.Join(dir, "tool.bin")
	var b strings.Builder
	for range 3000 {
		b.WriteString("filler words that say nothing at all\n\n")
	}
	b.WriteString("The ferry to Bergen leaves at eight.\n")
	for path, text := range map[string]string{short: "The key is under the pot.", long: b.String(), program: "\x00\x01\x02"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, aside := term.greedy(t, "--file", short, "Where is the key?"); out != "Read.\n" || strings.Contains(aside, "passages") {
		t.Errorf("%q, %q", out, aside)
	}
	out, aside := term.greedy(t, "--file", short, "--file", long, "When does the ferry leave?")
	if out != "Read.\n" || !strings.Contains(aside, "long.txt does not fit the model as a whole: 1 of its") || !strings.Contains(aside, "The ferry to Bergen") {
		t.Errorf("%q, %q", out, aside)
	}
	_, aside, code := term.run(t.Context(), "chat", "--file", program, "What is it?")
	if code == 0 || !strings.Contains(aside, "tool.bin cannot go along: it is not a text.") {
		t.Errorf("code %d, %q", code, aside)
	}
}
