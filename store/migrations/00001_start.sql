-- +goose Up

PRAGMA application_id = 0x4C6F616D; -- "Loam"
PRAGMA user_version = 1;            -- equals this file's number, so that a file's version can be read without opening it

CREATE TABLE settings (
  key        TEXT    NOT NULL PRIMARY KEY,
  value      TEXT    NOT NULL CHECK (json_valid(value)),
  updated_ms INTEGER NOT NULL
) STRICT;

-- The processes that work on running rows. One heartbeat per process, however many rows it owns.
CREATE TABLE owners (
  id           INTEGER PRIMARY KEY,
  pid          INTEGER NOT NULL,
  started      INTEGER NOT NULL,
  boot         TEXT    NOT NULL,
  heartbeat_ms INTEGER NOT NULL,
  UNIQUE (pid, started, boot)
) STRICT;

CREATE TABLE models (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT    NOT NULL,
  kind            TEXT    NOT NULL,
  family          TEXT    NOT NULL,
  format          TEXT    NOT NULL,
  quant           TEXT    NOT NULL,
  size_bytes      INTEGER NOT NULL,
  sha256          TEXT    NOT NULL, -- '' while it is being computed
  license         TEXT    NOT NULL,
  path            TEXT    NOT NULL UNIQUE,
  state           TEXT    NOT NULL,
  reason          TEXT    NOT NULL,
  parameters      INTEGER NOT NULL,
  context_length  INTEGER NOT NULL,
  template_sha256 TEXT    NOT NULL,
  source          TEXT    NOT NULL,
  starter         INTEGER NOT NULL CHECK (starter IN (0, 1)),
  owned           INTEGER NOT NULL CHECK (owned IN (0, 1)),
  shape           TEXT    NOT NULL CHECK (json_valid(shape)),
  modified_ms     INTEGER NOT NULL,
  added_ms        INTEGER NOT NULL,
  deleted_ms      INTEGER,
  template        TEXT    NOT NULL
) STRICT;
CREATE INDEX models_sha256 ON models (sha256) WHERE sha256 <> '';

