package httpd

import (
	"bytes"
	"net"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Policy is the Content-Security-Policy of every answer: nothing inline,
// nothing from elsewhere.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers are the same on every answer; a route may replace one.
func (s *server) headers(c *fiber.Ctx) {
	c.Set(fiber.HeaderContentSecurityPolicy, Policy)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderXFrameOptions, "DENY")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set(fiber.HeaderPermissionsPolicy, "camera=(), microphone=(), geolocation=()")
	c.Set(fiber.HeaderCacheControl, "no-store")
	if s.https {
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
}

// Embed lets the pages behind it be framed by these origins; without any it
// changes nothing.
func Embed(origins ...string) fiber.Handler {
	policy := strings.Replace(Policy, "frame-ancestors 'none'", "frame-ancestors "+strings.Join(origins, " "), 1)
	return func(c *fiber.Ctx) error {
		if len(origins) > 0 {
			c.Set(fiber.HeaderContentSecurityPolicy, policy)
			c.Response().Header.Del(fiber.HeaderXFrameOptions)
		}
		return c.Next()
	}
}

// sane refuses heads that two HTTP programs read differently: several Host or
// length lines, a length beside chunks, no Host at all.
func (s *server) sane(c *fiber.Ctx) error {
	head := c.Request().Header.RawHeaders()
	hosts := lines(head, "host")
	lengths, codings := lines(head, "content-length"), lines(head, "transfer-encoding")
	if hosts > 1 || lengths > 1 || codings > 1 || lengths+codings > 1 {
		c.Context().SetConnectionClose()
		return fiber.ErrBadRequest
	}
	if hosts == 0 && c.Request().Header.IsHTTP11() {
		return fiber.ErrBadRequest
	}
	return c.Next()
}

// lines counts the header lines with a name.
func lines(head []byte, name string) int {
	n := 0
	for line := range bytes.Lines(head) {
		if before, _, ok := bytes.Cut(line, []byte{':'}); ok && strings.EqualFold(string(bytes.TrimSpace(before)), name) {
			n++
		}
	}
	return n
}

// named refuses names that are not ours (DNS rebinding, poisoned links). The
// name a trusted proxy passes on counts, any other X-Forwarded-Host does not.
func (s *server) named(c *fiber.Ctx) error {
	for _, p := range s.AnyHost {
		if c.Path() == p {
			return c.Next()
		}
	}
	if !s.ours(c.Hostname()) {
		return fiber.ErrMisdirectedRequest
	}
	return c.Next()
}

func (s *server) ours(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if s.hosts[host] {
		return true
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if len(s.hosts) == 0 {
		ip := net.ParseIP(name)
		return name == "localhost" || ip != nil && ip.IsLoopback()
	}
	return s.hosts[name]
}

// names are the hosts of the public URL and the further ones. A name without a
// port answers on every port.
func names(public string, more []string) (hosts map[string]bool, https bool) {
	hosts = map[string]bool{}
	if u, err := url.Parse(public); err == nil && u.Host != "" {
		hosts[strings.ToLower(u.Host)] = true
		hosts[strings.ToLower(u.Hostname())] = true
		https = u.Scheme == "https"
	}
	for _, h := range more {
		hosts[strings.ToLower(h)] = true
	}
	return hosts, https
}

// Local is path when it is an absolute path of ours, else "/". It is for
// "next" parameters: browsers read "//evil", "/\evil" and "/<tab>/evil" as
// other hosts.
func Local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return "/"
	}
	for _, r := range path {
		if r == '\\' || r < ' ' || r == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return path
}
