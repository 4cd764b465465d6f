package modelfile

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/license"
)

// Limits of a safetensors header; 100 MB is the format's own.
const (
	maxSafetensorsHeader = 100_000_000
	maxSafetensors       = 1 << 17
	maxSafetensorsDims   = 16
	maxMetadata          = 4096 // entries
	maxMetadataText      = 64 << 10
	maxBlockDigits       = 3 // of a block number in a tensor's name; engines allocate as many blocks as it says
)

// dtypeBits are the number formats of safetensors with their sizes in bits.
var dtypeBits = map[string]int64{
	"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4,
	"F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64,
	"I64": 64, "U64": 64, "F64": 64,
}

// SafeTensor is one tensor of a safetensors header.
type SafeTensor struct {
	Name       string
	DType      string
	Dims       []int64 // the outermost first
	Begin, End int64   // bytes, from the start of the data
}

// Safetensors is the header of a safetensors file. Every tensor lies inside the file.
type Safetensors struct {
	Tensors  []SafeTensor
	Metadata map[string]string // long texts are cut at 64 kB
	Size     int64
}

// ReadSafetensors reads the header of a safetensors file of size bytes: a length of 8 bytes (little-endian), JSON, data.
// The JSON is read token by token; types, sizes and places are checked. Its errors are *backend.BadFile without a path.
func ReadSafetensors(r io.ReaderAt, size int64) (Safetensors, error) {
	c := newCursor(r, size)
	b, err := c.take(8)
	if err != nil {
		return Safetensors{}, err
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxSafetensorsHeader {
		return Safetensors{}, faultf("it does not begin as a safetensors file does")
	}
	if int64(n) > c.left() {
		return Safetensors{}, endsInHeader()
	}
	s := safeReader{
		scan: scanner{c: c, end: 8 + int64(n)},
		s:    Safetensors{Size: size, Metadata: map[string]string{}}, data: size - 8 - int64(n),
	}
	if err := s.header(); err != nil {
		return Safetensors{}, err
	}
	return s.s, s.checkData()
}

type safeReader struct {
	scan scanner
	s    Safetensors
	data int64 // bytes after the header
	kept int64
}

func (r *safeReader) header() error {
	if err := r.scan.expect('{'); err != nil {
		return err
	}
	seen := map[string]struct{}{}
	for first := true; ; first = false {
		more, err := r.scan.more(first, '}')
		if err != nil {
			return err
		}
		if !more {
			break
		}
		name, whole, err := r.scan.str(maxNameBytes)
		if err != nil {
			return err
		}
		if !whole {
			return faultf("its header has a tensor name of over %d bytes: it is damaged", maxNameBytes)
		}
		if _, twice := seen[name]; twice {
			return faultf("its header has %s twice: it is damaged", quoted(name))
		}
		seen[name] = struct{}{}
		if err := r.scan.expect(':'); err != nil {
			return err
		}
		if name == "__metadata__" {
			err = r.metadata()
		} else {
			err = r.tensor(name)
		}
		if err != nil {
			return err
		}
	}
	if _, err := r.scan.peek(); err != nil || r.scan.c.pos < r.scan.end { // a zero byte is no end
		return damagedHeader()
	}
	return nil
}

func (r *safeReader) metadata() error {
	if err := r.scan.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := r.scan.more(first, '}')
		if err != nil || !more {
			return err
		}
		if len(r.s.Metadata) == maxMetadata {
			return faultf("its header has more than %d notes: it is damaged", maxMetadata)
		}
		key, _, err := r.scan.str(maxKeyBytes)
		if err != nil {
			return err
		}
		if err := r.scan.expect(':'); err != nil {
			return err
		}
		text, _, err := r.scan.str(maxMetadataText)
		if err != nil {
			return err
		}
		if err := r.keep(len(key) + len(text)); err != nil {
			return err
		}
		r.s.Metadata[key] = text
	}
}

