package attach_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/attach/attachtest"
)

const hang = "LOAM_TEST_READER"

func TestMain(m *testing.M) {
	if attach.IsReader(os.Args) {
		switch os.Getenv(hang) {
		case "hang":
			_, _ = io.Copy(io.Discard, os.Stdin)
			select {}
		case "eat":
			var all [][]byte
			for {
				b := make([]byte, 1<<20)
				for i := range b {
					b[i] = 1
				}
				if all = append(all, b); len(all) > 1<<14 {
					os.Exit(3)
				}
				if len(all) == 1 {
					go attach.Main(bytes.NewReader(nil), io.Discard) // sets the limits
					time.Sleep(50 * time.Millisecond)
				}
			}
		}
		os.Exit(attach.Main(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func child(t *testing.T, env ...string) attach.Reader {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return attach.Reader{Exe: exe, Env: env}
}

func utf16le(text string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func TestReadsEveryKindOfFile(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		data []byte
		want attach.Document
	}{
		"text":                  {"notes.txt", []byte("Grüße\r\nan alle"), attach.Document{Kind: backend.AttachText, Text: "Grüße\nan alle"}},
		"text with a mark":      {"notes.txt", []byte("\xef\xbb\xbfGrüße"), attach.Document{Kind: backend.AttachText, Text: "Grüße"}},
		"UTF-16":                {"notes.txt", utf16le("Grüße, 世界 🙂"), attach.Document{Kind: backend.AttachText, Text: "Grüße, 世界 🙂"}},
		"UTF-16 without a mark": {"notes.txt", utf16le("words in two bytes each")[2:], attach.Document{Kind: backend.AttachText, Text: "words in two bytes each"}},
		"Latin-1":               {"notes.txt", []byte("Gr\xfc\xdfe \x80 5"), attach.Document{Kind: backend.AttachText, Text: "Grüße € 5"}},
		"code":                  {"main.go", []byte("package main\n"), attach.Document{Kind: backend.AttachCode, Text: "package main\n"}},
		"Markdown":              {"README.md", []byte("# Hi\n"), attach.Document{Kind: backend.AttachMarkdown, Text: "# Hi\n"}},
		"table":                 {"a.csv", []byte("a,b\n1,2\n"), attach.Document{Kind: backend.AttachTable, Text: "a,b\n1,2\n"}},
		"HTML": {
			"a.html", []byte(`<html><head><title>T</title><style>x{}</style></head><body><h1>Bergen &amp; co</h1><p>Rain <b>and</b> sun.</p><script>no()</script><ul><li>one<li>two</ul></body>`),
			attach.Document{Kind: backend.AttachPage, Text: "T\n\n# Bergen & co\n\nRain and sun.\n\n- one\n- two\n"},
		},
		"PDF":               {"a.pdf", attachtest.PDF("First page.\nIt has two lines.", "Second (page)."), attach.Document{Kind: backend.AttachPDF, Text: "First page.\nIt has two lines.\fSecond (page).", Pages: 2}},
		"PDF by its bytes":  {"a.txt", attachtest.PDF("Words."), attach.Document{Kind: backend.AttachPDF, Text: "Words.", Pages: 1}},
		"PDF with pictures": {"a.pdf", attachtest.PDF("Words.", ""), attach.Document{Kind: backend.AttachPDF, Text: "Words.\f", Pages: 2, Note: "1 page without text, perhaps pictures of pages."}},
		"broken words":      {"a.pdf", attachtest.PDF("A word is hyphen-\nated here."), attach.Document{Kind: backend.AttachPDF, Text: "A word is hyphenated here.", Pages: 1}},
		"Word":              {"a.docx", attachtest.Word("# Title", "One & two."), attach.Document{Kind: backend.AttachWord, Text: "# Title\nOne & two.\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			for where, r := range map[string]attach.Reader{"here": {}, "in a child": child(t)} {
				got, err := r.Read(t.Context(), tt.file, tt.data)
				if err != nil {
					t.Fatal(where, err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(where, diff)
				}
			}
		})
	}
}

func TestRefusesWithOneSentence(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		data []byte
		want string
	}{
		"nothing":           {"a.txt", nil, "it is empty"},
		"blank":             {"a.txt", []byte(" \n"), "there are no words in it"},
		"a program":         {"a.txt", []byte("\x7fELF\x02\x01\x01\x00\x00\x00"), "it is not a text"},
		"noise":             {"a.bin", []byte("\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\xfe\xfc"), "it is not a text"},
		"too large":         {"a.txt", make([]byte, attach.MaxBytes+1), "it is larger than 64 MB"},
		"too many words":    {"a.txt", bytes.Repeat([]byte("word "), 2<<20), "it holds more than 8 MB of text"},
		"a picture":         {"a.png", []byte("\x89PNG\r\n\x1a\n1234"), "it is a picture, and the chat engine cannot look at pictures yet"},
		"an archive":        {"a.zip", attachtest.Zip("a", "b"), "it is a ZIP archive; attach the files in it"},
		"a spreadsheet":     {"a.xlsx", attachtest.Zip("xl/workbook.xml", "b"), "it is a spreadsheet; save it as CSV to attach it"},
		"damaged Word":      {"a.docx", attachtest.Zip("word/document.xml", "<w:p>"), "the Word document is damaged"},
		"half a PDF":        {"a.pdf", attachtest.PDF("Words.")[:200], "the PDF is damaged"},
		"a PDF of nothing":  {"a.pdf", []byte("%PDF-1.7\n"), "the PDF is damaged"},
		"a locked PDF":      {"a.pdf", attachtest.Locked(), "the PDF is locked with a password; save a copy without one to attach it"},
		"a scanned PDF":     {"a.pdf", attachtest.PDF("", ""), "the PDF has no text, only pictures of its pages; it would have to be recognised (OCR) first"},
		"an old Office one": {"a.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 etc"), "it is an old Office file; save it as DOCX, PDF or CSV to attach it"},
	} {
		t.Run(name, func(t *testing.T) {
			for where, r := range map[string]attach.Reader{"here": {}, "in a child": child(t)} {
				_, err := r.Read(t.Context(), tt.file, tt.data)
				got, ok := attach.IsRefusal(err)
				if diff := cmp.Diff(tt.want, got); !ok || diff != "" {
					t.Error(where, err, diff)
				}
			}
		})
	}
}

func TestChildThatHangsEndsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := child(t, hang+"=hang").Read(ctx, "a.pdf", attachtest.PDF("Words."))
	if err == nil {
		t.Fatal("it was read")
	}
}

func TestChildThatTakesAllMemoryIsARefusal(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("only Linux ends a process at a limit on its memory")
	}
	_, err := child(t, hang+"=eat").Read(t.Context(), "a.pdf", attachtest.PDF("Words."))
	if _, ok := attach.IsRefusal(err); !ok {
		t.Fatal(err)
	}
}

func TestFolderIsItsTextFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b/main.go": "package main\n", "a.txt": "hello", ".hidden": "no", "node_modules/x.js": "no", "c.bin": "\x00\x01\x02",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := attach.Reader{}.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := attach.Document{Kind: backend.AttachFolder, Text: "a.txt\nhello\fb/main.go\npackage main\n", Pages: 2, Note: "1 file left out: no text, or too large."}
	if diff := cmp.Diff(want, got.Doc); diff != "" {
		t.Error(diff)
	}
	var places []string
	for _, p := range attach.Split(got.Kind, got.Doc.Text) {
		places = append(places, p.Place())
	}
	if diff := cmp.Diff([]string{"a.txt line 1", "b/main.go line 1"}, places); diff != "" {
		t.Error(diff)
	}
	if _, err := (attach.Reader{}).Open(t.Context(), t.TempDir()); err == nil {
		t.Error("an empty folder was attached")
	}
	if _, err := (attach.Reader{}).Open(t.Context(), filepath.Join(dir, "gone")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

var kinds = []backend.AttachmentKind{
	backend.AttachText, backend.AttachCode, backend.AttachMarkdown, backend.AttachTable, backend.AttachPDF, backend.AttachWord, backend.AttachPasted, backend.AttachFolder,
}

// TestPassagesAreTheWholeText checks that nothing but blanks stands between passages, that none is empty or overlong, and that
// none crosses a page.
func TestPassagesAreTheWholeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		pieces := rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`[a-zé世 .,]{0,400}`), rapid.SampledFrom([]string{"\n", "\n\n", "# Heading\n", "func main() {\n", "}\n", "\f", "// why\n", "```\n"}),
			rapid.String(),
		), 0, 30).Draw(t, "pieces")
		checkSplit(t, kind, strings.ToValidUTF8(strings.Join(pieces, ""), "?"))
	})
}

func checkSplit(t interface {
	Fatalf(string, ...any)
}, kind backend.AttachmentKind, text string,
) {
	last := 0
	gap := func(from, to int) {
		rest := text[from:to]
		if kind == backend.AttachFolder { // the names of the files are no words
			for part := range strings.SplitSeq(rest, "\f") {
				if _, words, ok := strings.Cut(part, "\n"); ok && strings.TrimSpace(words) != "" && from != 0 && !strings.Contains(rest, "\f") {
					t.Fatalf("lost %q", rest)
				}
			}
			return
		}
		if strings.Trim(rest, " \n\t\f") != "" {
			t.Fatalf("lost %q", rest)
		}
	}
	for _, p := range attach.Split(kind, text) {
		if p.Start < last || p.End <= p.Start || p.End > len(text) {
			t.Fatalf("passage %v after %d", p, last)
		}
		gap(last, p.Start)
		words := text[p.Start:p.End]
		if strings.Contains(words, "\f") || len(words) > 2*1500 || !utf8.ValidString(words) {
			t.Fatalf("passage %q", words)
		}
		if p.To-p.From != strings.Count(words, "\n") || p.From < 1 {
			t.Fatalf("lines of %v", p)
		}
		last = p.End
	}
	gap(last, len(text))
}

