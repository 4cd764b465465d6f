package app

import (
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/instance"
	"loam/backend/library"
)

// withModel opens an App whose default model is a fake one.
func withModel(t *testing.T, dir string, m enginetest.Model) *App {
	t.Helper()
	a := open(t, dir)
	if _, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), m), library.AddOptions{Name: "Fake"}); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRepliesSurviveKillsOfTheEngine(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{Length: 60, TokenMS: 2})
	whole := wait(t, a, send(t, a, newChat(t, a, seeded(0)).ID, "Tell me a story").ID)
	if whole.State != backend.MessageComplete || len(whole.Text) < 60 {
		t.Fatalf("ends %v %q: %q", whole.State, whole.Error, whole.Text)
	}
	kills := 20
	if os.Getenv("LOAM_STORM") == "full" {
		kills = 500
	}
	for range kills {
		reply := send(t, a, newChat(t, a, seeded(0)).ID, "Tell me a story")
		after := 1 + rand.IntN(len(whole.Text)-20)
		waitForText(t, a, reply.ID, after)
		killWorkers(t)
		m := wait(t, a, reply.ID)
		if m.State == backend.MessageComplete { // the kill came a moment too late
			continue
		}
		if m.State != backend.MessageInterrupted || len(m.Text) < after || !strings.HasPrefix(whole.Text, m.Text) || m.Error == "" {
			t.Fatalf("a kill after %d bytes leaves %v %q: %q", after, m.State, m.Error, m.Text)
		}
		got := resume(t, a, reply.ID)
		if d := cmp.Diff(whole.Text, got.Text); d != "" || got.State != backend.MessageComplete || got.Note != "" {
			t.Fatalf("resumed after %d bytes it ends %v, note %q: %s", len(m.Text), got.State, got.Note, d)
		}
	}
}

// cutOff asks in a chat and kills the engine once the reply has so many bytes. A kill that comes a moment too late leaves
// a complete reply: then it asks again.
func cutOff(t *testing.T, a *App, chatID func() int64, text string, after int) backend.Message {
	t.Helper()
	for range 20 {
		reply := send(t, a, chatID(), text)
		waitForText(t, a, reply.ID, after)
		killWorkers(t)
		switch m := wait(t, a, reply.ID); m.State {
		case backend.MessageInterrupted:
			return m
		case backend.MessageComplete:
		default:
			t.Fatalf("the kill leaves %v %q: %q", m.State, m.Error, m.Text)
		}
	}
	t.Fatal("twenty kills came too late")
	return backend.Message{}
}

func TestLaterTurnsResumeAndRepeatExactly(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{Length: 60, TokenMS: 4})
	c := newChat(t, a, seeded(0))
	wait(t, a, send(t, a, c.ID, "Tell me a story").ID)
	reply := cutOff(t, a, func() int64 { return c.ID }, "Another one", 40)
	got := resume(t, a, reply.ID)
	if d := cmp.Diff(repeat(t, a, reply.ID), got.Text); d != "" || got.State != backend.MessageComplete {
		t.Errorf("ends %v: %s", got.State, d)
	}
}

func TestEverythingIsThereAgain(t *testing.T) {
	dir := t.TempDir()
	a := withModel(t, dir, enginetest.Model{Length: 30, TokenMS: 1})
	c := newChat(t, a, seeded(0))
	wait(t, a, send(t, a, c.ID, "one").ID)
	wait(t, a, send(t, a, c.ID, "two").ID)
	if err := a.Chats.SaveDraft(t.Context(), backend.Draft{ChatID: c.ID, Text: "three"}); err != nil {
		t.Fatal(err)
	}
	want, err := a.Chats.Transcript(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)

	again := open(t, dir)
	got, err := again.Chats.Transcript(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" || len(got) != 4 {
		t.Error(d)
	}
	if d, err := again.Chats.Draft(t.Context(), c.ID); err != nil || d.Text != "three" {
		t.Errorf("the draft is %q, %v", d.Text, err)
	}
	if m, err := again.Library.Default(t.Context()); err != nil || m.State != backend.ModelReady {
		t.Errorf("the model is %v after it was used, %v", m.State, err)
	}
	if s, ok, err := again.Library.MeasuredSpeed(t.Context(), want[3].ModelID); err != nil || !ok || s.Reply <= 0 {
		t.Errorf("its speed is %+v, %v", s, err)
	}
}

