package modelfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"
)

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
	{0, "fmgg", oldGGML},
	{0, "algg", "it is an adapter in a format older than GGUF, which engines no longer read: get a newer conversion"},
	{0, "7z\xBC\xAF\x27\x1C", "it is a 7z archive: unpack it and add the file inside"},
	{0, "Rar!\x1A\x07", "it is a RAR archive: unpack it and add the file inside"},
	{0, "\x1F\x8B", "it is a gzip archive (perhaps .tar.gz): unpack it and add the file inside"},
	{0, "\x28\xB5\x2F\xFD", "it is a zstd archive: unpack it and add the file inside"},
	{0, "\xFD7zXZ\x00", "it is an xz archive: unpack it and add the file inside"},
	{0, "BZh", "it is a bzip2 archive: unpack it and add the file inside"},
	{257, "ustar", "it is a tar archive: unpack it and add the file inside"},
	{0, "\x89HDF\r\n\x1A\n", "it is a Keras (HDF5) model; Loam reads GGUF and safetensors"},
	{4, "TFL3", "it is a TensorFlow Lite model; Loam reads GGUF and safetensors"},
	{4, "ORTM", "it is an ONNX Runtime model; Loam reads GGUF and safetensors"},
	{0, "ftrt", tensorRT},
	{0, "ptrt", tensorRT},
	{0, "\x93NUMPY", "it is a NumPy array; Loam reads GGUF and safetensors"},
	{0, "\x89PNG\r\n\x1A\n", picturePhrase},
	{0, "\xFF\xD8\xFF", picturePhrase},
	{0, "GIF8", picturePhrase},
	{0, "%PDF-", "it is a PDF document, not a model"},
	{0, "SQLite format 3\x00", "it is a database, not a model"},
	{0, "ID3", mediaPhrase},
	{0, "OggS", mediaPhrase},
	{0, "fLaC", mediaPhrase},
	{4, "ftyp", mediaPhrase},
	{0, "\x1A\x45\xDF\xA3", mediaPhrase},
}

const (
	picklePhrase  = "it is a PyTorch pickle, which can run code of strangers when it is opened: get the safetensors or GGUF file of this model"
	oldGGML       = "it is in a format older than GGUF, which engines no longer read: get a newer conversion of this model"
	archivePhrase = "it is an archive: unpack it and add the file inside"
	picturePhrase = "it is a picture, not a model"
	mediaPhrase   = "it is a sound or video, not a model"
	tensorRT      = "it is a TensorRT engine, made for one graphics card; Loam reads GGUF and safetensors"
)

// foreign names what is neither GGUF nor safetensors.
func foreign(head []byte, r io.ReaderAt, size int64) error {
	for _, m := range magics {
		if len(head) >= m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return faultf("%s", m.reason)
		}
	}
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has("PK\x03\x04"), has("PK\x05\x06"), has("PK\x06\x06"):
		return zipFault(head, r, size)
	case has("lmgg"):
		return ggmlFault(head)
	case has("version https://git-lfs"):
		return lfsFault(string(head))
	case has("# xet version"):
		return faultf("it is only a Xet pointer, a note of where the real file is: download the file itself")
	case has("RIFF") && len(head) >= 12:
		if string(head[8:12]) == "WEBP" {
			return faultf("%s", picturePhrase)
		}
		return faultf("%s", mediaPhrase)
	case has("MZ"), has("\x7FELF"), has("\xCF\xFA\xED\xFE"), has("#!"):
		if bytes.Contains(head, []byte("llamafile")) || has("MZqFpD") {
			return faultf("it is a llamafile, a program with a model inside: get the GGUF file of this model")
		}
		return faultf("it is a program, not a model")
	case bytes.Count(head, []byte{0}) == len(head):
		return faultf("it begins with nothing but zeros: the download did not get far, start it again")
	}
	if reason := protobuf(head, r, size); reason != "" {
		return faultf("%s", reason)
	}
	if text, ok := asText(head, size); ok {
		return textFault(text)
	}
	return faultf("it is no model file that Loam knows: neither GGUF nor safetensors")
}

// ggmlFault tells the speech models, which still come in the oldest format, from others in it: their header begins with
// the size of the vocabulary and that of the audio context, which is always 1500.
func ggmlFault(head []byte) error {
	if len(head) >= 12 && binary.LittleEndian.Uint32(head[8:]) == 1500 {
		return faultf("%s", soundClause)
	}
	return faultf("%s", oldGGML)
}

// lfsFault says how large the file is that a Git LFS pointer stands for.
func lfsFault(text string) error {
	const clause = "it is only a Git LFS pointer, a note of where the real file is"
	_, after, _ := strings.Cut(text, "\nsize ")
	n := int64(0)
	for _, c := range after[:min(digits(after), 15)] {
		n = n*10 + int64(c-'0')
	}
	if n == 0 {
		return faultf("%s: download the file itself", clause)
	}
	return faultf("%s: download the file itself (%s)", clause, bytesOf(n))
}

// zipped are kinds of zip archives by the end of a name in them.
var zipped = []struct{ end, reason string }{
	{"data.pkl", picklePhrase},
	{"byteorder", picklePhrase},
	{".gguf", "it is an archive with a GGUF file in it: unpack it and add that file"},
	{".safetensors", "it is an archive with a safetensors file in it: unpack it and add that file"},
	{".ckpt", "it is an archive with a PyTorch pickle in it, which can run code of strangers: get the safetensors file of this model"},
	{"model.weights.h5", "it is a Keras model; Loam reads GGUF and safetensors"},
	{".mlmodel", "it is a Core ML model; Loam reads GGUF and safetensors"},
	{".npy", "it is an archive of NumPy arrays; Loam reads GGUF and safetensors"},
	{".onnx", "it is an archive with an ONNX model in it; Loam reads GGUF and safetensors"},
	{"word/document.xml", "it is a text document, not a model"},
	{"AndroidManifest.xml", "it is an app for phones, not a model"},
}

