package outbound

import (
	"errors"
	"net/url"

	"golang.org/x/net/http/httpproxy"
)

// proxyFunc gives the proxy of an address; nil = none.
type proxyFunc func(u *url.URL) (*url.URL, error)

// errProxy is an address of a proxy that cannot be one; it does not repeat it, for it may hold a password.
var errProxy = errors.New("that is no address of a proxy; write http://host:port or socks5://host:port")

// proxyOf makes the choice of proxies: of the settings, else of the environment. Hosts that NO_PROXY names and this machine
// are asked directly either way.
func proxyOf(address string, env func(string) string) (proxyFunc, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := env(n); v != "" {
				return v
			}
		}
		return ""
	}
	all := first("ALL_PROXY", "all_proxy")
	c := httpproxy.Config{HTTPProxy: first("HTTP_PROXY", "http_proxy"), HTTPSProxy: first("HTTPS_PROXY", "https_proxy"), NoProxy: first("NO_PROXY", "no_proxy")}
	if c.HTTPProxy == "" {
		c.HTTPProxy = all
	}
	if c.HTTPSProxy == "" {
		c.HTTPSProxy = all
	}
	if address != "" {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" {
			return nil, errProxy
		}
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
		default:
			return nil, errProxy
		}
		c.HTTPProxy, c.HTTPSProxy = address, address
	}
	return c.ProxyFunc(), nil
}

// CheckProxy says why an address cannot be one of a proxy; "" is none.
func CheckProxy(address string) error {
	_, err := proxyOf(address, func(string) string { return "" })
	return err
}
