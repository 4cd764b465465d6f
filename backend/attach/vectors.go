package attach

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"loam/backend"
)

// SplitVersion grows when Split or Pieces cut texts in other places: vectors of passages are of no use then.
const SplitVersion = 2

// Limits of a file of vectors.
const (
	maxVectorBytes = 64 << 20
	maxVectorDims  = 16384
	maxVectors     = 8 * maxPassages
	vectorHead     = len(vectorMagic) + 2*sha256.Size + 2*4
)

// vectorMagic begins a file of vectors: the magic, the SHA-256 of the text and of the key, how many numbers a vector has and how
// many vectors there are (u32, little-endian); then for each the largest of its numbers (float32) and its numbers as bytes, where 127
// is that largest one; last the SHA-256 of all that.
const vectorMagic = "LOAMVEC1"

// Vectors are directions of the pieces of a text, one for each, in their order. They are kept coarsely, a byte for a number: what
// that changes in the nearness of two texts is below half of a hundredth.
type Vectors struct {
	Dims int
	Data []float32 // one vector after the other
}

// Len is how many vectors there are.
func (v Vectors) Len() int {
	if v.Dims == 0 {
		return 0
	}
	return len(v.Data) / v.Dims
}

// Near gives the cosine between a vector and each of v; nil where they do not have as many numbers.
func (v Vectors) Near(to []float32) []float32 {
	if len(to) != v.Dims || v.Dims == 0 {
		return nil
	}
	out := make([]float32, v.Len())
	for i := range out {
		sum, length := 0.0, 0.0
		for k, x := range v.Data[i*v.Dims : (i+1)*v.Dims] {
			sum += float64(x) * float64(to[k])
			length += float64(x) * float64(x)
		}
		if length > 0 {
			out[i] = float32(sum / math.Sqrt(length))
		}
	}
	return out
}

