-- +goose Up

PRAGMA user_version = 5;

-- What the model is to see of a chat: messages that stay in its sight, what becomes of those that no longer fit, and what
-- stands for them. A summary tells of its message and all above it; the way up from a message is one.
ALTER TABLE chats ADD COLUMN overflow TEXT NOT NULL DEFAULT '' CHECK (overflow IN ('', 'ask', 'summarise')); -- backend.Overflow
CREATE TABLE pins (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  pinned_ms  INTEGER NOT NULL
) STRICT;
CREATE TABLE summaries (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL,
  text       TEXT    NOT NULL
) STRICT;
