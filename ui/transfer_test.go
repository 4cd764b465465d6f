package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/transfer"
)

// chatExport writes a file that a fake says holds chats.
func (f *fixture) chatExport(c transfer.Contents) string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), "conversations.json")
	if err := os.WriteFile(path, []byte("[]"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.transfer.Holds = map[string]transfer.Contents{path: c}
	return path
}

func TestDroppedChatExportIsImportedAndTakenBack(t *testing.T) {
	f := fakes(t).open(1280, 800)
	path := f.chatExport(transfer.Contents{
		Program: transfer.ProgramChatGPT, New: 12, There: 2, Titles: []string{"Sea stones", "", "Bread"},
		First: time.Date(2024, 3, 4, 12, 0, 0, 0, time.UTC), Last: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC),
		Problems: transfer.Problems{Chats: 14, Messages: 120, BadMessages: 3, MessageReasons: []string{"it is no JSON"}},
	})
	f.drop(path)
	f.says("conversations.json", "Chats of ChatGPT, 14 chats, 117 messages", "“Sea stones”, “New chat”, “Bread” and 11 more, of 4 March 2024 to 5 January 2026.",
		"2 chats are here already and will be left alone.", "3 of 120 messages could not be read: it is no JSON.")
	if len(f.transfer.Imported) != 0 {
		t.Error("it was imported without being asked for")
	}
	f.tap("Import 12 chats")
	f.says("Imported 12 chats.", "3 of 120 messages could not be read")
	chats, _ := f.chats.Chats(t.Context())
	if len(chats) != 12 {
		t.Error(len(chats))
	}
	f.tap("Undo")
	f.says("Taken back. 12 chats will stay in the trash for 30 days.")
	if chats, _ = f.chats.Chats(t.Context()); len(chats) != 0 {
		t.Error(len(chats))
	}
	f.tap("Close")
	if f.card != nil {
		t.Error("the card stays")
	}
}

func TestKnownChatsAreOfferedAsCopiesOnly(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.drop(f.chatExport(transfer.Contents{Program: transfer.ProgramLoam, There: 1, Titles: []string{"Trip"}}))
	f.says("Chats of Loam, 1 chat", "It is here already.")
	f.tap("Import again as copies")
	if diff := cmp.Diff(true, len(f.transfer.Imported) == 1 && f.transfer.Imported[0].Copies); diff != "" {
		t.Error(diff)
	}
	f.tap("Open it")
	if f.card != nil || f.page != "chats" {
		t.Error(f.card, f.page)
	}
}

func TestJSONWithoutChatsIsTextAsBefore(t *testing.T) {
	f := fakes(t).open(1280, 800)
	path := filepath.Join(t.TempDir(), "package.json")
	if err := os.WriteFile(path, []byte(`{"name":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.drop(path)
	f.says("Not a model.", "Attach to the chat", "Put into the message")
}

func TestImportThatFailsSaysWhy(t *testing.T) {
	f := fakes(t).open(1280, 800)
	path := f.chatExport(transfer.Contents{Program: transfer.ProgramLoam, New: 2})
	f.drop(path)
	f.transfer.Bad = backend.ErrDiskFull
	f.tap("Import 2 chats")
	f.says("The disk is full, so nothing more can be stored.")
}

func TestChatsAreExportedFromTheListAndTheSettings(t *testing.T) {
	f := fakes(t)
	f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.show("settings")
	f.says("Export all chats", "Bring chats in", "Exports of Loam, ChatGPT, LM Studio and Open WebUI.")
	f.tap("Export all chats")
	if s := f.shownText(); !strings.Contains(s, "Everything (JSONL)") || !strings.Contains(s, "Web page (HTML)") {
		t.Error(s)
	}
	f.press(fyne.KeyEscape)
}
