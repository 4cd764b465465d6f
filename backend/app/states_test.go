package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
)

// longChat makes a chat of about so many words on an App that is closed afterwards.
func longChat(t *testing.T, d Deps, words int) (chatID int64) {
	t.Helper()
	a := openWith(t, d)
	c := newChat(t, a, seeded(8))
	if m := wait(t, a, send(t, a, c.ID, "Read this. "+strings.Repeat("the rain falls on the sea ", words/6)).ID); m.State != backend.MessageComplete {
		t.Fatalf("ends %v: %s", m.State, m.Error)
	}
	a.Engines.Unload(t.Context()) // takes more time than the end of the program, on a busy machine
	closeApp(t, a)
	return c.ID
}

func fakeDeps(t *testing.T, dir string) Deps {
	t.Helper()
	return Deps{Folders: foldersIn(t, dir), Engine: enginetest.Name, LibDir: filepath.Join(dir, "no libraries"), Window: true}
}

func withFake(t *testing.T, dir string) {
	t.Helper()
	a := openWith(t, fakeDeps(t, dir))
	if _, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), enginetest.Model{Context: 8192}), library.AddOptions{Name: "Fake"}); err != nil {
		t.Fatal(err)
	}
	if err := a.SetSetting(t.Context(), KeyContext, 8192); err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
}

func states(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(foldersIn(t, dir).states(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestALongChatGoesOnAfterARestartWithoutBeingReadAgain(t *testing.T) {
	dir := t.TempDir()
	withFake(t, dir)
	id := longChat(t, fakeDeps(t, dir), 1400)
	a := openWith(t, fakeDeps(t, dir))
	m := wait(t, a, send(t, a, id, "And then?").ID)
	if u := m.Usage; m.State != backend.MessageComplete || u.PromptTokens < 4000 || u.PromptTokens-u.ReusedTokens > 64 {
		t.Errorf("ends %v %q; %d of %d tokens were evaluated", m.State, m.Error, u.PromptTokens-u.ReusedTokens, u.PromptTokens)
	}
	if bytes, chats, err := a.States(); err != nil || chats != 1 || bytes == 0 {
		t.Error(bytes, chats, err)
	}
	if err := a.ClearStates(); err != nil || len(states(t, dir)) != 0 {
		t.Error(err, states(t, dir))
	}
}

func TestWithoutRoomNothingIsKept(t *testing.T) {
	dir := t.TempDir()
	withFake(t, dir)
	a := openWith(t, fakeDeps(t, dir))
	if err := a.SetSetting(t.Context(), KeyStates, 0); err != nil {
		t.Fatal(err)
	}
	if err := a.SetSetting(t.Context(), KeyStates, -1); err == nil {
		t.Error("a negative budget was taken")
	}
	closeApp(t, a)
	longChat(t, fakeDeps(t, dir), 600)
	if left := states(t, dir); len(left) != 0 {
		t.Error(left)
	}
}

func TestADamagedStateCostsTimeOnly(t *testing.T) {
	dir := t.TempDir()
	withFake(t, dir)
	id := longChat(t, fakeDeps(t, dir), 600)
	list := states(t, dir)
	if len(list) != 1 {
		t.Fatal(list)
	}
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(list[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	a := openWith(t, fakeDeps(t, dir))
	m := wait(t, a, send(t, a, id, "And then?").ID)
	if m.State != backend.MessageComplete || m.Usage.ReusedTokens != 0 {
		t.Errorf("ends %v %q, %d tokens were taken from the file", m.State, m.Error, m.Usage.ReusedTokens)
	}
}

func TestAChatThatIsDeletedForGoodTakesItsStateAlong(t *testing.T) {
	dir := t.TempDir()
	withFake(t, dir)
	id := longChat(t, fakeDeps(t, dir), 600)
	kept := longChat(t, fakeDeps(t, dir), 600)
	a := openWith(t, fakeDeps(t, dir))
	if err := a.Chats.Trash(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	a.sweepStates()
	if left := states(t, dir); len(left) != 2 {
		t.Error("from the trash it can come back:", left)
	}
	if _, err := a.Store.PurgeTrash(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	a = openWith(t, fakeDeps(t, dir))
	a.sweepStates() // what the start does beside everything else
	left := states(t, dir)
	if len(left) != 1 || !strings.HasPrefix(filepath.Base(left[0]), "2-") || kept != 2 {
		t.Error(left)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTheTrashIsEmptiedWithEverything(t *testing.T) {
	dir := t.TempDir()
	withFake(t, dir)
	id := longChat(t, fakeDeps(t, dir), 600)
	a := openWith(t, fakeDeps(t, dir))
	wait(t, a, send(t, a, id, "Once more").ID) // its context is in memory, and would be saved at the end
	if err := a.Chats.Trash(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Trashed(t.Context()); err != nil || n != 1 {
		t.Error(n, err)
	}
	if n, err := a.EmptyTrash(t.Context()); err != nil || n != 1 {
		t.Error(n, err)
	}
	if n, err := a.Trashed(t.Context()); err != nil || n != 0 {
		t.Error(n, err)
	}
	closeApp(t, a)
	if left := states(t, dir); len(left) != 0 {
		t.Error(left)
	}
}
