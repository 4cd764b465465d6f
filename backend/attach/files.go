package attach

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"loam/backend"
)

// Files keeps bytes by their SHA-256: in a folder, or in memory for what must leave no trace.
type Files struct {
	dir string

	mu     sync.Mutex
	memory map[string][]byte
}

// NewFiles keeps files in a folder, which is made with the first of them.
func NewFiles(dir string) *Files { return &Files{dir: dir, memory: map[string][]byte{}} }

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func isSum(sum string) bool { return len(sum) == 64 && strings.Trim(sum, "0123456789abcdef") == "" }

// Path is where the bytes of a hash lie.
func (f *Files) Path(sum string) string { return filepath.Join(f.dir, sum[:2], sum) }

// Put keeps bytes and returns their hash. After a crash they are there whole or not at all.
func (f *Files) Put(data []byte) (string, error) {
	sum := sumOf(data)
	path := f.Path(sum)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		now := time.Now()
		return sum, os.Chtimes(path, now, now) // so that Clean lets it lie
	}
	if err := write(path, data); err != nil {
		return "", fmt.Errorf("keep attachment: %w", err)
	}
	return sum, nil
}

// Hold keeps bytes in memory only.
func (f *Files) Hold(data []byte) string {
	sum := sumOf(data)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.memory[sum] = data
	return sum
}

// Settle writes bytes to the folder that were in memory only.
func (f *Files) Settle(sum string) error {
	f.mu.Lock()
	data, ok := f.memory[sum]
	f.mu.Unlock()
	if !ok {
		return nil
	}
	if _, err := f.Put(data); err != nil {
		return err
	}
	f.settleVectors(sum)
	return nil
}

// Get returns bytes that are kept; backend.ErrNotFound where they are gone, *backend.BadFile where they are not what they were.
func (f *Files) Get(sum string) ([]byte, error) {
	if !isSum(sum) {
		return nil, backend.ErrNotFound
	}
	f.mu.Lock()
	data, ok := f.memory[sum]
	f.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := os.ReadFile(f.Path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("attachment: %w", backend.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read attachment: %w", err)
	}
	if sumOf(data) != sum {
		return nil, refuse("the kept file is damaged")
	}
	return data, nil
}

// Remove removes bytes for good, with the vectors of a text; those that are not there are no error.
func (f *Files) Remove(sum string) error {
	if !isSum(sum) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.memory, sum)
	if err := os.Remove(f.Path(sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove attachment: %w", err)
	}
	return f.removeVectors(sum)
}

// Clean removes the files in the folder that nothing refers to and that are older than age, and returns how many.
func (f *Files) Clean(used map[string]bool, age time.Duration) (removed int, err error) {
	folders, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("clean attachments: %w", err)
	}
	for _, sub := range folders {
		list, err := os.ReadDir(filepath.Join(f.dir, sub.Name()))
		if err != nil {
			continue // no folder of ours
		}
		for _, e := range list {
			info, err := e.Info()
			of := vectorsOf(e.Name())
			if err != nil || used[e.Name()] || of != "" && used[of] || time.Since(info.ModTime()) < age {
				continue
			}
			if !isSum(e.Name()) && of == "" && !strings.HasSuffix(e.Name(), ".part") {
				continue // somebody else's
			}
			if os.Remove(filepath.Join(f.dir, sub.Name(), e.Name())) == nil {
				removed++
			}
		}
	}
	return removed, nil
}

// write writes a file so that it is whole or not there.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(path), "*.part")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }() // after the rename there is none
	if _, err := t.Write(data); err != nil {
		return errors.Join(err, t.Close())
	}
	if err := errors.Join(t.Sync(), t.Close()); err != nil {
		return err
	}
	return os.Rename(t.Name(), path)
}
