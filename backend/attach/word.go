package attach

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"loam/backend"
)

// wordPart is where a DOCX file has its words (ECMA-376, part 1).
const wordPart = "word/document.xml"

const (
	maxWordXML  = 128 << 20 // unpacked
	maxXMLDepth = 500
)

// readWord reads the words of a DOCX file: paragraphs, headings by their styles, lists, tables row by row.
func readWord(data []byte) (Document, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Document{}, refuse("the Word document is damaged")
	}
	for _, f := range z.File {
		if f.Name != wordPart {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return Document{}, refuse("the Word document is damaged")
		}
		defer r.Close()
		text, err := wordsOfXML(io.LimitReader(r, maxWordXML))
		if err != nil {
			return Document{}, err
		}
		return Document{Kind: backend.AttachWord, Text: text}, nil
	}
	return Document{}, refuse("the Word document is damaged")
}

func wordsOfXML(r io.Reader) (string, error) {
	d := xml.NewDecoder(r)
	d.Strict = true
	var out strings.Builder
	var line strings.Builder
	depth, cell, inText, deleted := 0, 0, false, 0
	heading := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", refuse("the Word document is damaged")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return "", refuse("the Word document is damaged")
			}
			switch t.Name.Local {
			case "t":
				inText = true
			case "tab":
				line.WriteByte('\t')
			case "br", "cr":
				line.WriteByte('\n')
			case "del", "moveFrom":
				deleted++
			case "tr":
				cell = 0
			case "tc":
				if cell++; cell > 1 {
					line.WriteString(" | ")
				}
			case "pStyle":
				heading = headingOf(t)
			case "numPr":
				if line.Len() == 0 {
					line.WriteString("- ")
				}
			}
		case xml.EndElement:
			depth--
			switch t.Name.Local {
			case "t":
				inText = false
			case "del", "moveFrom":
				deleted = max(deleted-1, 0)
			case "p":
				if cell > 0 {
					line.WriteByte(' ')
					break
				}
				if text := strings.TrimRight(line.String(), " \t"); strings.TrimSpace(text) != "" {
					if heading > 0 {
						out.WriteString("\n" + strings.Repeat("#", heading) + " ")
					}
					out.WriteString(text + "\n")
				} else {
					out.WriteByte('\n')
				}
				line.Reset()
				heading = 0
			case "tr":
				out.WriteString(strings.Join(strings.Fields(line.String()), " ") + "\n")
				line.Reset()
			case "tbl":
				cell = 0
				out.WriteByte('\n')
			}
		case xml.CharData:
			if inText && deleted == 0 {
				line.Write(t)
			}
		}
		if out.Len()+line.Len() > MaxText {
			return "", refuse("it holds more than 8 MB of text")
		}
	}
	out.WriteString(line.String())
	return plain(out.String()), nil
}

// headingOf is the level of a paragraph whose style is called Heading1 or so; 0 = it is none.
func headingOf(t xml.StartElement) int {
	for _, a := range t.Attr {
		if a.Name.Local != "val" {
			continue
		}
		v := strings.ToLower(a.Value)
		if v == "title" {
			return 1
		}
		if n, ok := strings.CutPrefix(v, "heading"); ok && len(n) == 1 && n[0] >= '1' && n[0] <= '6' {
			return int(n[0] - '0')
		}
	}
	return 0
}

// plain makes text storable: no form feeds or zeros, no more than one blank line in a row.
func plain(text string) string {
	text = strings.NewReplacer("\f", "\n", "\x00", "", "\r", "").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(text) + "\n"
}
