package tinypicture

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Overflow copies a safetensors file with one tensor full of NaN. Holes of the file stay holes.
func Overflow(from, to, name string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	length := make([]byte, 8)
	if _, err := io.ReadFull(src, length); err != nil {
		return fmt.Errorf("overflow %s: %w", name, err)
	}
	n := int64(binary.LittleEndian.Uint64(length))
	header := make([]byte, n)
	if _, err := io.ReadFull(src, header); err != nil {
		return fmt.Errorf("overflow %s: %w", name, err)
	}
	var entries map[string]struct {
		Offsets [2]int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(header, &entries); err != nil {
		return fmt.Errorf("overflow %s: %w", name, err)
	}
	e, ok := entries[name]
	if !ok {
		return fmt.Errorf("%s has no tensor %s", from, name)
	}
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	defer dst.Close() // for the errors; closing twice does no harm
	if err := copySparse(dst, src); err != nil {
		return fmt.Errorf("overflow %s: %w", name, err)
	}
	nan := make([]byte, e.Offsets[1]-e.Offsets[0])
	for i := range nan {
		nan[i] = 0xff
	}
	if _, err := dst.WriteAt(nan, 8+n+e.Offsets[0]); err != nil {
		return fmt.Errorf("overflow %s: %w", name, err)
	}
	return dst.Close()
}

// copySparse copies a file without its zeros.
func copySparse(dst, src *os.File) error {
	info, err := src.Stat()
	if err != nil {
		return err
	}
	if err := dst.Truncate(info.Size()); err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for at := int64(0); at < info.Size(); at += int64(len(block)) {
		n, err := src.ReadAt(block, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if zero(block[:n]) {
			continue
		}
		if _, err := dst.WriteAt(block[:n], at); err != nil {
			return err
		}
	}
	return nil
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
