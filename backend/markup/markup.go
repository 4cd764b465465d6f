// Package markup is the Markdown that Loam reads: CommonMark without HTML and reference definitions, because a model's tags
// are words and not layout, with GitHub's tables, task lists and strikethrough, and with formulas in TeX. The transcript of
// the window and the export of chats read with it, so that a page shows what the window shows.
//
// Everything here is pure; parsers may be used from several goroutines.
package markup

import (
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/util"
)

// Options leave out what costs more than linear time in a text that is made for it.
type Options struct {
	NoLinks    bool // links and pictures stay as they are written
	NoEmphasis bool // and so do stars, underscores and tildes
}

// NewParser returns a parser of the grammar.
func NewParser(o Options) parser.Parser {
	inline := []util.PrioritizedValue{
		util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
		util.Prioritized(formulaParser{}, 50),
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
	}
	if !o.NoLinks {
		inline = append(inline, util.Prioritized(parser.NewLinkParser(), 200))
	}
	if !o.NoEmphasis {
		inline = append(inline, util.Prioritized(parser.NewEmphasisParser(), 500), util.Prioritized(extension.NewStrikethroughParser(), 500))
	}
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(inline...),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
}
