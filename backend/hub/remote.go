package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"loam/backend/modelfile"
	"loam/backend/outbound"
)

// How much of a file's head is read over the network.
const (
	remoteBlock  = 512 << 10
	remoteAhead  = 4 << 20 // the most at once
	remoteMost   = 48 << 20
	headersKept  = 32
	remoteStatus = 206
)

// errFar ends the reading of a header that is longer than any honest one.
var errFar = errors.New("the header is too long to be read over the network")

// Header reads the header of a file on the hub and says what the file is, without downloading it.
func (h *Hub) Header(ctx context.Context, r Repo, f File) (modelfile.File, error) {
	address := h.FileURL(r.Repo, r.Commit, f.Path)
	h.mu.Lock()
	known, ok := h.headers[address]
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	reader := &remote{ctx: ctx, hub: h, address: address, size: f.SizeBytes, why: "read the header of " + r.Repo, blocks: map[int64][]byte{}}
	m, err := modelfile.Read(reader, f.SizeBytes)
	if reader.err != nil { // the readers say what is wrong with a file, not why it could not be read
		err = reader.err
	}
	if err != nil {
		return m, fmt.Errorf("read the header of %s: %w", f.Path, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.headers) >= headersKept {
		for _, k := range slices.Collect(maps.Keys(h.headers))[:headersKept/2] {
			delete(h.headers, k)
		}
	}
	h.headers[address] = m
	return m, nil
}

// remote reads a file on the hub in blocks that grow while it is read on and on.
type remote struct {
	ctx     context.Context
	hub     *Hub
	address string
	why     string
	size    int64
	blocks  map[int64][]byte // by number
	read    int64
	step    int64 // blocks of the last request
	err     error
}

// ReadAt implements io.ReaderAt.
func (r *remote) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) {
		if at+int64(n) >= r.size {
			return n, io.EOF
		}
		b, err := r.block((at + int64(n)) / remoteBlock)
		if err != nil {
			r.err = err
			return n, err
		}
		n += copy(p[n:], b[(at+int64(n))%remoteBlock:])
	}
	return n, nil
}

// block gives a block, and asks for it and some behind it where it is not there.
func (r *remote) block(i int64) ([]byte, error) {
	if b, ok := r.blocks[i]; ok {
		return b, nil
	}
	if _, follows := r.blocks[i-1]; follows {
		r.step = min(2*r.step, remoteAhead/remoteBlock)
	} else {
		r.step = 1
	}
	from := i * remoteBlock
	to := min(from+r.step*remoteBlock, r.size)
	if r.read+to-from > remoteMost {
		return nil, errFar
	}
	res, err := r.hub.deps.Net.Do(r.ctx, outbound.Request{
		Why: r.why, URL: r.address, Token: r.hub.token(r.ctx), Limit: apiLimit,
		Header: map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", from, to-1), "Accept-Encoding": "identity"},
	})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.Status == 200 && from == 0: // it knows no ranges; the head comes first anyway
	case res.Status == remoteStatus:
		var a, b, total int64
		if _, err := fmt.Sscanf(res.Header.Get("Content-Range"), "bytes %d-%d/%d", &a, &b, &total); err != nil || a != from || total != r.size {
			return nil, fmt.Errorf("%w: it gives another part of the file", ErrAnswer)
		}
	case res.Status == 200:
		return nil, fmt.Errorf("%w: it gives no parts of files", ErrAnswer)
	default:
		return nil, r.hub.refusal(res)
	}
	buf := make([]byte, to-from)
	if _, err := io.ReadFull(res.Body, buf); err != nil {
		return nil, fmt.Errorf("read a part of a file: %w", err)
	}
	r.read += to - from
	for k := int64(0); k*remoteBlock < int64(len(buf)); k++ {
		r.blocks[i+k] = buf[k*remoteBlock : min((k+1)*remoteBlock, int64(len(buf)))]
	}
	return r.blocks[i], nil
}
