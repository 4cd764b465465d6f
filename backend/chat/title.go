package chat

import (
	"strings"

	"github.com/rivo/uniseg"
)

// titleWidth is the longest title that is made of a message, in monospace cells (a CJK character takes two).
const titleWidth = 48

// Title makes a chat's title of its first message: the first line that says something, without Markdown marks, cut
// between words where it is too long.
func Title(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimSpace(line), "#>*-+`~| \t")
		line = strings.Join(strings.Fields(strings.NewReplacer("**", "", "`", "").Replace(line)), " ")
		if line != "" {
			return shorten(line, titleWidth)
		}
	}
	return ""
}

// shorten cuts a line to at most width cells, after a whole word where one ends in the second half of what fits, else
// after a whole character as a person sees it.
func shorten(line string, width int) string {
	if uniseg.StringWidth(line) <= width {
		return line
	}
	fits, used, word := 0, 0, 0
	state := -1
	for rest := line; rest != ""; {
		var cluster string
		var cells int
		cluster, rest, cells, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+cells > width-1 {
			break
		}
		if cluster == " " {
			word = fits
		}
		used += cells
		fits += len(cluster)
		if strings.HasPrefix(rest, " ") {
			word = fits
		}
	}
	if word > fits/2 {
		fits = word
	}
	return strings.TrimRight(line[:fits], " .,;:!?") + "…"
}