func TestCloseKeepsARunningReply(t *testing.T) {
	dir := t.TempDir()
	a := withModel(t, dir, enginetest.Model{Length: 400, TokenMS: 5})
	c := newChat(t, a, seeded(0))
	reply := send(t, a, c.ID, "Tell me a story")
	waitForText(t, a, reply.ID, 40)
	shown, err := a.Chats.Message(t.Context(), reply.ID)
	if err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	again := open(t, dir)
	m, err := again.Chats.Message(t.Context(), reply.ID)
	if err != nil {
		t.Fatal(err)
	}
	if m.State != backend.MessageInterrupted || !strings.HasPrefix(m.Text, shown.Text) {
		t.Errorf("is %v: %q, shown was %q", m.State, m.Text, shown.Text)
	}
}

func TestBrokenModelIsPutAside(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtLoad, Do: enginetest.DoBadFile}}})
	m := wait(t, a, send(t, a, newChat(t, a, nil).ID, "Hello").ID)
	if m.State != backend.MessageFailed || !strings.HasPrefix(m.Error, "The model file cannot be used: ") {
		t.Errorf("ends %v: %q", m.State, m.Error)
	}
	list, err := a.Library.List(t.Context())
	if err != nil || len(list) != 1 || list[0].State != backend.ModelQuarantined || list[0].Reason == "" {
		t.Errorf("the library has %+v, %v", list, err)
	}
}

func TestHangingEngineStillStops(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{Length: 100, Faults: []enginetest.Trap{{At: enginetest.AtToken, After: 10, Do: enginetest.DoHang}}})
	reply := send(t, a, newChat(t, a, seeded(0)).ID, "Hello")
	waitForText(t, a, reply.ID, 10)
	a.Chats.Stop(reply.ID)
	m := wait(t, a, reply.ID)
	if m.State != backend.MessageStopped || m.Text == "" {
		t.Errorf("ends %v: %q", m.State, m.Text)
	}
}

func TestSecondWindowHandsItsFilesOver(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir)
	handed := make(chan []string, 1)
	a.Bus.Subscribe(0, func(batch []event.Event) {
		for _, e := range batch {
			if f, ok := e.(event.FilesHanded); ok {
				handed <- f.Paths
			}
		}
	})
	_, err := New(t.Context(), Deps{Folders: foldersIn(t, dir), Engine: enginetest.Name, Window: true})
	if !errors.Is(err, backend.ErrLocked) {
		t.Fatalf("a second window gives %v", err)
	}
	if err := instance.Hand(t.Context(), a.Folders.Data, []string{"/models/x.gguf"}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/models/x.gguf"}, <-handed); d != "" {
		t.Error(d)
	}
	// A command works beside the window.
	beside := openWith(t, Deps{Folders: foldersIn(t, dir), Engine: enginetest.Name})
	if _, err := beside.Chats.Create(t.Context(), backend.Chat{}); err != nil {
		t.Error(err)
	}
}

func TestUnusableDataFolderIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), Deps{Folders: foldersIn(t, file)}); err == nil {
		t.Error("a file is a data folder")
	}
	if _, err := New(t.Context(), Deps{}); err == nil {
		t.Error("no name is a data folder")
	}
}

