// Package attachtest writes small files for tests of attachments: PDF and DOCX with known words.
//
// It serves tests only. Its functions depend on nothing but their arguments, so that they may be called from any goroutine.
package attachtest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"strings"
)

// PDF is a document whose pages say some words, a line for every line; a page without words is empty.
func PDF(pages ...string) []byte {
	var objects []string
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", 4+2*i)
	}
	objects = append(objects, "<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), kids),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	for i, text := range pages {
		content := "BT /F1 12 Tf 72 720 Td 14 TL\n"
		for line := range strings.SplitSeq(text, "\n") {
			content += "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(line) + ") Tj T*\n"
		}
		content += "ET"
		objects = append(objects, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>", 5+2*i),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	}
	return File("", objects...)
}

// File is a PDF file of objects, with more entries for its trailer.
func File(trailer string, objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, at)
	return out.Bytes()
}

// Locked is a document that needs a password.
func Locked() []byte {
	key := strings.Repeat("5", 64)
	return File("/Encrypt 3 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]",
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 0 /Kids [] >>",
		"<< /Filter /Standard /V 1 /R 2 /P -4 /O <"+key+"> /U <"+key+"> >>")
}

// Word is a DOCX file with paragraphs; those that begin with "# " are headings.
func Word(paragraphs ...string) []byte {
	var body strings.Builder
	for _, p := range paragraphs {
		style := ""
		if rest, ok := strings.CutPrefix(p, "# "); ok {
			p, style = rest, `<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>`
		}
		body.WriteString("<w:p>" + style + "<w:r><w:t>" + html.EscapeString(p) + "</w:t></w:r></w:p>")
	}
	return Zip("word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="urn:w"><w:body>`+body.String()+`</w:body></w:document>`)
}

// Zip is an archive of one file.
func Zip(name, text string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}
