package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/outbound"
)

// How one file is fetched.
const (
	connectionsDefault = 4
	smallFile          = 8 << 20 // bytes; for less one connection is enough
	mostRun            = 64      // pieces of one request
	leastRun           = 4
	settleEvery        = time.Second
	firstPause         = time.Second
	longestPause       = time.Minute
	patienceWithLies   = 8 // answers without sense, in a row
	resetsAllowed      = 3
)

// transfer fetches one file into its part.
type transfer struct {
	deps    *Deps
	file    backend.DownloadFile
	part    *part
	request func(ctx context.Context) (outbound.Request, error)
	space   func() error        // says when the disk gets too full; nil = never
	note    func(string, error) // what it is waiting for; "" = nothing

	mu        sync.Mutex
	etag      string
	whole     bool // the server knows no ranges
	streaming bool // one connection gets all of it
	failures  int  // in a row, without a piece in between
	lies      int
	notUntil  time.Time
}

// run fetches what is missing. It ends with the file whole on disk, not yet verified, or with an error.
func (t *transfer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers, settler sync.WaitGroup
	over := make(chan struct{})
	settler.Go(func() { t.settle(over, cancel) })
	for t.part.missing() > 0 && ctx.Err() == nil {
		round, end := context.WithCancelCause(ctx)
		for range t.connections() {
			workers.Go(func() {
				if err := t.work(round); err != nil {
					end(err)
				}
			})
		}
		workers.Wait()
		err := context.Cause(round)
		end(nil)
		if errors.Is(err, errChangedNow) {
			err = t.changed() // nobody writes now, so that no byte of the old version can follow
		}
		if err != nil {
			cancel(err)
		}
	}
	close(over)
	settler.Wait()
	err := context.Cause(ctx)
	return errors.Join(err, diskError(t.part.commit()))
}

func (t *transfer) connections() int {
	n := t.deps.Connections
	if n <= 0 {
		n = connectionsDefault
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file.SizeBytes < t.deps.small || t.whole {
		return 1
	}
	return n
}

// settle makes pieces safe now and then, and looks at the disk.
func (t *transfer) settle(over <-chan struct{}, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			if err := t.part.commit(); err != nil {
				cancel(diskError(err))
				return
			}
			if t.space != nil {
				if err := t.space(); err != nil {
					cancel(err)
					return
				}
			}
		}
	}
}

// work is one connection: piece after piece until nothing is left. An error that it returns is final.
func (t *transfer) work(ctx context.Context) error {
	for {
		if err := t.wait(ctx); err != nil {
			return nil //nolint:nilerr // whoever ended it knows why
		}
		run := min(max(t.part.missing()/(2*t.connections()), leastRun), mostRun)
		first, n, ok := t.part.claim(run)
		if !ok {
			return nil
		}
		err := t.ask(ctx, first, n)
		t.part.release(first, n)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || errors.Is(err, errOneIsEnough) {
			return nil
		}
		if err := t.failed(err); err != nil {
			return err
		}
	}
}

// wait keeps the pause that the last failure asks for.
func (t *transfer) wait(ctx context.Context) error {
	t.mu.Lock()
	pause := time.Until(t.notUntil)
	t.mu.Unlock()
	if pause <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed decides what an error means: final ones come back, after others there is a pause.
func (t *transfer) failed(err error) error {
	if final(err) || errors.Is(err, errChangedNow) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.notUntil) {
		return nil // several connections broke at once
	}
	t.failures++
	var lie *badAnswer
	if errors.As(err, &lie) {
		if t.lies++; t.lies >= patienceWithLies {
			return err
		}
	}
	if t.deps.Patience > 0 && t.failures >= t.deps.Patience {
		return err
	}
	pause := min(firstPause<<min(t.failures-1, 10), longestPause)
	pause += time.Duration(rand.Int64N(int64(pause)/4 + 1)) // many that were cut off at once do not come back at once
	var asked *askedToWait
	if errors.As(err, &asked) && asked.wait > pause {
		pause = asked.wait
	}
	if until := time.Now().Add(pause); until.After(t.notUntil) {
		t.notUntil = until
	}
	if t.note != nil {
		t.note(fmt.Sprintf("trying again in %s", pause.Round(time.Second)), err)
	}
	return nil
}

// changed begins again with the version that the server has now.
func (t *transfer) changed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.part.generation() >= resetsAllowed {
		return ErrChanged
	}
	t.etag = ""
	return diskError(t.part.reset())
}

// arrived notes that a piece came: what failed before is forgotten.
func (t *transfer) arrived() {
	t.mu.Lock()
	waited := t.failures > 0
	t.failures, t.lies, t.notUntil = 0, 0, time.Time{}
	t.mu.Unlock()
	if waited && t.note != nil {
		t.note("", nil)
	}
}

// askedToWait is a server's wish.
type askedToWait struct {
	busyServer
	wait time.Duration
}

// Unwrap gives what the server said.
func (e *askedToWait) Unwrap() error { return &e.busyServer }

