-- +goose Up

PRAGMA user_version = 4;

-- What a person thinks of replies: thumbs, and which of two replies to the same message was chosen. A comparison outlives
-- its chat, because it counts for the models.
CREATE TABLE ratings (
  message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
  rating     INTEGER NOT NULL CHECK (rating IN (-1, 1)), -- backend.Rating
  rated_ms   INTEGER NOT NULL
) STRICT;
CREATE TABLE comparisons (
  id           INTEGER PRIMARY KEY,
  chosen_model INTEGER REFERENCES models (id) ON DELETE SET NULL,
  other_model  INTEGER REFERENCES models (id) ON DELETE SET NULL,
  created_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX comparisons_by_chosen ON comparisons (chosen_model);
CREATE INDEX comparisons_by_other ON comparisons (other_model);
