package attach_test

import (
	"fmt"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/attach/attachtest"
)

// BenchmarkIndex is a text of a megabyte from its words to the best passages.
func BenchmarkIndex(b *testing.B) {
	var text strings.Builder
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, "Paragraph %d tells of the harbour, the weather and the price of fish in year %d.\n\n", i, i%400)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		x := attach.NewIndex(text.String(), attach.Split(backend.AttachText, text.String()))
		x.Rank("What was the price of fish in year 123?", "")
	}
}

// BenchmarkPDF is a document of 300 pages, read in this process.
func BenchmarkPDF(b *testing.B) {
	pages := make([]string, 300)
	for i := range pages {
		pages[i] = strings.Repeat(fmt.Sprintf("Line of page %d with some words in it.\n", i), 45)
	}
	data := attachtest.PDF(pages...)
	for b.Loop() {
		if _, err := attach.Read("a.pdf", data); err != nil {
			b.Fatal(err)
		}
	}
}
