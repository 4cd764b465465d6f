-- +goose Up

PRAGMA user_version = 6;

-- Where a chat stands in the list: pinned, put away, in a folder, with tags. See backend.Shelf.
ALTER TABLE chats ADD COLUMN shelf TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(shelf));
