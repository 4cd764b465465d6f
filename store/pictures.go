package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"loam/backend"
)

const jobColumns = "id, state, settings, error, created_ms, updated_ms"

func scanJob(row oneRow) (backend.Job, error) {
	var j backend.Job
	err := row.Scan(&j.ID, &j.State, &j.Settings, &j.Error, msColumn{&j.Created}, msColumn{&j.Updated})
	return j, err
}

func jobIn(ctx context.Context, tx *sql.Tx, id int64) (backend.Job, error) {
	return scanJob(tx.QueryRowContext(ctx, "SELECT "+jobColumns+" FROM jobs WHERE id = ?", id))
}

// AddJob stores a job and returns it with its ID. An empty State means waiting; Settings must be JSON.
func (s *Store) AddJob(ctx context.Context, j backend.Job) (backend.Job, error) {
	err := s.write(ctx, "add job", func(tx *sql.Tx) error {
		if j.State == "" {
			j.State = backend.JobWaiting
		}
		settings, err := jsonText(j.Settings)
		if err != nil {
			return err
		}
		created := s.orNow(j.Created)
		var id int64
		err = tx.QueryRowContext(ctx, `INSERT INTO jobs (state, error, created_ms, updated_ms, settings)
			VALUES (?, ?, ?, ?, ?) RETURNING id`, string(j.State), clean(j.Error), created, created, settings).Scan(&id)
		if err != nil {
			return err
		}
		j, err = jobIn(ctx, tx, id)
		return err
	})
	return j, err
}

// StartJob makes a job run, in the hands of owner. A job that is running already is backend.ErrBusy.
func (s *Store) StartJob(ctx context.Context, id int64, owner backend.Owner) (j backend.Job, err error) {
	err = s.write(ctx, "start job", func(tx *sql.Tx) error {
		if j, err = jobIn(ctx, tx, id); err != nil {
			return err
		}
		if j.State == backend.JobRunning {
			return backend.ErrBusy
		}
		ownerID, err := s.ownerID(ctx, tx, owner)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE jobs SET state = 'running', owner_id = ?, error = '', updated_ms = ? WHERE id = ?",
			ownerID, s.nowMillis(), id)
		if err != nil {
			return err
		}
		j, err = jobIn(ctx, tx, id)
		return err
	})
	return j, err
}

// UpdateJob stores the state, settings and error of a job. Only StartJob makes a job run; a running one that is updated
// as running keeps its owner.
func (s *Store) UpdateJob(ctx context.Context, j backend.Job) error {
	return s.write(ctx, "update job", func(tx *sql.Tx) error {
		settings, err := jsonText(j.Settings)
		if err != nil {
			return err
		}
		before, err := jobIn(ctx, tx, j.ID)
		if err != nil {
			return err
		}
		if j.State == backend.JobRunning && before.State != backend.JobRunning {
			return errors.New("a running job needs an owner")
		}
		return mustTouch(tx.ExecContext(ctx, `UPDATE jobs SET state = ?1, error = ?2, settings = ?3, updated_ms = ?4,
			owner_id = CASE ?1 WHEN 'running' THEN owner_id END WHERE id = ?5`,
			string(j.State), clean(j.Error), settings, s.nowMillis(), j.ID))
	})
}

// Job returns one job.
func (s *Store) Job(ctx context.Context, id int64) (j backend.Job, err error) {
	err = s.read(ctx, "read job", func(tx *sql.Tx) error {
		j, err = jobIn(ctx, tx, id)
		return err
	})
	return j, err
}

// Jobs lists the jobs in the given states (none given: all), the oldest first.
func (s *Store) Jobs(ctx context.Context, states ...backend.JobState) (list []backend.Job, err error) {
	query, args := "SELECT "+jobColumns+" FROM jobs", []any{}
	if len(states) > 0 {
		query += " WHERE state IN (?" + strings.Repeat(", ?", len(states)-1) + ")"
		for _, state := range states {
			args = append(args, string(state))
		}
	}
	err = s.read(ctx, "list jobs", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query+" ORDER BY id", args...)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanJob)
		return err
	})
	return list, err
}

