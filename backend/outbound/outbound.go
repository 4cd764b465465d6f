// Package outbound is the one door to other machines: no other room of Loam opens a connection to one (a test holds that).
// It asks only when it is asked, keeps a log of every request that a person can read, and can be shut: while Offline, no
// socket is opened, whoever asks. A token goes to the host that it was given for and to no other, whatever redirects say.
//
// The callers are hub and fetch; app makes the one Client and tells it the settings. A Client may be used from any
// goroutine. It owns no goroutine of its own; connections that are kept open for the next request end with Close.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Errors that callers branch on.
var (
	ErrOffline   = errors.New("Loam is offline: its settings or LOAM_OFFLINE say so") //nolint:staticcheck // a name begins it
	ErrStalled   = errors.New("the connection stalled")
	ErrRedirects = errors.New("the server sends from one address to the next without an end")
)

// Unreachable is a host that could not be asked, or that broke off before it answered.
type Unreachable struct {
	Host string
	Err  error
}

func (e *Unreachable) Error() string { return fmt.Sprintf("%s cannot be reached: %v", e.Host, e.Err) }

// Unwrap gives the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// The limits of one request.
const (
	dialLimit     = 15 * time.Second
	answerLimit   = 30 * time.Second // until the headers are there
	stallLimit    = 30 * time.Second // without stallBytes more of the body
	stallBytes    = 4 << 10
	maxHeader     = 64 << 10
	maxHops       = 8
	idleLimit     = 30 * time.Second
	maxIdlePerOne = 8
)

// Deps is what a Client is made of; the zero value works.
type Deps struct {
	// Dial opens a connection; nil = the network. Tests count its calls.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Env reads the environment: proxies and LOAM_OFFLINE; nil = os.Getenv.
	Env func(name string) string
	// Agent is how Loam names itself to servers.
	Agent string
	// LogFile keeps the log of requests; "" = in memory only.
	LogFile string
	// Stall is how long a connection may give next to nothing; 0 = half a minute.
	Stall  time.Duration
	Logger *slog.Logger // nil = discard
}

// Client asks other machines.
type Client struct {
	deps   Deps
	log    *Log
	rate   limiter
	forced bool // the environment says offline
	http   *http.Transport

	mu      sync.Mutex
	offline bool
	proxy   proxyFunc
	running map[*call]struct{}
}

// call is a request under way.
type call struct{ cancel context.CancelCauseFunc }

// New makes a Client. Nothing is opened before it is asked.
func New(d Deps) *Client {
	if d.Env == nil {
		d.Env = os.Getenv
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Agent == "" {
		d.Agent = "loam"
	}
	if d.Stall == 0 {
		d.Stall = stallLimit
	}
	if d.Dial == nil {
		d.Dial = (&net.Dialer{Timeout: dialLimit, KeepAlive: 30 * time.Second}).DialContext
	}
	c := &Client{deps: d, log: newLog(d.LogFile, d.Logger), running: map[*call]struct{}{}}
	c.forced = truth(d.Env("LOAM_OFFLINE")) || truth(d.Env("HF_HUB_OFFLINE"))
	c.proxy, _ = proxyOf("", d.Env)
	c.http = &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return c.proxyFor(r.URL) },
		DialContext:            c.dial,
		DisableCompression:     true, // a range of a compressed file is nothing
		TLSHandshakeTimeout:    dialLimit,
		ResponseHeaderTimeout:  answerLimit,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        idleLimit,
		MaxIdleConnsPerHost:    maxIdlePerOne,
		// No HTTP/2: parallel ranges are worth something only as connections of their own.
		TLSNextProto: nil,
	}
	return c
}

// truth reads a switch of the environment.
func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// dial opens a connection unless Loam is offline; no other line of Loam's window does.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.Offline() {
		return nil, ErrOffline
	}
	return c.deps.Dial(ctx, network, address)
}

// Offline says whether nothing is asked.
func (c *Client) Offline() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offline || c.forced
}

// Forced says whether the environment keeps Loam offline, so that no setting can change it.
func (c *Client) Forced() bool { return c.forced }

// SetOffline shuts or opens the door. What is under way ends at once with ErrOffline.
func (c *Client) SetOffline(on bool) {
	c.mu.Lock()
	c.offline = on
	var ended []*call
	if on {
		for r := range c.running {
			ended = append(ended, r)
		}
	}
	c.mu.Unlock()
	for _, r := range ended {
		r.cancel(ErrOffline)
	}
	if on {
		c.http.CloseIdleConnections()
	}
}

