package store

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// freeze keeps a database of the schema as it is now, for every later version to open:
//
//	go test ./store -run TestFreeze -freeze
//
// It is run once, when a new migration is released, and its file store/testdata/frozen-vN.db.gz is committed. A file that
// is there is never made anew: people have files that old programs wrote, not files that today's would.
var freeze = flag.Bool("freeze", false, "keep a database of the newest schema in testdata")

// What a frozen database holds. Later versions of the test read it by these words; none may be changed.
const (
	frozenChat    = "Reise nach Bergen – 卑爾根"
	frozenWords   = "Plan three days, with the children & <b>rain</b>\n\n🌧️"
	frozenReply   = "**Day 1.** Bryggen, the old wharf.\n\n| a | b |\n|---|---|\n| 1 | 2 |"
	frozenOther   = "**Day 1.** The fish market."
	frozenTrash   = "Removed long ago"
	frozenPrompt  = "a lighthouse at dusk"
	frozenDraft   = "not sent y"
	frozenModel   = "SmolLM2 135M Instruct"
	frozenSetting = "engine.idle_minutes"
)

func fillFrozen(ctx context.Context, s *Store) error {
	m, err := s.AddModel(ctx, backend.Model{Name: frozenModel, Kind: backend.KindChat, Path: "/models/smol.gguf", SHA256: "ab12", SizeBytes: 98_000_000, State: backend.ModelReady})
	if err != nil {
		return err
	}
	c, err := s.CreateChat(ctx, backend.Chat{Title: frozenChat, ModelID: m.ID, System: "Be brief."})
	if err != nil {
		return err
	}
	user, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser, State: backend.MessageComplete, Text: frozenWords})
	if err != nil {
		return err
	}
	for _, text := range []string{frozenOther, frozenReply} { // two versions of the answer; the last one is shown
		r, err := s.AddMessage(ctx, backend.Message{
			ChatID: c.ID, Parent: user.ID, Role: backend.RoleAssistant, State: backend.MessageComplete, Text: text, ModelID: m.ID, ModelName: m.Name, Stop: backend.StopEnd,
		})
		if err != nil {
			return err
		}
		if err := s.SetLeaf(ctx, c.ID, r.ID); err != nil {
			return err
		}
	}
	if err := s.SaveDraft(ctx, backend.Draft{ChatID: c.ID, Text: frozenDraft}); err != nil {
		return err
	}
	gone, err := s.CreateChat(ctx, backend.Chat{Title: frozenTrash})
	if err != nil {
		return err
	}
	if err := s.TrashChat(ctx, gone.ID); err != nil {
		return err
	}
	j, err := s.AddJob(ctx, backend.Job{State: backend.JobWaiting, Settings: []byte(`{"model_id":1,"prompt":"` + frozenPrompt + `"}`)})
	if err != nil {
		return err
	}
	if _, err := s.AddPicture(ctx, backend.Picture{JobID: j.ID, SHA256: "cd34", Prompt: frozenPrompt, Settings: []byte(`{"format":1}`), Seed: 42, Width: 512, Height: 512}); err != nil {
		return err
	}
	if err := errors.Join(fillAlternatives(ctx, s), fillOpinions(ctx, s), fillSight(ctx, s), fillShelf(ctx, s), fillDownload(ctx, s)); err != nil {
		return err
	}
	return s.SetSetting(ctx, frozenSetting, 60)
}

// Since version 3 the first answer knows what else could have stood in it.
var frozenChoice = backend.TokenChoice{ID: 7, Alts: []backend.TokenAlt{
	{ID: 7, Text: " old", LogProb: -0.5}, {ID: 9, Text: "\uFFFD", LogProb: -1.25, Bytes: []byte{0xE2, 0x82}}, {ID: 2, Text: "<|end|>", LogProb: -3, Control: true},
}}

func fillAlternatives(ctx context.Context, s *Store) error {
	list, err := s.Chats(ctx, ChatQuery{})
	if err != nil {
		return err
	}
	path, err := s.Path(ctx, list[0].ID)
	if err != nil {
		return err
	}
	answers, err := s.Children(ctx, path[0].ID)
	if err != nil {
		return err
	}
	g := backend.Generation{MessageID: answers[0].ID, Prompt: []int32{1, 2}, Cuts: []int{2}, Tokens: []int32{7}}
	return errors.Join(s.RecordPrompt(ctx, g), s.KeepAlternatives(ctx, answers[0].ID, 0, [][]backend.TokenAlt{frozenChoice.Alts}))
}

