package store

import (
	"context"

	"loam/backend"
)

// PictureHit is a picture whose prompt was found. Snippet is the part of it around the first match, on one line, and Marks
// are the byte ranges of the matches in it.
type PictureHit struct {
	Picture backend.Picture
	Snippet string
	Marks   [][2]int
}

var inPictures = ground{
	words: "search_picture_words", trigrams: "search_picture_trigrams", table: "pictures m",
	text: "substr(m.prompt, 1, 262144)", unspaced: "pictures_unspaced", live: "m.deleted_ms IS NULL", columns: pictureColumns,
}

// SearchPictures finds pictures that are not deleted by the words of their prompts, the newest first, as SearchMessages
// finds messages.
func (s *Store) SearchPictures(ctx context.Context, query string, limit int) ([]PictureHit, error) {
	found, err := searchIn(ctx, s, inPictures, query, limit, pictureFields)
	var hits []PictureHit
	for _, f := range found {
		hits = append(hits, PictureHit{Picture: f.of, Snippet: f.snippet, Marks: f.marks})
	}
	return hits, err
}
