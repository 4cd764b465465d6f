package store

import (
	"context"
	"database/sql"
	"slices"

	"loam/backend"
)

const downloadColumns = "id, state, rank, done_bytes, error, coalesce(model_id, 0), want, created_ms, updated_ms"

func scanDownload(row oneRow) (backend.Download, error) {
	var d backend.Download
	err := row.Scan(&d.ID, &d.State, &d.Rank, &d.DoneBytes, &d.Error, &d.ModelID, jsonColumn{&d.Want}, msColumn{&d.Created}, msColumn{&d.Updated})
	return d, err
}

func downloadIn(ctx context.Context, tx *sql.Tx, id int64) (backend.Download, error) {
	return scanDownload(tx.QueryRowContext(ctx, "SELECT "+downloadColumns+" FROM downloads WHERE id = ?", id))
}

// AddDownload stores a download behind all others and returns it with its ID. An empty State means waiting.
func (s *Store) AddDownload(ctx context.Context, d backend.Download) (backend.Download, error) {
	err := s.write(ctx, "add download", func(tx *sql.Tx) error {
		if d.State == "" {
			d.State = backend.DownloadWaiting
		}
		want, err := jsonText(d.Want)
		if err != nil {
			return err
		}
		created := s.orNow(d.Created)
		var id int64
		err = tx.QueryRowContext(ctx, `INSERT INTO downloads (state, rank, done_bytes, error, model_id, created_ms, updated_ms, want)
			VALUES (?, (SELECT coalesce(max(rank), 0) + 1 FROM downloads), ?, ?, ?, ?, ?, ?) RETURNING id`,
			string(d.State), d.DoneBytes, clean(d.Error), reference(d.ModelID), created, created, want).Scan(&id)
		if err != nil {
			return err
		}
		d, err = downloadIn(ctx, tx, id)
		return err
	})
	return d, err
}

// Download returns one download; backend.ErrNotFound when there is none.
func (s *Store) Download(ctx context.Context, id int64) (d backend.Download, err error) {
	err = s.read(ctx, "read download", func(tx *sql.Tx) error {
		d, err = downloadIn(ctx, tx, id)
		return err
	})
	return d, err
}

// Downloads lists all downloads in their order, removed ones too.
func (s *Store) Downloads(ctx context.Context) (list []backend.Download, err error) {
	err = s.read(ctx, "list downloads", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+downloadColumns+" FROM downloads ORDER BY rank, id")
		if err != nil {
			return err
		}
		list, err = collect(rows, scanDownload)
		return err
	})
	return list, err
}

// UpdateDownload stores everything about a download but its rank and Created.
func (s *Store) UpdateDownload(ctx context.Context, d backend.Download) error {
	return s.write(ctx, "update download", func(tx *sql.Tx) error {
		want, err := jsonText(d.Want)
		if err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, `UPDATE downloads SET (state, done_bytes, error, model_id, updated_ms, want) = (?, ?, ?, ?, ?, ?)
			WHERE id = ?`, string(d.State), d.DoneBytes, clean(d.Error), reference(d.ModelID), s.nowMillis(), want, d.ID))
	})
}

// OrderDownloads gives downloads the order of ids; the others follow in theirs.
func (s *Store) OrderDownloads(ctx context.Context, ids ...int64) error {
	return s.write(ctx, "order downloads", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT id FROM downloads ORDER BY rank, id")
		if err != nil {
			return err
		}
		all, err := collect(rows, func(r oneRow) (id int64, err error) { return id, r.Scan(&id) })
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(id int64) bool { return slices.Contains(ids, id) })
		for i, id := range slices.Concat(ids, all) {
			if err := mustTouch(tx.ExecContext(ctx, "UPDATE downloads SET rank = ? WHERE id = ?", i+1, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetDownload deletes the row of a download.
func (s *Store) ForgetDownload(ctx context.Context, id int64) error {
	return s.write(ctx, "forget download", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "DELETE FROM downloads WHERE id = ?", id))
	})
}
