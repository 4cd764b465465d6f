// Package markdown turns Markdown into a flat list of blocks that a transcript can lay out one by one. It reads
// CommonMark with tables, task lists, strikethrough and bare links; HTML and reference definitions are shown as they are
// written, because a model's tags are words, not layout. The transcript is its caller; nothing here draws.
//
// A Doc is fed piece by piece while a reply streams: blocks that are complete never change again, only the last stretch
// of text is parsed anew. What comes out does not depend on how the text was cut into pieces (Parse feeds it in one).
// The text is first cut into short segments at places where Markdown itself allows it, and by force where a segment
// grows beyond some kilobytes, so that no input, however hostile, takes more than linear time.
// A Doc belongs to one goroutine; blocks are immutable and may be shared.
package markdown

// Kind says what a block is.
type Kind uint8

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Heading
	Code
	Table
	Rule
)

func (k Kind) String() string {
	switch k {
	case Paragraph:
		return "paragraph"
	case Heading:
		return "heading"
	case Code:
		return "code"
	case Table:
		return "table"
	case Rule:
		return "rule"
	}
	return "unknown"
}

// Container is what a block stands in.
type Container uint8

// The containers.
const (
	Quote Container = iota
	Bullets
	Numbers
)

// Task is the box of a task item.
type Task uint8

// The states of a task box.
const (
	NoTask Task = iota
	TaskOpen
	TaskDone
)

// Align is how a table's column is aligned.
type Align uint8

// The alignments.
const (
	AlignLeft Align = iota
	AlignCenter
	AlignRight
)

// MaxDepth is how many containers a block reports; deeper ones are flattened.
const MaxDepth = 8

// Block is one piece of a document.
type Block struct {
	Kind       Kind
	Containers []Container // from the outermost in, at most MaxDepth
	Marker     string      // first block of a list item: its bullet or number; empty otherwise
	Task       Task        // first block of a task item
	Tight      bool        // stands close to the block before, as items of a tight list do
	Level      int         // Heading: 1 to 6
	Inlines    []Inline    // Paragraph, Heading
	Lang       string      // Code: the language it names, lower case; empty = none
	Text       string      // Code: the code, with its line feeds, byte for byte; the last line feed is left off
	Continued  bool        // goes on from the block before, which was cut for its length: at a line end, except Verbatim paragraphs that are not Tight, which were cut inside a line
	Continues  bool        // Code: was cut, and goes on in the next block
	Rows       [][]Cell    // Table: the first row is the head; all rows have the same length
	Aligns     []Align     // Table: one for each column
}

// Cell is a cell of a table.
type Cell []Inline

// Style is how an inline looks; styles add up.
type Style uint8

// The styles.
const (
	Bold Style = 1 << iota
	Italic
	Strike
	Mono
	Linked
	Picture // the words that stand for a picture
	Formula // TeX, written readably
)

// Inline is text of one style. A line feed in Text is a line break that was asked for.
type Inline struct {
	Text  string
	Style Style
	Link  string // where a Linked inline leads
}

// Plain returns the words of inlines without their style.
func Plain(inlines []Inline) string {
	if len(inlines) == 1 {
		return inlines[0].Text
	}
	var b []byte
	for _, in := range inlines {
		b = append(b, in.Text...)
	}
	return string(b)
}