func TestStarterIsTakenInOnce(t *testing.T) {
	dir, lib := t.TempDir(), t.TempDir()
	starterDir := filepath.Join(lib, "starter")
	if err := os.Mkdir(starterDir, 0o700); err != nil {
		t.Fatal(err)
	}
	fakeModel(t, starterDir, enginetest.Model{Length: 5})
	const description = `{"name": "Tiny", "file": "model.gguf", "license": "Apache-2.0", "source": "a wheel"}`
	if err := os.WriteFile(filepath.Join(starterDir, "starter.json"), []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Deps{Folders: foldersIn(t, dir), LibDir: lib, Engine: enginetest.Name}
	a := openWith(t, d)
	m, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !m.Starter || m.Name != "Tiny" || m.License != "Apache-2.0" || m.Source != "a wheel" || m.Owned {
		t.Errorf("the starter is %+v", m)
	}
	if err := a.Library.Remove(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	closeApp(t, a)
	if _, err := openWith(t, d).Library.Default(t.Context()); !errors.Is(err, backend.ErrNoModel) {
		t.Errorf("a removed starter comes back: %v", err)
	}
}

// The picture starter is three files; all are there after the first start, and all are known to have come with the program.
func TestPictureStarterIsTakenInWithItsParts(t *testing.T) {
	dir, lib := t.TempDir(), t.TempDir()
	folder := filepath.Join(lib, pictureStarter)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a", "b", "c"} {
		part := filepath.Join(folder, name)
		if err := os.Mkdir(part, 0o700); err != nil {
			t.Fatal(err)
		}
		fakeModel(t, part, enginetest.Model{Length: 5 + i})
	}
	const description = `{"name": "Draws", "file": "a/model.gguf", "parts": ["b/model.gguf", "c/model.gguf"], "license": "MIT", "source": "made here"}`
	if err := os.WriteFile(filepath.Join(folder, "starter.json"), []byte(description), 0o600); err != nil {
		t.Fatal(err)
	}
	d := Deps{Folders: foldersIn(t, dir), LibDir: lib, Engine: enginetest.Name}
	a := openWith(t, d)
	list, err := a.Library.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var starters []string
	for _, m := range list {
		if m.License != "MIT" || m.Source != "made here" {
			t.Errorf("a file is taken in without its licence and source: %+v", m)
		}
		if !m.Starter {
			t.Errorf("a file is taken in as if a person had brought it: %+v", m)
		}
		if m.Name == "Draws" {
			starters = append(starters, m.Name)
			if err := a.Library.Remove(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"Draws"}, starters); diff != "" || len(list) != 3 {
		t.Errorf("%d models, starters (-want +got):\n%s", len(list), diff)
	}
	closeApp(t, a)
	list, err = openWith(t, d).Library.List(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("a removed starter comes back: %d models, %v", len(list), err)
	}
}

func TestReadStarterRefusesFilesElsewhere(t *testing.T) {
	lib := t.TempDir()
	if _, err := readStarter(lib, chatStarter); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no starter gives %v", err)
	}
	if err := os.Mkdir(filepath.Join(lib, "starter"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "[]", `{"file": "../../etc/passwd"}`, `{"file": "/etc/passwd"}`, `{}`} {
		if err := os.WriteFile(filepath.Join(lib, "starter", "starter.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := readStarter(lib, chatStarter); err == nil {
			t.Errorf("%q gives %+v", content, s)
		}
	}
}

func TestDefaultFolders(t *testing.T) {
	portable := func(dir string) Folders {
		return Folders{
			Data: dir, Models: filepath.Join(dir, "models"), Pictures: filepath.Join(dir, "pictures"),
			Cache: filepath.Join(dir, "cache"), Config: filepath.Join(dir, "config"), Logs: filepath.Join(dir, "logs"),
		}
	}
	flag, env := t.TempDir(), t.TempDir()
	t.Setenv(EnvData, env)
	if d := cmp.Diff(portable(flag), foldersIn(t, flag)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(portable(env), foldersIn(t, "")); d != "" {
		t.Error(d)
	}
	t.Setenv(EnvData, "")
	f := foldersIn(t, "")
	for _, dir := range []string{f.Data, f.Models, f.Pictures, f.Cache, f.Config, f.Logs} {
		if !filepath.IsAbs(dir) || !strings.Contains(dir, "loam") {
			t.Errorf("%q", dir)
		}
	}
}

func TestFindLib(t *testing.T) {
	root := t.TempDir()
	mkdir := func(parts ...string) string {
		dir := filepath.Join(append([]string{root}, parts...)...)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	exe := filepath.Join(mkdir("usr", "bin"), "loam")
	if err := os.WriteFile(exe, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(EnvLib, "")
	if got := FindLib(exe); got != "" {
		t.Errorf("nothing is installed, found %q", got)
	}
	env := mkdir("elsewhere")
	t.Setenv(EnvLib, env)
	if got := FindLib(exe); got != env {
		t.Errorf("found %q", got)
	}
	up := mkdir("usr", "lib", "loam")
	if got := FindLib(exe); got != up {
		t.Errorf("found %q", got)
	}
	beside := mkdir("usr", "bin", "lib", "loam")
	link := filepath.Join(root, "loam")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	if got := FindLib(link); got != beside {
		t.Errorf("found %q", got)
	}
}

func TestSettingsKeepTheirKinds(t *testing.T) {
	a := open(t, t.TempDir())
	ctx := t.Context()
	if got := a.EngineSettings(ctx); got != (EngineSettings{Idle: 15 * time.Minute, Awake: true, Battery: true}) {
		t.Errorf("unset they are %+v", got)
	}
	for key, v := range map[string]any{KeyThreads: "two", KeyIdle: -2, KeyFlash: "maybe", KeyKV: 3, KeyDevice: 1, KeyAwake: 1, KeyBattery: "no"} {
		if err := a.SetSetting(ctx, key, v); err == nil {
			t.Errorf("%s is %v", key, v)
		}
	}
	for key, v := range map[string]any{KeyThreads: 2, KeyIdle: 0, KeyFlash: "on", KeyKV: "q8_0", KeyDevice: "CPU", KeyVariant: "zen4", KeyContext: 2048, "ui.look": map[string]string{"mode": "dark"}} {
		if err := a.SetSetting(ctx, key, v); err != nil {
			t.Error(err)
		}
	}
	want := EngineSettings{Threads: 2, Device: "CPU", Variant: "zen4", Context: 2048, FlashAttn: "on", KVType: "q8_0", Awake: true, Battery: true}
	if d := cmp.Diff(want, a.EngineSettings(ctx)); d != "" {
		t.Error(d)
	}
	if err := a.SetSetting(ctx, KeyIdle, -1); err != nil || a.EngineSettings(ctx).Idle >= 0 {
		t.Errorf("a model that is not to stay: %v, %v", a.EngineSettings(ctx).Idle, err)
	}
	load := a.spec(a.EngineSettings(ctx), ChatEmbedded).Load
	if load.Threads != 2 || load.Variant != "zen4" || load.GPULayers != 0 || load.Context != 2048 {
		t.Errorf("a load is %+v", load)
	}
	// A row of another kind, from a foreign hand, must not stop a load.
	if err := a.Store.SetSetting(ctx, KeyThreads, "many"); err != nil {
		t.Fatal(err)
	}
	if got := a.EngineSettings(ctx).Threads; got != 0 {
		t.Errorf("%d threads", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	w, err := openLog(dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w, nil))
	for i := range 200 {
		log.Info("A line", "number", i)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var all string
	for _, name := range []string{"loam.log.old", "loam.log"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(b) > 1000 {
			t.Errorf("%s has %d bytes, %v", name, len(b), err)
		}
		all += string(b)
	}
	if !strings.Contains(all, "number=199\n") || !strings.Contains(all, "number=190\n") {
		t.Error("the last lines are missing")
	}
}

func finding(t *testing.T, r hardware.Report, id string) hardware.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no finding %q in %+v", id, r.Findings)
	return hardware.Finding{}
}

func TestDoctorLooksAtTheInstallation(t *testing.T) {
	a := open(t, t.TempDir())
	// A file where the cache should be.
	if err := os.WriteFile(a.Folders.Cache, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := a.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Engine.Engine != enginetest.Name || len(r.Devices) != 1 {
		t.Errorf("the engine is %+v on %+v", r.Engine, r.Devices)
	}
	for id, want := range map[string]hardware.State{
		"engine": hardware.OK, "store": hardware.OK, "disk:cache": hardware.Error, "model": hardware.Warn,
	} {
		if got := finding(t, r, id); got.State != want || got.Detail == "" || got.Title == "" || (want != hardware.OK && got.Next == "") {
			t.Errorf("%+v", got)
		}
	}
	a.deps.Engine = "none"
	if r, err = a.Doctor(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := finding(t, r, "engine"); got.State != hardware.Error || got.Next == "" {
		t.Errorf("%+v", got)
	}
}

func TestModelsFolderIsMeasured(t *testing.T) {
	a := open(t, t.TempDir())
	if err := os.WriteFile(filepath.Join(a.Folders.Models, "x.gguf"), make([]byte, 12345), 0o600); err != nil {
		t.Fatal(err)
	}
	if used, free := a.ModelsFolder(t.Context()); used != 12345 || free <= 0 {
		t.Errorf("%d used, %d free", used, free)
	}
}
