package transfer

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
)

// origin is a file, archive or folder that may hold chats.
type origin struct {
	files  []originFile // that may hold chats, by name
	single bool         // the one file that a person named
	media  fs.FS        // where the files "media/..." of our own exports are; nil = nowhere
	more   bool         // there was more in it than is looked at
	close  func() error
}

// originFile is one file of an origin.
type originFile struct {
	name string
	open func() (io.ReadCloser, error)
}

func (o *origin) Close() error {
	if o.close == nil {
		return nil
	}
	return o.close()
}

// openOrigin opens what a path names.
func openOrigin(path string) (*origin, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if !info.Mode().IsRegular() {
		return nil, &backend.BadFile{Path: path, Reason: "it is no ordinary file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	if err == nil && (string(magic[:]) == "PK\x03\x04" || string(magic[:]) == "PK\x05\x06") {
		return openArchive(path, f, info.Size())
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	o := &origin{single: true, files: []originFile{{name: path, open: func() (io.ReadCloser, error) { return os.Open(path) }}}}
	if beside, err := os.OpenRoot(mediaBeside(path)); err == nil {
		o.media, o.close = under{beside.FS()}, beside.Close
	}
	return o, nil
}

// under finds the files of "media/" in a folder of another name.
type under struct{ fs.FS }

// Open implements fs.FS.
func (u under) Open(name string) (fs.File, error) {
	return u.FS.Open(strings.TrimPrefix(name, mediaFolder))
}

// candidate says whether a file of an archive or folder may hold chats.
func candidate(name string) bool {
	base := strings.ToLower(path.Base(name))
	if strings.HasPrefix(base, ".") {
		return false // also the shadows that macOS puts into archives
	}
	return strings.HasSuffix(base, ".json") || strings.HasSuffix(base, ".jsonl")
}

// telling says whether a file of a folder has the name of an export. A folder may hold anything, and reading all of it would
// take long.
func telling(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.HasSuffix(base, ".conversation.json") || strings.HasPrefix(base, "conversations") || strings.HasPrefix(base, "chat-export") ||
		base == chatsFile || strings.HasPrefix(base, "loam chats")
}

func openFolder(dir string) (*origin, error) {
	root, err := os.OpenRoot(dir) // links do not lead out of it
	if err != nil {
		return nil, err
	}
	o := &origin{media: root.FS(), close: root.Close}
	seen := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be looked into is left out
		}
		if seen++; seen > maxFiles {
			o.more = true
			return fs.SkipAll
		}
		switch {
		case d.IsDir() && strings.Count(name, "/") >= maxFolders:
			return fs.SkipDir
		case d.Type().IsRegular() && candidate(name) && telling(name):
			o.files = append(o.files, originFile{name: name, open: func() (io.ReadCloser, error) { return root.Open(filepath.FromSlash(name)) }})
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return o, nil
}

func openArchive(path string, f *os.File, size int64) (_ *origin, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if n, err := archiveIndex(f, size); err != nil || n > maxIndex {
		return nil, &backend.BadFile{Path: path, Reason: "its list of files is damaged or far too long"}
	}
	r, err := zip.NewReader(f, size)
	if err != nil {
		return nil, &backend.BadFile{Path: path, Reason: "the archive is damaged"}
	}
	o := &origin{media: r, close: f.Close}
	for _, entry := range r.File {
		if len(o.files) >= maxFiles {
			o.more = true
			break
		}
		if entry.Mode().IsRegular() && candidate(entry.Name) {
			o.files = append(o.files, originFile{name: entry.Name, open: entry.Open})
		}
	}
	slices.SortStableFunc(o.files, func(a, b originFile) int { return strings.Compare(a.name, b.name) })
	return o, nil
}

// archiveIndex is how many bytes the list of files of a .zip takes, which a reader would hold in memory several times over.
// The format is APPNOTE.TXT 4.3.14 to 4.3.16 of PKWARE.
func archiveIndex(r io.ReaderAt, size int64) (int64, error) {
	const endSize, locatorSize = 22, 20
	tail := make([]byte, min(size, endSize+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < endSize {
		return 0, zip.ErrFormat
	}
	n := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	if n != 0xFFFFFFFF {
		return n, nil
	}
	if at < locatorSize || string(tail[at-locatorSize:at-locatorSize+4]) != "PK\x06\x07" {
		return 0, zip.ErrFormat
	}
	where := binary.LittleEndian.Uint64(tail[at-locatorSize+8:])
	if where > uint64(size) {
		return 0, zip.ErrFormat
	}
	var end [56]byte
	if _, err := r.ReadAt(end[:], int64(where)); err != nil {
		return 0, err
	}
	if n := binary.LittleEndian.Uint64(end[40:]); n <= uint64(size) {
		return int64(n), nil
	}
	return 0, zip.ErrFormat
}

// counted reads until the context ends or the bytes of the whole import are used up: an archive may unpack to anything.
type counted struct {
	ctx  context.Context
	r    io.Reader
	left *int64
}

var errTooMuch = fmt.Errorf("it unpacks to more than %d GB", int64(maxRead)>>30)

// Read implements io.Reader.
func (c counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if *c.left <= 0 {
		return 0, errTooMuch
	}
	n, err := c.r.Read(b[:min(int64(len(b)), *c.left)])
	*c.left -= int64(n)
	return n, err
}

// byteOrderMark stands before some files of Windows.
var byteOrderMark = []byte("\xEF\xBB\xBF")

// beginning skips what may stand before the first value and looks at what follows.
func beginning(r *bufio.Reader) []byte {
	if mark, err := r.Peek(3); err == nil && bytes.Equal(mark, byteOrderMark) {
		_, _ = r.Discard(3) // it was just seen
	}
	head, _ := r.Peek(4096) // less at the end of the file
	return head
}
