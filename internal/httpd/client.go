package httpd

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Client is the address of whoever sent the request. X-Forwarded-For counts
// only from a trusted proxy, read from the right: what stands left of the last
// untrusted address is what the client itself claims.
func Client(c *fiber.Ctx) netip.Addr {
	if a, ok := c.Locals(clientKey).(netip.Addr); ok {
		return a
	}
	s, _ := c.Locals(serverKey).(*server)
	a := peer(c.Context().RemoteAddr())
	if s != nil {
		a = behind(a, c.Get(fiber.HeaderXForwardedFor), s.proxies)
	}
	c.Locals(clientKey, a)
	return a
}

// ClientKey is the client as a key for counting: an IPv6 network of 64 bits is
// one client, its owner has all addresses in it.
func ClientKey(c *fiber.Ctx) string { return network(Client(c)) }

func network(a netip.Addr) string {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.Unmap().String()
}

func behind(remote netip.Addr, forwarded string, proxies []netip.Prefix) netip.Addr {
	if !trusted(remote, proxies) {
		return remote
	}
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return remote
		}
		remote = a.Unmap()
		if !trusted(remote, proxies) {
			return remote
		}
	}
	return remote
}

func trusted(a netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(proxies []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range proxies {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
			continue
		}
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		}
	}
	return out
}

func peer(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