// Since version 4 the shown answer has a thumb, and its model was compared with one that is gone.
func fillOpinions(ctx context.Context, s *Store) error {
	list, err := s.Chats(ctx, ChatQuery{})
	if err != nil {
		return err
	}
	path, err := s.Path(ctx, list[0].ID)
	if err != nil {
		return err
	}
	return errors.Join(s.SetRating(ctx, path[1].ID, backend.ThumbsUp), s.AddComparison(ctx, list[0].ModelID, 0))
}

// Since version 5 the chat asks before older messages go out of sight, its first message is pinned, and the answer has a
// summary.
const frozenSummary = "They plan three days in Bergen."

func fillSight(ctx context.Context, s *Store) error {
	list, err := s.Chats(ctx, ChatQuery{})
	if err != nil {
		return err
	}
	path, err := s.Path(ctx, list[0].ID)
	if err != nil {
		return err
	}
	list[0].Overflow = backend.OverflowAsk
	return errors.Join(s.UpdateChat(ctx, list[0]), s.SetPinned(ctx, path[0].ID, true), s.AddSummary(ctx, path[1].ID, frozenSummary))
}

// Since version 6 the chat stands in a folder.
var frozenShelf = backend.Shelf{Pinned: true, Folder: "Travel", Tags: []string{"family"}}

func fillShelf(ctx context.Context, s *Store) error {
	list, err := s.Chats(ctx, ChatQuery{})
	if err != nil {
		return err
	}
	list[0].Shelf = frozenShelf
	return s.UpdateChat(ctx, list[0])
}

// Since version 7 a download waits.
var frozenDownload = backend.DownloadWant{Name: "Fetched", Repo: "owner/name", Files: []backend.DownloadFile{{Path: "a.gguf", SizeBytes: 5}}}

func fillDownload(ctx context.Context, s *Store) error {
	_, err := s.AddDownload(ctx, backend.Download{Want: frozenDownload, State: backend.DownloadPaused})
	return err
}

