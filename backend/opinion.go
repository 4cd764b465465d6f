package backend

// Rating is what a person thinks of a reply.
type Rating int8

// The ratings.
const (
	Unrated    Rating = 0
	ThumbsUp   Rating = 1
	ThumbsDown Rating = -1
)

// Tally is how a model did where a person compared its replies with those of other models.
type Tally struct {
	Chosen   int
	Compared int // Chosen included
}