// MarkJobsInterrupted marks the running jobs whose owner is dead and returns them.
func (s *Store) MarkJobsInterrupted(ctx context.Context, alive func(backend.Owner) bool) (list []backend.Job, err error) {
	dead, err := s.deadOwners(ctx, alive)
	if err != nil || len(dead) == 0 {
		return nil, err
	}
	err = s.write(ctx, "mark interrupted jobs", func(tx *sql.Tx) error {
		list = nil
		for _, owner := range dead {
			rows, err := tx.QueryContext(ctx, `UPDATE jobs SET state = 'interrupted', owner_id = NULL, updated_ms = ?
				WHERE owner_id = ? RETURNING `+jobColumns, s.nowMillis(), owner)
			if err != nil {
				return err
			}
			marked, err := collect(rows, scanJob)
			if err != nil {
				return err
			}
			list = append(list, marked...)
		}
		return nil
	})
	return list, err
}

const pictureColumns = `id, coalesce(job_id, 0), coalesce(message_id, 0), coalesce(made_from, 0), sha256, width, height, seed,
  prompt, settings, created_ms, deleted_ms`

func pictureFields(p *backend.Picture) []any {
	return []any{
		&p.ID, &p.JobID, &p.MessageID, &p.MadeFrom, &p.SHA256, &p.Width, &p.Height,
		seedColumn{&p.Seed},
		&p.Prompt, &p.Settings,
		msColumn{&p.Created},
		msColumn{&p.Deleted},
	}
}

func scanPicture(row oneRow) (backend.Picture, error) {
	var p backend.Picture
	err := row.Scan(pictureFields(&p)...)
	return p, err
}

// seedColumn reads the bits of an unsigned number.
type seedColumn struct{ to *uint64 }

// Scan implements sql.Scanner.
func (c seedColumn) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a seed is stored as %T", v)
	}
	*c.to = uint64(n)
	return nil
}

// AddPicture records a picture whose file is in place and returns it with its ID.
func (s *Store) AddPicture(ctx context.Context, p backend.Picture) (backend.Picture, error) {
	err := s.write(ctx, "add picture", func(tx *sql.Tx) (err error) {
		p, err = s.insertPicture(ctx, tx, p)
		return err
	})
	return p, err
}

func (s *Store) insertPicture(ctx context.Context, tx *sql.Tx, p backend.Picture) (backend.Picture, error) {
	settings, err := jsonText(p.Settings)
	if err != nil {
		return p, err
	}
	var id int64
	err = tx.QueryRowContext(ctx, `INSERT INTO pictures
		(job_id, message_id, made_from, sha256, width, height, seed, created_ms, prompt, settings)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, reference(p.JobID), reference(p.MessageID),
		reference(p.MadeFrom), p.SHA256, p.Width, p.Height, int64(p.Seed), s.orNow(p.Created), clean(p.Prompt), settings).Scan(&id)
	if err != nil {
		return p, err
	}
	return scanPicture(tx.QueryRowContext(ctx, "SELECT "+pictureColumns+" FROM pictures WHERE id = ?", id))
}

// Picture returns one picture.
func (s *Store) Picture(ctx context.Context, id int64) (p backend.Picture, err error) {
	err = s.read(ctx, "read picture", func(tx *sql.Tx) error {
		p, err = scanPicture(tx.QueryRowContext(ctx, "SELECT "+pictureColumns+" FROM pictures WHERE id = ?", id))
		return err
	})
	return p, err
}

// PictureOf returns the newest picture whose file has a SHA-256 and that is not deleted.
func (s *Store) PictureOf(ctx context.Context, sha256 string) (p backend.Picture, err error) {
	err = s.read(ctx, "read picture", func(tx *sql.Tx) error {
		p, err = scanPicture(tx.QueryRowContext(ctx, "SELECT "+pictureColumns+` FROM pictures
			WHERE sha256 = ? AND deleted_ms IS NULL ORDER BY id DESC LIMIT 1`, sha256))
		return err
	})
	return p, err
}

// Pictures lists pictures that are not deleted, the newest first. A limit of 0 means all.
func (s *Store) Pictures(ctx context.Context, limit, offset int) (list []backend.Picture, err error) {
	err = s.read(ctx, "list pictures", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+pictureColumns+` FROM pictures WHERE deleted_ms IS NULL
			ORDER BY id DESC LIMIT ? OFFSET ?`, limitOrAll(limit), offset)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanPicture)
		return err
	})
	return list, err
}