// ask fetches n pieces from first on.
func (t *transfer) ask(ctx context.Context, first, n int) error {
	r, err := t.request(ctx)
	if err != nil {
		return err
	}
	from := int64(first) * pieceBytes
	to := min(from+int64(n)*pieceBytes, t.part.size) - 1
	t.mu.Lock()
	etag := t.etag
	t.mu.Unlock()
	r.Metered = true
	head := map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", from, to), "Accept-Encoding": "identity"}
	if etag != "" {
		head["If-Range"] = etag
	}
	for k, v := range r.Header {
		head[k] = v
	}
	r.Header = head
	res, err := t.deps.Net.Do(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := t.judge(r, res, from, to); err != nil {
		return err
	}
	if res.Status == statusOK && (from > 0 || to < t.part.size-1) {
		t.mu.Lock()
		second := t.streaming
		t.whole, t.streaming = true, true
		t.mu.Unlock()
		if second {
			return errOneIsEnough
		}
		defer func() {
			t.mu.Lock()
			t.streaming = false
			t.mu.Unlock()
		}()
		first, n = 0, len(t.part.pieces)
	}
	return t.receive(res.Body, first, n)
}

// errOneIsEnough ends a connection: the server gives the whole file to each, and one has it already.
var errOneIsEnough = errors.New("another connection gets the whole file")

// The statuses that mean something here.
const (
	statusOK        = 200
	statusPartial   = 206
	statusForbidden = 403
	statusUnauth    = 401
	statusNotFound  = 404
	statusGone      = 410
	statusNoRange   = 416
	statusTooMany   = 429
)

// judge says whether an answer holds the asked bytes of the right version.
func (t *transfer) judge(r outbound.Request, res *outbound.Response, from, to int64) error {
	host := hostOf(res.URL)
	switch {
	case res.Status == statusOK || res.Status == statusPartial:
	case res.Status == statusTooMany || res.Status >= 500:
		return &askedToWait{busyServer{host, res.Status}, outbound.RetryAfter(res.Header, time.Now())}
	case res.Status == statusNoRange:
		return errChangedNow
	case res.Status == statusUnauth || res.Status == statusForbidden || res.Status == statusNotFound || res.Status == statusGone:
		if host != hostOf(r.URL) { // an address that was good for some time only; the hub gives another one
			return &badAnswer{fmt.Sprintf("%s answers with status %d", host, res.Status)}
		}
		return &Refused{File: t.file.Path, Host: host, Status: res.Status}
	default:
		return &badAnswer{fmt.Sprintf("status %d", res.Status)}
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return &badAnswer{"it is compressed"}
	}
	tag := strongTag(res.Header.Get("ETag"))
	t.mu.Lock()
	known := t.etag
	if known == "" {
		t.etag = tag
	}
	t.mu.Unlock()
	if known != "" && tag != "" && known != tag {
		return errChangedNow
	}
	if res.Status == statusOK {
		if res.Length >= 0 && res.Length != t.part.size {
			return &badAnswer{fmt.Sprintf("the file has %d bytes and not %d", res.Length, t.part.size)}
		}
		return nil
	}
	a, b, total, ok := contentRange(res.Header.Get("Content-Range"))
	switch {
	case !ok || a != from || b > to || b < a:
		return &badAnswer{"it holds another range than the asked one"}
	case total >= 0 && total != t.part.size:
		return &badAnswer{fmt.Sprintf("the file has %d bytes and not %d", total, t.part.size)}
	}
	return nil
}

// receive writes the pieces of a body. What is there already is read over.
func (t *transfer) receive(body io.Reader, first, n int) error {
	buf := make([]byte, pieceBytes)
	for i := first; i < first+n; i++ {
		b := buf[:t.part.bytesOf(i)]
		if _, err := io.ReadFull(body, b); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return errors.New("the connection broke")
			}
			return err
		}
		if err := t.part.put(i, b); err != nil {
			return diskError(err)
		}
		t.arrived()
	}
	return nil
}

// strongTag is an entity tag that two byte-equal answers share; weak ones promise less.
func strongTag(s string) string {
	if strings.HasPrefix(s, `"`) {
		return s
	}
	return ""
}

// contentRange reads "bytes 0-99/1000"; total is -1 where it says "*".
func contentRange(s string) (from, to, total int64, ok bool) {
	s, found := strings.CutPrefix(strings.TrimSpace(s), "bytes ")
	span, size, cut := strings.Cut(s, "/")
	a, b, dash := strings.Cut(span, "-")
	if !found || !cut || !dash {
		return 0, 0, 0, false
	}
	var errs [3]error
	from, errs[0] = strconv.ParseInt(a, 10, 64)
	to, errs[1] = strconv.ParseInt(b, 10, 64)
	total = -1
	if size != "*" {
		total, errs[2] = strconv.ParseInt(size, 10, 64)
	}
	return from, to, total, errors.Join(errs[:]...) == nil && from >= 0
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
