package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
	"loam/store"
)

// envTemporary makes this test binary a program that has a temporary chat in a data folder, says so and waits for its end.
const envTemporary = "LOAM_TEST_TEMPORARY"

// secrets are the words of the temporary chat, none of which may be found anywhere; openWord is one of a normal chat.
var (
	secrets  = []string{"zebrafinch", "marmalade", "quicksilver", "bumblebee"}
	openWord = "periwinkle"
)

// secretScript is what the model says in both chats.
const secretScript = "The quicksilver runs away. "

// talkInSecret has both kinds of chats, the temporary one last, and waits to be killed or for a line on its input.
func talkInSecret(dir string) int {
	ctx := context.Background()
	folders, err := DefaultFolders(dir)
	if err != nil {
		return fail(err)
	}
	log, file, err := OpenLog(folders.Logs, slog.LevelInfo)
	if err != nil {
		return fail(err)
	}
	defer file.Close()
	a, err := New(ctx, Deps{Folders: folders, Engine: enginetest.Name, LibDir: dir, Window: true, Logger: log})
	if err != nil {
		return fail(err)
	}
	say := func(c backend.Chat, err error, word string) error {
		if err != nil {
			return err
		}
		for range 3 {
			sent, err := a.Chats.Send(ctx, c.ID, chat.SendRequest{Text: strings.Repeat("Tell me about the "+word+". ", 40)})
			if err != nil {
				return err
			}
			if m, err := a.Chats.Wait(ctx, sent.Reply.ID); err != nil || m.State != backend.MessageComplete {
				return fmt.Errorf("ends %v %q: %w", m.State, m.Error, err)
			}
		}
		return nil
	}
	c, err := a.Chats.Create(ctx, backend.Chat{Sampling: &backend.Sampling{MaxTokens: 1}})
	if err := say(c, err, openWord); err != nil {
		return fail(err)
	}
	c, err = a.Chats.CreateTemporary(ctx, backend.Chat{System: "Speak of marmalade.", Sampling: &backend.Sampling{MaxTokens: 20}})
	if err := say(c, err, "zebrafinch"); err != nil {
		return fail(err)
	}
	if err := a.Chats.SaveDraft(ctx, backend.Draft{ChatID: c.ID, Text: "the bumblebee"}); err != nil {
		return fail(err)
	}
	if c, err := a.Chats.Chat(ctx, c.ID); err != nil || !strings.Contains(c.Title, "zebrafinch") {
		return fail(fmt.Errorf("the chat is called %q: %w", c.Title, err))
	}
	if hits, err := a.Chats.Search(ctx, "zebrafinch", 10); err != nil || len(hits) != 0 {
		return fail(fmt.Errorf("search finds %d messages: %w", len(hits), err))
	}
	a.Engines.Unload(ctx) // what would be kept of a context is kept now
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return fail(err)
	}
	if err := a.Close(ctx); err != nil {
		return fail(err)
	}
	return 0
}