func (r *safeReader) keep(n int) error {
	if r.kept += int64(n); r.kept > 4*keptBudget {
		return faultf("its header is larger than that of any real model: it is damaged, or made to do harm")
	}
	return nil
}

func (r *safeReader) tensor(name string) error {
	if len(r.s.Tensors) == maxSafetensors {
		return faultf("its header lists more than %d tensors, more than any real model has", maxSafetensors)
	}
	if err := checkBlocks(name); err != nil {
		return err
	}
	if err := r.scan.expect('{'); err != nil {
		return err
	}
	t := SafeTensor{Name: name, Begin: -1}
	for first := true; ; first = false {
		more, err := r.scan.more(first, '}')
		if err != nil {
			return err
		}
		if !more {
			break
		}
		key, _, err := r.scan.str(32)
		if err != nil {
			return err
		}
		if err := r.scan.expect(':'); err != nil {
			return err
		}
		switch key {
		case "dtype":
			t.DType, _, err = r.scan.str(32)
		case "shape":
			t.Dims, err = r.integers(maxSafetensorsDims)
		case "data_offsets":
			var at []int64
			if at, err = r.integers(2); err == nil && len(at) == 2 {
				t.Begin, t.End = at[0], at[1]
			}
		default:
			err = faultf("its header says %s about a tensor, which the format does not have: it is damaged", quoted(key))
		}
		if err != nil {
			return err
		}
	}
	if err := t.check(); err != nil {
		return err
	}
	r.s.Tensors = append(r.s.Tensors, t)
	return r.keep(len(name) + 8*len(t.Dims) + 96)
}

