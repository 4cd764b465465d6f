package attach_test

import (
	"bytes"
	"fmt"
	"testing"
	"unicode/utf8"

	"loam/backend/attach"
	"loam/backend/attach/attachtest"
)

func FuzzRead(f *testing.F) {
	f.Add("a.txt", []byte("Gr\xfc\xdfe"))
	f.Add("a.html", []byte("<p>a<b>c</p><script>x"))
	f.Add("a.csv", []byte("a,b\n1,2"))
	f.Add("a.pdf", attachtest.PDF("One.", "Two (2)."))
	f.Add("a.pdf", attachtest.Locked())
	f.Add("a.pdf", attachtest.File("", "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 99 /Kids [2 0 R] >>"))
	f.Add("a.docx", attachtest.Word("# One", "two"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if bytes.Contains(data, []byte("%PDF-")) && !bytes.HasSuffix(data, []byte("%%EOF\n")) {
			t.Skip("the library may look for the end of a half file for ever: files are read in a child, which is ended")
		}
		d, err := attach.Read(name, data)
		if err != nil {
			if _, ok := attach.IsRefusal(err); !ok {
				t.Error(err)
			}
			return
		}
		if !utf8.ValidString(d.Text) || len(d.Text) > attach.MaxText {
			t.Errorf("%q", d.Text)
		}
		checkSplit(t, d.Kind, d.Text)
		x := attach.NewIndex(d.Text, attach.Split(d.Kind, d.Text))
		x.Rank(name, "")
	})
}

func FuzzPage(f *testing.F) {
	for _, content := range []string{
		"BT /F1 12 Tf 72 720 Td (Hello) Tj ET", "q 1 0 0 1 0 0 cm BT /F1 1 Tf 12 0 0 12 1 1 Tm [(a) -200 (b)] TJ T* (c) ' 1 1 (d) \" ET Q", "/X Do", "[(", "BI ID x EI", "<<",
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		data := attachtest.File("",
			"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [4 0 R] >>", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
			"<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /X 5 0 R >> >> >>",
			fmt.Sprintf("<< /Subtype /Form /Length %d >>\nstream\n%s\nendstream", len(content), content))
		d, err := attach.Read("a.pdf", data)
		if _, ok := attach.IsRefusal(err); err != nil && !ok || !utf8.ValidString(d.Text) {
			t.Error(err, d)
		}
	})
}
