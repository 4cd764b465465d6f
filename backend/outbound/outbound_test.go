package outbound_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend/hub/hubtest"
	"loam/backend/outbound"
)

func noEnv(string) string { return "" }

// inMemory is a client of a hub in memory. It must be called inside of a synctest bubble.
func inMemory(t *testing.T, h *hubtest.Hub, d outbound.Deps) (*outbound.Client, string) {
	t.Helper()
	endpoint := h.InMemory()
	d.Dial = h.Dial
	if d.Env == nil {
		d.Env = noEnv
	}
	c := outbound.New(d)
	t.Cleanup(func() {
		c.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, endpoint
}

var content = []byte(strings.Repeat("0123456789abcdef", 4096))

func repo() hubtest.Repo {
	return hubtest.Repo{ID: "owner/name", Files: []hubtest.File{{Path: "model.gguf", Bytes: content}}}
}

func get(ctx context.Context, c *outbound.Client, r outbound.Request) ([]byte, error) {
	res, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func TestARequestIsAnsweredAndLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, endpoint := inMemory(t, hubtest.New(repo()), outbound.Deps{})
		b, err := get(t.Context(), c, outbound.Request{Why: "test", URL: endpoint + "/owner/name/resolve/main/model.gguf", Token: "hf_secret"})
		if err != nil || string(b) != string(content) {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		list := c.Log().Entries()
		if len(list) != 2 {
			t.Fatalf("%d entries: %+v", len(list), list)
		}
		for _, e := range list {
			if !e.Over || e.Why != "test" || e.Method != "GET" || strings.Contains(e.Path, "very-secret") || strings.Contains(e.Path, "hf_secret") {
				t.Errorf("entry %+v", e)
			}
		}
		var moved, fetched outbound.Entry
		for _, e := range list {
			if e.Status == http.StatusFound {
				moved = e
			} else {
				fetched = e
			}
		}
		if moved.Host != hubtest.HubHost || fetched.Host != hubtest.BlobHost || fetched.Status != 200 || fetched.Bytes != int64(len(content)) ||
			!strings.HasSuffix(fetched.Path, "?X-Signature=…") {
			t.Errorf("%+v, %+v", moved, fetched)
		}
	})
}

func TestATokenStaysWithItsHost(t *testing.T) {
	// In the clear only this machine is trusted, so the token needs a listener there: two ports are two hosts.
	h := hubtest.New(repo())
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	c := outbound.New(outbound.Deps{Env: noEnv})
	defer c.Close()
	if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/owner/name/resolve/main/model.gguf", Token: "hf_secret"}); err != nil {
		t.Fatal(err)
	}
	hosts := h.TokenHosts()
	if len(hosts) != 1 || "http://"+hosts[0] != endpoint || len(h.Asked()) != 2 {
		t.Errorf("the token went to %q, asked %q", hosts, h.Asked())
	}
	for _, e := range c.Log().Entries() {
		if strings.Contains(e.Path+e.Error+e.Why, "hf_secret") {
			t.Errorf("the token is in the log: %+v", e)
		}
	}
}

func TestATokenIsNotSentInTheClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(repo())
		c, endpoint := inMemory(t, h, outbound.Deps{})
		if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/api/models", Token: "hf_secret"}); err != nil {
			t.Fatal(err)
		}
		if hosts := h.TokenHosts(); len(hosts) != 0 {
			t.Errorf("the token went to %q", hosts)
		}
	})
}

func TestOfflineOpensNoSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(repo())
		c, endpoint := inMemory(t, h, outbound.Deps{})
		c.SetOffline(true)
		if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/api/models"}); !errors.Is(err, outbound.ErrOffline) {
			t.Errorf("error %v", err)
		}
		if n := h.Dials(); n != 0 || len(c.Log().Entries()) != 0 {
			t.Errorf("%d sockets were opened", n)
		}
		c.SetOffline(false)
		if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/api/models"}); err != nil || h.Dials() != 1 {
			t.Errorf("back online: %v, %d sockets", err, h.Dials())
		}
	})
}

func TestTheEnvironmentKeepsLoamOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(repo())
		c, endpoint := inMemory(t, h, outbound.Deps{Env: func(n string) string { return map[string]string{"LOAM_OFFLINE": "1"}[n] }})
		c.SetOffline(false)
		if _, err := get(t.Context(), c, outbound.Request{URL: endpoint}); !errors.Is(err, outbound.ErrOffline) || !c.Forced() || !c.Offline() || h.Dials() != 0 {
			t.Errorf("error %v, forced %v, %d sockets", err, c.Forced(), h.Dials())
		}
	})
}

func TestGoingOfflineEndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(repo())
		h.SetFault(func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Hang: true} })
		c, endpoint := inMemory(t, h, outbound.Deps{})
		done := make(chan error, 1)
		go func() {
			_, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/owner/name/resolve/main/model.gguf"})
			done <- err
		}()
		synctest.Wait()
		c.SetOffline(true)
		if err := <-done; !errors.Is(err, outbound.ErrOffline) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAStallEnds(t *testing.T) {
	for name, fault := range map[string]hubtest.Fault{
		"nothing comes":        {Hang: true},
		"a byte now and then":  {Trickle: 3 * time.Second},
		"a byte ten times a s": {Trickle: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := hubtest.New(repo())
				h.SetFault(func(int, *http.Request) hubtest.Fault { return fault })
				c, endpoint := inMemory(t, h, outbound.Deps{})
				start := time.Now()
				_, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/owner/name/resolve/main/model.gguf"})
				if !errors.Is(err, outbound.ErrStalled) || time.Since(start) > time.Minute {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestALimitEndsAnAnswerThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(repo())
		h.SetFault(func(int, *http.Request) hubtest.Fault { return hubtest.Fault{Hang: true} })
		c, endpoint := inMemory(t, h, outbound.Deps{Stall: time.Hour})
		start := time.Now()
		_, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/owner/name/resolve/main/model.gguf", Limit: 10 * time.Second})
		if !errors.Is(err, outbound.ErrStalled) || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestSeveralConnectionsShareTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, endpoint := inMemory(t, hubtest.New(repo()), outbound.Deps{})
		c.SetRate(32 << 10) // twice 64 kB take 4 seconds
		start := time.Now()
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/owner/name/resolve/main/model.gguf", Metered: true}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if d := time.Since(start); d < 3800*time.Millisecond || d > 4100*time.Millisecond {
			t.Errorf("it took %v", d)
		}
	})
}