// SetRate limits how many bytes a second all metered requests together receive; 0 = no limit.
func (c *Client) SetRate(bytesPerSecond int64) { c.rate.set(bytesPerSecond) }

// SetProxy chooses the proxy: "http://host:port", "socks5://host:port", "" = what the environment says.
func (c *Client) SetProxy(address string) error {
	p, err := proxyOf(address, c.deps.Env)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.proxy = p
	c.mu.Unlock()
	c.http.CloseIdleConnections()
	return nil
}

func (c *Client) proxyFor(u *url.URL) (*url.URL, error) {
	c.mu.Lock()
	p := c.proxy
	c.mu.Unlock()
	return p(u)
}

// Log is what was asked of the network.
func (c *Client) Log() *Log { return c.log }

// Close ends connections that wait for another request, and what is under way.
func (c *Client) Close() {
	c.mu.Lock()
	for r := range c.running {
		r.cancel(context.Canceled)
	}
	c.mu.Unlock()
	c.http.CloseIdleConnections()
}

// Do asks. The caller closes the answer's body. Redirects are followed, the token is left behind where the host changes.
// The errors are ErrOffline, ErrRedirects, *Unreachable, ctx's, or of a request that cannot be made; any status is an
// answer.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	first, err := url.Parse(r.URL)
	if err != nil || first.Host == "" || first.Scheme != "http" && first.Scheme != "https" {
		return nil, fmt.Errorf("%q is no web address", r.URL)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	one := &call{cancel}
	c.mu.Lock()
	if c.offline || c.forced {
		c.mu.Unlock()
		cancel(nil)
		return nil, ErrOffline
	}
	c.running[one] = struct{}{}
	c.mu.Unlock()
	end := func() {
		c.mu.Lock()
		delete(c.running, one)
		c.mu.Unlock()
		cancel(nil)
	}
	if r.Limit > 0 {
		timer := time.AfterFunc(r.Limit, func() { cancel(ErrStalled) })
		whole := end
		end = func() { timer.Stop(); whole() }
	}
	res, err := c.follow(ctx, r, first)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		end()
		return nil, err
	}
	res.Body.(*body).end = end
	res.Body.(*body).cancel = cancel
	return res, nil
}

// follow asks the first address and those that it is sent on to.
func (c *Client) follow(ctx context.Context, r Request, first *url.URL) (*Response, error) {
	at := first
	for range maxHops {
		res, entry, err := c.hop(ctx, r, first, at)
		if err != nil {
			return nil, err
		}
		c.log.answered(entry, res.StatusCode)
		next := res.Header.Get("Location")
		if !sends(res.StatusCode) || next == "" {
			b := &body{rc: res.Body, ctx: ctx, client: c, entry: entry, left: c.deps.Stall, metered: r.Metered, wanted: res.ContentLength}
			return &Response{Status: res.StatusCode, Header: res.Header, Body: b, Length: res.ContentLength, URL: at.String()}, nil
		}
		_ = res.Body.Close()
		c.log.end(entry, res.StatusCode, 0, nil)
		to, err := at.Parse(next)
		if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != at.Scheme {
			return nil, fmt.Errorf("%s sends on to an address that cannot be followed", at.Host)
		}
		at = to
	}
	return nil, ErrRedirects
}

// hop asks one address.
func (c *Client) hop(ctx context.Context, r Request, first, at *url.URL) (*http.Response, *Entry, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("ask %s: %w", at.Host, err)
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	req.Header.Set("User-Agent", c.deps.Agent)
	if r.Token != "" && trusts(first, at) {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	entry := c.log.begin(r.Why, method, at)
	res, err := c.http.RoundTrip(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		} else if !errors.Is(err, ErrOffline) {
			err = &Unreachable{Host: at.Host, Err: err}
		}
		c.log.end(entry, 0, 0, err)
		return nil, nil, err
	}
	return res, entry, nil
}

// trusts says whether the token for one address may be sent to another: the same host over the same kind of connection,
// and never in the clear over a network.
func trusts(first, at *url.URL) bool {
	if first.Host != at.Host || first.Scheme != at.Scheme {
		return false
	}
	return at.Scheme == "https" || local(at.Hostname())
}

// local says whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sends says whether a status sends on to another address.
func sends(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

var _ io.ReadCloser = (*body)(nil)