// zipFault tells what is in an archive by the names at its front and in the directory at its end. Nothing is unpacked.
func zipFault(head []byte, r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 64<<10))
	n, _ := r.ReadAt(tail, size-int64(len(tail))) // what cannot be read does not change the answer's kind
	names := append(zipNames(head, "PK\x03\x04", 26, 30), zipNames(tail[:n], "PK\x01\x02", 28, 46)...)
	for _, z := range zipped {
		for _, name := range names {
			if strings.HasSuffix(name, z.end) {
				return faultf("%s", z.reason)
			}
		}
	}
	return faultf("%s", archivePhrase)
}

// zipNames finds the entries in a piece of an archive by their mark; the length of a name stands at lengthAt after it and
// the name at nameAt.
func zipNames(b []byte, mark string, lengthAt, nameAt int) []string {
	var names []string
	for len(names) < 4096 {
		i := bytes.Index(b, []byte(mark))
		if i < 0 || i+nameAt > len(b) {
			break
		}
		n := int(binary.LittleEndian.Uint16(b[i+lengthAt:]))
		if i+nameAt+n <= len(b) {
			names = append(names, string(b[i+nameAt:i+nameAt+n]))
		}
		b = b[i+len(mark):]
	}
	return names
}

// protobuf recognises models that are protocol buffers by the fields on their outermost level: ONNX (a version, texts
// about the producer, the graph as field 7, the operator sets as field 8), TensorFlow's saved models (version 1 and large
// messages as field 2) and graphs (nodes as field 1 that begin with a name and an operation).
func protobuf(head []byte, r io.ReaderAt, size int64) string {
	if tensorFlowGraph(head) {
		return "it is a TensorFlow graph; Loam reads GGUF and safetensors"
	}
	if len(head) < 4 || head[0] != 0x08 {
		return ""
	}
	var fields [16]int
	longest2 := uint64(0)
	at := int64(0)
	buf := make([]byte, 24)
	for step := 0; at < size && step < 64; step++ {
		n, _ := r.ReadAt(buf, at)
		tag, used := binary.Uvarint(buf[:n])
		if used <= 0 || tag>>3 == 0 || tag>>3 > 30 || tag&7 != 0 && tag&7 != 2 {
			break // what came before may be enough to know it by
		}
		value, more := binary.Uvarint(buf[used:n])
		if more <= 0 {
			break
		}
		at += int64(used + more)
		if tag&7 == 2 {
			if value > uint64(size-at) && fields[7] == 0 && tag>>3 != 7 && tag>>3 != 2 {
				return ""
			}
			if tag>>3 == 2 {
				longest2 = max(longest2, value)
			}
			at += int64(min(value, uint64(size-at)))
		}
		if tag>>3 < uint64(len(fields)) {
			fields[tag>>3]++
		}
	}
	switch {
	case fields[7] > 0 || fields[8] > 0 && fields[1] == 1:
		return "it is an ONNX model; Loam reads GGUF and safetensors"
	case longest2 > 256 && fields[1] == 1:
		return "it is a TensorFlow model; Loam reads GGUF and safetensors"
	}
	return ""
}

func tensorFlowGraph(head []byte) bool {
	if len(head) < 16 || head[0] != 0x0A {
		return false
	}
	_, n := binary.Uvarint(head[1:])
	if n <= 0 || 1+n+2 > len(head) || head[1+n] != 0x0A {
		return false
	}
	name := int(head[1+n+1])
	rest := head[1+n+2:]
	if name == 0 || name >= 0x80 || name+2 > len(rest) || rest[name] != 0x12 {
		return false
	}
	op := rest[name+2:]
	op = op[:min(int(rest[name+1]), len(op))]
	for _, known := range []string{"Placeholder", "Const", "NoOp", "VarHandleOp", "Identity"} {
		if string(op) == known {
			return true
		}
	}
	return false
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
	for strings.HasPrefix(start, "<!--") { // comments before the page
		_, after, ok := strings.Cut(start, "-->")
		if !ok {
			break
		}
		start = strings.TrimSpace(after)
	}
	starts := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(start, p) {
				return true
			}
		}
		return false
	}
	switch {
	case starts("<!doctype html", "<html", "<head", "<body"):
		return faultf("it is a web page, not a model: the download saved an error or login page")
	case strings.Contains(start, "<net name=") && starts("<?xml", "<net "):
		return faultf("it is an OpenVINO model; Loam reads GGUF and safetensors")
	case starts("<?xml", "<error"):
		return faultf("it is an XML text, not a model: the download saved an error page")
	case starts("{", "["):
		switch {
		case strings.Contains(start, `"weight_map"`):
			return faultf("it is the index of a model in several files: add the folder that it lies in")
		case strings.Contains(start, `"error"`):
			return faultf("it is a JSON text, not a model: the download saved an error message")
		case strings.Contains(start, `"_class_name"`), strings.Contains(start, `"model_type"`), strings.Contains(start, `"architectures"`):
			return faultf("it is the settings file of a model (a JSON text), not the model: add the model file or the folder")
		}
		return faultf("it is a JSON text, not a model")
	case starts("entry not found", "not found", "access to model", "access denied", "invalid username", "unauthorized",
		"repository not found", "404", "403", "401"):
		return faultf("it is a text, not a model: the download saved an error message (%s)", quoted(firstLine(text)))
	}
	return faultf("it is a text, not a model")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
