// Package hubtest is a hub of models for tests: it answers as Hugging Face's does (search, files of a repository, cards,
// resolving a file to another host that has its bytes), from what a test puts into it, and lies where a test wants it to.
// It listens on this machine, or in memory only, so that a test's clock can be a made one.
//
// Tests of hub, fetch, the command line and the window use it. A Hub may be changed while it answers.
package hubtest

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The names of the two hosts in memory.
const (
	HubHost  = "hub.test"
	BlobHost = "blobs.test"
)

// Commit is the commit that every repository is at.
const Commit = "0123456789abcdef0123456789abcdef01234567"

// Repo is a repository.
type Repo struct {
	ID        string // "owner/name"
	Tags      []string
	Task      string // pipeline_tag
	Downloads int
	Likes     int
	Gated     bool // bytes need the token
	Card      map[string]any
	GGUF      map[string]any // what the hub says of its GGUF files
	Files     []File
}

// File is a file of a repository. Small files are kept by git, the others by hash.
type File struct {
	Path  string
	Bytes []byte
	Git   bool
	// Promise is the hash that the hub tells instead of the true one.
	Promise string

	sum string // kept; large files are asked about often
}

// summed computes the hashes of a repository's files once.
func summed(r Repo) Repo {
	r.Files = slices.Clone(r.Files)
	for i, f := range r.Files {
		r.Files[i].sum = f.SHA256()
	}
	return r
}

// SHA256 is the hash that the hub tells.
func (f File) SHA256() string {
	switch {
	case f.Promise != "":
		return f.Promise
	case f.sum != "":
		return f.sum
	}
	sum := sha256.Sum256(f.Bytes)
	return hex.EncodeToString(sum[:])
}

// Fault is how one answer with a file's bytes goes wrong; the zero value is an honest one.
type Fault struct {
	Status      int    // this instead of bytes
	RetryAfter  string // its header
	Drop        int64  // the connection breaks after so many bytes; with DropNow after none
	DropNow     bool
	IgnoreRange bool          // all bytes, status 200
	Bytes       []byte        // other bytes than the file's
	ETag        string        // another mark of the version
	WrongTotal  int64         // the size that Content-Range tells
	Shift       int64         // bytes of another place, under the asked one's name
	Encoding    string        // Content-Encoding
	Trickle     time.Duration // one byte, then a pause like this, and so on
	Hang        bool          // headers, then nothing
}

// Hub is the double. Make it with New.
type Hub struct {
	Token string // that gated repositories want

	mu      sync.Mutex
	repos   []Repo
	fault   func(n int, r *http.Request) Fault
	asked   []string // method, host, path and query of every request
	tokens  []string // hosts that got a token
	served  int
	blobs   string // where files lie
	servers []*http.Server
	lines   map[string]*line
	dials   int
	done    sync.WaitGroup
}

// New makes a hub with repositories.
func New(repos ...Repo) *Hub {
	h := &Hub{blobs: "http://" + BlobHost}
	for _, r := range repos {
		h.repos = append(h.repos, summed(r))
	}
	return h
}

// Put adds a repository, or exchanges it.
func (h *Hub) Put(r Repo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repos = slices.DeleteFunc(h.repos, func(o Repo) bool { return o.ID == r.ID })
	h.repos = append(h.repos, summed(r))
}

// SetFault says how the n-th answer with bytes (from 0) goes wrong; nil = never.
func (h *Hub) SetFault(f func(n int, r *http.Request) Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault, h.served = f, 0
}

// Asked is what was asked so far: "GET hub.test/api/models?search=x".
func (h *Hub) Asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

// TokenHosts are the hosts that a token was sent to.
func (h *Hub) TokenHosts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.tokens)
}

// Dials is how many connections were opened in memory.
func (h *Hub) Dials() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dials
}

func (h *Hub) note(r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.Method+" "+r.Host+r.URL.RequestURI())
	if r.Header.Get("Authorization") != "" {
		h.tokens = append(h.tokens, r.Host)
	}
}

// Listen answers on this machine until Close, and returns the address of the hub. The bytes come from another one.
func (h *Hub) Listen() (endpoint string, err error) {
	var bases []string
	for _, handler := range []http.Handler{h.API(), h.Blobs()} {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return "", errors.Join(err, h.Close())
		}
		h.serve(l, handler)
		bases = append(bases, "http://"+l.Addr().String())
	}
	h.mu.Lock()
	h.blobs = bases[1]
	h.mu.Unlock()
	return bases[0], nil
}

func (h *Hub) serve(l net.Listener, handler http.Handler) {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	h.mu.Lock()
	h.servers = append(h.servers, s)
	h.mu.Unlock()
	h.done.Go(func() { _ = s.Serve(l) })
}

// InMemory answers to Dial from now on, under HubHost and BlobHost.
func (h *Hub) InMemory() (endpoint string) {
	h.mu.Lock()
	h.lines = map[string]*line{HubHost: newLine(), BlobHost: newLine()}
	h.mu.Unlock()
	h.serve(h.lines[HubHost], h.API())
	h.serve(h.lines[BlobHost], h.Blobs())
	return "http://" + HubHost
}

// Dial opens a connection in memory.
func (h *Hub) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.dials++
	l := h.lines[host]
	h.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("no such host: %s", host)
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the answering.
func (h *Hub) Close() error {
	h.mu.Lock()
	servers := h.servers
	h.servers = nil
	h.mu.Unlock()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	h.done.Wait()
	return errors.Join(errs...)
}

