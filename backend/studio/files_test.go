package studio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"loam/backend"
	"loam/store/storetest"
)

func TestSavedCopyIsWholeOrNotThere(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	s := open(t, &painter{}, storetest.New(t), dir)
	pic := backend.Picture{SHA256: strings.Repeat("0", 64)}
	want := bytes.Repeat([]byte("picture"), 100_000)
	if err := os.WriteFile(s.Path(pic), want, 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(target, "copy.png")
	read := func() string {
		got, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	for range 2 { // the second time over the first
		if err := s.SaveCopy(pic, to); err != nil || read() != string(want) {
			t.Fatalf("%v, %d bytes of %d", err, len(read()), len(want))
		}
	}
	if err := s.SaveCopy(backend.Picture{SHA256: strings.Repeat("1", 64)}, to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a picture whose file is gone: %v", err)
	}
	// The disk is full, or the source goes away, in the middle of the copy.
	err := writeDurably(to, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), 0o644)
	if !errors.Is(err, io.ErrUnexpectedEOF) || read() != string(want) {
		t.Errorf("after a failure there are %d bytes, %v", len(read()), err)
	}
	if left, err := os.ReadDir(target); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}
