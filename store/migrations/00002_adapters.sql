-- +goose Up

PRAGMA user_version = 2;

-- LoRAs for chat models: those that a chat answers with, and those that a reply was written with.
ALTER TABLE chats ADD COLUMN adapters TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(adapters));
ALTER TABLE generations ADD COLUMN adapters TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(adapters));