// line is a listener in memory.
type line struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newLine() *line { return &line{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Accept implements net.Listener.
func (l *line) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *line) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

// Addr implements net.Listener.
func (l *line) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (h *Hub) find(id string) (Repo, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.repos {
		if r.ID == id {
			return r, true
		}
	}
	return Repo{}, false
}

// API answers as the hub itself.
func (h *Hub) API() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /api/models", h.search)
	m.HandleFunc("GET /api/models/{owner}/{name}", h.repo)
	m.HandleFunc("GET /api/models/{owner}/{name}/revision/{rev}", h.repo)
	files := http.NewServeMux()
	files.HandleFunc("GET /{owner}/{name}/resolve/{rev}/{path...}", h.resolve)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.note(r)
		if strings.HasPrefix(r.URL.Path, "/api/") {
			m.ServeHTTP(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
}

func (h *Hub) entry(r Repo) map[string]any {
	m := map[string]any{
		"_id": "x", "id": r.ID, "modelId": r.ID, "tags": r.Tags, "downloads": r.Downloads, "likes": r.Likes,
		"private": false, "gated": false, "lastModified": "2026-10-02T12:00:00.000Z", "createdAt": "2026-09-01T12:00:00.000Z",
	}
	if r.Task != "" {
		m["pipeline_tag"] = r.Task
	}
	if r.Gated {
		m["gated"] = "manual"
	}
	if r.GGUF != nil {
		m["gguf"] = r.GGUF
	}
	return m
}

func (h *Hub) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	h.mu.Lock()
	all := slices.Clone(h.repos)
	h.mu.Unlock()
	list := []map[string]any{}
	for _, repo := range all {
		ok := strings.Contains(strings.ToLower(repo.ID), strings.ToLower(q.Get("search")))
		for _, f := range q["filter"] {
			ok = ok && slices.Contains(repo.Tags, f)
		}
		if t := q.Get("pipeline_tag"); t != "" {
			ok = ok && repo.Task == t
		}
		if ok {
			list = append(list, h.entry(repo))
		}
	}
	if q.Get("sort") == "downloads" {
		slices.SortStableFunc(list, func(a, b map[string]any) int { return b["downloads"].(int) - a["downloads"].(int) })
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 {
		limit = 20
	}
	from, _ := strconv.Atoi(q.Get("cursor"))
	if from = min(from, len(list)); from+limit < len(list) {
		next := r.URL.Query()
		next.Set("cursor", strconv.Itoa(from+limit))
		w.Header().Set("Link", fmt.Sprintf("<http://%s/api/models?%s>; rel=\"next\"", r.Host, next.Encode()))
	}
	writeJSON(w, list[from:min(from+limit, len(list))])
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the asker went away
}

func refuse(w http.ResponseWriter, status int, code, words string) {
	w.Header().Set("X-Error-Code", code)
	w.Header().Set("X-Error-Message", words)
	w.WriteHeader(status)
	writeJSON(w, map[string]string{"error": words})
}

func (h *Hub) repo(w http.ResponseWriter, r *http.Request) {
	repo, ok := h.find(r.PathValue("owner") + "/" + r.PathValue("name"))
	if !ok {
		refuse(w, http.StatusUnauthorized, "RepoNotFound", "Repository not found")
		return
	}
	if rev := r.PathValue("rev"); rev != "" && rev != "main" && rev != Commit {
		refuse(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+rev)
		return
	}
	m := h.entry(repo)
	m["sha"], m["cardData"] = Commit, repo.Card
	var files []map[string]any
	for _, f := range repo.Files {
		s := map[string]any{"rfilename": f.Path}
		if r.URL.Query().Get("blobs") == "true" {
			s["size"], s["blobId"] = len(f.Bytes), gitSHA(f.Bytes)
			if !f.Git {
				s["lfs"] = map[string]any{"sha256": f.SHA256(), "size": len(f.Bytes), "pointerSize": 134}
			}
		}
		files = append(files, s)
	}
	m["siblings"] = files
	writeJSON(w, m)
}

// gitSHA is the name that git gives a file's content.
func gitSHA(b []byte) string {
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", len(b))
	sum.Write(b)
	return hex.EncodeToString(sum.Sum(nil))
}

func (h *Hub) resolve(w http.ResponseWriter, r *http.Request) {
	repo, ok := h.find(r.PathValue("owner") + "/" + r.PathValue("name"))
	if !ok {
		refuse(w, http.StatusUnauthorized, "RepoNotFound", "Repository not found")
		return
	}
	if repo.Gated && (h.Token == "" || r.Header.Get("Authorization") != "Bearer "+h.Token) {
		refuse(w, http.StatusForbidden, "GatedRepo", "Access to model "+repo.ID+" is restricted")
		return
	}
	i := slices.IndexFunc(repo.Files, func(f File) bool { return f.Path == r.PathValue("path") })
	if i < 0 {
		refuse(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	f := repo.Files[i]
	w.Header().Set("X-Repo-Commit", Commit)
	if f.Git {
		w.Header().Set("ETag", `"`+gitSHA(f.Bytes)+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Bytes))
		return
	}
	w.Header().Set("X-Linked-Size", strconv.Itoa(len(f.Bytes)))
	w.Header().Set("X-Linked-ETag", `"`+f.SHA256()+`"`)
	h.mu.Lock()
	base := h.blobs
	h.mu.Unlock()
	w.Header().Set("Location", base+"/"+repo.ID+"/"+f.Path+"?X-Signature=very-secret")
	w.WriteHeader(http.StatusFound)
}
