package attach

import "loam/backend"

// MaxSearched is how many bytes of a text a search looks at: a book of some 700 pages.
const MaxSearched = 2 << 20

// partMost is how long a part of Parts is at most: a page of print.
const partMost = 4000

// Parts cuts a text into what a search finds: passages that follow each other on a page or in a file are one part, as long as
// that is no longer than a page of print. What lies beyond MaxSearched is left out.
func Parts(kind backend.AttachmentKind, text string) []backend.Passage {
	var out []backend.Passage
	for _, p := range Split(kind, text[:CutNear(text, MaxSearched)]) {
		if n := len(out) - 1; n >= 0 && out[n].Page == p.Page && out[n].File == p.File && p.End-out[n].Start <= partMost {
			out[n].End, out[n].To = p.End, p.To
			continue
		}
		out = append(out, p)
	}
	return out
}
