package chatview

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text without case and diacritics, as the search over all chats compares, and where its bytes come from. A nil
// at says that they stand where they stood.
type folded struct {
	text string
	at   []int32
	end  int // of the text that was folded
}

// fold folds a text. Only letters below U+2000 are taken apart: Latin, Greek and Cyrillic ones with their accents. A syllable
// of Hangul is no letter with marks.
func fold(text string) folded {
	if strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return folded{text: strings.ToLower(text), end: len(text)}
	}
	out := make([]byte, 0, len(text))
	at := make([]int32, 0, len(text))
	var parts [16]byte
	for i, r := range text {
		list := parts[:0]
		switch {
		case r == utf8.RuneError:
			list = append(list, text[i]) // a byte that is no text, or the sign for one: as it stands
		case r < utf8.RuneSelf || r >= 0x2000:
			list = utf8.AppendRune(list, unicode.ToLower(r))
		default:
			var one [utf8.UTFMax]byte
			n := utf8.EncodeRune(one[:], r)
			for _, d := range string(norm.NFD.Append(nil, one[:n]...)) {
				if d < 0x300 || d > 0x36f {
					list = utf8.AppendRune(list, unicode.ToLower(d))
				}
			}
		}
		out = append(out, list...)
		for range list {
			at = append(at, int32(i))
		}
	}
	return folded{text: string(out), at: at, end: len(text)}
}

// from is where a place in the folded text stands in the text.
func (f folded) from(place int) int {
	switch {
	case f.at == nil:
		return place
	case place >= len(f.at):
		return f.end
	}
	return int(f.at[place])
}

// all returns where folded words stand, in their order; none overlaps another.
func (f folded) all(words []string) [][2]int {
	var out [][2]int
	for at := 0; at < len(f.text); {
		start, size := -1, 0
		for _, w := range words {
			reach := f.text[at:]
			if start >= 0 {
				reach = f.text[at:min(len(f.text), at+start+len(w)-1)] // one that begins earlier
			}
			if i := strings.Index(reach, w); i >= 0 && w != "" {
				start, size = i, len(w)
			}
		}
		if start < 0 {
			break
		}
		out = append(out, [2]int{f.from(at + start), f.from(at + start + size)})
		at += start + size
	}
	return out
}

// asked are the words of a query for several: "in quotes" they stay together.
func asked(query string) []string {
	var out []string
	for i, part := range strings.Split(query, `"`) {
		if i%2 == 1 {
			out = append(out, strings.TrimSpace(part))
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return slices.DeleteFunc(out, func(w string) bool { return w == "" })
}