func (r *safeReader) integers(most int) ([]int64, error) {
	if err := r.scan.expect('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for first := true; ; first = false {
		more, err := r.scan.more(first, ']')
		if err != nil || !more {
			return list, err
		}
		if len(list) == most {
			return nil, faultf("its header has a tensor with over %d dimensions: it is damaged", most)
		}
		n, err := r.scan.integer()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
}

// check sees that the tensor's bytes are as many as its shape and type need, except that they may lie beyond the end of
// the file: checkData says so in better words.
func (t SafeTensor) check() error {
	bits, ok := dtypeBits[t.DType]
	if !ok {
		return faultf("its weights are in a format (%s) that this Loam does not know", quoted(t.DType))
	}
	elements, nonzero := int64(1), int64(1)
	for _, d := range t.Dims {
		if d != 0 && nonzero > math.MaxInt64/128/d { // also where another dimension is 0: someone may multiply the rest
			return faultf("the tensor %s claims an impossible size: it is damaged", quoted(t.Name))
		}
		nonzero *= max(d, 1)
		elements *= d
	}
	if t.Begin < 0 || t.End < t.Begin || (elements*bits+7)/8 != t.End-t.Begin {
		return faultf("the tensor %s has another size than its place in the file: it is damaged", quoted(t.Name))
	}
	return nil
}

func (r *safeReader) checkData() error {
	order := slices.Clone(r.s.Tensors)
	slices.SortStableFunc(order, func(a, b SafeTensor) int {
		switch {
		case a.Begin != b.Begin && a.Begin < b.Begin, a.Begin == b.Begin && a.End < b.End:
			return -1
		case a.Begin == b.Begin && a.End == b.End:
			return 0
		}
		return 1
	})
	var end int64
	holes := false
	for _, t := range order {
		if t.Begin < end {
			return faultf("the tensor %s lies on top of another: it is damaged", quoted(t.Name))
		}
		holes = holes || t.Begin > end
		end = t.End
	}
	switch {
	case end <= r.data:
		return nil
	case holes:
		return faultf("the tensor %s lies outside the file: it is damaged", quoted(order[len(order)-1].Name))
	}
	return cutShort(r.s.Size, r.s.Size-r.data+end)
}

// checkBlocks refuses names with a block number that would make an engine build that many blocks: a number of its own
// between dots, or after "blocks_" and "layers_" as LoRA tools write it.
func checkBlocks(name string) error {
	for part := range strings.SplitSeq(name, ".") {
		if digits(part) > maxBlockDigits && digits(part) == len(part) {
			return blockFault(name)
		}
	}
	for _, word := range []string{"blocks_", "layers_", "block_", "layer_"} {
		for rest := name; ; {
			_, after, found := strings.Cut(rest, word)
			if !found {
				break
			}
			if digits(after) > maxBlockDigits {
				return blockFault(name)
			}
			rest = after
		}
	}
	return nil
}

func blockFault(name string) error {
	return faultf("the tensor %s claims a block number no real model has: it is damaged", quoted(name))
}

// digits counts the digits at the front of s.
func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

// fromSafetensors says what a safetensors file is for.
func fromSafetensors(s Safetensors) (File, error) {
	f := File{Format: "safetensors", SizeBytes: s.Size, Tensors: len(s.Tensors), ArchitectureKnown: true}
	if len(s.Tensors) == 0 {
		return f, faultf("it holds no weights, only a header")
	}
	sh := shapes{dims: make(map[string][]int64, len(s.Tensors))}
	perType := map[string]int64{}
	for _, t := range s.Tensors {
		sh.add(t.Name, t.Dims)
		n := int64(1)
		for _, d := range t.Dims {
			n *= d
		}
		perType[t.DType] += n
		if f.Parameters += n; f.Parameters < 0 {
			f.Parameters = math.MaxInt64
		}
	}
	most := int64(-1)
	for t, n := range perType {
		if n > most || n == most && t < f.Quant {
			f.Quant, most = t, n
		}
	}
	c := classify(sh)
	if c.refused != "" {
		return f, faultf("%s", c.refused)
	}
	f.Kind, f.Family, f.Rank, f.Method = c.kind, c.family, c.rank, c.method
	f.Shape = fitting(sh, c)
	f.Name = clip(firstOf(s.Metadata, "modelspec.title", "ss_output_name", "name"), 100)
	f.License = license.Name(firstOf(s.Metadata, "modelspec.license", "license"))
	f.Base = clip(firstOf(s.Metadata, "ss_base_model_version", "modelspec.architecture", "ss_sd_model_name"), 100)
	if f.Kind == backend.KindLoRA || f.Kind == backend.KindTextual {
		if f.Family == "" {
			f.Family = familyInWords(f.Base)
		}
		f.TriggerWords = triggerWords(s.Metadata)
	}
	f.Shape.Rank, f.Shape.Method, f.Shape.Base = f.Rank, f.Method, f.Base
	f.Shape.Triggers = strings.Join(f.TriggerWords, ", ")
	return f, nil
}

// familyInWords finds a family in what trainers write about the base of a LoRA ("sdxl_base_v1-0", "stable-diffusion-v1").
func familyInWords(base string) string {
	base = strings.ToLower(base)
	for _, w := range []struct{ word, family string }{
		{"xl", "sdxl"},
		{"sd3", "sd3"},
		{"diffusion-3", "sd3"},
		{"flux2", "flux2"},
		{"flux-2", "flux2"},
		{"flux", "flux"},
		{"chroma", "chroma"},
		{"qwen", "qwen-image"},
		{"zimage", "z-image"},
		{"z-image", "z-image"},
		{"wan", "wan"},
		{"lumina", "lumina2"},
		{"hunyuan", "hunyuan-video"},
		{"auraflow", "auraflow"},
		{"v2", "sd2"},
		{"v1", "sd1"},
		{"sd1", "sd1"},
	} {
		if strings.Contains(base, w.word) {
			return w.family
		}
	}
	return ""
}

func firstOf(m map[string]string, keys ...string) string {
	for _, k := range keys {
		if m[k] != "" {
			return m[k]
		}
	}
	return ""
}
