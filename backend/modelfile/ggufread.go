package modelfile

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// ggufReader reads a header from front to back.
type ggufReader struct {
	c    *cursor
	g    GGUF
	kept int64 // bytes of text and numbers kept so far
}

func (r *ggufReader) header() error {
	magic, err := r.c.take(4)
	if err != nil {
		return err
	}
	if !bytes.Equal(magic, []byte("GGUF")) {
		return faultf("it does not begin as a GGUF file does")
	}
	version, err := r.c.u32()
	if err != nil {
		return err
	}
	switch {
	case version&0xFFFF == 0 && version != 0:
		return faultf("it is in big-endian byte order, made for another kind of machine: get the little-endian file")
	case version == 1:
		return faultf("it is a GGUF file of version 1, which engines no longer read: get a newer conversion of this model")
	case version != 2 && version != 3:
		return faultf("it says it is a GGUF file of version %d; known are 2 and 3", version)
	}
	r.g.Version = int(version)
	tensors, err := r.c.u64()
	if err != nil {
		return err
	}
	keys, err := r.c.u64()
	if err != nil {
		return err
	}
	// The smallest value takes 13 bytes (length of an empty key, type, one byte), the smallest tensor 24.
	if err := r.checkCount("values", keys, 13, maxKeys); err != nil {
		return err
	}
	if err := r.checkCount("tensors", tensors, 24, maxTensors); err != nil {
		return err
	}
	for range keys {
		if err := r.value(); err != nil {
			return err
		}
	}
	if a, ok := r.g.Values["general.alignment"]; ok {
		if a.Type != TypeUint32 || a.Bits == 0 || a.Bits > maxAlignment || a.Bits&(a.Bits-1) != 0 {
			return faultf("its alignment is no power of two: it is damaged")
		}
		r.g.Alignment = int64(a.Bits)
	}
	return r.tensors(int(tensors))
}

// checkCount refuses a count that the rest of the file cannot hold, before anything is done for it.
func (r *ggufReader) checkCount(what string, n uint64, each int64, most uint64) error {
	if n > uint64(r.c.left()/each) {
		return faultf("its header promises %s %s, more than a file of %s can hold: it is damaged or cut short",
			count(n), what, bytesOf(r.c.size))
	}
	if n > most {
		return faultf("its header promises %s %s, more than any real model has", count(n), what)
	}
	return nil
}

// text reads a string of at most most bytes, to be kept.
func (r *ggufReader) text(what string, most uint64) (string, error) {
	n, err := r.c.u64()
	if err != nil {
		return "", err
	}
	if n > uint64(r.c.left()) {
		return "", faultf("its header promises %s of %s, more than the file holds: it is damaged or cut short", what, bytesOfU(n))
	}
	if n > most {
		return "", faultf("its header has %s of %s, longer than any real model's", what, bytesOfU(n))
	}
	if err := r.keep(int64(n)); err != nil {
		return "", err
	}
	b := make([]byte, 0, n)
	for uint64(len(b)) < n {
		part, err := r.c.take(int(min(n-uint64(len(b)), windowBytes)))
		if err != nil {
			return "", err
		}
		b = append(b, part...)
	}
	return string(b), nil
}

func (r *ggufReader) keep(n int64) error {
	if r.kept += n; r.kept > keptBudget {
		return faultf("its header is larger than that of any real model: it is damaged, or made to do harm")
	}
	return nil
}

func (r *ggufReader) value() error {
	key, err := r.text("a name", maxKeyBytes)
	if err != nil {
		return err
	}
	if _, twice := r.g.Values[key]; twice {
		return faultf("its header has %s twice: it is damaged", quoted(key))
	}
	t, err := r.c.u32()
	if err != nil {
		return err
	}
	v := Value{Type: ValueType(t)}
	switch {
	case v.Type == TypeArray:
		v, err = r.array(key)
	case v.Type == TypeString:
		most := uint64(maxText)
		if strings.HasPrefix(key, "tokenizer.chat_template") {
			most = maxTemplate
		}
		v.Text, err = r.text("a text ("+quoted(key)+")", most)
	default:
		v.Bits, err = r.number(key, v.Type)
	}
	if err != nil {
		return err
	}
	r.g.Values[key] = v
	return r.keep(64)
}

func (r *ggufReader) number(key string, t ValueType) (uint64, error) {
	if int(t) >= len(valueBytes) || valueBytes[t] == 0 {
		return 0, faultf("the value %s in its header is of no known type: it is damaged", quoted(key))
	}
	b, err := r.c.take(int(valueBytes[t]))
	if err != nil {
		return 0, err
	}
	return numberBits(t, b), nil
}

func numberBits(t ValueType, b []byte) uint64 {
	var u uint64
	for i := len(b) - 1; i >= 0; i-- {
		u = u<<8 | uint64(b[i])
	}
	switch t {
	case TypeInt8:
		return uint64(int8(u))
	case TypeInt16:
		return uint64(int16(u))
	case TypeInt32:
		return uint64(int32(u))
	case TypeFloat32:
		return math.Float64bits(float64(math.Float32frombits(uint32(u))))
	case TypeBool:
		return min(u, 1)
	default: // as it is
		return u
	}
}

