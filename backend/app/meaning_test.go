package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// embeddingModel writes a fake model that embeds.
func embeddingModel(t *testing.T, name string, m enginetest.Model) string {
	t.Helper()
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	enginetest.WriteModelTo(t, said, m)
	steer, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	g := modelfiletest.Chat().Set("general.name", name).Set("llama.pooling_type", uint32(1)).Set("loam.fake", string(steer))
	return modelfiletest.Write(t, dir, name+".gguf", g.Bytes())
}

// terms is a long text of which one passage tells of a refund, in words that a question for money back does not have.
func terms(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i := range 400 {
		if i == 300 {
			b.WriteString("# Section Z\n\nA refund is paid within a fortnight.\n\n")
		}
		fmt.Fprintf(&b, "# Section %d\n\nParagraph %d deals with matter%d at some length, and %s\n\n", i, i, i, strings.Repeat("goes on ", 40))
	}
	path := filepath.Join(t.TempDir(), "terms.md")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var similar = enginetest.Model{Means: map[string]string{
	"reimbursement": "refund", "when": "within", "am": "is", "get": "paid", "my": "a", "do": "a", "i": "fortnight",
}}

func withEmbedding(t *testing.T, dir string) (*App, backend.Model) {
	t.Helper()
	a := open(t, dir)
	if _, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), enginetest.Model{Script: "Yes."}), library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	m, err := a.Library.Add(t.Context(), embeddingModel(t, "near", similar), library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != backend.KindEmbedding {
		t.Fatalf("it is a %s", m.Kind)
	}
	return a, m
}

// picked sends a question and gives back the passages that are offered for it.
func picked(t *testing.T, a *App, chatID int64, f backend.Attachment, question string) chat.Picks {
	t.Helper()
	_, err := a.Chats.Send(t.Context(), chatID, chat.SendRequest{Text: question, Attachments: []backend.Attachment{f}})
	p, ok := errors.AsType[*chat.Picking](err)
	if !ok {
		t.Fatal(err)
	}
	return p.Picks[0]
}

const moneyBack = "When do I get my reimbursement?"

