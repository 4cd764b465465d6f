package modelfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

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
	return Read(file, info.Size(), filepath.Base(path))
}

// Read says what the size bytes of r are. name is the file's name without its folder; it is used only in words and to
// tell texts apart. Its errors are *backend.BadFile without a path.
func Read(r io.ReaderAt, size int64, name string) (File, error) {
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
	return File{}, foreign(head, r, size, name)
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

// magics are files of other kinds, by their first bytes.
var magics = []struct {
	at     int
	bytes  string
	reason string
}{
	{0, "\x80\x02", picklePhrase},
	{0, "\x80\x03", picklePhrase},
	{0, "\x80\x04", picklePhrase},
	{0, "\x80\x05", picklePhrase},
	{0, "ggjt", oldGGML},
	{0, "tjgg", oldGGML},
	{0, "lmgg", oldGGML},
	{0, "fmgg", oldGGML},
	{0, "algg", "it is an adapter in a format older than GGUF, which engines no longer read: get a newer conversion"},
	{0, "7z\xBC\xAF\x27\x1C", archivePhrase},
	{0, "Rar!\x1A\x07", archivePhrase},
	{0, "\x1F\x8B", archivePhrase},
	{0, "\x28\xB5\x2F\xFD", archivePhrase},
	{0, "\xFD7zXZ\x00", archivePhrase},
	{0, "BZh", archivePhrase},
	{257, "ustar", archivePhrase},
	{0, "\x89HDF\r\n\x1A\n", "it is a Keras (HDF5) model; Loam reads GGUF and safetensors"},
	{4, "TFL3", "it is a TensorFlow Lite model; Loam reads GGUF and safetensors"},
	{0, "\x93NUMPY", "it is a NumPy array; Loam reads GGUF and safetensors"},
	{0, "\x89PNG\r\n\x1A\n", "it is a picture, not a model"},
	{0, "\xFF\xD8\xFF", "it is a picture, not a model"},
	{0, "%PDF-", "it is a PDF document, not a model"},
	{0, "SQLite format 3\x00", "it is a database, not a model"},
	{0, "\x7FELF", "it is a program, not a model"},
	{0, "MZ", "it is a program, not a model"},
}

const (
	picklePhrase  = "it is a PyTorch pickle, which can run code of strangers when it is opened: get the safetensors or GGUF file of this model"
	oldGGML       = "it is in a format older than GGUF, which engines no longer read: get a newer conversion of this model"
	archivePhrase = "it is an archive: unpack it and add the file inside"
)

// foreign names what is neither GGUF nor safetensors.
func foreign(head []byte, r io.ReaderAt, size int64, name string) error {
	for _, m := range magics {
		if len(head) >= m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return faultf("%s", m.reason)
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipFault(head, r, size)
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return faultf("it is only a Git LFS pointer, a note of where the real file is: download the file itself")
	case bytes.Count(head, []byte{0}) == len(head):
		return faultf("it begins with nothing but zeros: the download did not get far, start it again")
	}
	if bytes.HasPrefix(head, []byte("\x08")) && (bytes.Contains(head[:min(len(head), 256)], []byte("pytorch")) ||
		bytes.Contains(head[:min(len(head), 256)], []byte("onnx")) || strings.EqualFold(filepath.Ext(name), ".onnx")) {
		return faultf("it is an ONNX model; Loam reads GGUF and safetensors")
	}
	if text, ok := asText(head, size); ok {
		return textFault(text)
	}
	return faultf("it is no model file that Loam knows: neither GGUF nor safetensors")
}

// zipFault tells a PyTorch archive from others by the entries near its front and its end.
func zipFault(head []byte, r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 64<<10))
	n, _ := r.ReadAt(tail, size-int64(len(tail))) // what cannot be read does not change the answer's kind
	for _, part := range [][]byte{head, tail[:n]} {
		if bytes.Contains(part, []byte("/data.pkl")) || bytes.Contains(part, []byte("data.pkl")) {
			return faultf("%s", picklePhrase)
		}
	}
	return faultf("%s", archivePhrase)
}

// asText says whether the bytes are readable text.
func asText(head []byte, size int64) (string, bool) {
	if int64(len(head)) < size { // the cut may fall inside a rune
		for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
			head = head[:len(head)-1]
		}
	}
	if !utf8.Valid(head) {
		return "", false
	}
	for _, b := range head {
		if b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' {
			return "", false
		}
	}
	return string(head), true
}

func textFault(text string) error {
	start := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF")))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"), strings.HasPrefix(start, "<head"):
		return faultf("it is a web page, not a model: the download saved an error or login page")
	case strings.HasPrefix(start, "<?xml"):
		return faultf("it is an XML text, not a model: the download saved an error page")
	case strings.HasPrefix(start, "{"), strings.HasPrefix(start, "["):
		return faultf("it is a JSON text, not a model")
	}
	return faultf("it is a text, not a model")
}
