package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Request is one question to another machine. Nothing is ever sent along with it but what it says.
type Request struct {
	Why     string            // for the log, as a person says it: "search for models"
	Method  string            // "" = GET
	URL     string            // http or https
	Header  map[string]string // beside the user agent
	Token   string            // for the URL's own host, over TLS or to this machine; never after a redirect to another
	Limit   time.Duration     // for the whole answer; 0 = only a stall ends it
	Metered bool              // it obeys the limit of SetRate
}

// Response is the answer. The caller closes Body.
type Response struct {
	Status int
	Header Header
	Body   io.ReadCloser // its errors are ErrOffline, ErrStalled, ctx's or the connection's
	Length int64         // bytes of Body; -1 = not told
	URL    string        // that answered, after redirects
}

// Header is the head of an answer.
type Header interface{ Get(name string) string }

// RetryAfter is how long an answer asks to wait, 0 where it does not say. The newer RateLimit header counts too.
func RetryAfter(h Header, now time.Time) time.Duration {
	const most = time.Hour
	if v := strings.TrimSpace(h.Get("Retry-After")); v != "" {
		if s, err := strconv.Atoi(v); err == nil && s >= 0 {
			return min(time.Duration(min(s, 3600))*time.Second, most)
		}
		if at, err := http.ParseTime(v); err == nil {
			return min(max(0, at.Sub(now)), most)
		}
	}
	for part := range strings.SplitSeq(h.Get("RateLimit"), ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			if s, err := strconv.Atoi(v); err == nil && s >= 0 {
				return min(time.Duration(min(s, 3600))*time.Second, most)
			}
		}
	}
	return 0
}

// body is an answer's body that counts, notices a stall, and obeys the rate.
type body struct {
	rc      io.ReadCloser
	ctx     context.Context
	client  *Client
	entry   *Entry
	cancel  context.CancelCauseFunc
	end     func()
	metered bool
	wanted  int64 // bytes; -1 = not told

	n      int64         // bytes read
	fresh  int           // bytes since left was full
	left   time.Duration // that reading may take for the next stallBytes
	failed error
	once   sync.Once
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.metered {
		p = b.client.rate.cut(p)
	}
	start := time.Now()
	timer := time.AfterFunc(b.left, func() { b.cancel(ErrStalled) })
	n, err := b.rc.Read(p)
	timer.Stop()
	b.n += int64(n)
	b.left -= time.Since(start)
	if b.fresh += n; b.fresh >= stallBytes {
		b.fresh, b.left = 0, b.client.deps.Stall
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
		b.failed = err
		return n, err
	}
	if err == nil && b.metered {
		if wait := b.client.rate.wait(b.ctx, n); wait != nil {
			b.failed = context.Cause(b.ctx)
			return n, b.failed
		}
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	var err error
	b.once.Do(func() {
		if b.failed != nil || b.wanted < 0 || b.n < b.wanted {
			b.cancel(context.Canceled) // what was not read is not read to keep the connection
		}
		err = b.rc.Close()
		b.client.log.end(b.entry, 0, b.n, b.failed)
		b.end()
	})
	return err
}

// limiter spreads bytes over time for all who share it.
type limiter struct {
	mu   sync.Mutex
	rate int64     // bytes a second; 0 = no limit
	next time.Time // when the bytes so far are paid for
}

// limitChunk is how much is read at once under a limit, so that several connections share it evenly.
const limitChunk = 16 << 10

func (l *limiter) set(rate int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate, l.next = max(0, rate), time.Time{}
}

func (l *limiter) cut(p []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate > 0 && len(p) > limitChunk {
		return p[:limitChunk]
	}
	return p
}

// wait pays for n bytes.
func (l *limiter) wait(ctx context.Context, n int) error {
	l.mu.Lock()
	if l.rate == 0 || n == 0 {
		l.mu.Unlock()
		return nil
	}
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	l.next = l.next.Add(time.Duration(float64(n) / float64(l.rate) * float64(time.Second)))
	pause := l.next.Sub(now)
	l.mu.Unlock()
	if pause < time.Millisecond {
		return nil
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
