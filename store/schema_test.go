package store

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// Files in the field have exactly this schema. A change of it needs a new migration; then -update.
func TestSchemaIsFrozen(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.reader.QueryContext(t.Context(), `SELECT type || ' ' || name || coalesce(char(10) || sql || ';', '') FROM sqlite_schema
		WHERE name NOT LIKE 'search\_%\_%' ESCAPE '\' OR type = 'trigger' ORDER BY type, name`)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := collect(rows, func(r oneRow) (object string, err error) { return object, r.Scan(&object) })
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(objects, "\n\n") + "\n"
	golden := filepath.Join("testdata", "schema.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestOpenKeepsThePromisedPragmas(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "20000", "synchronous": "2", "secure_delete": "1",
	} {
		var got string
		if err := s.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s instead of %s, %v", pragma, got, want, err)
		}
	}
	if _, err := s.reader.ExecContext(t.Context(), "DELETE FROM settings"); err == nil {
		t.Error("a reading connection wrote")
	}
}
