package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

var bigModel = backend.Model{
	Name: "Big", Kind: backend.KindChat, Family: "llama", Format: "gguf", Quant: "Q4_K", SizeBytes: 5 << 30, SHA256: "abcd",
	License: "apache-2.0", Path: "/m/big \xff.gguf", State: backend.ModelReady, Reason: "", Parameters: 8_000_000_000,
	ContextLength: 131072, Template: "{{ messages }}", TemplateHash: "ef", Source: "disk", Starter: true, Owned: true,
	ModTime: time.UnixMilli(123456).UTC(), Added: time.UnixMilli(234567).UTC(),
	Shape: backend.ModelShape{Layers: 32, Embedding: 4096, Heads: 32, HeadsKV: 8, KeyLen: 128, ValueLen: 128, Vocab: 128256},
}

func TestModelComesBackAsItWasStored(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	added, err := s.AddModel(ctx, bigModel)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bigModel, added, cmpopts.IgnoreFields(backend.Model{}, "ID")); diff != "" {
		t.Error(diff)
	}
	if _, err := s.AddModel(ctx, bigModel); !errors.Is(err, store.ErrExists) {
		t.Errorf("added twice: %v", err)
	}
	changed := added
	changed.State, changed.Reason, changed.Name, changed.SizeBytes = backend.ModelChanged, "its size is different", "Bigger", 1
	if err := s.UpdateModel(ctx, changed); err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func() (backend.Model, error){
		"id":   func() (backend.Model, error) { return s.Model(ctx, added.ID) },
		"sha":  func() (backend.Model, error) { return s.ModelBySHA(ctx, "abcd") },
		"path": func() (backend.Model, error) { return s.ModelByPath(ctx, bigModel.Path) },
	} {
		got, err := find()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(changed, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRemovedModelCanComeBack(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	model, err := s.AddModel(ctx, bigModel)
	if err != nil {
		t.Fatal(err)
	}
	count := func(removed bool, want int) {
		t.Helper()
		list, err := s.Models(ctx, store.ModelQuery{Removed: removed})
		if err != nil || len(list) != want {
			t.Errorf("removed=%v: %d models instead of %d, %v", removed, len(list), want, err)
		}
	}
	if err := s.RemoveModel(ctx, model.ID); err != nil {
		t.Fatal(err)
	}
	count(false, 0)
	count(true, 1)
	if _, err := s.ModelBySHA(ctx, "abcd"); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := s.RestoreModel(ctx, model.ID); err != nil {
		t.Fatal(err)
	}
	count(false, 1)
	if err := s.RemoveModel(ctx, model.ID); err != nil {
		t.Fatal(err)
	}
	again, err := s.AddModel(ctx, bigModel)
	if err != nil || again.ID != model.ID || !again.Deleted.IsZero() {
		t.Errorf("got %+v, %v", again, err)
	}
	count(true, 0)
}

func TestForgottenModelLeavesItsMessages(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	model, err := s.AddModel(ctx, bigModel)
	if err != nil {
		t.Fatal(err)
	}
	chat, err := s.CreateChat(ctx, backend.Chat{ModelID: model.ID})
	if err != nil {
		t.Fatal(err)
	}
	said, err := s.AddMessage(ctx, backend.Message{ChatID: chat.ID, Role: backend.RoleAssistant, ModelID: model.ID, ModelName: "Big", Text: "Hi"})
	if err != nil || said.ModelID != model.ID {
		t.Fatal(said, err)
	}
	if err := s.ForgetModel(ctx, model.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Message(ctx, said.ID); err != nil || got.ModelID != 0 || got.ModelName != "Big" || got.Text != "Hi" {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := s.Chat(ctx, chat.ID); err != nil || got.ModelID != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	late, err := s.AddMessage(ctx, backend.Message{ChatID: chat.ID, Role: backend.RoleAssistant, ModelID: model.ID, ModelName: "Big"})
	if err != nil || late.ModelID != 0 {
		t.Errorf("got %+v, %v", late, err)
	}
}

func TestJobOfADeadOwnerIsInterrupted(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	job, err := s.AddJob(ctx, backend.Job{Settings: []byte(`{"steps":20}`)})
	if err != nil || job.State != backend.JobWaiting || string(job.Settings) != `{"steps":20}` {
		t.Fatal(job, err)
	}
	if _, err := s.AddJob(ctx, backend.Job{Settings: []byte(`{`)}); err == nil {
		t.Error("broken settings were stored")
	}
	job.State = backend.JobRunning
	if err := s.UpdateJob(ctx, job); err == nil {
		t.Error("a job runs without an owner")
	}
	if _, err := s.StartJob(ctx, job.ID, me); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartJob(ctx, job.ID, me); !errors.Is(err, backend.ErrBusy) {
		t.Errorf("started twice: %v", err)
	}
	if marked, err := s.MarkJobsInterrupted(ctx, func(o backend.Owner) bool { return o.PID == me.PID }); err != nil || len(marked) != 0 {
		t.Errorf("marked %v, %v", marked, err)
	}
	marked, err := s.MarkJobsInterrupted(ctx, func(backend.Owner) bool { return false })
	if err != nil || len(marked) != 1 || marked[0].State != backend.JobInterrupted {
		t.Errorf("marked %v, %v", marked, err)
	}
	done := marked[0]
	done.State = backend.JobDone
	if err := s.UpdateJob(ctx, done); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Jobs(ctx, backend.JobDone, backend.JobFailed); err != nil || len(list) != 1 {
		t.Errorf("listed %v, %v", list, err)
	}
	if list, err := s.Jobs(ctx, backend.JobWaiting); err != nil || len(list) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
}

func TestPictureKnowsWhereItCameFrom(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	message := say(t, s, newChat(t, s).ID, 0, "Draw a tree")
	job, err := s.AddJob(ctx, backend.Job{Settings: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := backend.Picture{
		JobID: job.ID, MessageID: message.ID, SHA256: "ab", Width: 512, Height: 768, Seed: 1<<64 - 1, Prompt: "a tree",
		Settings: []byte(`{"steps":4}`), Created: time.UnixMilli(99).UTC(),
	}
	first, err := s.AddPicture(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	want.ID = first.ID
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	want.MadeFrom = first.ID
	second, err := s.AddPicture(ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Pictures(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]backend.Picture{second, first}, list); diff != "" {
		t.Error(diff)
	}
}

func TestAPictureIsFoundByItsFile(t *testing.T) {
	s := storetest.New(t)
	want, err := s.AddPicture(t.Context(), backend.Picture{SHA256: "cd", Settings: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.PictureOf(t.Context(), "cd")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := s.PictureOf(t.Context(), "ef"); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("no such file: %v", err)
	}
}