// encode writes vectors of a text under a key as bytes.
func (v Vectors) encode(text, key [sha256.Size]byte) ([]byte, error) {
	n := v.Len()
	if v.Dims < 1 || v.Dims > maxVectorDims || n > maxVectors || len(v.Data) != n*v.Dims {
		return nil, fmt.Errorf("vectors of %d numbers for %d pieces", v.Dims, n)
	}
	size := vectorHead + n*(4+v.Dims) + sha256.Size
	if size > maxVectorBytes {
		return nil, refuse("it is too long for vectors of this size")
	}
	b := append(make([]byte, 0, size), vectorMagic...)
	b = append(append(b, text[:]...), key[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(v.Dims))
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for i := range n {
		part := v.Data[i*v.Dims : (i+1)*v.Dims]
		most := float32(0)
		for _, x := range part {
			if x != x || math.IsInf(float64(x), 0) {
				return nil, errors.New("a vector has what is no number")
			}
			most = max(most, float32(math.Abs(float64(x))))
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(most))
		for _, x := range part {
			q := 0.0
			if most > 0 {
				q = math.RoundToEven(float64(x) / float64(most) * 127)
			}
			b = append(b, byte(int8(q)))
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// errVectors is a file of vectors that is damaged or of something else.
var errVectors = errors.New("the kept vectors are damaged")

// decodeVectors reads what encode wrote. It takes memory only for what is there.
func decodeVectors(b []byte, text, key [sha256.Size]byte) (Vectors, error) {
	if len(b) < vectorHead+sha256.Size || len(b) > maxVectorBytes || string(b[:len(vectorMagic)]) != vectorMagic {
		return Vectors{}, errVectors
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return Vectors{}, errVectors
	}
	rest := body[len(vectorMagic):]
	if !bytes.Equal(rest[:sha256.Size], text[:]) || !bytes.Equal(rest[sha256.Size:2*sha256.Size], key[:]) {
		return Vectors{}, errVectors
	}
	rest = rest[2*sha256.Size:]
	dims, n := int64(binary.LittleEndian.Uint32(rest)), int64(binary.LittleEndian.Uint32(rest[4:]))
	rest = rest[8:]
	if dims < 1 || dims > maxVectorDims || n > maxVectors || int64(len(rest)) != n*(4+dims) {
		return Vectors{}, errVectors
	}
	v := Vectors{Dims: int(dims), Data: make([]float32, 0, n*dims)}
	for range n {
		most := math.Float32frombits(binary.LittleEndian.Uint32(rest))
		if !(most >= 0) || math.IsInf(float64(most), 0) {
			return Vectors{}, errVectors
		}
		for _, q := range rest[4 : 4+dims] {
			v.Data = append(v.Data, most*float32(int8(q))/127)
		}
		rest = rest[4+dims:]
	}
	return v, nil
}

const vectorEnding = ".vectors"

// vectorName is the name of a file of vectors: it begins with the hash of its text, so that it goes with it.
func vectorName(sum, key string) string {
	k := sha256.Sum256([]byte(key))
	return sum + "." + hex.EncodeToString(k[:8]) + vectorEnding
}

func digests(sum, key string) (text, of [sha256.Size]byte) {
	b, _ := hex.DecodeString(sum) // isSum was asked before
	copy(text[:], b)
	return text, sha256.Sum256([]byte(key))
}

// PutVectors keeps the vectors of a text beside it, under a key that names all they depend on: on the disk where the text is
// there, else in memory. A text that is gone keeps nothing.
func (f *Files) PutVectors(sum, key string, v Vectors) error {
	if !isSum(sum) {
		return backend.ErrNotFound
	}
	text, of := digests(sum, key)
	b, err := v.encode(text, of)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock() // so that Remove takes them along or comes before
	path := f.Path(sum)
	if _, err := os.Stat(path); err == nil {
		if err := write(filepath.Join(filepath.Dir(path), vectorName(sum, key)), b); err != nil {
			return fmt.Errorf("keep vectors: %w", err)
		}
		return nil
	}
	if _, ok := f.memory[sum]; !ok {
		return fmt.Errorf("keep vectors: %w", backend.ErrNotFound)
	}
	f.memory[vectorName(sum, key)] = b
	return nil
}

// Vectors are those that are kept of a text under a key; backend.ErrNotFound where there are none that are whole.
func (f *Files) Vectors(sum, key string) (Vectors, error) {
	if !isSum(sum) {
		return Vectors{}, backend.ErrNotFound
	}
	f.mu.Lock()
	b, ok := f.memory[vectorName(sum, key)]
	f.mu.Unlock()
	path := filepath.Join(filepath.Dir(f.Path(sum)), vectorName(sum, key))
	if !ok {
		info, err := os.Stat(path)
		if err != nil || info.Size() > maxVectorBytes {
			return Vectors{}, fmt.Errorf("vectors: %w", backend.ErrNotFound)
		}
		if b, err = os.ReadFile(path); err != nil {
			return Vectors{}, fmt.Errorf("vectors: %w", backend.ErrNotFound)
		}
	}
	text, of := digests(sum, key)
	v, err := decodeVectors(b, text, of)
	if err != nil {
		_ = os.Remove(path) // they are made anew
		return Vectors{}, fmt.Errorf("%w: %w", err, backend.ErrNotFound)
	}
	return v, nil
}

// settleVectors writes the vectors of a text to the folder that were in memory only. Where that fails, they are made anew.
func (f *Files) settleVectors(sum string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, b := range f.memory {
		if vectorsOf(name) == sum {
			_ = write(filepath.Join(filepath.Dir(f.Path(sum)), name), b)
		}
	}
}

// removeVectors removes the vectors of a text. f.mu is held.
func (f *Files) removeVectors(sum string) error {
	for name := range f.memory {
		if vectorsOf(name) == sum {
			delete(f.memory, name)
		}
	}
	var errs []error
	list, _ := filepath.Glob(f.Path(sum) + ".*" + vectorEnding) // a hash has no signs that Glob reads
	for _, path := range list {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove vectors: %w", err))
		}
	}
	return errors.Join(errs...)
}

// vectorsOf is the hash of the text that a file of vectors belongs to, by its name; "" = it is none.
func vectorsOf(name string) string {
	sum, rest, ok := strings.Cut(name, ".")
	if !ok || !isSum(sum) || !strings.HasSuffix(rest, vectorEnding) {
		return ""
	}
	return sum
}