func TestRedirectsEnd(t *testing.T) {
	for _, to := range []string{"/again", "http://hub.test/again", "ftp://hub.test/x", "//", "http://%zz"} {
		t.Run(to, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours := make(chan net.Conn)
				s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", to)
					w.WriteHeader(http.StatusFound)
				})}
				l := pipes{ours, make(chan struct{})}
				var done sync.WaitGroup
				done.Go(func() { _ = s.Serve(l) })
				c := outbound.New(outbound.Deps{Env: noEnv, Dial: func(context.Context, string, string) (net.Conn, error) {
					a, b := net.Pipe()
					ours <- b
					return a, nil
				}})
				if _, err := get(t.Context(), c, outbound.Request{URL: "http://hub.test/"}); err == nil {
					t.Error("no error")
				}
				c.Close()
				_ = s.Close()
				done.Wait()
			})
		})
	}
}

type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error { close(p.closed); return nil }
func (pipes) Addr() net.Addr { return &net.UnixAddr{} }

func TestAHostThatIsNotThereIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := inMemory(t, hubtest.New(), outbound.Deps{})
		_, err := get(t.Context(), c, outbound.Request{URL: "http://nowhere.test/x?token=abc", Why: "test"})
		var gone *outbound.Unreachable
		if !errors.As(err, &gone) || gone.Host != "nowhere.test" {
			t.Errorf("error %v", err)
		}
		if list := c.Log().Entries(); len(list) != 1 || list[0].Error == "" || list[0].Path != "/x?token=…" {
			t.Errorf("log %+v", list)
		}
	})
}

func TestTheLogOfOtherProcessesIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logs", "network.jsonl")
	h := hubtest.New(repo())
	endpoint, err := h.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for range 2 {
		c := outbound.New(outbound.Deps{Env: noEnv, LogFile: file})
		if _, err := get(t.Context(), c, outbound.Request{Why: "search", URL: endpoint + "/api/models?search=x"}); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	c := outbound.New(outbound.Deps{Env: noEnv, LogFile: file})
	list := c.Log().Entries()
	if len(list) != 2 || list[0].Path != "/api/models?search=x" || !list[0].Over || list[0].Time.Before(list[1].Time) {
		t.Fatalf("log %+v", list)
	}
	if err := c.Log().Clear(); err != nil || len(c.Log().Entries()) != 0 {
		t.Errorf("after clearing: %v, %+v", err, c.Log().Entries())
	}
}

func TestTheLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "network.jsonl")
		c, endpoint := inMemory(t, hubtest.New(repo()), outbound.Deps{LogFile: file})
		for range 600 {
			if _, err := get(t.Context(), c, outbound.Request{URL: endpoint + "/api/models?limit=1"}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(c.Log().Entries()); n != 500 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestProxiesAreChosen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		env := map[string]string{"HTTP_PROXY": "http://env.test:3128", "NO_PROXY": "direct.test"}
		c := outbound.New(outbound.Deps{
			Env: func(n string) string { return env[n] },
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				asked = append(asked, address)
				return nil, errors.New("not here")
			},
		})
		ask := func(url string) { _, _ = c.Do(t.Context(), outbound.Request{URL: url}) }
		ask("http://hub.test/")
		ask("http://direct.test/")
		if err := c.SetProxy("socks5://user:word@mine.test:1080"); err != nil {
			t.Fatal(err)
		}
		ask("https://hub.test/")
		for _, bad := range []string{"mine.test:80", "ftp://user:word@x", "http://user:word@", "::"} {
			if err := c.SetProxy(bad); err == nil || strings.Contains(err.Error(), "word") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if got := strings.Join(asked, " "); got != "env.test:3128 direct.test:80 mine.test:1080" {
			t.Errorf("asked %s", got)
		}
	})
}

type header map[string]string

func (h header) Get(n string) string { return h[n] }

func TestRetryAfterIsUnderstood(t *testing.T) {
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		h    header
		want time.Duration
	}{
		{header{}, 0},
		{header{"Retry-After": "7"}, 7 * time.Second},
		{header{"Retry-After": "-7"}, 0},
		{header{"Retry-After": "99999999999999999999"}, 0},
		{header{"Retry-After": "999999"}, time.Hour},
		{header{"Retry-After": "Thu, 01 Oct 2026 12:00:30 GMT"}, 30 * time.Second},
		{header{"Retry-After": "Thu, 01 Oct 2020 12:00:30 GMT"}, 0},
		{header{"RateLimit": `"api";r=0;t=55`}, 55 * time.Second},
		{header{"RateLimit": `;;t=x;t=`}, 0},
	} {
		if got := outbound.RetryAfter(c.h, now); got != c.want {
			t.Errorf("%v: %v, want %v", c.h, got, c.want)
		}
	}
}
