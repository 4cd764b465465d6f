package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandsAreFoundByTheBeginningsOfTheirWords(t *testing.T) {
	var list []Command
	for _, name := range []string{"New chat", "Settings", "Settings of this chat", "Dark colours", "Larger text", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11"} {
		list = append(list, Command{Name: name})
	}
	for query, want := range map[string][]string{
		"": nil, "  ": nil, "chat": {"New chat", "Settings of this chat"}, "SET ch": {"Settings of this chat"}, "olours": nil, "dark c": {"Dark colours"},
		"a": {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10"},
	} {
		var got []string
		for _, c := range findCommands(list, query) {
			got = append(got, c.Name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", query, d)
		}
	}
}

func TestACommandsNameGoesBeforeWhatItIsDoneWith(t *testing.T) {
	list := []Command{{Name: "Undo", Of: "Archived 3 chats. The menu shows the archive."}, {Name: "Show the archive", Of: "List of chats"}}
	for query, want := range map[string]string{"show the arch": "Show the archive", "archived": "Undo", "undo arch": "Undo", "show list": "Show the archive"} {
		if got := findCommands(list, query); len(got) == 0 || got[0].Name != want {
			t.Errorf("%q finds %v", query, got)
		}
	}
}

func TestPathsThatAreCopiedAreFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b.txt", "c.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spaced, plain := filepath.Join(dir, "a b.txt"), filepath.Join(dir, "c.txt")
	for text, want := range map[string][]string{
		spaced + "\r\n" + plain + "\n":                   {spaced, plain},
		"file://" + filepath.ToSlash(dir) + "/a%20b.txt": {spaced},
		plain + " and more":                              nil,
		plain + "\n" + filepath.Join(dir, "missing"):     nil,
		"":                              nil,
		"file://elsewhere/c.txt":        nil,
		"/" + strings.Repeat("x", 5000): nil,
	} {
		if d := cmp.Diff(want, pastedFiles(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestRefusedFilesAreToldTogether(t *testing.T) {
	var list []refusal
	for i, want := range []string{
		"f0 was not attached: it is empty.",
		"2 files were not attached: f0 (it is empty); f1 (it is empty).",
	} {
		list = append(list, refusal{fmt.Sprintf("f%d", i), "it is empty"})
		if d := cmp.Diff(want, refusedText(list)); d != "" {
			t.Error(d)
		}
	}
	for i := 2; i < 9; i++ {
		list = append(list, refusal{fmt.Sprintf("f%d", i), "it is empty"})
	}
	if got := refusedText(list); !strings.HasPrefix(got, "9 files") || !strings.HasSuffix(got, "f4 (it is empty); and 4 more.") {
		t.Error(got)
	}
}
