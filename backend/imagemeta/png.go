package imagemeta

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"unicode/utf8"
)

// Limits of reading a picture that anybody may have made.
const (
	maxText   = 4 << 20   // bytes of text kept in all
	maxChunks = 100_000   // chunks looked at
	maxChunk  = 1<<31 - 1 // bytes of a chunk, by the standard
)

// Names of the text chunks.
const (
	keyParameters = "parameters"
	keyReceipt    = "loam"
)

const signature = "\x89PNG\r\n\x1a\n"

// ErrNotPNG is the error for anything that does not begin as a PNG file does.
var ErrNotPNG = errors.New("not a PNG picture")

// EncodePNG writes a picture with its two texts, which stand before the pixels so that half a file still tells them.
func EncodePNG(w io.Writer, img image.Image, r *Receipt) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	head := len(signature) + 8 + 13 + 4 // the signature and IHDR
	raw := b.Bytes()
	receipt, err := receiptJSON(r)
	if err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	var text bytes.Buffer
	writeText(&text, keyParameters, FormatA1111(r.Settings))
	writeText(&text, keyReceipt, receipt)
	for _, part := range [][]byte{raw[:head], text.Bytes(), raw[head:]} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write picture: %w", err)
		}
	}
	return nil
}

// writeText writes a tEXt chunk where Latin-1 can hold the text, else iTXt (UTF-8, not compressed).
func writeText(b *bytes.Buffer, key, text string) {
	if latin, ok := latin1(text); ok {
		writeChunk(b, "tEXt", append(append([]byte(key), 0), latin...))
		return
	}
	data := append([]byte(key), 0, 0, 0, 0, 0) // end of key, not compressed, method, no language, no translated key
	writeChunk(b, "iTXt", append(data, text...))
}

func latin1(s string) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff || r == 0 {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

func writeChunk(b *bytes.Buffer, kind string, data []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(data)))
	b.Write(n[:])
	body := append([]byte(kind), data...)
	b.Write(body)
	binary.BigEndian.PutUint32(n[:], crc32.ChecksumIEEE(body))
	b.Write(n[:])
}

// ReadPNG reads the texts of a PNG file. It stops at the end of the file's chunks, at a damaged one, or at its limits,
// and returns what it found until then; an error only when this is no PNG at all.
func ReadPNG(r io.Reader) (Meta, error) {
	m := Meta{Raw: map[string]string{}}
	var sig [len(signature)]byte
	if _, err := io.ReadFull(r, sig[:]); err != nil || string(sig[:]) != signature {
		return m, ErrNotPNG
	}
	left := maxText
	for range maxChunks {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			break
		}
		size, kind := int64(binary.BigEndian.Uint32(head[:4])), string(head[4:])
		if size > maxChunk || kind == "IEND" {
			break
		}
		if kind != "tEXt" && kind != "iTXt" && kind != "zTXt" || size > int64(left) {
			if _, err := io.CopyN(io.Discard, r, size+4); err != nil {
				break
			}
			continue
		}
		data := make([]byte, size) // bounded by maxText
		if _, err := io.ReadFull(r, data); err != nil {
			break
		}
		var sum [4]byte
		if _, err := io.ReadFull(r, sum[:]); err != nil {
			break
		}
		if crc32.Update(crc32.ChecksumIEEE([]byte(kind)), crc32.IEEETable, data) != binary.BigEndian.Uint32(sum[:]) {
			break
		}
		key, text, ok := textOf(kind, data, left)
		if !ok {
			continue
		}
		left -= len(text)
		if _, seen := m.Raw[key]; !seen {
			m.Raw[key] = text
		}
	}
	m.Parameters = m.Raw[keyParameters]
	if text := m.Raw[keyReceipt]; text != "" {
		var rec Receipt
		if json.Unmarshal([]byte(text), &rec) == nil && rec.Format == 1 {
			m.Receipt = &rec
		}
	}
	return m, nil
}

// textOf takes a text chunk apart; at most limit bytes of text.
func textOf(kind string, data []byte, limit int) (key, text string, ok bool) {
	k, rest, found := bytes.Cut(data, []byte{0})
	if !found || len(k) == 0 || len(k) > 79 {
		return "", "", false
	}
	key = string(k)
	compressed := false
	switch kind {
	case "tEXt":
		return key, fromLatin1(rest), true
	case "zTXt":
		if len(rest) < 1 || rest[0] != 0 {
			return "", "", false
		}
		rest, compressed = rest[1:], true
	case "iTXt":
		if len(rest) < 2 || rest[0] > 1 {
			return "", "", false
		}
		compressed = rest[0] == 1
		rest = rest[2:]
		for range 2 { // language, translated key
			if _, rest, found = bytes.Cut(rest, []byte{0}); !found {
				return "", "", false
			}
		}
	}
	if compressed {
		z, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			return "", "", false
		}
		defer z.Close()
		out, err := io.ReadAll(io.LimitReader(z, int64(limit)+1))
		if err != nil || len(out) > limit {
			return "", "", false
		}
		rest = out
	}
	if kind == "zTXt" {
		return key, fromLatin1(rest), true
	}
	if !utf8.Valid(rest) {
		return "", "", false
	}
	return key, string(rest), true
}

func fromLatin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}
