-- +goose Up

PRAGMA user_version = 8;

-- Search of pictures by their prompts, as that of messages: words, trigrams, and an index of those in scripts without spaces.
CREATE VIEW searchable_pictures AS SELECT id, substr(prompt, 1, 262144) AS text FROM pictures;

CREATE VIRTUAL TABLE search_picture_words USING fts5 (
  text, content = 'searchable_pictures', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE VIRTUAL TABLE search_picture_trigrams USING fts5 (
  text, content = 'searchable_pictures', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);
INSERT INTO search_picture_words (search_picture_words, rank) VALUES ('secure-delete', 1);
INSERT INTO search_picture_trigrams (search_picture_trigrams, rank) VALUES ('secure-delete', 1);
CREATE INDEX pictures_unspaced ON pictures (id)
  WHERE substr(prompt, 1, 262144) GLOB '*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*';

-- +goose StatementBegin
CREATE TRIGGER search_picture_added AFTER INSERT ON pictures BEGIN
  INSERT INTO search_picture_words (rowid, text) VALUES (new.id, substr(new.prompt, 1, 262144));
  INSERT INTO search_picture_trigrams (rowid, text) VALUES (new.id, substr(new.prompt, 1, 262144));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_picture_changed AFTER UPDATE OF prompt ON pictures BEGIN
  INSERT INTO search_picture_words (search_picture_words, rowid, text) VALUES ('delete', old.id, substr(old.prompt, 1, 262144));
  INSERT INTO search_picture_trigrams (search_picture_trigrams, rowid, text) VALUES ('delete', old.id, substr(old.prompt, 1, 262144));
  INSERT INTO search_picture_words (rowid, text) VALUES (new.id, substr(new.prompt, 1, 262144));
  INSERT INTO search_picture_trigrams (rowid, text) VALUES (new.id, substr(new.prompt, 1, 262144));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_picture_removed AFTER DELETE ON pictures BEGIN
  INSERT INTO search_picture_words (search_picture_words, rowid, text) VALUES ('delete', old.id, substr(old.prompt, 1, 262144));
  INSERT INTO search_picture_trigrams (search_picture_trigrams, rowid, text) VALUES ('delete', old.id, substr(old.prompt, 1, 262144));
END;
-- +goose StatementEnd

INSERT INTO search_picture_words (rowid, text) SELECT id, text FROM searchable_pictures;
INSERT INTO search_picture_trigrams (rowid, text) SELECT id, text FROM searchable_pictures;
