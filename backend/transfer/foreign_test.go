package transfer_test

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/transfer"
)

// line is a message as a test looks at it.
type line struct {
	Parent int64
	Role   backend.Role
	Text   string
	Model  string
	State  backend.MessageState
	Error  string
}

func linesOf(t *testing.T, h *house, chatID int64) (title, system string, leaf int64, out []line) {
	t.Helper()
	tree := h.tree(t, chatID)
	for _, m := range tree.Messages {
		out = append(out, line{m.Parent, m.Role, m.Text, strings.TrimSuffix(m.ModelName, "|"), m.State, m.Error})
	}
	return strings.TrimSuffix(tree.Chat.Title, "|"), tree.Chat.System, tree.Chat.Leaf, out
}

const (
	user  = backend.RoleUser
	model = backend.RoleAssistant
)

func TestChatGPTExportIsRead(t *testing.T) {
	h, db := realHouse(t)
	got, err := h.Import(t.Context(), "testdata/chatgpt.json", transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 2 || got.Program != transfer.ProgramChatGPT {
		t.Fatal(got, err)
	}
	title, system, leaf, lines := linesOf(t, h, got.Chats[0])
	if title != "Sea stones" || system != "" || leaf != 4 {
		t.Error(title, system, leaf)
	}
	want := []line{
		{Role: user, Text: "Why are stones round?"},
		{Parent: 1, Role: model, Text: "The sea rubs them.", Model: "gpt-x"},
		{Role: user, Text: "*(a picture)*\nHow old is this one, if a < b?"},
		{
			Parent: 3, Role: model, Model: "gpt-t",
			Text: "<think>\n**Looking**\n\nIt has bands.\n\nSo it is old.\n</think>\n\n```python\nprint(3 < 4)\n```\n\n```\nTrue\n```\n\nAbout a million years.",
		},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	title, _, leaf, lines = linesOf(t, h, got.Chats[1])
	want = []line{{Role: user, Text: "Hello"}, {Parent: 1, Role: model, Text: "Hello there."}, {Parent: 2, Role: user, Text: "Go on"}}
	if diff := cmp.Diff(want, lines); diff != "" || title != "T: Hello" || leaf != 3 {
		t.Error(title, leaf, diff)
	}
	sentences := []string{
		"1 of 3 chats could not be read: its messages are not in a form that is known.",
		"3 of 13 messages could not be read: its role \"narrator\" is not known.",
		"1 picture or file inside the messages stayed behind: only words are brought over.",
	}
	if diff := cmp.Diff(sentences, got.Sentences()); diff != "" {
		t.Error(diff)
	}
	c, err := db.Chat(t.Context(), got.Chats[0])
	if err != nil || !c.Created.Equal(time.UnixMilli(1735689600250)) || !c.Updated.Equal(time.UnixMilli(1735689700500)) {
		t.Error(c, err)
	}
	again, err := h.Import(t.Context(), "testdata/chatgpt.json", transfer.ImportOptions{})
	if err != nil || len(again.Chats) != 0 || again.There != 2 {
		t.Error(again, err)
	}
}

func TestLMStudioFolderIsRead(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	source, err := os.ReadFile("testdata/lmstudio.conversation.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"1751328000123.conversation.json": string(source), "folder/empty.conversation.json": `{"createdAt":1,"messages":[],"systemPrompt":""}`,
		"folder/conversations-config.json": `{"theme":"dark"}`, "folder/broken.conversation.json": `{"createdAt":5,"messages":[{"versions"`, "notes.txt": "hello",
		".hidden.json": string(source), "Work/Ships/old.conversation.json": `{"name":"Old","pinned":true,"createdAt":1600000000000,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.Import(t.Context(), dir, transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 2 || got.Program != transfer.ProgramLMStudio || got.BadMessages != 1 || got.Files != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	title, system, leaf, lines := linesOf(t, h, got.Chats[0])
	if title != "Tide tables" || system != "Answer like a sailor.\n\nBe short." || leaf != 4 {
		t.Error(title, system, leaf)
	}
	want := []line{
		{Role: user, Text: "When is high tide?\n\n*(a picture)*"},
		{Parent: 1, Role: model, Text: "At noon.", Model: "tiny-3b", State: backend.MessageStopped},
		{
			Parent: 1, Role: model, Model: "tiny-3b",
			Text: "<think>\nThe moon is full.\n</think>\n\nUsed tides:\n\n```json\n{\n  \"port\": \"Bergen\"\n}\n```\n\n```\n06:12\n```\n\nAt twelve past six.",
		},
		{Parent: 3, Role: user, Text: "Thanks"},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if title, _, _, lines := linesOf(t, h, got.Chats[1]); title != "Old" || len(lines) != 2 {
		t.Error(title, lines)
	}
	if diff := cmp.Diff(backend.Shelf{Pinned: true, Folder: "Work / Ships"}, h.tree(t, got.Chats[1]).Chat.Shelf); diff != "" {
		t.Error(diff)
	}
}

// Newer files of Open WebUI keep a reply in blocks of its own.
func TestOpenWebUIBlocksAreRead(t *testing.T) {
	h := newHouse(t)
	path := filepath.Join(t.TempDir(), "chat-export.json")
	err := os.WriteFile(path, []byte(`[{"id": "o", "archived": true, "chat": {"title": "Blocks", "tags": [{"name": "old"}], "messages": [
		{"role": "user", "content": "When?"},
		{"role": "assistant", "content": "", "output": [
			{"type": "reasoning", "summary": [{"type": "summary_text", "text": "The moon is full."}]},
			{"type": "function_call", "name": "tides", "arguments": "{}"},
			{"type": "function_call_output", "output": [{"type": "input_text", "text": "06:12"}]},
			{"type": "message", "content": [{"type": "output_text", "text": "At twelve past six."}]}, 7]}]}}]`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Import(t.Context(), path, transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 1 || got.BadMessages != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	_, _, _, lines := linesOf(t, h, got.Chats[0])
	want := []line{{Role: user, Text: "When?"}, {
		Parent: 1, Role: model,
		Text: "<think>\nThe moon is full.\n</think>\n\nUsed tides:\n\n```\n{}\n```\n\n```\n06:12\n```\n\nAt twelve past six.",
	}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(backend.Shelf{Archived: true, Tags: []string{"old"}}, h.tree(t, got.Chats[0]).Chat.Shelf); diff != "" {
		t.Error(diff)
	}
}

func TestOpenWebUIExportIsRead(t *testing.T) {
	h := newHouse(t)
	got, err := h.Import(t.Context(), "testdata/openwebui.json", transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 2 || got.Program != transfer.ProgramOpenWeb || got.BadMessages != 1 || got.Files != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff(backend.Shelf{Pinned: true, Tags: []string{"baking", "home"}}, h.tree(t, got.Chats[0]).Chat.Shelf); diff != "" {
		t.Error(diff)
	}
	title, system, leaf, lines := linesOf(t, h, got.Chats[0])
	if title != "Bread" || system != "You bake." || leaf != 3 {
		t.Error(title, system, leaf)
	}
	want := []line{
		{Role: user, Text: "How long?"},
		{Parent: 1, Role: model, Text: "An hour.", Model: "Oat 7B"},
		{
			Parent: 1, Role: model, Model: "oat:7b",
			Text: "<think>\nDense dough,\nso 1 < t.\n</think>\n\nUsed clock:\n\n```\n{}\n```\n\n```\n12:00\n```\n\nForty minutes, and use `a < b`.",
		},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	_, _, _, lines = linesOf(t, h, got.Chats[1])
	want = []line{{Role: user, Text: "Hi"}, {Parent: 1, Role: model, State: backend.MessageFailed, Error: "The model was not there."}}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// The archive that ChatGPT sends holds much beside the conversations, and splits long histories.
func TestArchiveIsReadWithoutUnpackingIt(t *testing.T) {
	source, err := os.ReadFile("testdata/chatgpt.json")
	if err != nil {
		t.Fatal(err)
	}
	path := archive(t, map[string]string{
		"user.json": `{"id":"u","email":"a@b.c"}`, "message_feedback.json": `[{"rating":"up"},{"rating":"up"}]`, "chat.html": "<html>", "conversations-000.json": string(source),
		"conversations-001.json": `[{"title":"Second","create_time":1735800000,"mapping":{"a":{"message":{"author":{"role":"user"},"content":{"parts":["x"]}}}}}]`,
		"export_manifest.json":   `{"files":[]}`,
	})
	h := newHouse(t)
	c, err := h.Inspect(t.Context(), path, nil)
	if err != nil || c.New != 3 || c.Program != transfer.ProgramChatGPT || c.Titles[0] != "Sea stones" || c.First.Year() != 2025 {
		t.Errorf("%+v, %v", c, err)
	}
	chats, err := h.Import(t.Context(), path, transfer.ImportOptions{})
	if err != nil || len(chats.Chats) != 3 {
		t.Errorf("%+v, %v", chats, err)
	}
}

func archive(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// What holds no chats is refused with an error that says so, and leaves nothing.
func TestOtherFilesAreNoChats(t *testing.T) {
	h := newHouse(t)
	for name, content := range map[string]string{
		"empty": "", "text.txt": "hello {", "number.json": "7", "model.gguf": "GGUF\x03\x00\x00\x00", "package.json": `{"name":"x","messages":["no"]}`,
		"list.json": "[1,2,3", "open.json": strings.Repeat("[", 1<<20), "bomb.json": `{"a":` + strings.Repeat("{\"a\":", 5000), "string.json": `"abc`,
		"train.jsonl": "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n{\"messages\":[]}\n", "PK.zip": "PK\x03\x04nonsense",
		"null.json": "null", "nulls.json": "[null,null]", "png": "\x89PNG\r\n\x1A\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := h.Inspect(t.Context(), path, nil)
		if _, bad := errors.AsType[*backend.BadFile](err); !errors.Is(err, transfer.ErrNotChats) && !bad {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Inspect(t.Context(), t.TempDir(), nil); !errors.Is(err, transfer.ErrNotChats) {
		t.Error(err)
	}
	if _, err := h.Inspect(t.Context(), archive(t, map[string]string{"user.json": "{}"}), nil); !errors.Is(err, transfer.ErrNotChats) {
		t.Error(err)
	}
	if _, err := h.Inspect(t.Context(), os.DevNull, nil); err == nil {
		t.Error("a device was read")
	}
}

// Our own file, damaged: what can be read comes, what cannot is counted, and nothing is silently different.
func TestDamagedExportGivesWhatItHolds(t *testing.T) {
	head := `{"loam":"chats","version":1}` + "\n"
	chat := `{"type":"chat","title":"Torn","created_ms":5,"updated_ms":6,"messages":3,"leaf":3}` + "\n"
	m1, m2, m3 := `{"type":"message","id":1,"role":"user","text":"a","created_ms":5}`+"\n", `{"type":"message","id":2,"parent":1,"role":"assistant","text":"b","created_ms":5}`+"\n",
		`{"type":"message","id":3,"parent":2,"role":"user","text":"c","created_ms":5}`+"\n"
	end := `{"type":"end","chats":1,"messages":3}` + "\n"
	for name, c := range map[string]struct {
		file  string
		texts string
		says  string
	}{
		"whole":             {head + chat + m1 + m2 + m3 + end, "a b c", ""},
		"Windows":           {"\xEF\xBB\xBF" + strings.ReplaceAll(head+chat+m1+m2+m3+end, "\n", "\r\n"), "a b c", ""},
		"no end":            {head + chat + m1 + m2 + m3, "a b c", "The file ends early: what is behind its end is not in it."},
		"cut":               {head + chat + m1 + m2[:30], "a", "2 of 3 messages could not be read: it is no JSON. The file ends early: what is behind its end is not in it."},
		"broken line":       {head + chat + m1 + "{oops\n" + m3 + end, "a c", "1 of 3 messages could not be read: it is no JSON."},
		"unknown role":      {head + chat + m1 + strings.Replace(m2, "assistant", "bard", 1) + m3 + end, "a c", "1 of 3 messages could not be read: its role \"bard\" is not known."},
		"same number twice": {head + chat + m1 + m1 + m2 + m3 + end, "a b c", "1 of 4 messages could not be read: its number 1 is taken."},
		"parent not there":  {head + chat + m1 + strings.Replace(m2, `"parent":1`, `"parent":9`, 1) + m3 + end, "a c", "1 of 3 messages could not be read: it stands under the message 9, which is not there."},
		"negative token": {
			head + chat + m1 + strings.Replace(m2, `"text"`, `"generation":{"tokens":[-4]},"text"`, 1) + m3 + end,
			"a c", "1 of 3 messages could not be read: its record holds the token -4.",
		},
		"message first": {head + m1 + chat + m1 + m2 + m3 + end, "a b c", "1 of 4 messages could not be read: it belongs to no chat."},
		"later fields":  {head + strings.Replace(chat, `"leaf"`, `"mood":{"x":[1]},"leaf"`, 1) + m1 + m2 + m3 + `{"type":"weather"}` + "\n" + end, "a b c", ""},
	} {
		h := newHouse(t)
		path := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := h.Import(t.Context(), path, transfer.ImportOptions{})
		if err != nil || len(got.Chats) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		_, _, leaf, lines := linesOf(t, h, got.Chats[0])
		var texts []string
		for i, l := range lines {
			texts = append(texts, l.Text)
			if l.Parent != int64(i) {
				t.Errorf("%s: message %d hangs under %d", name, i+1, l.Parent)
			}
		}
		if strings.Join(texts, " ") != c.texts || strings.Join(got.Sentences(), " ") != c.says || leaf != int64(len(lines)) {
			t.Errorf("%s: %q, leaf %d, %q", name, texts, leaf, got.Sentences())
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	if err := os.WriteFile(path, []byte(`{"loam":"chats","version":5}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newHouse(t).Inspect(t.Context(), path, nil)
	if bad, ok := errors.AsType[*backend.BadFile](err); !ok || bad.Path != path {
		t.Error(err)
	}
}

// A picture that is not what its name says stays behind, and no name leads out of the export.
func TestPicturesOfAnImportAreChecked(t *testing.T) {
	line := func(file string) string {
		return `{"loam":"chats","version":1}` + "\n" + `{"type":"chat","title":"P","messages":1,"leaf":1}` + "\n" +
			`{"type":"message","id":1,"role":"user","text":"x","pictures":[{"file":"` + file + `","width":1,"height":1}]}` + "\n" + `{"type":"end"}` + "\n"
	}
	good, other := "media/"+hash("pixels")+".png", "media/"+hash("other")+".png"
	for file, want := range map[string]int{good: 1, other: 0, "media/../../secret.png": 0, "/etc/passwd": 0, "media/" + strings.Repeat("A", 64) + ".png": 0, "": 0} {
		h := newHouse(t)
		got, err := h.Import(t.Context(), archive(t, map[string]string{"chats.jsonl": line(file), good: "pixels", other: "not what it says"}), transfer.ImportOptions{})
		if err != nil || got.Pictures != want || got.Files != 1-want {
			t.Errorf("%q: %+v, %v", file, got, err)
		}
		entries, err := os.ReadDir(h.pictures)
		if err != nil || len(entries) != want {
			t.Error(file, entries, err)
		}
	}
}