// filesWith lists the files below dir in which a word stands, by name or in any byte.
func filesWith(t *testing.T, dir, word string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(bytes.ToLower(b), []byte(word)) || strings.Contains(path, word) {
			list = append(list, filepath.Base(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestATemporaryChatLeavesNoByteBehind(t *testing.T) {
	for _, how := range []string{"killed", "closed"} {
		t.Run(how, func(t *testing.T) {
			dir, elsewhere := t.TempDir(), t.TempDir()
			// The word of the script stands in the model's file, which lies elsewhere.
			a := open(t, dir)
			model := fakeModel(t, t.TempDir(), enginetest.Model{Script: secretScript})
			if _, err := a.Library.Add(t.Context(), model, library.AddOptions{Name: "Fake"}); err != nil {
				t.Fatal(err)
			}
			closeApp(t, a)
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), envTemporary+"="+dir, "TMPDIR="+elsewhere, "XDG_RUNTIME_DIR="+elsewhere, "SQLITE_TMPDIR="+elsewhere)
			var words bytes.Buffer
			cmd.Stderr = &words
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				_ = cmd.Wait()
				t.Fatalf("%q: %s", line, words.String())
			}
			look := func(when string) {
				for _, word := range secrets {
					for _, where := range []string{dir, elsewhere} {
						for _, file := range filesWith(t, where, word) {
							if filepath.Ext(file) != ".gguf" {
								t.Errorf("%s, %q stands in %s", when, word, file)
							}
						}
					}
				}
				if where := filesWith(t, dir, openWord); len(where) == 0 {
					t.Errorf("%s, not even the normal chat is found", when)
				}
			}
			look("while it runs")
			if how == "killed" {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
			} else {
				fmt.Fprintln(in)
				if err := cmd.Wait(); err != nil {
					t.Fatal(err, words.String())
				}
			}
			look("afterwards")
			a = open(t, dir)
			if list, err := a.Chats.Chats(t.Context()); err != nil || len(list) != 1 {
				t.Error(list, err)
			}
			for _, kept := range states(t, dir) {
				if !strings.HasPrefix(filepath.Base(kept), "1-") {
					t.Error("a context on disk:", kept)
				}
			}
			closeApp(t, a)
			look("after the next start")
		})
	}
}

func TestKeepMakesATemporaryChatANormalOneWithAllItsBranches(t *testing.T) {
	dir := t.TempDir()
	a := withModel(t, dir, enginetest.Model{Endless: true})
	models, err := a.Library.List(t.Context())
	if err != nil || len(models) != 1 {
		t.Fatal(models, err)
	}
	c, err := a.Chats.CreateTemporary(t.Context(), backend.Chat{Sampling: seeded(12), ModelID: models[0].ID, System: "Be brief."})
	if err != nil || c.ModelID != models[0].ID {
		t.Fatal(c, err)
	}
	first := wait(t, a, send(t, a, c.ID, "Hello").ID)
	if first.ModelID != models[0].ID {
		t.Errorf("the reply names the model %d", first.ModelID)
	}
	if err := a.Chats.SetSampling(t.Context(), c.ID, seeded(0)); err != nil {
		t.Fatal(err)
	}
	second, err := a.Chats.Regenerate(t.Context(), first.ID) // it never ends by itself
	if err != nil {
		t.Fatal(err)
	}
	waitForText(t, a, second.ID, 1)
	if _, err := a.Chats.Keep(t.Context(), c.ID); !errors.Is(err, backend.ErrBusy) {
		t.Error("while a reply is written:", err)
	}
	a.Chats.Stop(second.ID)
	wait(t, a, second.ID)
	if err := a.Chats.SetSampling(t.Context(), c.ID, seeded(12)); err != nil {
		t.Fatal(err)
	}
	wait(t, a, send(t, a, c.ID, "Go on").ID)
	before, err := a.chats.memory.TreeOf(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := a.Chats.Keep(t.Context(), c.ID)
	if err != nil || backend.IsTemporary(kept.ID) || kept.Title != "Hello" || kept.System != "Be brief." || kept.ModelID != models[0].ID {
		t.Fatal(kept, err)
	}
	after, err := a.Store.TreeOf(t.Context(), kept.ID)
	if err != nil {
		t.Fatal(err)
	}
	texts := func(t store.Tree) (out []string) {
		for _, m := range t.Messages {
			out = append(out, fmt.Sprint(m.Parent, m.Text))
		}
		return out
	}
	want, got := texts(before), texts(after)
	if d := cmp.Diff(want, got); d != "" || len(got) != 5 {
		t.Error(len(got), d)
	}
	if list, err := a.Chats.Chats(t.Context()); err != nil || len(list) != 1 || list[0].ID != kept.ID {
		t.Error(list, err)
	}
	if _, err := a.Chats.Keep(t.Context(), kept.ID); err == nil {
		t.Error("a normal chat was kept")
	}
	// Its replies go on and are repeated as if it had always been there.
	if m := wait(t, a, send(t, a, kept.ID, "And on").ID); m.State != backend.MessageComplete {
		t.Error(m.State, m.Error)
	}
	last := after.Messages[4]
	if got := repeat(t, a, last.Message.ID); got != last.Text {
		t.Errorf("repeated: %q, was %q", got, last.Text)
	}
}

func TestATemporaryChatCanBeRemovedAndBroughtBack(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{})
	if list, err := a.Chats.Chats(t.Context()); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	c, err := a.Chats.CreateTemporary(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Chats.Trash(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	for _, list := range []func(context.Context) ([]backend.Chat, error){a.Chats.Chats, a.Chats.Trashed} {
		if l, err := list(t.Context()); err != nil || len(l) != 0 {
			t.Error(l, err)
		}
	}
	if err := a.Chats.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if l, err := a.Chats.Chats(t.Context()); err != nil || len(l) != 1 {
		t.Error(l, err)
	}
}
