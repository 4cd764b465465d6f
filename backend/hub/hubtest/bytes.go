package hubtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Blobs answers as the host of the bytes.
func (h *Hub) Blobs() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.note(r)
		for _, repo := range h.all() {
			for _, f := range repo.Files {
				if r.URL.Path == "/"+repo.ID+"/"+f.Path {
					h.bytes(w, r, f)
					return
				}
			}
		}
		http.NotFound(w, r)
	})
}

func (h *Hub) all() []Repo {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.repos)
}

// bytes answers with a file's bytes, or with what goes wrong.
func (h *Hub) bytes(w http.ResponseWriter, r *http.Request, f File) {
	var fault Fault
	h.mu.Lock()
	if h.fault != nil {
		fault = h.fault(h.served, r)
	}
	h.served++
	h.mu.Unlock()
	content := f.Bytes
	if fault.Bytes != nil {
		content = fault.Bytes
	}
	etag := fault.ETag
	if etag == "" {
		etag = f.SHA256()[:16]
	}
	if fault.Status != 0 {
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		w.WriteHeader(fault.Status)
		return
	}
	w.Header().Set("ETag", `"`+etag+`"`)
	if fault.Encoding != "" {
		w.Header().Set("Content-Encoding", fault.Encoding)
	}
	if fault.IgnoreRange {
		r.Header.Del("Range")
	}
	if fault.WrongTotal != 0 || fault.Shift != 0 {
		lie(w, r, content, fault)
		return
	}
	if fault.Hang {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.WriteHeader(http.StatusOK)
		flush(w)
		<-r.Context().Done()
		return
	}
	if fault.Drop > 0 || fault.DropNow || fault.Trickle > 0 {
		w = &breaking{ResponseWriter: w, left: fault.Drop, trickle: fault.Trickle, ctx: r.Context()}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// lie answers a range with a false Content-Range or with bytes of another place.
func lie(w http.ResponseWriter, r *http.Request, content []byte, fault Fault) {
	from, to := int64(0), int64(len(content)-1)
	_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to) // without a range: all
	total := int64(len(content))
	if fault.WrongTotal != 0 {
		total = fault.WrongTotal
	}
	n := to - from + 1
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, total))
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	w.WriteHeader(http.StatusPartialContent)
	at := (from + fault.Shift) % int64(len(content))
	for n > 0 {
		piece := content[at:min(at+n, int64(len(content)))]
		if _, err := w.Write(piece); err != nil {
			return
		}
		n -= int64(len(piece))
		at = 0
	}
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// breaking breaks the connection after left bytes, or lets them trickle.
type breaking struct {
	http.ResponseWriter
	left    int64
	trickle time.Duration
	ctx     context.Context
}

// Write implements io.Writer.
func (b *breaking) Write(p []byte) (int, error) {
	if b.trickle > 0 {
		for i := range p {
			if _, err := b.ResponseWriter.Write(p[i : i+1]); err != nil {
				return i, err
			}
			flush(b.ResponseWriter)
			select {
			case <-time.After(b.trickle):
			case <-b.ctx.Done():
				return i, io.ErrClosedPipe
			}
		}
		return len(p), nil
	}
	if int64(len(p)) <= b.left {
		b.left -= int64(len(p))
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])
	flush(b.ResponseWriter)
	panic(http.ErrAbortHandler) // how net/http breaks a connection
}
