-- +goose Up

PRAGMA user_version = 9;

-- The files that stand beside messages and drafts. Their bytes lie in files that are named by their hashes. "facts" is
-- backend.Attachment; what stands beside it is what is looked for.
ALTER TABLE drafts ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(attachments));
CREATE TABLE attachments (
  id          INTEGER PRIMARY KEY,
  message_id  INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  place       INTEGER NOT NULL, -- among those of the message
  sha256      TEXT    NOT NULL,
  text_sha256 TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  facts       TEXT    NOT NULL CHECK (json_valid(facts)),
  UNIQUE (message_id, place)
) STRICT;

CREATE VIRTUAL TABLE search_names USING fts5 (
  name, content = 'attachments', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO search_names (search_names, rank) VALUES ('secure-delete', 1);
-- +goose StatementBegin
CREATE TRIGGER search_name_added AFTER INSERT ON attachments BEGIN
  INSERT INTO search_names (rowid, name) VALUES (new.id, new.name);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_name_removed AFTER DELETE ON attachments BEGIN
  INSERT INTO search_names (search_names, rowid, name) VALUES ('delete', old.id, old.name);
END;
-- +goose StatementEnd
