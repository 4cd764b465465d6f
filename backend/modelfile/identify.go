package modelfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"loam/backend"
)

// Identify says what the file at path is. It follows symbolic links, reads only the header, and never waits for a pipe or
// device. Errors are *backend.BadFile with one clause for a person.
func Identify(path string) (File, error) {
	f, err := identify(path)
	if err != nil {
		var bad *backend.BadFile
		if errors.As(err, &bad) {
			return File{}, &backend.BadFile{Path: path, Reason: bad.Reason}
		}
		return File{}, &backend.BadFile{Path: path, Reason: "it cannot be read: " + osReason(err)}
	}
	f.Path = path
	f.Name = chooseName(f, path)
	return f, nil
}

func identify(path string) (File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return File{}, missing(path, err)
	}
	if err := checkMode(info.Mode()); err != nil {
		return File{}, err
	}
	file, err := open(path)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil { // it may have been exchanged since
		return File{}, err
	}
	if err := checkMode(info.Mode()); err != nil {
		return File{}, err
	}
	return Read(file, info.Size())
}

// Read says what the size bytes of r are. Its errors are *backend.BadFile without a path.
func Read(r io.ReaderAt, size int64) (File, error) {
	if size == 0 {
		return File{}, faultf("it is empty")
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return File{}, faultf("it cannot be read: %s", osReason(err))
	}
	switch {
	case bytes.HasPrefix(head, []byte("GGUF")):
		g, err := ReadGGUF(r, size)
		if err != nil {
			return File{}, err
		}
		return fromGGUF(g)
	case likeSafetensors(head):
		s, err := ReadSafetensors(r, size)
		if err != nil {
			return File{}, err
		}
		return fromSafetensors(s)
	}
	return File{}, foreign(head, r, size)
}

// likeSafetensors looks for the length of the header followed by an object.
func likeSafetensors(head []byte) bool {
	if len(head) < 10 || binary.LittleEndian.Uint64(head) > maxSafetensorsHeader {
		return false
	}
	return bytes.HasPrefix(bytes.TrimLeft(head[8:], " \t\r\n"), []byte("{"))
}

func checkMode(m fs.FileMode) error {
	switch {
	case m.IsDir():
		return faultf("it is a folder, not a file")
	case m&fs.ModeNamedPipe != 0:
		return faultf("it is a named pipe, not a file")
	case m&fs.ModeSocket != 0:
		return faultf("it is a socket, not a file")
	case m&(fs.ModeDevice|fs.ModeCharDevice) != 0:
		return faultf("it is a device, not a file")
	case !m.IsRegular():
		return faultf("it is not an ordinary file")
	}
	return nil
}

// missing says what of a path is not there.
func missing(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, linkErr := os.Lstat(path); linkErr == nil {
		return faultf("it is a link to a file that is not there")
	}
	if _, dirErr := os.Stat(filepath.Dir(path)); errors.Is(dirErr, fs.ErrNotExist) {
		return faultf("there is no such file, nor the folder it should be in")
	}
	return faultf("there is no such file")
}

// osReason says why the system refused, without the path.
func osReason(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "you have no permission"
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
