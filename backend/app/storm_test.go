package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/store"
)

// envWriter makes this test binary a program that writes replies into a data folder until it is killed.
const envWriter = "LOAM_TEST_WRITER"

// writeForever goes on with the last reply of the only chat, or asks for another one, again and again. It says "writing"
// when a reply begins.
func writeForever(dir string) int {
	ctx := context.Background()
	folders, err := DefaultFolders(dir)
	if err != nil {
		return fail(err)
	}
	a, err := New(ctx, Deps{Folders: folders, Engine: enginetest.Name, LibDir: dir, Window: true})
	if err != nil {
		return fail(err)
	}
	chats, err := a.Chats.Chats(ctx)
	if err != nil || len(chats) != 1 {
		return fail(fmt.Errorf("%d chats: %w", len(chats), err))
	}
	for {
		path, err := a.Chats.Transcript(ctx, chats[0].ID)
		if err != nil {
			return fail(err)
		}
		id := int64(0)
		if n := len(path); n > 0 && path[n-1].State == backend.MessageInterrupted {
			id = path[n-1].ID
			err = a.Chats.Resume(ctx, id)
		} else {
			var sent chat.Sent
			sent, err = a.Chats.Send(ctx, chats[0].ID, chat.SendRequest{Text: fmt.Sprintf("question %d", len(path))})
			id = sent.Reply.ID
		}
		if err != nil {
			return fail(err)
		}
		fmt.Println("writing")
		if m, err := a.Chats.Wait(ctx, id); err != nil || m.State != backend.MessageComplete {
			return fail(fmt.Errorf("ends %v %q: %w", m.State, m.Error, err))
		}
	}
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "writer:", err)
	return 1
}

func TestNoTextShrinksWhenTheProgramIsKilled(t *testing.T) {
	kills := 10
	if os.Getenv("LOAM_STORM") == "full" {
		kills = 100
	}
	dir := t.TempDir()
	a := withModel(t, dir, enginetest.Model{Length: 150, TokenMS: 4})
	newChat(t, a, seeded(0))
	closeApp(t, a)

	before := map[int64]backend.Message{}
	// On a busy machine little is written between two kills; there it takes more of them until there is something to lose.
	for kill := 0; kill < kills || kill < 20*kills && !tells(before); kill++ {
		killOne(t, dir, kill)
		after := everything(t, filepath.Join(dir, "loam.db"))
		for id, was := range before {
			is := after[id]
			if !strings.HasPrefix(is.Text, was.Text) {
				t.Errorf("kill %d: message %d was %q and is %q", kill, id, was.Text, is.Text)
			}
			if was.State == backend.MessageComplete && is.State != backend.MessageComplete {
				t.Errorf("kill %d: message %d was complete and is %v", kill, id, is.State)
			}
		}
		before = after
	}
	if !tells(before) {
		t.Errorf("%d messages say nothing", len(before))
	}
}

// tells says whether there is enough for a kill to do harm to.
func tells(all map[int64]backend.Message) bool {
	text := 0
	for _, m := range all {
		text += len(m.Text)
	}
	return len(all) >= 2 && text >= 200
}

// killOne starts the program and kills it at some moment after it has begun to write.
func killOne(t *testing.T, dir string, kill int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envWriter+"="+dir)
	var words strings.Builder
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Errorf("kill %d: the program ended by itself: %v %s", kill, cmd.Wait(), words.String())
		return
	}
	time.Sleep(time.Duration(rand.IntN(900)) * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	_ = cmd.Wait() // killed, as asked
	if words.Len() > 0 {
		t.Errorf("kill %d: the program complained: %s", kill, words.String())
	}
}

// everything opens the store, checks it and reads all messages.
func everything(t *testing.T, path string) map[int64]backend.Message {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
	all := map[int64]backend.Message{}
	chats, err := s.Chats(t.Context(), store.ChatQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chats {
		path, err := s.Path(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range path {
			all[m.ID] = m
		}
	}
	return all
}
