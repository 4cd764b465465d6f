package modelfile_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// endless is a file of any size: a beginning, then one pattern over and over. It counts what is read of it.
type endless struct {
	front   []byte
	pattern []byte
	read    int64
}

func (e *endless) ReadAt(p []byte, at int64) (int, error) {
	e.read += int64(len(p))
	n := 0
	if at < int64(len(e.front)) {
		n = copy(p, e.front[at:])
	}
	for n < len(p) {
		off := (at + int64(n) - int64(len(e.front))) % int64(len(e.pattern))
		n += copy(p[n:], e.pattern[off:])
	}
	return n, nil
}

var _ io.ReaderAt = (*endless)(nil)

// ggufFront is the beginning of a file up to the elements of a list.
func ggufFront(elem uint32, count uint64) []byte {
	le := func(n uint64, bytes int) []byte {
		b := make([]byte, bytes)
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		return b
	}
	b := append([]byte("GGUF"), le(3, 4)...)
	b = append(b, le(1, 8)...) // tensors
	b = append(b, le(1, 8)...) // values
	b = append(b, le(21, 8)...)
	b = append(b, "tokenizer.ggml.tokens"...)
	b = append(b, le(9, 4)...)
	b = append(b, le(uint64(elem), 4)...)
	return append(b, le(count, 8)...)
}

func repeatedTensors(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"tensor%07d":{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}`, i, i, i+1)
	}
	b.WriteByte('}')
	return b.String()
}

// TestReadingIsBounded shows that neither the size of a file nor what it says about itself decides how much is read and
// allocated.
func TestReadingIsBounded(t *testing.T) {
	length := func(n uint64) []byte {
		b := make([]byte, 8)
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		return b
	}
	zeros := make([]byte, 4096)
	const tera = 1 << 40
	for name, tc := range map[string]struct {
		file      *endless
		size      int64
		alloc     int64 // bytes that may be allocated in all
		read      int64
		wantFault string // "" = the file may be read
	}{
		"2^27 tokens in a small file": {&endless{front: ggufFront(8, 1<<27), pattern: zeros}, 4096, 1 << 20, 1 << 20, "134,217,728 entries"},
		"2^27 tokens in a huge file":  {&endless{front: ggufFront(8, 1<<27), pattern: zeros}, 32 * tera, 1 << 20, 1 << 20, "more than any real model"},
		"2^23 empty tokens":           {&endless{front: ggufFront(8, 1<<23), pattern: zeros}, 32 * tera, 1 << 20, 160 << 20, ""},
		"2^23 tokens of 1 MB": {
			&endless{front: ggufFront(8, 1<<23), pattern: append(length(1<<20), bytes.Repeat([]byte("x"), 1<<20)...)},
			32 * tera, 1 << 20, 160 << 20, "larger than that of any real model",
		},
		"2^40 numbers":              {&endless{front: ggufFront(6, 1<<40), pattern: zeros}, 32 * tera, 1 << 20, 1 << 20, ""},
		"a whole model and a tail":  {&endless{front: modelfiletest.Chat().Bytes(), pattern: zeros}, 32 * tera, 1 << 20, 1 << 20, ""},
		"a name of 100 MB":          {&endless{front: append(length(99_999_999), `{"`...), pattern: bytes.Repeat([]byte("x"), 4096)}, tera, 1 << 20, 160 << 20, "no valid JSON"},
		"a note of 100 MB of \\u":   {&endless{front: append(length(99_999_999), `{"__metadata__":{"a":"`...), pattern: bytes.Repeat([]byte(`\u00e9`), 4096)}, tera, 2 << 20, 160 << 20, "no valid JSON"},
		"100 MB of blanks":          {&endless{front: append(length(99_999_999), '{'), pattern: bytes.Repeat([]byte(" "), 4096)}, tera, 1 << 20, 160 << 20, "no valid JSON"},
		"a header of 2^62 bytes":    {&endless{front: append(length(1<<62), '{'), pattern: zeros}, tera, 1 << 20, 1 << 20, "begin"},
		"more tensors than allowed": {&endless{front: modelfiletest.SafetensorsRaw(repeatedTensors(1<<17+1), 1), pattern: zeros}, tera, 190 << 20, 160 << 20, "more than 131072 tensors"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := modelfile.ReadGGUF(tc.file, tc.size)
			if !bytes.HasPrefix(tc.file.front, []byte("GGUF")) {
				_, err = modelfile.ReadSafetensors(tc.file, tc.size)
			}
			runtime.ReadMemStats(&after)
			if alloc := int64(after.TotalAlloc - before.TotalAlloc); alloc > tc.alloc {
				t.Errorf("%d bytes allocated, want at most %d", alloc, tc.alloc)
			}
			if tc.file.read > tc.read+(1<<20) {
				t.Errorf("%d bytes read, want at most %d", tc.file.read, tc.read)
			}
			switch {
			case tc.wantFault == "" && err != nil:
				t.Error(err)
			case tc.wantFault != "" && (err == nil || !strings.Contains(err.Error(), tc.wantFault)):
				t.Errorf("%v, want something with %q", err, tc.wantFault)
			}
		})
	}
}
