package markdown

// ParseUncut parses text in one piece, as goldmark alone would.
func ParseUncut(text string) []Block {
	return appendSegment(nil, segment{text: []byte(text)})
}
