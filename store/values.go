package store

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"loam/backend"
)

// clean makes text that every reader can show: invalid UTF-8 and NUL become U+FFFD, as in CommonMark.
func clean(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// millis is a time as it is stored; NULL for the zero time.
func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func fromMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// nowMillis is the current time with the resolution that is stored.
func (s *Store) nowMillis() sql.NullInt64 { return millis(s.now()) }

// orNow gives rows without a time the current one.
func (s *Store) orNow(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return s.nowMillis()
	}
	return millis(t)
}

// reference is an ID as it is stored; NULL for 0.
func reference(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }

// jsonText encodes v; a []byte is taken as JSON text already and must be valid.
func jsonText(v any) (string, error) {
	b, ok := v.([]byte)
	if !ok {
		var err error
		if b, err = json.Marshal(v); err != nil {
			return "", err
		}
	} else if !json.Valid(b) {
		return "", errors.New("not valid JSON")
	}
	return string(b), nil
}

// jsonColumn scans a JSON text into V. NULL leaves it as it is.
type jsonColumn struct{ V any }

// Scan implements sql.Scanner.
func (c jsonColumn) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), c.V)
	case []byte:
		return json.Unmarshal(v, c.V)
	}
	return fmt.Errorf("a JSON column holds a %T", src)
}

// msColumn scans integer milliseconds, or NULL, into a time.
type msColumn struct{ T *time.Time }

// Scan implements sql.Scanner.
func (c msColumn) Scan(src any) error {
	var ms sql.NullInt64
	if err := ms.Scan(src); err != nil {
		return err
	}
	*c.T = fromMillis(ms)
	return nil
}

// packInts encodes numbers as unsigned varints: token IDs and counts are never negative.
func packInts[T int | int32](numbers []T) ([]byte, error) {
	packed := make([]byte, 0, len(numbers)*2)
	for _, n := range numbers {
		if n < 0 {
			return nil, fmt.Errorf("a negative number (%d) in a list of tokens", n)
		}
		packed = binary.AppendUvarint(packed, uint64(n))
	}
	return packed, nil
}

// unpackInts is the inverse of packInts. It fails on anything packInts would not write.
func unpackInts[T int | int32](packed []byte) ([]T, error) {
	var numbers []T
	for len(packed) > 0 {
		n, size := binary.Uvarint(packed)
		if size <= 0 || n > 1<<31-1 {
			return nil, errors.New("a list of tokens is damaged")
		}
		numbers = append(numbers, T(n))
		packed = packed[size:]
	}
	return numbers, nil
}

// oneRow is met by *sql.Row and *sql.Rows.
type oneRow interface{ Scan(...any) error }

// collect scans all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(oneRow) (T, error)) ([]T, error) {
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// mustTouch turns "no row was changed" into backend.ErrNotFound.
func mustTouch(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return backend.ErrNotFound
	}
	return nil
}