func TestPassagesAreFoundByMeaningWhereAModelForItIsInstalled(t *testing.T) {
	dir := t.TempDir()
	a, m := withEmbedding(t, dir)
	c, err := a.Chats.Create(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Chats.Attach(t.Context(), c.ID, terms(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Meaning.Wait(t.Context(), f, func(int, int) {}); err != nil || a.Meaning.State(f).State != event.MeaningReady {
		t.Fatal(a.Meaning.State(f), err)
	}
	of := picked(t, a, c.ID, f, moneyBack)
	if first := of.List[0]; of.Meaning != m.Name || of.Unread || !first.Picked || first.By&attach.ByMeaning == 0 || !strings.Contains(first.Text, "refund") {
		t.Errorf("%+v", of.List[0])
	}
	if m, err = a.Library.Get(t.Context(), m.ID); err != nil || m.State != backend.ModelReady {
		t.Errorf("the model that works is %s, %v", m.State, err)
	}
	// Off, and words alone have to do.
	if err := a.SetSetting(t.Context(), KeyMeaning, MeaningOff); err != nil {
		t.Fatal(err)
	}
	of = picked(t, a, c.ID, f, moneyBack)
	for _, k := range of.List {
		if of.Meaning != "" || of.Unread || k.By&attach.ByMeaning != 0 || k.Picked && strings.Contains(k.Text, "refund") && !of.General {
			t.Errorf("it is off, and %+v", k)
		}
	}
	if err := a.SetSetting(t.Context(), KeyMeaning, "yes"); err == nil {
		t.Error("a word is taken for a model")
	}
	// What was read is not read again, after a restart neither.
	if err := a.SetSetting(t.Context(), KeyMeaning, int(m.ID)); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	a = open(t, dir)
	if of = picked(t, a, c.ID, f, moneyBack); of.Meaning != m.Name {
		t.Errorf("after a restart: %+v", of.List[0])
	}
	if err := a.Library.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	if of = picked(t, a, c.ID, f, moneyBack); of.Meaning != "" || of.Unread {
		t.Error("a model that was removed finds passages")
	}
}

func TestSendingDoesNotWaitForMeaning(t *testing.T) {
	slow := similar
	slow.EmbedMS = 3_600_000
	a, c, f := withTerms(t, "slow", slow)
	if of := picked(t, a, c.ID, f, "When is the refund paid?"); of.Meaning != "" || !of.Unread || !strings.Contains(of.List[0].Text, "refund") || of.List[0].By != attach.ByWords {
		t.Errorf("%+v", of.List[0])
	}
	a.Meaning.Stop(f)
}

func TestBrokenEmbeddingModelLeavesWords(t *testing.T) {
	broken := enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtEmbed, After: 20, Do: enginetest.DoAbort}}}
	a, c, f := withTerms(t, "broken", broken)
	if err := a.Meaning.Wait(t.Context(), f, func(int, int) {}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if s := a.Meaning.State(f); s.State != event.MeaningFailed || s.Error == "" {
		t.Errorf("%+v", s)
	}
	if of := picked(t, a, c.ID, f, "When is the refund paid?"); of.Meaning != "" || !strings.Contains(of.List[0].Text, "refund") {
		t.Errorf("%+v", of.List[0])
	}
	if n := a.Engines.State(); n.State == event.EngineDied {
		t.Error("the death of the small model is told as that of the chat model")
	}
}

// The vectors of a file share its fate: in memory with a temporary chat, on the disk with a kept one, gone with a deleted one.
func TestVectorsShareTheFateOfTheirChat(t *testing.T) {
	dir := t.TempDir()
	a, m := withEmbedding(t, dir)
	folder := filepath.Join(dir, "attachments")
	c, err := a.Chats.CreateTemporary(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Chats.Attach(t.Context(), c.ID, terms(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Meaning.Wait(t.Context(), f, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	of := picked(t, a, c.ID, f, moneyBack)
	if n := kept(t, folder); n != 0 || of.Meaning != m.Name {
		t.Fatalf("%d files of a temporary chat are on the disk, found by %q", n, of.Meaning)
	}
	if err := a.Chats.SaveDraft(t.Context(), backend.Draft{ChatID: c.ID, Text: "x", Attachments: []backend.Attachment{f}}); err != nil {
		t.Fatal(err)
	}
	if c, err = a.Chats.Keep(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, folder); n != 2 {
		t.Errorf("%d files are on the disk after it was kept, want the text and its vectors", n)
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
}

func TestEmbeddingModelMakesRoomForALoad(t *testing.T) {
	a, m := withEmbedding(t, t.TempDir())
	_, release, err := a.acquireEmbedder(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	release()
	a.makeRoom(t.Context(), 1)
	still := a.embedders.Memory() // 0 where the system does not tell
	a.makeRoom(t.Context(), 1<<60)
	if n := a.embedders.Memory(); n != 0 || still == 0 && os.Getenv("GOOS") == "linux" {
		t.Errorf("%d bytes are left of %d", n, still)
	}
}

// withTerms is a program with a chat model, an embedding model, and a chat to which the terms are attached.
func withTerms(t *testing.T, name string, m enginetest.Model) (*App, backend.Chat, backend.Attachment) {
	t.Helper()
	a := open(t, t.TempDir())
	for _, path := range []string{fakeModel(t, t.TempDir(), enginetest.Model{Script: "Yes."}), embeddingModel(t, name, m)} {
		if _, err := a.Library.Add(t.Context(), path, library.AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := a.Chats.Create(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Chats.Attach(t.Context(), c.ID, terms(t))
	if err != nil {
		t.Fatal(err)
	}
	return a, c, f
}
