package backend

import "fmt"

// AttachmentKind is what a file beside a message is.
type AttachmentKind string

// The kinds.
const (
	AttachText     AttachmentKind = "text"
	AttachCode     AttachmentKind = "code"
	AttachMarkdown AttachmentKind = "markdown"
	AttachTable    AttachmentKind = "table" // CSV, TSV
	AttachPage     AttachmentKind = "page"  // HTML, read as its words
	AttachPDF      AttachmentKind = "pdf"
	AttachWord     AttachmentKind = "word"   // DOCX, read as its words
	AttachPasted   AttachmentKind = "pasted" // words that were pasted and are too many for the composer
	AttachFolder   AttachmentKind = "folder" // the text files of a folder, one after the other
)

// Attachment is a file that stands beside a message or a draft. Its bytes and its text are kept by their hashes.
type Attachment struct {
	Name string         `json:"name"`
	Kind AttachmentKind `json:"kind"`
	Size int64          `json:"size"` // bytes of the file
	// SHA256 is of the file as it was, Text of its words as UTF-8: pages and files of a folder are parted by form feeds.
	// For a text in UTF-8 they are the same.
	SHA256 string `json:"sha256"`
	Text   string `json:"text_sha256"`
	Pages  int    `json:"pages,omitempty"`  // or files of a folder; 0 = it has none
	Note   string `json:"note,omitempty"`   // one sentence on what of the file is not in its text
	Tokens int    `json:"tokens,omitempty"` // of the whole text, for the model that was asked last; 0 = not counted
	// Passages of the text that the model is shown, in the order of the text; nil = all of it.
	Passages []Passage `json:"passages,omitempty"`
	// Partly says that the model is shown Passages only, which may be none.
	Partly bool `json:"partly,omitempty"`
}

// Passage is a part of an attachment's text: the bytes from Start up to End.
type Passage struct {
	Start  int    `json:"start"`
	End    int    `json:"end"`
	File   string `json:"file,omitempty"` // of a folder
	Page   int    `json:"page,omitempty"` // of a document that has pages, from 1 on
	From   int    `json:"from"`           // lines, from 1 on, of the page or the file
	To     int    `json:"to"`
	Tokens int    `json:"tokens,omitempty"`
}

// Place says where a passage stands, for people and models: "p. 3", "lines 10-40", "main.go lines 1-20".
func (p Passage) Place() string {
	place := ""
	switch {
	case p.Page > 0:
		place = fmt.Sprintf("p. %d", p.Page)
	case p.From == p.To:
		place = fmt.Sprintf("line %d", p.From)
	default:
		place = fmt.Sprintf("lines %d-%d", p.From, p.To)
	}
	if p.File != "" {
		place = p.File + " " + place
	}
	return place
}
