-- +goose Up

PRAGMA user_version = 11;

-- Search in what attached files say. A text that several messages have is kept and indexed once, in parts of a few
-- thousand characters that cross no page and no file of a folder. It goes with the last message that has it.
CREATE INDEX attachments_by_text ON attachments (text_sha256);
CREATE TABLE attached_texts (
  id     INTEGER PRIMARY KEY AUTOINCREMENT, -- who fills one that was removed meanwhile finds it gone
  sha256 TEXT    NOT NULL UNIQUE, -- attachments.text_sha256
  whole  INTEGER NOT NULL CHECK (whole IN (0, 1)) -- 0 = its parts are being written
) STRICT;
CREATE TABLE attached_parts (
  id      INTEGER PRIMARY KEY,
  text_id INTEGER NOT NULL REFERENCES attached_texts (id) ON DELETE CASCADE,
  place   TEXT    NOT NULL CHECK (json_valid(place)), -- backend.Passage
  text    TEXT    NOT NULL
) STRICT;
CREATE INDEX attached_parts_by_text ON attached_parts (text_id);
-- Parts in scripts without spaces are found by trigrams, too, or by what they contain: the others by words alone.
CREATE INDEX attached_unspaced ON attached_parts (id) WHERE text GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';

CREATE VIRTUAL TABLE search_attached_words USING fts5 (
  text, content = 'attached_parts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE VIRTUAL TABLE search_attached_trigrams USING fts5 (
  text, content = 'attached_parts', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);
INSERT INTO search_attached_words (search_attached_words, rank) VALUES ('secure-delete', 1);
INSERT INTO search_attached_trigrams (search_attached_trigrams, rank) VALUES ('secure-delete', 1);

-- +goose StatementBegin
CREATE TRIGGER search_attached_added AFTER INSERT ON attached_parts BEGIN
  INSERT INTO search_attached_words (rowid, text) VALUES (new.id, new.text);
  INSERT INTO search_attached_trigrams (rowid, text)
    SELECT new.id, new.text WHERE new.text GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_attached_removed AFTER DELETE ON attached_parts BEGIN
  INSERT INTO search_attached_words (search_attached_words, rowid, text) VALUES ('delete', old.id, old.text);
  INSERT INTO search_attached_trigrams (search_attached_trigrams, rowid, text)
    SELECT 'delete', old.id, old.text WHERE old.text GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER attached_text_unused AFTER DELETE ON attachments BEGIN
  DELETE FROM attached_texts WHERE sha256 = old.text_sha256
    AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.text_sha256 = old.text_sha256);
END;
-- +goose StatementEnd

-- Imports of many chats: the search indexes gather more before they write, and what has nothing but ASCII is not looked
-- through for scripts without spaces letter by letter.
INSERT INTO search_words (search_words, rank) VALUES ('hashsize', 8388608);
INSERT INTO search_trigrams (search_trigrams, rank) VALUES ('hashsize', 8388608);
DROP INDEX messages_unspaced;
CREATE INDEX messages_unspaced ON messages (id)
  WHERE state <> 1 AND octet_length(text) > length(text) AND substr(text, 1, 262144) GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';
