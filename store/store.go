// Package store keeps chats, models, jobs, pictures and settings in one SQLite file. It is the only place with SQL.
//
// The services of the backend call it; the window and the command line may have the same file open at the same time.
// A Store has one writing connection and a small pool of reading ones; every method may be called from any goroutine and
// obeys its context. A write that returned without an error survives a kill of the process and a pulled plug.
//
// Errors of SQLite that a person can do something about are translated at this border to the sentinels of package
// backend (ErrReadOnly, ErrDiskFull, ErrNewerStore, ErrNotFound, *BadFile). Text is normalised on its way in: invalid
// UTF-8 and NUL become U+FFFD, so that no content can make a chat unreadable.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// readers is how many reading connections stand beside the writing one.
const readers = 4

// Options says which file to open. Path is required, unless Memory is set.
type Options struct {
	Path   string
	Memory bool             // no file: everything is gone with Close, and with the process
	Logger *slog.Logger     // nil = discard
	Now    func() time.Time // nil = time.Now
}

// Store is an open database.
type Store struct {
	path   string // with memory: a name among the databases of this process
	memory bool
	now    func() time.Time
	log    *slog.Logger
	writer *sql.DB
	reader *sql.DB
	grow   *sql.Stmt // the statement of AppendReply: four times a second for every running reply
}

// Open opens the database, creates it where there is none, and brings an older file up to date after writing a backup
// of it to the folder "backups" beside it. A file of a newer version is refused with backend.ErrNewerStore and left as it
// is, byte for byte.
func Open(ctx context.Context, o Options) (*Store, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return open(ctx, o, migrations)
}

func open(ctx context.Context, o Options, migrations fs.FS) (_ *Store, err error) {
	s := &Store{path: o.Path, memory: o.Memory, now: o.Now, log: o.Logger}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open store %s: %w", filepath.Base(o.Path), s.translate(err))
			err = errors.Join(err, s.Close())
		}
	}()
	latest, err := latestMigration(migrations)
	if err != nil {
		return nil, err
	}
	version := 0
	if o.Memory {
		s.path = memoryName()
	} else if version, err = s.prepareFile(ctx, latest); err != nil {
		return nil, err
	}
	if s.writer, err = sql.Open("sqlite", s.writerDSN()); err != nil {
		return nil, err
	}
	s.writer.SetMaxOpenConns(1)
	s.writer.SetConnMaxIdleTime(0)
	if version < latest {
		if err := s.migrate(ctx, migrations, latest); err != nil {
			return nil, err
		}
	}
	if s.memory {
		if err := s.startNumbers(ctx); err != nil {
			return nil, err
		}
	}
	if s.grow, err = s.writer.PrepareContext(ctx, appendSQL); err != nil {
		return nil, err
	}
	if s.reader, err = sql.Open("sqlite", s.readerDSN()); err != nil {
		return nil, err
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	if err := s.reader.PingContext(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// prepareFile makes the file where there is none, refuses one that cannot be used, and returns its version.
func (s *Store) prepareFile(ctx context.Context, latest int) (version int, err error) {
	if s.path, err = filepath.Abs(s.path); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return 0, err
	}
	if version, err = fileVersion(ctx, s.path, latest); err != nil {
		return 0, err
	}
	return version, checkWritable(s.path)
}

// Close ends all connections. The readers go first: the last connection to close folds the write-ahead log into the
// file, and a reading one cannot.
func (s *Store) Close() error {
	var errs []error
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.grow != nil {
		errs = append(errs, s.grow.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store: %w", s.translate(err))
	}
	return nil
}

// write runs f in a writing transaction and names the operation in its error.
func (s *Store) write(ctx context.Context, operation string, f func(*sql.Tx) error) error {
	err := inTx(ctx, s.writer, nil, f)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, s.translate(err))
	}
	return nil
}

// read runs f in a reading transaction, so that several queries see the same state.
func (s *Store) read(ctx context.Context, operation string, f func(*sql.Tx) error) error {
	err := inTx(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, f)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, s.translate(err))
	}
	return nil
}

func inTx(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
		return err
	}
	return tx.Commit()
}

// IntegrityCheck reads the whole file and reports the first damage it finds, in the database and in its references.
//
// It uses a connection of its own: one that has searched before keeps the outline of the search indexes in memory, and
// the check of FTS5 (unlike a search) does not notice that another connection has changed them since.
func (s *Store) IntegrityCheck(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("check integrity: %w", s.translate(err))
	}
	return nil
}

func (s *Store) check(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", s.readerDSN())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return s.damaged(verdict)
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var rowID sql.NullInt64
		var key int
		if err := rows.Scan(&table, &rowID, &parent, &key); err != nil {
			return err
		}
		return s.damaged(fmt.Sprintf("row %d of %s points at nothing in %s", rowID.Int64, table, parent))
	}
	return rows.Err()
}
