package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// latestMigration is the number of the newest migration file ("00002_name.sql" is 2).
func latestMigration(migrations fs.FS) (int, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, err
	}
	latest := 0
	for _, name := range names {
		digits, _, _ := strings.Cut(name, "_")
		n, err := strconv.Atoi(digits)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		latest = max(latest, n)
	}
	return latest, nil
}

// migrate brings the file up to latest. Two processes may start on the same old file: a lock lets one do the work and the
// other find it done.
func (s *Store) migrate(ctx context.Context, migrations fs.FS, latest int) (err error) {
	log := s.log
	if s.memory {
		log = slog.New(slog.DiscardHandler) // it is new: nobody else has it, and it is no news
	} else {
		lock := flock.New(s.path + ".lock")
		if err := lock.Lock(); err != nil {
			return fmt.Errorf("lock for migration: %w", err)
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}

	var version int
	if err := s.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version >= latest {
		return nil
	}
	if version > 0 {
		if err := s.backup(ctx, version); err != nil {
			return fmt.Errorf("back up before the migration: %w", err)
		}
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer, migrations, goose.WithSlog(log))
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate from version %d: %w", version, err)
	}
	for _, r := range results {
		log.InfoContext(ctx, "Store migrated", "migration", r.Source.Path, "duration", r.Duration)
	}
	return nil
}

// backup writes a compact copy of the file to backups/NAME-vVERSION-TIME.db. It appears under that name only when it is
// complete.
func (s *Store) backup(ctx context.Context, version int) error {
	dir := filepath.Join(filepath.Dir(s.path), "backups")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	base := strings.TrimSuffix(filepath.Base(s.path), filepath.Ext(s.path))
	name := filepath.Join(dir, fmt.Sprintf("%s-v%d-%s.db", base, version, s.now().UTC().Format("20060102T150405.000")))
	part := name + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := s.writer.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return errors.Join(err, removeIfThere(part))
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	return os.Rename(part, name)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
