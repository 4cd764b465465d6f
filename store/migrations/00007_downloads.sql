-- +goose Up

PRAGMA user_version = 7;

-- Models that are being fetched. What of their files is on disk stands in a journal beside each. See backend.Download.
CREATE TABLE downloads (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'paused', 'failed', 'done', 'removed')),
  rank       INTEGER NOT NULL,
  done_bytes INTEGER NOT NULL,
  error      TEXT    NOT NULL,
  model_id   INTEGER REFERENCES models (id) ON DELETE SET NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  want       TEXT    NOT NULL CHECK (json_valid(want))
) STRICT;
CREATE INDEX downloads_by_model ON downloads (model_id) WHERE model_id IS NOT NULL;