CREATE TABLE chats (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  title      TEXT    NOT NULL,
  model_id   INTEGER REFERENCES models (id) ON DELETE SET NULL,
  leaf       INTEGER,
  sampling   TEXT    CHECK (sampling IS NULL OR json_valid(sampling)),
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  deleted_ms INTEGER,
  system     TEXT    NOT NULL,
  FOREIGN KEY (id, leaf) REFERENCES messages (chat_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX chats_by_update ON chats (updated_ms DESC, id DESC) WHERE deleted_ms IS NULL;
CREATE INDEX chats_in_trash ON chats (deleted_ms DESC) WHERE deleted_ms IS NOT NULL;

-- A chat's tree. A parent is older than its children and lies in the same chat, so there is no way to make a cycle.
-- The text stands last: the columns before it are read without touching the pages of a long text.
CREATE TABLE messages (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_id    INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
  parent     INTEGER CHECK (parent IS NULL OR parent < id),
  role       TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
  state      INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), -- backend.MessageState
  owner_id   INTEGER REFERENCES owners (id),
  model_id   INTEGER REFERENCES models (id) ON DELETE SET NULL,
  model_name TEXT    NOT NULL,
  stop       TEXT    NOT NULL,
  revision   INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  usage      TEXT    NOT NULL CHECK (json_valid(usage)),
  error      TEXT    NOT NULL,
  text       TEXT    NOT NULL,
  UNIQUE (chat_id, id),
  FOREIGN KEY (chat_id, parent) REFERENCES messages (chat_id, id) ON DELETE CASCADE,
  CHECK ((state = 1) = (owner_id IS NOT NULL))
) STRICT;
CREATE INDEX messages_by_parent ON messages (chat_id, parent);
CREATE INDEX messages_by_owner ON messages (owner_id) WHERE owner_id IS NOT NULL;

-- What a running reply has grown by, one row per write. When the reply ends they are folded into one row that keeps the
-- tokens, and the text moves to the message.
CREATE TABLE reply_appends (
  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  revision   INTEGER NOT NULL, -- of the message after this write
  tokens     BLOB    NOT NULL, -- unsigned varints
  text       TEXT    NOT NULL,
  PRIMARY KEY (message_id, revision)
) STRICT, WITHOUT ROWID;

-- The evaluation log of a reply.
CREATE TABLE generations (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  context    INTEGER NOT NULL,
  batch      INTEGER NOT NULL,
  stops      TEXT    NOT NULL CHECK (json_valid(stops)),
  sampling   TEXT    NOT NULL CHECK (json_valid(sampling)),
  engine     TEXT    NOT NULL CHECK (json_valid(engine)),
  model      TEXT    NOT NULL CHECK (json_valid(model)),
  cuts       BLOB    NOT NULL, -- unsigned varints
  prompt     BLOB    NOT NULL  -- unsigned varints
) STRICT;

CREATE TABLE drafts (
  chat_id        INTEGER PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE,
  scroll_message INTEGER NOT NULL,
  scroll_offset  REAL    NOT NULL,
  text           TEXT    NOT NULL
) STRICT;

CREATE TABLE jobs (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'stopped', 'failed', 'interrupted')),
  owner_id   INTEGER REFERENCES owners (id),
  error      TEXT    NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  settings   TEXT    NOT NULL CHECK (json_valid(settings)),
  CHECK ((state = 'running') = (owner_id IS NOT NULL))
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_owner ON jobs (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE pictures (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id     INTEGER REFERENCES jobs (id) ON DELETE SET NULL,
  message_id INTEGER REFERENCES messages (id) ON DELETE SET NULL,
  made_from  INTEGER REFERENCES pictures (id) ON DELETE SET NULL,
  sha256     TEXT    NOT NULL,
  width      INTEGER NOT NULL,
  height     INTEGER NOT NULL,
  seed       INTEGER NOT NULL, -- the bits of an unsigned number
  created_ms INTEGER NOT NULL,
  deleted_ms INTEGER,
  prompt     TEXT    NOT NULL,
  settings   TEXT    NOT NULL CHECK (json_valid(settings))
) STRICT;
CREATE INDEX pictures_by_message ON pictures (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX pictures_by_sha256 ON pictures (sha256);

-- Search. Both indexes read their text from this view, which bounds what one enormous message costs, and follow the
-- messages by triggers. A running reply (state 1) is not indexed; it is when it ends.
CREATE VIEW searchable AS SELECT id, substr(text, 1, 262144) AS text FROM messages;

CREATE VIRTUAL TABLE search_words USING fts5 (
  text, content = 'searchable', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE VIRTUAL TABLE search_trigrams USING fts5 (
  text, content = 'searchable', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);
INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1);
INSERT INTO search_trigrams (search_trigrams, rank) VALUES ('secure-delete', 1);

-- +goose StatementBegin
CREATE TRIGGER search_added AFTER INSERT ON messages WHEN new.state <> 1 BEGIN
  INSERT INTO search_words (rowid, text) VALUES (new.id, substr(new.text, 1, 262144));
  INSERT INTO search_trigrams (rowid, text) VALUES (new.id, substr(new.text, 1, 262144));
END;
-- +goose StatementEnd
-- The messages in scripts without spaces (Thai to Myanmar, Hangul Jamo, Khmer, kana, Han, Hangul): what is asked for one or
-- two of their characters is looked for in these only.
CREATE INDEX messages_unspaced ON messages (id)
  WHERE state <> 1 AND substr(text, 1, 262144) GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';

-- One trigger for both halves: the order of two triggers on the same event is not defined.
-- +goose StatementBegin
CREATE TRIGGER search_changed AFTER UPDATE OF state, text ON messages BEGIN
  INSERT INTO search_words (search_words, rowid, text)
    SELECT 'delete', old.id, substr(old.text, 1, 262144) WHERE old.state <> 1;
  INSERT INTO search_trigrams (search_trigrams, rowid, text)
    SELECT 'delete', old.id, substr(old.text, 1, 262144) WHERE old.state <> 1;
  INSERT INTO search_words (rowid, text)
    SELECT new.id, substr(new.text, 1, 262144) WHERE new.state <> 1;
  INSERT INTO search_trigrams (rowid, text)
    SELECT new.id, substr(new.text, 1, 262144) WHERE new.state <> 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_removed AFTER DELETE ON messages WHEN old.state <> 1 BEGIN
  INSERT INTO search_words (search_words, rowid, text) VALUES ('delete', old.id, substr(old.text, 1, 262144));
  INSERT INTO search_trigrams (search_trigrams, rowid, text) VALUES ('delete', old.id, substr(old.text, 1, 262144));
END;
-- +goose StatementEnd
