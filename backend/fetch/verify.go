package fetch

import (
	"context"
	"crypto/sha1" //nolint:gosec // git names its blobs by it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"loam/backend"
)

// hashOf makes the hash that a file is promised by, and what it must be; nil = nothing was promised.
func hashOf(f backend.DownloadFile) (h hash.Hash, want string) {
	switch {
	case f.SHA256 != "":
		return sha256.New(), f.SHA256
	case f.GitSHA1 != "":
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", f.SizeBytes)
		return h, f.GitSHA1
	}
	return nil, ""
}

// hashing hashes a part while it arrives, so that little is left to do at its end.
type hashing struct {
	sum        hash.Hash
	generation int
	done       chan struct{}
	err        error
}

// follow begins to hash. It ends with ctx, or when the whole part was hashed.
func follow(ctx context.Context, f backend.DownloadFile, p *part) *hashing {
	h := &hashing{done: make(chan struct{})}
	go func() {
		defer close(h.done)
		h.err = h.run(ctx, f, p)
	}()
	return h
}

func (h *hashing) run(ctx context.Context, f backend.DownloadFile, p *part) error {
	buf := make([]byte, pieceBytes)
again:
	h.sum, _ = hashOf(f)
	if h.sum == nil {
		return nil
	}
	h.generation = p.generation()
	for i := range p.pieces {
		for {
			arrived := p.await()
			if p.generation() != h.generation {
				goto again
			}
			if p.has(i) {
				break
			}
			select {
			case <-arrived:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b, err := p.load(i, buf)
		if err != nil && p.has(i) {
			return err
		}
		h.sum.Write(b)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// good waits for the end and says whether the part is what was promised. It must be whole.
func (h *hashing) good(f backend.DownloadFile, p *part) (bool, error) {
	<-h.done
	if h.err != nil {
		return false, h.err
	}
	if h.sum == nil {
		return true, nil
	}
	_, want := hashOf(f)
	return p.generation() == h.generation && hex.EncodeToString(h.sum.Sum(nil)) == want, nil
}

// isAlready says whether a finished file is what is wanted.
func isAlready(ctx context.Context, path string, f backend.DownloadFile) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != f.SizeBytes {
		return false, err
	}
	h, want := hashOf(f)
	if h == nil {
		return false, nil
	}
	buf := make([]byte, 1<<20)
	for {
		n, err := file.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return false, err
		}
	}
	return hex.EncodeToString(h.Sum(nil)) == want, nil
}
