-- +goose Up

PRAGMA user_version = 3;

-- What else could have stood in a reply, per token, where a chat asks for it. One row per write.
ALTER TABLE chats ADD COLUMN alternatives INTEGER NOT NULL DEFAULT 0;
CREATE TABLE reply_alternatives (
  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  first      INTEGER NOT NULL, -- the place in the reply of this row's first token
  choices    BLOB    NOT NULL, -- see alternatives.go
  PRIMARY KEY (message_id, first)
) STRICT, WITHOUT ROWID;
