package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
)

// skippedFolders hold what programs made, not what people wrote.
var skippedFolders = []string{"node_modules", "vendor", "__pycache__", "target", "dist", "build"}

// Source is a file or folder as it is about to be attached.
type Source struct {
	Name string
	Kind backend.AttachmentKind
	Data []byte // of a folder: the text
	Doc  Document
}

// Open reads a file or a folder from the disk and says what it says.
func (r Reader) Open(ctx context.Context, path string) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, err
	}
	name := filepath.Base(path)
	if info.IsDir() {
		d, err := r.folder(ctx, path)
		return Source{name, backend.AttachFolder, []byte(d.Text), d}, err
	}
	data, err := readBounded(path, info)
	if err != nil {
		return Source{}, err
	}
	d, err := r.Read(ctx, name, data)
	return Source{name, d.Kind, data, d}, err
}

func readBounded(path string, info fs.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, refuse("it is not a file")
	}
	if info.Size() > MaxBytes {
		return nil, refuse("it is larger than 64 MB")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err == nil && len(data) > MaxBytes {
		err = refuse("it is larger than 64 MB")
	}
	return data, err
}

// folder reads the text files of a folder and those below it, in the order of their names. Hidden files, those of programs and what
// is no text are left out, and Note says how many.
func (r Reader) folder(ctx context.Context, root string) (Document, error) {
	d := Document{Kind: backend.AttachFolder}
	var parts []string
	size, left, full := 0, 0, false
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			left++
			return nil //nolint:nilerr // a folder that may not be read is left out, and counted
		}
		name := e.Name()
		hidden := path != root && strings.HasPrefix(name, ".")
		if e.IsDir() {
			if hidden || path != root && slices.Contains(skippedFolders, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if hidden || !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if err != nil || info.Size() > maxOneFile {
			left++
			return nil //nolint:nilerr // it is left out, and counted
		}
		data, err := readBounded(path, info)
		if err != nil {
			left++
			return nil //nolint:nilerr // it is left out, and counted
		}
		doc, err := r.Read(ctx, name, data)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			left++
			return nil //nolint:nilerr // it is no text
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		part := strings.Map(oneLine, filepath.ToSlash(rel)) + "\n" + strings.ReplaceAll(doc.Text, "\f", "\n\n")
		if len(parts) >= MaxFiles || size+len(part) > MaxText {
			left, full = left+1, true
			return nil
		}
		size += len(part) + 1
		parts = append(parts, part)
		return nil
	})
	if err != nil {
		return d, err
	}
	if len(parts) == 0 {
		return d, refuse("there is no text file in the folder")
	}
	d.Text, d.Pages = strings.Join(parts, "\f"), len(parts)
	if left > 0 {
		d.Note = count(left, "file") + " left out: no text, or too large."
		if full {
			d.Note = fmt.Sprintf("%s left out: at most %d files with 8 MB of text are read.", count(left, "file"), MaxFiles)
		}
	}
	return d, nil
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\f' {
		return '_'
	}
	return r
}

// IsRefusal says whether an error is a file that cannot be attached, and why in one clause.
func IsRefusal(err error) (reason string, ok bool) {
	bad, ok := errors.AsType[*backend.BadFile](err)
	if !ok {
		return "", false
	}
	return bad.Reason, true
}
