-- +goose Up

PRAGMA user_version = 10;

-- A message whose words are being changed, and the words: they are a draft too.
ALTER TABLE drafts ADD COLUMN editing INTEGER NOT NULL DEFAULT 0; -- a message of the chat; 0 = none
ALTER TABLE drafts ADD COLUMN edited TEXT NOT NULL DEFAULT '';
