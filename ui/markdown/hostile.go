package markdown

import "bytes"

// Nobody nests like this, and the parser needs quadratic time for it: what stands in deeper quotes and lists than these
// is taken out of them. It is far above MaxDepth, so that nothing that people write is touched.
const mostNested = 200

// shallow takes the marks of quotes and lists beyond mostNested out of the beginnings of lines. source is changed.
func shallow(source []byte) []byte {
	if !mayBeDeep(source) {
		return source
	}
	out := source[:0]
	for len(source) > 0 {
		end := bytes.IndexByte(source, '\n') + 1
		if end == 0 {
			end = len(source)
		}
		from, to := excess(source[:end])
		out = append(append(out, source[:from]...), source[to:end]...)
		source = source[end:]
	}
	return out
}

// mayBeDeep says whether some line is long enough to nest too deep.
func mayBeDeep(source []byte) bool {
	if len(source) <= mostNested {
		return false
	}
	for len(source) > mostNested {
		end := bytes.IndexByte(source, '\n')
		if end < 0 {
			end = len(source)
		}
		if end > mostNested && (source[0] == '>' || source[0] == ' ' || isItem(source[:min(end, 12)])) {
			return true
		}
		source = source[min(end+1, len(source)):]
	}
	return false
}

// excess is the stretch of a line that holds the marks beyond mostNested.
func excess(line []byte) (from, to int) {
	marks, at := 0, 0
	for marks < mostNested {
		n := mark(line[at:])
		if n == 0 {
			return 0, 0
		}
		at += n
		marks++
	}
	from = at
	for to = at; ; {
		n := mark(line[to:])
		if n == 0 {
			return from, to
		}
		to += n
	}
}

// mark is the length of the mark of a quote or list that text begins with, with the spaces before it and one after it;
// 0 = it begins with none.
func mark(text []byte) int {
	n := 0
	for n < len(text) && n < 4 && text[n] == ' ' {
		n++
	}
	if n == len(text) || n == 4 {
		return 0
	}
	if text[n] == '>' {
		if n++; n < len(text) && text[n] == ' ' {
			n++
		}
		return n
	}
	rest := text[n:min(n+12, len(text))]
	if !isItem(rest) {
		return 0
	}
	space := bytes.IndexAny(rest, " \t")
	if space < 0 {
		return 0
	}
	return n + space + 1
}

// signsPerSegment is how many stars, underscores and tildes a segment of softSegment bytes may hold. Each can open or
// close emphasis and is tried against the others, so a text of little else is shown as it is written.
const signsPerSegment = 1500

// emphatic says whether emphasis is looked for in a segment.
func emphatic(source []byte) bool {
	signs := bytes.Count(source, []byte("*")) + bytes.Count(source, []byte("_")) + bytes.Count(source, []byte("~"))
	return signs <= signsPerSegment*max(len(source), softSegment)/softSegment
}
