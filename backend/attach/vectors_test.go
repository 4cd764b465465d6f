package attach

import (
	"crypto/sha256"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"loam/backend"
)

func someVectors(n, dims int) Vectors {
	v := Vectors{Dims: dims}
	for i := range n * dims {
		v.Data = append(v.Data, float32(math.Sin(float64(i))))
	}
	return v
}

func TestVectorsComeBackNearlyTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.IntRange(1, 40).Draw(t, "dims")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		v := Vectors{Dims: dims, Data: rapid.SliceOfN(rapid.Float32Range(-1, 1), n*dims, n*dims).Draw(t, "data")}
		text, key := sha256.Sum256([]byte("text")), sha256.Sum256([]byte("key"))
		b, err := v.encode(text, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeVectors(b, text, key)
		if err != nil || got.Dims != dims || got.Len() != n {
			t.Fatalf("%d vectors of %d numbers, %v", got.Len(), got.Dims, err)
		}
		for i, x := range v.Data {
			if math.Abs(float64(x-got.Data[i])) > 1.0/250 {
				t.Fatalf("number %d: %f became %f", i, x, got.Data[i])
			}
		}
		if _, err := decodeVectors(b, text, sha256.Sum256([]byte("another"))); err == nil {
			t.Fatal("the vectors of another model are taken")
		}
		if at := rapid.IntRange(0, len(b)-1).Draw(t, "at"); true {
			b[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			if _, err := decodeVectors(b, text, key); err == nil {
				t.Fatal("a damaged file is taken")
			}
		}
	})
}

func TestVectorsThatAreNoNumbersAreNotKept(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := (Vectors{Dims: 1, Data: []float32{float32(x)}}).encode([32]byte{}, [32]byte{}); err == nil {
			t.Errorf("%f is kept", x)
		}
	}
	if _, err := (Vectors{Dims: maxVectorDims + 1}).encode([32]byte{}, [32]byte{}); err == nil {
		t.Error("vectors without bounds are kept")
	}
}

func TestVectorsGoWithTheirText(t *testing.T) {
	f := NewFiles(t.TempDir())
	sum, err := f.Put([]byte("a text"))
	if err != nil {
		t.Fatal(err)
	}
	v := someVectors(3, 8)
	if err := f.PutVectors(sum, "model", v); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Vectors(sum, "model"); err != nil || got.Len() != 3 {
		t.Fatal(got, err)
	}
	if _, err := f.Vectors(sum, "another model"); !errors.Is(err, backend.ErrNotFound) {
		t.Error(err)
	}
	old := time.Now().Add(-time.Hour)
	list, _ := filepath.Glob(filepath.Join(f.dir, "*", "*"))
	for _, path := range list {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Clean(map[string]bool{sum: true, "": true}, time.Minute); n != 0 || err != nil {
		t.Errorf("%d files that are used were removed, %v", n, err)
	}
	if err := f.Remove(sum); err != nil {
		t.Fatal(err)
	}
	if list, _ = filepath.Glob(filepath.Join(f.dir, "*", "*")); len(list) > 0 {
		t.Errorf("left: %v", list)
	}
	if err := f.PutVectors(sum, "model", v); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("vectors of a text that is gone are kept: %v", err)
	}
}

func TestVectorsOfATemporaryTextAreNotWritten(t *testing.T) {
	f := NewFiles(t.TempDir())
	sum := f.Hold([]byte("a secret"))
	if err := f.PutVectors(sum, "model", someVectors(2, 4)); err != nil {
		t.Fatal(err)
	}
	files := func() int {
		list, _ := filepath.Glob(filepath.Join(f.dir, "*", "*"))
		return len(list)
	}
	if v, err := f.Vectors(sum, "model"); err != nil || v.Len() != 2 || files() != 0 {
		t.Errorf("%d vectors, %d files, %v", v.Len(), files(), err)
	}
	if err := f.Settle(sum); err != nil || files() != 2 {
		t.Errorf("%d files after it was kept, %v", files(), err)
	}
	if err := f.Remove(sum); err != nil || files() != 0 || len(f.memory) > 0 {
		t.Errorf("%d files and %d in memory after it was removed, %v", files(), len(f.memory), err)
	}
}

func TestDamagedVectorsAreForgotten(t *testing.T) {
	f := NewFiles(t.TempDir())
	sum, err := f.Put([]byte("a text"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.PutVectors(sum, "model", someVectors(3, 8)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(f.Path(sum)), vectorName(sum, "model"))
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Vectors(sum, "model"); !errors.Is(err, backend.ErrNotFound) {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the damaged file is still there")
	}
}

func FuzzVectors(f *testing.F) {
	text, key := sha256.Sum256([]byte("text")), sha256.Sum256([]byte("key"))
	good, err := someVectors(2, 5).encode(text, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good[:len(good)-sha256.Size], true)
	f.Add(good, false)
	f.Fuzz(func(t *testing.T, b []byte, sealed bool) {
		if sealed { // so that what is inside is looked at
			sum := sha256.Sum256(b)
			b = append(b, sum[:]...)
		}
		v, err := decodeVectors(b, text, key)
		if err == nil && (v.Dims < 1 || len(v.Data) != v.Len()*v.Dims || len(v.Data) > len(b)) {
			t.Errorf("%d numbers of %d out of %d bytes", len(v.Data), v.Dims, len(b))
		}
		v.Near(make([]float32, max(v.Dims, 0)))
	})
}
