//go:build unix

package library_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// TestHostileFilesEndInOneSentence adds everything that a careless or bad person could drop. Each is answered with one
// clause, and none of them makes the program hold much memory.
func TestHostileFilesEndInOneSentence(t *testing.T) {
	f := open(t)
	dir := f.abroad
	sparse := func(name string, head []byte, size int64) string {
		path := modelfiletest.Write(t, dir, name, head)
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "pipe.gguf")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop.gguf")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	const tera = 1 << 40
	safetensorsHead := func(n uint64) []byte {
		b := make([]byte, 8)
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		return append(b, '{')
	}
	cases := map[string]string{
		fifo: "named pipe", loop: "cannot be read", "/dev/zero": "device", "/dev/stdin": "it ",
		sparse("zeros.gguf", nil, tera):                                                        "nothing but zeros",
		sparse("magic.gguf", []byte("GGUF\x03\x00\x00\x00"), tera):                             "weights",
		sparse("counts.gguf", []byte("GGUF\x03\x00\x00\x00"+strings.Repeat("\xFF", 16)), tera): "more than a file of",
		sparse("header.safetensors", safetensorsHead(99_999_999), tera):                        "JSON",
		sparse("bomb.zip", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), tera):                 "archive",
		sparse("bomb.gz", []byte("\x1F\x8B\x08\x00"), tera):                                    "gzip",
		sparse("pickle.ckpt", []byte("\x80\x02ctorch\n"), tera):                                "PyTorch pickle",
		sparse("page.gguf", []byte("<html>"+strings.Repeat(" ", 8000)), tera):                  "web page",
		sparse("onnx.onnx", []byte("\x08\x07:\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), tera):         "ONNX",
	}
	for path, says := range cases {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := f.Add(t.Context(), path, library.AddOptions{Keep: true})
			runtime.ReadMemStats(&after)
			var bad *backend.BadFile
			if !errors.As(err, &bad) || !strings.Contains(bad.Reason, says) || strings.ContainsAny(bad.Reason, "\n\r") {
				t.Errorf("%v, want one clause with %q", err, says)
			}
			if alloc := after.TotalAlloc - before.TotalAlloc; alloc > 64<<20 {
				t.Errorf("%d bytes were allocated for it", alloc)
			}
		})
	}
	if left := files(t, f.owned); len(left) != 0 {
		t.Errorf("left in the models folder: %q", left)
	}
}

func TestHostileFoldersAreBounded(t *testing.T) {
	f := open(t)
	dir := filepath.Join(f.abroad, "mess")
	put(t, chat("Alpha"), dir, "Alpha.gguf")
	for i := range 3000 {
		put(t, nil, dir, "many", fmt.Sprintf("%05d.gguf", i))
	}
	for link, to := range map[string]string{"up": "..", "self": "self", "root": "/", "here": "."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.gguf"), 0o600); err != nil {
		t.Fatal(err)
	}
	deep := dir
	for range 60 {
		deep = filepath.Join(deep, "deeper")
	}
	put(t, chat("Deep"), deep, "Deep.gguf")
	got, err := f.AddFolder(t.Context(), dir, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Models) != 1 || got.Models[0].Name != "Alpha" || !got.More || len(got.Refused) == 0 || len(got.Refused) > 500 {
		t.Errorf("%d models, %d refused, more %v", len(got.Models), len(got.Refused), got.More)
	}
}
