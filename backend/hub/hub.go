// Package hub asks Hugging Face's hub, or one with the same API, for models: search, the files of a repository, its card, and
// the headers of its files, read over the network by the same bounded readers that read files here. Choices makes of a
// repository's files what a person can choose among, with what each takes on this machine.
//
// The window and the command line call it through app; fetch asks it for the place of a file. It keeps nothing but a small
// memory of headers, trusts nothing that it is told (every body, name and number is bounded), and may be used from any
// goroutine.
package hub

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/outbound"
)

// DefaultEndpoint is the hub that is asked where nobody says another.
const DefaultEndpoint = "https://huggingface.co"

// The bounds of what is read.
const (
	maxSearch = 8 << 20
	maxRepo   = 16 << 20
	maxCard   = 1 << 20
	apiLimit  = time.Minute
)

// Net asks other machines; *outbound.Client is one.
type Net interface {
	Do(ctx context.Context, r outbound.Request) (*outbound.Response, error)
}

// Deps is what a Hub is made of. Net is required.
type Deps struct {
	Net Net
	// Endpoint is the hub's address; nil or "" = DefaultEndpoint.
	Endpoint func() string
	// Token gives the person's token, "" = there is none.
	Token  func(ctx context.Context) string
	Logger *slog.Logger
}

// Hub asks the hub.
type Hub struct {
	deps Deps

	mu      sync.Mutex
	headers map[string]modelfile.File // by address; a few
}

// New makes a Hub. Nothing is asked before somebody wants to know.
func New(d Deps) *Hub {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Hub{deps: d, headers: map[string]modelfile.File{}}
}

// Endpoint is the address of the hub, without a slash at its end.
func (h *Hub) Endpoint() string {
	if h.deps.Endpoint != nil {
		if e := strings.TrimRight(h.deps.Endpoint(), "/"); e != "" {
			return e
		}
	}
	return DefaultEndpoint
}

// Host is the hub as a person knows it.
func (h *Hub) Host() string {
	if u, err := url.Parse(h.Endpoint()); err == nil && u.Host != "" {
		return u.Host
	}
	return h.Endpoint()
}

func (h *Hub) token(ctx context.Context) string {
	if h.deps.Token == nil {
		return ""
	}
	return h.deps.Token(ctx)
}

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("there is no such model on the hub, or it is private")
	ErrBadName  = errors.New("that is no name of a model on the hub; they look like owner/name")
	ErrAnswer   = errors.New("the hub's answer cannot be understood")
)

// Gated is a model that its owner gives only to those who accepted its terms.
type Gated struct{ Repo, Host string }

func (e *Gated) Error() string {
	return fmt.Sprintf("%s asks for its terms to be accepted on %s first, and for your token", e.Repo, e.Host)
}

// Status is an answer of the hub that says no for another reason.
type Status struct {
	Host string
	Code int
	Wait time.Duration // it asks for; 0 = it does not say
}

func (e *Status) Error() string { return fmt.Sprintf("%s answers with status %d", e.Host, e.Code) }

// get asks the API and reads the answer into v.
func (h *Hub) get(ctx context.Context, why, path string, most int64, v any) (outbound.Header, error) {
	b, head, err := h.read(ctx, why, h.Endpoint()+path, most)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return head, nil
}

// read asks for an address and reads the whole answer, up to a bound.
func (h *Hub) read(ctx context.Context, why, address string, most int64) ([]byte, outbound.Header, error) {
	res, err := h.deps.Net.Do(ctx, outbound.Request{Why: why, URL: address, Token: h.token(ctx), Limit: apiLimit})
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	if res.Status != 200 {
		return nil, nil, h.refusal(res)
	}
	var body io.Reader = res.Body
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") { // nobody asked for that, but it happens
		if body, err = gzip.NewReader(res.Body); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
	}
	b, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the hub's answer: %w", err)
	}
	if int64(len(b)) > most {
		return nil, nil, fmt.Errorf("%w: it is longer than %d bytes", ErrAnswer, most)
	}
	return bytes.ToValidUTF8(b, nil), res.Header, nil
}

// refusal says what an answer without an OK means.
func (h *Hub) refusal(res *outbound.Response) error {
	switch res.Header.Get("X-Error-Code") {
	case "GatedRepo":
		return &Gated{Host: h.Host()}
	case "RepoNotFound", "EntryNotFound", "RevisionNotFound":
		return ErrNotFound
	}
	switch res.Status {
	case 401, 403:
		return &Gated{Host: h.Host()}
	case 404, 410:
		return ErrNotFound
	}
	return &Status{Host: h.Host(), Code: res.Status, Wait: outbound.RetryAfter(res.Header, time.Now())}
}

// CheckName says whether a text is a repository's name: "owner/name", or one of the old bare names.
func CheckName(repo string) error {
	parts := strings.Split(repo, "/")
	if len(parts) > 2 || len(repo) > 192 {
		return ErrBadName
	}
	for _, p := range parts {
		if p == "" || len(p) > 96 || p[0] == '.' || p[0] == '-' || strings.Contains(p, "..") || strings.Trim(p, nameRunes) != "" {
			return ErrBadName
		}
	}
	return nil
}

const nameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// FileURL is where the bytes of a file are.
func (h *Hub) FileURL(repo, revision, path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return h.Endpoint() + "/" + repo + "/resolve/" + url.PathEscape(revision) + "/" + strings.Join(parts, "/")
}

// Request says how to ask for a file of a download. The token is not given to another hub than the one that it is for.
func (h *Hub) Request(ctx context.Context, w backend.DownloadWant, f backend.DownloadFile) (outbound.Request, error) {
	if err := CheckName(w.Repo); err != nil {
		return outbound.Request{}, err
	}
	return outbound.Request{Why: "download " + w.Name, URL: h.FileURL(w.Repo, w.Commit, f.Path), Token: h.token(ctx)}, nil
}
