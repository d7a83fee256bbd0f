// Package outside is in charge of calls that balie makes to addresses somebody
// typed: the provider of single sign-on, webhooks, files of a workspace.
//
// Guarantees:
//  1. No address of our own network is reached unless it is allowed. The
//     address itself is looked at, when the connection is made: after DNS, after
//     each redirect, whatever the name looks like (S10).
//  2. An answer is bounded in bytes and time, and nothing of ours goes along:
//     no proxy of the environment, no cookies.
package outside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Options are what calls may do.
type Options struct {
	Allow   []netip.Prefix // of our own network that may be called all the same
	Timeout time.Duration  // of a whole call; 0: 15 s
	Bytes   int64          // of an answer; 0: 1 MiB
}

// Bounds of a call that Options do not say.
const (
	callTime    = 15 * time.Second
	dialTime    = 5 * time.Second
	answerBytes = 1 << 20
	redirects   = 3
)

// ErrInside says that an address is of our own network and not allowed.
var ErrInside = errors.New("this address is inside our own network and not allowed")

// inner are the networks that the standard library has no word for.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network, RFC 1122
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by a provider, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments, RFC 6890
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation, RFC 5737
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks, RFC 2544
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),    // IPv4 behind NAT64, RFC 6052
	netip.MustParsePrefix("64:ff9b:1::/48"),  // likewise, RFC 8215
	netip.MustParsePrefix("100::/64"),        // discarded, RFC 6666
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, among them Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4: an IPv4 address inside
	netip.MustParsePrefix("fec0::/10"),       // site-local, RFC 3879
}

// Check is nil when an address may be called.
func Check(to netip.AddrPort, allow []netip.Prefix) error {
	a := to.Addr().Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(a) {
			return nil
		}
	}
	bad := !a.IsGlobalUnicast() || a.IsPrivate()
	for _, p := range inner {
		bad = bad || p.Contains(a)
	}
	if bad {
		return ErrInside
	}
	// Below 1024 are other protocols: a request to port 25 may read as mail.
	if p := to.Port(); p < 1024 && p != 443 && p != 80 {
		return fmt.Errorf("port %d is no web server's: %w", p, ErrInside)
	}
	return nil
}

// Client makes calls. It is safe for use by several goroutines.
func Client(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = callTime
	}
	if o.Bytes == 0 {
		o.Bytes = answerBytes
	}
	dialer := net.Dialer{Timeout: dialTime, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("call %q: %w", address, ErrInside)
		}
		return Check(to, o.Allow)
	}}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &bounded{o.Bytes, &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: o.Timeout,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		}},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case len(via) > redirects:
				return errors.New("too many redirects")
			case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
				return errors.New("redirected from https to " + r.URL.Scheme)
			}
			return nil
		},
	}
}

// bounded cuts answers off, with an error rather than short.
type bounded struct {
	most int64
	next http.RoundTripper
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &body{res.Body, b.most}
	return res, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (b *bounded) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type body struct {
	io.ReadCloser
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("the answer is too large")
	}
	return n, err
}
