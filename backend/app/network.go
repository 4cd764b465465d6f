package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"loam/backend/fetch"
	"loam/backend/hub"
	"loam/backend/outbound"
)

// The settings of the network, as keys of Setting.
const (
	KeyOffline = "network.offline"   // bool; absent = false: other machines are asked when a person wants something of them
	KeyProxy   = "network.proxy"     // string, "http://host:port" or "socks5://host:port"; "" = as the environment says
	KeyRate    = "network.rate_kb"   // int, kB a second for downloads; 0 = no limit
	keyToken   = "hub.token_in_ring" // bool: a token lies in the system's keyring, which is not asked otherwise
)

// tokenName is the name of the hub's token in the keyring.
const tokenName = "huggingface"

// commandPatience is how often a download of a command may fail in a row before it gives up; a window waits for ever.
const commandPatience = 8

// ErrNoKeyring is a token that cannot be kept safely.
var ErrNoKeyring = errors.New("there is no keyring to keep the token in; set HF_TOKEN instead")

// tokens is the token of the hub: of the environment, else of the keyring.
type tokens struct {
	mu    sync.Mutex
	known bool
	value string // of the keyring; guarded by mu
}

// startNetwork makes the one door to other machines, and what uses it. Nothing is asked.
func (a *App) startNetwork(ctx context.Context) {
	d := a.deps.Network
	if d.Env == nil {
		d.Env = os.Getenv
	}
	if d.LogFile == "" && a.Folders.Logs != "" {
		d.LogFile = filepath.Join(a.Folders.Logs, "network.jsonl")
	}
	if d.Agent == "" {
		d.Agent = strings.TrimSuffix("loam/"+a.Version, "/")
	}
	d.Logger = a.log
	a.Net = outbound.New(d)
	a.obeyNetwork(ctx)
	a.Hub = hub.New(hub.Deps{
		Net: a.Net, Token: a.token, Logger: a.log,
		Endpoint: func() string { return d.Env("HF_ENDPOINT") },
	})
	patience := commandPatience
	if a.deps.Window {
		patience = 0
	}
	a.Fetch = fetch.New(fetch.Deps{
		Store: a.Store, Net: a.Net, Dir: a.Library.Folder(), Request: a.Hub.Request, Keep: a.keepDownload, Free: diskFree,
		Patience: patience, Bus: a.Bus, Logger: a.log,
	})
}

// obeyNetwork does as the settings of the network say.
func (a *App) obeyNetwork(ctx context.Context) {
	offline, proxy, rate := false, "", 0
	for key, v := range map[string]any{KeyOffline: &offline, KeyProxy: &proxy, KeyRate: &rate} {
		if _, err := a.Store.Setting(ctx, key, v); err != nil {
			a.log.Warn("A setting could not be read", "key", key, "error", err)
			offline = offline || key == KeyOffline // what a person may have forbidden is not done
		}
	}
	a.Net.SetOffline(offline)
	if err := a.Net.SetProxy(proxy); err != nil {
		a.log.Warn("The proxy of the settings cannot be used", "error", err)
	}
	a.Net.SetRate(int64(max(0, rate)) * 1000)
}

// Offline says whether other machines are not asked, and whether the environment insists on it.
func (a *App) Offline() (on, forced bool) { return a.Net.Offline(), a.Net.Forced() }

// Requests is what was asked of the network, the newest first; ClearRequests forgets it.
func (a *App) Requests() []outbound.Entry { return a.Net.Log().Entries() }

// ClearRequests forgets what was asked of the network.
func (a *App) ClearRequests() error { return a.Net.Log().Clear() }

// TokenFrom says where the hub's token comes from: "environment", "keyring", or "" where there is none.
func (a *App) TokenFrom(ctx context.Context) string {
	if a.env("HF_TOKEN") != "" {
		return "environment"
	}
	kept := false
	if _, err := a.Store.Setting(ctx, keyToken, &kept); err == nil && kept {
		return "keyring"
	}
	return ""
}

func (a *App) env(name string) string {
	if a.deps.Network.Env != nil {
		return a.deps.Network.Env(name)
	}
	return os.Getenv(name)
}

func (a *App) secrets() outbound.Secrets {
	if a.deps.Secrets != nil {
		return a.deps.Secrets
	}
	return outbound.Keyring{}
}

// token gives the hub's token; "" where there is none. The keyring is asked once, and only when a token was put there.
func (a *App) token(ctx context.Context) string {
	if t := strings.TrimSpace(a.env("HF_TOKEN")); t != "" {
		return t
	}
	if a.TokenFrom(ctx) == "" {
		return ""
	}
	a.tokens.mu.Lock()
	defer a.tokens.mu.Unlock()
	if a.tokens.known {
		return a.tokens.value
	}
	t, err := a.secrets().Get(ctx, tokenName)
	if err != nil {
		a.log.Warn("The token could not be read", "error", err)
		return ""
	}
	a.tokens.known, a.tokens.value = true, t
	return t
}

// SetToken keeps the hub's token in the system's keyring; "" removes it. ErrNoKeyring: there is none.
func (a *App) SetToken(ctx context.Context, token string) error {
	token = strings.TrimSpace(token)
	if strings.ContainsAny(token, " \t\r\n") || len(token) > 400 {
		return errors.New("that is no token; they look like hf_ with letters behind")
	}
	if err := a.secrets().Set(ctx, tokenName, token); err != nil && token != "" {
		return fmt.Errorf("%w: %w", ErrNoKeyring, err)
	}
	a.tokens.mu.Lock()
	a.tokens.known, a.tokens.value = token != "", token
	a.tokens.mu.Unlock()
	if token == "" {
		return a.Store.SetSetting(ctx, keyToken, nil)
	}
	return a.Store.SetSetting(ctx, keyToken, true)
}
