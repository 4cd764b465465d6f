package library

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"loam/backend"
	"loam/backend/modelfile"
)

// resolve makes a path absolute and free of symbolic links.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// partsOf are the files of a model, the first one first. Only a split file has several.
func partsOf(m backend.Model) []string {
	if m.Format == "gguf" {
		if parts := modelfile.PartsByName(m.Path); parts != nil {
			return parts
		}
	}
	return []string{m.Path}
}

// measure sums up the parts that exist: their size and the newest time. The first one must exist.
func measure(parts []string) (size int64, newest time.Time, err error) {
	for i, p := range parts {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist) && i > 0:
			continue
		case err != nil:
			return 0, time.Time{}, err
		}
		size += info.Size()
		if t := fileTime(info.ModTime()); t.After(newest) {
			newest = t
		}
	}
	return size, newest, nil
}

// twin finds the installed model that a file is a copy of: the same file under another name, or equal in size, in its
// first part and in samples all over it. An entry whose file is gone is taken for the same file, moved, when everything
// that its header said is equal.
func (l *Library) twin(f found, list []backend.Model) (backend.Model, bool) {
	for _, m := range list {
		if m.SizeBytes != f.size || m.Kind != f.file.Kind || m.Format != f.file.Format {
			continue
		}
		if !exists(m.Path) {
			if filepath.Base(m.Path) == filepath.Base(f.path) && m.Quant == f.file.Quant && m.Family == f.file.Family &&
				m.Parameters == f.file.Parameters && m.Template == f.file.Template && m.Shape == f.file.Shape {
				return m, true
			}
			continue
		}
		if sameFiles(partsOf(m), f.parts) {
			return m, true
		}
	}
	return backend.Model{}, false
}

func sameFiles(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameFile(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Two files of models that differ differ almost everywhere, except in a few bytes of the header.
const (
	comparedFront = 32 << 20
	samples       = 256
	sampleBytes   = 4 << 10
)

func sameFile(a, b string) bool {
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close()
	ia, errA := fa.Stat()
	ib, errB := fb.Stat()
	if errA != nil || errB != nil || ia.Size() != ib.Size() {
		return false
	}
	if os.SameFile(ia, ib) {
		return true
	}
	front := min(ia.Size(), comparedFront)
	bufA, bufB := make([]byte, 256<<10), make([]byte, 256<<10)
	for at := int64(0); at < front; at += int64(len(bufA)) {
		if !sameAt(fa, fb, bufA, bufB, at) {
			return false
		}
	}
	bufA, bufB = bufA[:sampleBytes], bufB[:sampleBytes]
	for i := int64(1); i <= samples; i++ {
		if !sameAt(fa, fb, bufA, bufB, max(0, ia.Size()-sampleBytes)/samples*i) {
			return false
		}
	}
	return true
}

func sameAt(a, b io.ReaderAt, bufA, bufB []byte, at int64) bool {
	na, errA := a.ReadAt(bufA, at)
	nb, errB := b.ReadAt(bufB, at)
	if errA != nil && !errors.Is(errA, io.EOF) || errB != nil && !errors.Is(errB, io.EOF) {
		return false
	}
	return bytes.Equal(bufA[:na], bufB[:nb])
}