func TestFreeze(t *testing.T) {
	if !*freeze {
		t.Skip("only with -freeze, when a schema is released")
	}
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(fillFrozen(t.Context(), s), s.Close()); err != nil {
		t.Fatal(err)
	}
	version, err := headerVersion(filepath.Join(dir, "loam.db"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(filepath.Join("testdata", fmt.Sprintf("frozen-v%d.db.gz", version)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "loam.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	if err := errors.Join(err, z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// thaw puts a frozen database into a folder of its own.
func thaw(t *testing.T, name string) (path string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "loam.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDataOfEveryReleasedSchemaIsCarriedOver(t *testing.T) {
	frozen, err := filepath.Glob("testdata/frozen-v*.db.gz")
	if err != nil || len(frozen) == 0 {
		t.Fatalf("no frozen database: %v", err)
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	latest, err := latestMigration(migrations)
	if err != nil {
		t.Fatal(err)
	}
	if len(frozen) != latest {
		t.Errorf("%d frozen databases for %d schemas: with the migration, run go test ./store -run TestFreeze -freeze", len(frozen), latest)
	}
	for _, name := range frozen {
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := thaw(t, name)
			before, err := headerVersion(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			if now, err := fileVersion(t.Context(), path, latest); err != nil || now != latest {
				t.Errorf("the version is %d, %v; want %d", now, err, latest)
			}
			if err := s.IntegrityCheck(t.Context()); err != nil {
				t.Error(err)
			}
			checkFrozen(t, s, before)

			backups, err := filepath.Glob(filepath.Join(filepath.Dir(path), "backups", "loam-v*.db"))
			if want := before < latest; err != nil || (len(backups) == 1) != want {
				t.Fatalf("backups: %q, %v; want one: %v", backups, err, want)
			}
			for _, b := range backups { // the way back: an older program finds its own schema in it
				if v, err := headerVersion(b); err != nil || v != before {
					t.Errorf("the backup has version %d, %v; want %d", v, err, before)
				}
			}
		})
	}
}

// checkFrozen finds everything that fillFrozen stored.
func checkFrozen(t *testing.T, s *Store, version int) {
	t.Helper()
	ctx := t.Context()
	list, err := s.Chats(ctx, ChatQuery{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d chats, %v", len(list), err)
	}
	c := list[0]
	model, err := s.Model(ctx, c.ModelID)
	if err != nil || model.Name != frozenModel || c.Title != frozenChat || c.System != "Be brief." {
		t.Errorf("chat %+v with %+v, %v", c, model, err)
	}
	path, err := s.Path(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range path {
		texts = append(texts, m.Text)
	}
	if d := cmp.Diff([]string{frozenWords, frozenReply}, texts); d != "" {
		t.Error(d)
	}
	answers, err := s.Children(ctx, path[0].ID)
	if err != nil || len(answers) != 2 || answers[0].Text != frozenOther {
		t.Errorf("the versions of the answer: %+v, %v", answers, err)
	}
	want := []backend.TokenChoice{}
	if version >= 3 {
		want = append(want, frozenChoice)
	}
	choices, err := s.Alternatives(ctx, answers[0].ID)
	if d := cmp.Diff(want, choices); d != "" || err != nil || answers[0].Choices != (version >= 3) || answers[1].Choices {
		t.Errorf("alternatives: %v, %v, %s", answers[0].Choices, err, d)
	}
	rating, tallies := backend.Unrated, map[int64]backend.Tally{}
	if version >= 4 {
		rating, tallies[c.ModelID] = backend.ThumbsUp, backend.Tally{Chosen: 1, Compared: 1}
	}
	tally, err := s.Tallies(ctx)
	if d := cmp.Diff(tallies, tally); d != "" || err != nil || path[1].Rating != rating || answers[0].Rating != backend.Unrated {
		t.Errorf("opinions: %v, %v, %s", path[1].Rating, err, d)
	}
	overflow, summaries := backend.OverflowLeaveOut, map[int64]string{}
	if version >= 5 {
		overflow, summaries[path[1].ID] = backend.OverflowAsk, frozenSummary
	}
	told, err := s.Summaries(ctx, c.ID)
	if d := cmp.Diff(summaries, told); d != "" || err != nil || c.Overflow != overflow || path[0].Pinned != (version >= 5) || path[1].Pinned {
		t.Errorf("sight: %q, %v, %v, %s", c.Overflow, path[0].Pinned, err, d)
	}
	var shelf backend.Shelf
	if version >= 6 {
		shelf = frozenShelf
	}
	if d := cmp.Diff(shelf, c.Shelf); d != "" {
		t.Error(d)
	}
	var wants []backend.DownloadWant
	if version >= 7 {
		wants = append(wants, frozenDownload)
	}
	downloads, err := s.Downloads(ctx)
	var got []backend.DownloadWant
	for _, d := range downloads {
		got = append(got, d.Want)
	}
	if d := cmp.Diff(wants, got); d != "" || err != nil {
		t.Errorf("downloads: %v, %s", err, d)
	}
	if d, err := s.Draft(ctx, c.ID); err != nil || d.Text != frozenDraft {
		t.Errorf("the draft is %q, %v", d.Text, err)
	}
	if hits, err := s.SearchMessages(ctx, "bryggen", 10); err != nil || len(hits) != 1 {
		t.Errorf("a search finds %d messages, %v", len(hits), err)
	}
	jobs, err := s.Jobs(ctx, backend.JobWaiting)
	if err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs wait, %v", len(jobs), err)
	}
	pictures, err := s.Pictures(ctx, 10, 0)
	if err != nil || len(pictures) != 1 || pictures[0].Prompt != frozenPrompt || pictures[0].Seed != 42 {
		t.Errorf("pictures: %+v, %v", pictures, err)
	}
	// Since version 8 pictures are found by their prompts: those of older files, too.
	if hits, err := s.SearchPictures(ctx, "lightho", 10); err != nil || len(hits) != 1 {
		t.Errorf("a search finds %d pictures, %v", len(hits), err)
	}
	minutes := 0
	if ok, err := s.Setting(ctx, frozenSetting, &minutes); !ok || err != nil || minutes != 60 {
		t.Errorf("the setting is %d, %v, %v", minutes, ok, err)
	}
	if n, err := s.PurgeTrash(ctx, time.Now().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("%d chats were in the trash, %v", n, err)
	}
}
