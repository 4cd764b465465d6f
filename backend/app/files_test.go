package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
	"loam/backend/attach/attachtest"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
)

// kept counts the files below a folder.
func kept(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			n++
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The files of a temporary chat are in memory until it is kept; those of a chat that is deleted for good are gone with it.
func TestAttachmentsShareTheFateOfTheirChat(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	if _, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), enginetest.Model{Script: "Yes."}), library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "attachments")
	path := filepath.Join(t.TempDir(), "secret.pdf") // read in a child
	if err := os.WriteFile(path, attachtest.PDF("The zebrafinch sings."), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := a.Chats.CreateTemporary(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := a.Chats.Attach(t.Context(), c.ID, path)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := a.Chats.Send(t.Context(), c.ID, chat.SendRequest{Text: "Read it.", Attachments: []backend.Attachment{file}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Chats.Wait(t.Context(), sent.Reply.ID); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, folder); n != 0 {
		t.Fatalf("%d files of a temporary chat are on the disk", n)
	}
	c, err = a.Chats.Keep(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := kept(t, folder); n != 2 {
		t.Errorf("%d files are on the disk after it was kept, want the PDF and its text", n)
	}
	if err := a.Chats.Trash(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.EmptyTrash(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, folder); n != 0 {
		t.Errorf("%d files outlive their chat", n)
	}
	if text, err := a.Chats.AttachedText(t.Context(), file); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("%q is still in memory, %v", text, err)
	}
}
