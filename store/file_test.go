package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// fakeMigration is one more migration, as a later version of the program has.
const fakeMigration = `-- +goose Up
PRAGMA user_version = LATER;
CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;
INSERT INTO later SELECT id FROM chats;
`

// laterMigrations are ours and one more.
func laterMigrations(t *testing.T, later string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := migrationFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = &fstest.MapFile{Data: data}
	}
	next := fmt.Sprint(len(names) + 1)
	all[fmt.Sprintf("%05d_later.sql", len(names)+1)] = &fstest.MapFile{Data: []byte(strings.Replace(later, "LATER", next, 1))}
	return all
}

// known is the number of our newest migration.
func known(t *testing.T) int {
	t.Helper()
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// fill makes a store with a chat in it and closes it.
func fill(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateChat(t.Context(), backend.Chat{Title: "Kept"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// folder reads all files of a folder.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func titles(t *testing.T, path string) (list []string) {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	chats, err := s.Chats(t.Context(), ChatQuery{})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range chats {
		list = append(list, c.Title)
	}
	return list
}

func TestNewerFileIsRefusedAndUntouched(t *testing.T) {
	for name, crashed := range map[string]bool{"closed": false, "with a log left over from a kill": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "loam.db")
			s, err := open(t.Context(), Options{Path: path}, laterMigrations(t, fakeMigration))
			if err != nil {
				t.Fatal(err)
			}
			if crashed {
				// Copies of the files while they are open are what a kill leaves.
				dir = t.TempDir()
				for _, name := range []string{"loam.db", "loam.db-wal"} {
					content, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before := folder(t, dir)
			if _, err := Open(t.Context(), Options{Path: filepath.Join(dir, "loam.db")}); !errors.Is(err, backend.ErrNewerStore) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(before, folder(t, dir)); diff != "" {
				t.Error("the folder was changed")
			}
		})
	}
}

func TestOlderFileIsBackedUpBeforeItIsMigrated(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "loam.db")
	fill(t, path)
	now := func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) }
	s, err := open(t.Context(), Options{Path: path, Now: now}, laterMigrations(t, fakeMigration))
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM later").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(dir, "backups", fmt.Sprintf("loam-v%d-20300102T030405.000.db", known(t)))
	if diff := cmp.Diff([]string{"Kept"}, titles(t, backup)); diff != "" {
		t.Error(diff)
	}
}

func TestFailedMigrationLeavesTheFileAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	fill(t, path)
	_, err := open(t.Context(), Options{Path: path}, laterMigrations(t, fakeMigration+"\nINSERT INTO nowhere VALUES (1);\n"))
	if err == nil {
		t.Fatal("the migration did not fail")
	}
	if diff := cmp.Diff([]string{"Kept"}, titles(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestTwoStartsMigrateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	fill(t, path)
	migrations := laterMigrations(t, fakeMigration)
	results := make(chan error)
	for range 4 {
		go func() {
			s, err := open(context.WithoutCancel(t.Context()), Options{Path: path}, migrations)
			if err == nil {
				err = s.Close()
			}
			results <- err
		}()
	}
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestFileThatIsNoDatabaseOfOursIsRefusedAndUntouched(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	makeForeign(t, foreign)
	other, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"text":             "Dear diary, today I was not a database, and that at a length of over a hundred bytes, which is a header's.",
		"short":            "SQLite",
		"another program":  string(other),
		"header, no pages": "SQLite format 3\x00" + string(make([]byte, 84)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "loam.db")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			before := folder(t, dir)
			_, err := Open(t.Context(), Options{Path: path})
			if bad, ok := errors.AsType[*backend.BadFile](err); !ok || bad.Path != path {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(before, folder(t, dir)); diff != "" {
				t.Error("the folder was changed")
			}
		})
	}
	if _, err := Open(t.Context(), Options{Path: t.TempDir()}); err == nil {
		t.Error("a folder was opened")
	}
}

func makeForeign(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE birds (name TEXT)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedPagesAreAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	fill(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 64<<10)
	for i := range junk {
		junk[i] = 0xA5
	}
	_, err = f.WriteAt(junk, 4096)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Path: path})
	if err == nil {
		err = s.IntegrityCheck(t.Context())
		defer s.Close()
	}
	if _, ok := errors.AsType[*backend.BadFile](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestMigrationNumberIsTheFilesVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	fill(t, path)
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	latest, err := latestMigration(migrations)
	if err != nil {
		t.Fatal(err)
	}
	version, err := headerVersion(path)
	if err != nil {
		t.Fatal(err)
	}
	if version != latest || latest == 0 {
		t.Errorf("the newest migration is %d, the file says %d", latest, version)
	}
}
