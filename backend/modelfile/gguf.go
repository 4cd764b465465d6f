package modelfile

import "io"

// Limits of a GGUF header. Real files stay far below each; a file above one is damaged or hostile.
const (
	maxKeys        = 1 << 14
	maxTensors     = 1 << 17
	maxStrings     = 1 << 23 // elements of a list of texts: vocabularies have up to 300,000 tokens and twice the merges
	maxKeptNumbers = 1 << 13 // elements of a list of numbers that is kept (one per layer); longer ones are passed over
	maxKeptStrings = 64      // elements of a list of texts that is kept (tags, languages)
	maxDims        = 4
	maxAlignment   = 1 << 20
)

// ValueType is the type of a value in a GGUF header, with the format's own numbers.
type ValueType uint32

// The types of the format.
const (
	TypeUint8 ValueType = iota
	TypeInt8
	TypeUint16
	TypeInt16
	TypeUint32
	TypeInt32
	TypeFloat32
	TypeBool
	TypeString
	TypeArray
	TypeUint64
	TypeInt64
	TypeFloat64
)

// valueBytes are the sizes of the fixed types; 0 = of no fixed size.
var valueBytes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

// Value is one value of a header. Lists are kept only when they are short.
type Value struct {
	Type  ValueType
	Bits  uint64    // numbers: as stored, sign-extended; floats as the bits of a float64; bool 0 or 1
	Text  string    // TypeString
	Elem  ValueType // TypeArray: the type of its elements
	Count int64     // TypeArray
	List  []Value   // TypeArray: its elements; nil when it is longer than what is kept
}

// Tensor is one tensor of a header.
type Tensor struct {
	Name   string
	Type   TensorType
	Dims   []int64 // GGUF order: the contiguous dimension first
	Offset int64   // from the start of the data section
	Bytes  int64
}

// Elements is the product of the dimensions.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// GGUF is the header of a GGUF file. Every tensor lies inside the file.
type GGUF struct {
	Version    int
	Values     map[string]Value
	Tensors    []Tensor
	Alignment  int64
	DataOffset int64 // of the data section
	Size       int64 // of the file
}

// ReadGGUF reads the header of a GGUF file of size bytes (versions 2 and 3; the format is documented in ggml's
// docs/gguf.md). It reads only the header, allocates in proportion to what is really there, and checks that the tensors
// lie inside the file without overlapping. Its errors are *backend.BadFile without a path.
func ReadGGUF(r io.ReaderAt, size int64) (GGUF, error) {
	g := ggufReader{c: newCursor(r, size), g: GGUF{Values: map[string]Value{}, Alignment: 32, Size: size}}
	if err := g.header(); err != nil {
		return GGUF{}, err
	}
	if err := g.checkData(); err != nil {
		return GGUF{}, err
	}
	return g.g, nil
}
