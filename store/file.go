package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"loam/backend"
)

// applicationID marks a SQLite file as ours ("Loam"); the first migration writes it.
const applicationID = 0x4C6F616D

// busy is how long one process waits for another's write, in milliseconds. SQLite asks again and again without a queue, so on
// a machine that has no time for it another process that writes without a pause can be ahead many times.
const busy = "busy_timeout(20000)"

// writerDSN opens the file for the one writing connection. synchronous(FULL): a commit is on the disk when it returns;
// four commits a second afford it. secure_delete: what is purged is overwritten, also on pages that become free.
func writerDSN(path string) string {
	pragmas := []string{
		busy, "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)", "secure_delete(1)",
		"journal_size_limit(67108864)",
	}
	if runtime.GOOS == "darwin" {
		// There an fsync alone leaves the data in the disk's own cache.
		pragmas = append(pragmas, "fullfsync(1)", "checkpoint_fullfsync(1)")
	}
	return dsn(path, "rwc", "immediate", pragmas)
}

func readerDSN(path string) string {
	return dsn(path, "ro", "deferred", []string{busy, "query_only(1)"})
}

func dsn(path, mode, txlock string, pragmas []string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	q := url.Values{"mode": {mode}, "_txlock": {txlock}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// checkWritable makes the database file where there is none (readable by its owner alone: SQLite gives its other files
// the same rights) and finds out before SQLite does whether the folder can be written: SQLite would open a file in a
// read-only folder and fail at the first write.
func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// fileVersion reads the number of the newest migration that ran on the file, 0 where there is none. It refuses files that
// are newer than latest or are not ours, and leaves no trace in either case.
func fileVersion(ctx context.Context, path string, latest int) (int, error) {
	version, err := headerVersion(path)
	if err != nil {
		return 0, err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 && version <= latest {
		// The program that wrote last did not end well, or is running: the newest state is in its log.
		if version, err = logVersion(ctx, path); err != nil {
			return 0, err
		}
	}
	if version > latest {
		return 0, fmt.Errorf("%w (version %d, this program knows %d)", backend.ErrNewerStore, version, latest)
	}
	return version, nil
}

// headerVersion reads the version from the first bytes of the file: user_version is the big-endian number at 60,
// application_id at 68 (https://www.sqlite.org/fileformat2.html#the_database_header).
func headerVersion(path string) (int, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, &backend.BadFile{Path: path, Reason: "it is not a file"}
	}
	if info.Size() == 0 {
		return 0, nil // made by an Open that was cut off, or its first transaction is still in the log
	}
	var header [100]byte
	const smallestPage = 512
	if _, err := io.ReadFull(f, header[:]); err != nil || info.Size() < smallestPage || string(header[:16]) != "SQLite format 3\x00" {
		return 0, &backend.BadFile{Path: path, Reason: "it is not a Loam database"}
	}
	version := binary.BigEndian.Uint32(header[60:])
	id := binary.BigEndian.Uint32(header[68:])
	tables := binary.BigEndian.Uint32(header[40:]) // the schema cookie: 0 while nothing was ever created
	if id != applicationID && (id != 0 || version != 0 || tables != 0) && !startsInLog(path) {
		return 0, &backend.BadFile{Path: path, Reason: "it is a database of another program"}
	}
	return int(version), nil
}

// startsInLog says whether a log lies beside the file, so that its header may be behind.
func startsInLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// logVersion asks SQLite for the version, by a connection that cannot write to the database, and removes the index file
// that this may leave behind.
func logVersion(ctx context.Context, path string) (_ int, err error) {
	_, statErr := os.Stat(path + "-shm")
	indexIsNew := errors.Is(statErr, fs.ErrNotExist)
	db, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, db.Close())
		if indexIsNew && err == nil {
			if e := os.Remove(path + "-shm"); !errors.Is(e, fs.ErrNotExist) {
				err = e
			}
		}
	}()
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	return version, nil
}