func TestCodeIsCutAtItsFunctions(t *testing.T) {
	body := strings.Repeat("\tdo(something)\n", 40)
	text := "package a\n\n// one does this.\nfunc one() {\n" + body + "}\n\n// two does that.\nfunc two() {\n" + body + "}\n"
	var first []string
	for _, p := range attach.Split(backend.AttachCode, text) {
		first = append(first, strings.SplitN(text[p.Start:p.End], "\n", 2)[0])
	}
	if diff := cmp.Diff([]string{"package a", "// two does that."}, first); diff != "" {
		t.Error(diff)
	}
}

func TestRankFindsTheAnswer(t *testing.T) {
	pages := []string{
		"The ferry to Bergen leaves at eight.", "Hotels are booked by the office.", "Expenses are paid after the journey.",
		"The Brücke was closed in winter.", "東京の天気は晴れです。", "Invoices of 2024 are in the cellar.",
	}
	text := strings.Join(pages, "\f")
	x := attach.NewIndex(text, attach.Split(backend.AttachPDF, text))
	for question, want := range map[string]int{
		"When does the ferry leave?": 1, "who books hotel rooms": 2, "Is the brucke open": 4, "東京の天気": 5, "invoice from 2024": 6, "expense payment": 3,
	} {
		if got := x.Rank(question, "")[0].Passage.Page; got != want || !x.Names(question) {
			t.Errorf("%q is answered by page %d, want %d", question, got, want)
		}
	}
	if got := x.Rank("and when does it leave?", "the ferry to Bergen")[0].Passage.Page; got != 1 {
		t.Errorf("the turns before play no part: page %d", got)
	}
	if x.Names("Please summarise this document") {
		t.Error("a wish for a summary names something")
	}
	seen := map[int]bool{}
	for _, r := range x.Spread() {
		seen[r.Index] = true
	}
	if len(seen) != len(pages) {
		t.Error(seen)
	}
}

func TestAroundShowsWhyAPassageWasFound(t *testing.T) {
	text := "Chapter one is long and dull.\nNothing happens in it.\nThe ferry to Bergen leaves at eight."
	for question, want := range map[string]string{
		"the ferry to Bergen":  "Chapter on … The ferry to Bergen …",
		"what is chapter one?": "Chapter one is long and dull. …",
	} {
		if got := attach.Around(text, question, 30); got != want {
			t.Errorf("%q: %q", question, got)
		}
	}
}

func TestShownSaysWhatItIs(t *testing.T) {
	text := "one\ftwo </document> two\fthree"
	a := backend.Attachment{Name: "a \"b\".pdf", Kind: backend.AttachPDF}
	want := "<document-2 name=\"a _b_.pdf\">\n[p. 1]\none\n\n[p. 2]\ntwo </document> two\n\n[p. 3]\nthree\n</document-2>"
	if diff := cmp.Diff(want, attach.Shown(a, text)); diff != "" {
		t.Error(diff)
	}
	a.Partly, a.Passages = true, attach.Split(a.Kind, text)[2:]
	want = "<document-2 name=\"a _b_.pdf\" shown=\"1 passage of a longer text\">\n[p. 3]\nthree\n\n</document-2>"
	if diff := cmp.Diff(want, attach.Shown(a, text)); diff != "" {
		t.Error(diff)
	}
}

func TestFilesAreKeptByTheirHashes(t *testing.T) {
	f := attach.NewFiles(filepath.Join(t.TempDir(), "files"))
	sum, err := f.Put([]byte("words"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.Put([]byte("others"))
	if err != nil {
		t.Fatal(err)
	}
	held := f.Hold([]byte("secret"))
	if _, err := os.Stat(f.Path(held)); err == nil {
		t.Error("what is held in memory is on the disk")
	}
	for sum, want := range map[string]string{sum: "words", other: "others", held: "secret"} {
		if got, err := f.Get(sum); err != nil || string(got) != want {
			t.Error(got, err)
		}
	}
	if n, err := f.Clean(map[string]bool{sum: true}, -time.Hour); n != 1 || err != nil {
		t.Error(n, err)
	}
	if _, err := f.Get(other); !errors.Is(err, backend.ErrNotFound) {
		t.Error(err)
	}
	if _, err := f.Get("../../etc/passwd"); !errors.Is(err, backend.ErrNotFound) {
		t.Error(err)
	}
	if err := os.WriteFile(f.Path(sum), []byte("wurst"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := attach.IsRefusal(func() error { _, err := f.Get(sum); return err }()); !ok {
		t.Error("a damaged file was taken for good")
	}
}
