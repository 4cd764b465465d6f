// Package attach turns files into words for a model: what is this file, what does it say, which passages has it, and which of
// them answer a question. The chat service asks it about every file that somebody attaches.
//
// Files are untrusted. Every reader has limits on bytes, pages and time, answers what it cannot read with one sentence
// (*backend.BadFile), and never panics. What is complicated (PDF, DOCX) is read by Reader in a child process of the same
// program, which may not open files or sockets and is ended when it takes too long or too much memory. All of it may be used
// from any goroutine.
package attach

import (
	"archive/zip"
	"bytes"
	"path"
	"strings"

	"loam/backend"
)

// Limits of what is attached. They are far above what a model can hold and far below what a machine cannot.
const (
	MaxBytes    = 64 << 20 // of a file
	MaxText     = 8 << 20  // bytes of its words
	MaxPages    = 5000
	MaxFiles    = 500 // of a folder
	maxOneFile  = 2 << 20
	maxPassages = 20000
)

// PasteLimit is how many characters may be pasted before they become an attachment.
const PasteLimit = 4000

// Document is what a file says. Pages, and the files of a folder, are parted by form feeds; the first line of a file of a
// folder is its name.
type Document struct {
	Kind  backend.AttachmentKind `json:"kind"`
	Text  string                 `json:"text"`
	Pages int                    `json:"pages,omitempty"` // or files; 0 = it has none
	Note  string                 `json:"note,omitempty"`  // one sentence on what is not in Text
}

// refuse is a file that cannot be attached, for one clause.
func refuse(reason string) error { return &backend.BadFile{Reason: reason} }

// codeEndings are the endings of names of files that are code, or written for programs.
const codeEndings = ` .go .c .h .cc .cpp .cxx .hpp .cs .java .kt .kts .scala .swift .m .mm .rs .py .pyi .rb .php .pl .pm .lua .r .jl .js .jsx .mjs .cjs .ts .tsx ` +
	`.vue .svelte .sh .bash .zsh .fish .ps1 .bat .cmd .sql .tmpl .css .scss .less .json .jsonl .yaml .yml .toml .ini .cfg .conf .xml .svg .proto .graphql ` +
	`.tf .hcl .gradle .cmake .mk .asm .s .v .vhd .zig .nim .ml .mli .hs .erl .ex .exs .clj .lisp .el .dart .pas .f90 .f .ada .tex .bib .inc .diff .patch ` +
	`.log .lock .mod .sum .ipynb `

// KindOf guesses what a text is from its name. What a file is at all, its bytes say.
func KindOf(name string) backend.AttachmentKind {
	base := strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	switch base {
	case "makefile", "dockerfile", "cmakelists.txt", "jenkinsfile", "gemfile", "rakefile", "vagrantfile":
		return backend.AttachCode
	}
	switch ext := path.Ext(base); ext {
	case ".md", ".markdown", ".mdx", ".rst", ".adoc":
		return backend.AttachMarkdown
	case ".csv", ".tsv":
		return backend.AttachTable
	case ".htm", ".html", ".xhtml":
		return backend.AttachPage
	case ".pdf":
		return backend.AttachPDF
	case ".docx":
		return backend.AttachWord
	default:
		if ext != "" && strings.Contains(codeEndings, " "+ext+" ") {
			return backend.AttachCode
		}
	}
	return backend.AttachText
}

// What a file's bytes say it is, beyond a text.
const (
	foundText    = ""
	foundPDF     = "pdf"
	foundWord    = "word"
	foundPicture = "picture"
)

// sniff says what a file is by its bytes; an error where it can be no words at all.
func sniff(name string, data []byte) (string, error) {
	head := data[:min(len(data), 1024)]
	switch {
	case bytes.Contains(head, []byte("%PDF-")):
		return foundPDF, nil
	case IsPicture(head):
		return foundPicture, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
			for _, f := range z.File {
				if f.Name == wordPart {
					return foundWord, nil
				}
				if f.Name == "xl/workbook.xml" {
					return "", refuse("it is a spreadsheet; save it as CSV to attach it")
				}
				if f.Name == "ppt/presentation.xml" {
					return "", refuse("it is a presentation; save it as PDF to attach it")
				}
				if f.Name == "content.xml" {
					return "", refuse("it is an OpenDocument file; save it as PDF or DOCX to attach it")
				}
			}
		} else if KindOf(name) == backend.AttachWord {
			return "", refuse("the Word document is damaged")
		}
		return "", refuse("it is a ZIP archive; attach the files in it")
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "", refuse("it is an old Office file; save it as DOCX, PDF or CSV to attach it")
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return "", refuse("it is an RTF file; save it as DOCX, PDF or text to attach it")
	}
	return foundText, nil
}

// IsPicture says whether bytes begin like a picture file.
func IsPicture(head []byte) bool {
	for _, magic := range []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF87a", "GIF89a", "BM6", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return true
	}
	return len(head) >= 12 && string(head[4:8]) == "ftyp" && (string(head[8:12]) == "heic" || string(head[8:12]) == "avif" || string(head[8:12]) == "mif1")
}

// ErrPicture is a picture, which no engine of this program can look at.
var ErrPicture error = &backend.BadFile{Reason: "it is a picture, and the chat engine cannot look at pictures yet"}

// Read says what a file says. It reads everything in this process: see Reader for files that are not trusted. name is a name,
// not a path that is opened.
func Read(name string, data []byte) (Document, error) {
	if len(data) > MaxBytes {
		return Document{}, refuse("it is larger than 64 MB")
	}
	if len(data) == 0 {
		return Document{}, refuse("it is empty")
	}
	found, err := sniff(name, data)
	if err != nil {
		return Document{}, err
	}
	var d Document
	switch found {
	case foundPDF:
		d, err = readPDF(data)
	case foundWord:
		d, err = readWord(data)
	case foundPicture:
		return Document{}, ErrPicture
	default:
		d, err = readText(name, data)
	}
	if err != nil {
		return Document{}, err
	}
	if strings.TrimSpace(strings.ReplaceAll(d.Text, "\f", "")) == "" {
		return Document{}, refuse("there are no words in it")
	}
	if len(d.Text) > MaxText {
		return Document{}, refuse("it holds more than 8 MB of text")
	}
	return d, nil
}

// hard says whether a file is read in a child process.
func hard(name string, data []byte) bool {
	found, err := sniff(name, data)
	return err == nil && (found == foundPDF || found == foundWord)
}

// readText reads what is a text by itself.
func readText(name string, data []byte) (Document, error) {
	text, err := Decode(data)
	if err != nil {
		return Document{}, err
	}
	d := Document{Kind: KindOf(name), Text: text}
	if d.Kind == backend.AttachPDF || d.Kind == backend.AttachWord { // the name lies
		d.Kind = backend.AttachText
	}
	if d.Kind == backend.AttachPage {
		d.Text = wordsOfHTML(text)
	}
	return d, nil
}