func (r *ggufReader) array(key string) (Value, error) {
	t, err := r.c.u32()
	if err != nil {
		return Value{}, err
	}
	n, err := r.c.u64()
	if err != nil {
		return Value{}, err
	}
	v := Value{Type: TypeArray, Elem: ValueType(t), Count: int64(min(n, math.MaxInt64))}
	what := "entries for " + quoted(key)
	switch {
	case v.Elem == TypeArray:
		return v, faultf("its header has a list of lists (%s), which no engine reads", quoted(key))
	case v.Elem == TypeString:
		if err := r.checkCount(what, n, 8, maxStrings); err != nil {
			return v, err
		}
		return v, r.strings(&v, key)
	case int(v.Elem) >= len(valueBytes):
		return v, faultf("the list %s in its header is of no known type: it is damaged", quoted(key))
	}
	each := valueBytes[v.Elem]
	if err := r.checkCount(what, n, each, math.MaxInt64); err != nil {
		return v, err
	}
	if n > maxKeptNumbers {
		return v, r.c.skip(int64(n) * each)
	}
	if err := r.keep(int64(n) * 96); err != nil {
		return v, err
	}
	v.List = make([]Value, 0, n)
	for range n {
		bits, err := r.number(key, v.Elem)
		if err != nil {
			return v, err
		}
		v.List = append(v.List, Value{Type: v.Elem, Bits: bits})
	}
	return v, nil
}

// strings passes over a list of texts, checking each length, and keeps it when it is short.
func (r *ggufReader) strings(v *Value, key string) error {
	if v.Count <= maxKeptStrings {
		v.List = make([]Value, 0, v.Count)
		for range v.Count {
			s, err := r.text("a text ("+quoted(key)+")", maxText)
			if err != nil {
				return err
			}
			v.List = append(v.List, Value{Type: TypeString, Text: s})
		}
		return nil
	}
	for range v.Count {
		n, err := r.c.u64()
		if err != nil {
			return err
		}
		if n > uint64(r.c.left()) {
			return faultf("its header promises a text (%s) of %s, more than the file holds: it is damaged or cut short",
				quoted(key), bytesOfU(n))
		}
		if err := r.c.skip(int64(n)); err != nil {
			return err
		}
	}
	return nil
}

func (r *ggufReader) tensors(n int) error {
	seen := make(map[string]struct{}, min(n, 4096))
	for range n {
		t, err := r.tensor()
		if err != nil {
			return err
		}
		if _, twice := seen[t.Name]; twice {
			return faultf("its header has the tensor %s twice: it is damaged", quoted(t.Name))
		}
		seen[t.Name] = struct{}{}
		r.g.Tensors = append(r.g.Tensors, t)
	}
	a := r.g.Alignment
	r.g.DataOffset = (r.c.pos + a - 1) / a * a
	return nil
}

func (r *ggufReader) tensor() (Tensor, error) {
	var t Tensor
	name, err := r.text("a tensor name", maxNameBytes)
	if err != nil {
		return t, err
	}
	t.Name = name
	if err := checkBlocks(name); err != nil {
		return t, err
	}
	dims, err := r.c.u32()
	if err != nil {
		return t, err
	}
	if dims > maxDims {
		return t, faultf("the tensor %s claims %d dimensions; %d is the most", quoted(name), dims, maxDims)
	}
	elements := int64(1)
	t.Dims = make([]int64, dims)
	for i := range t.Dims {
		d, err := r.c.u64()
		if err != nil {
			return t, err
		}
		if d == 0 || d > math.MaxInt64/64 || int64(d) > math.MaxInt64/64/elements {
			return t, faultf("the tensor %s claims an impossible size: it is damaged", quoted(name))
		}
		elements *= int64(d)
		t.Dims[i] = int64(d)
	}
	kind, err := r.c.u32()
	if err != nil {
		return t, err
	}
	t.Type = TensorType(kind)
	f, known := tensorFormats[t.Type]
	switch {
	case !known && t.Type < newestTensorType:
		return t, faultf("its weights are in a format (number %d) that was withdrawn: get a newer conversion of this model", kind)
	case !known:
		return t, faultf("its weights are in a format (number %d) that this Loam does not know", kind)
	case len(t.Dims) > 0 && t.Dims[0]%f.block != 0, len(t.Dims) == 0 && f.block != 1:
		return t, faultf("the rows of tensor %s are no multiple of %d, as %s needs: it is damaged", quoted(name), f.block, f.name)
	}
	t.Bytes = elements / f.block * f.bytes
	offset, err := r.c.u64()
	if err != nil {
		return t, err
	}
	if offset%uint64(r.g.Alignment) != 0 {
		return t, faultf("the tensor %s lies at an odd place: it is damaged", quoted(name))
	}
	if offset > math.MaxInt64/4 {
		return t, faultf("the tensor %s lies far outside the file: it is damaged", quoted(name))
	}
	t.Offset = int64(offset)
	return t, r.keep(int64(8*len(t.Dims)) + 64)
}

// checkData sees that the tensors lie in the file and not on top of each other. Tensors that follow each other without
// holes up to beyond the end tell a file that was cut short; others a damaged one.
func (r *ggufReader) checkData() error {
	order := slices.Clone(r.g.Tensors)
	slices.SortStableFunc(order, func(a, b Tensor) int {
		switch {
		case a.Offset < b.Offset:
			return -1
		case a.Offset > b.Offset:
			return 1
		}
		return 0
	})
	var end int64
	compact := true
	for _, t := range order {
		if t.Offset < end {
			return faultf("the tensor %s lies on top of another: it is damaged", quoted(t.Name))
		}
		compact = compact && t.Offset-end < r.g.Alignment
		end = t.Offset + t.Bytes
		if end > math.MaxInt64/2 {
			return faultf("the tensor %s lies far outside the file: it is damaged", quoted(t.Name))
		}
	}
	if len(order) == 0 || r.g.DataOffset+end <= r.g.Size {
		return nil
	}
	if !compact {
		return faultf("the tensor %s lies outside the file: it is damaged", quoted(order[len(order)-1].Name))
	}
	return cutShort(r.g.Size, r.g.DataOffset+end)
}
