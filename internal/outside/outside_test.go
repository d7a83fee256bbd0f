package outside_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/balie/balie/internal/outside"
)

// TestS10_InsideAddressesAreNotCalled goes through the addresses themselves.
func TestS10_InsideAddressesAreNotCalled(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1:80", "127.8.9.1:443", "[::1]:443", "0.0.0.0:80", "[::]:80", "169.254.169.254:80", "[::ffff:127.0.0.1]:80", "[::ffff:10.1.2.3]:443",
		"10.0.0.1:443", "172.16.3.4:443", "192.168.1.1:443", "100.64.0.1:443", "[fc00::1]:443", "[fd12::1]:443", "[fe80::1]:443", "[fe80::1%eth0]:443",
		"224.0.0.1:443", "255.255.255.255:443", "[ff02::1]:443", "[64:ff9b::7f00:1]:443", "[2002:7f00:1::]:443", "192.0.0.8:443", "198.18.0.1:80", "240.0.0.1:80",
		"93.184.216.34:25", "93.184.216.34:22", "[2606:2800:220:1::1]:587",
	} {
		if err := outside.Check(netip.MustParseAddrPort(a), nil); !errors.Is(err, outside.ErrInside) {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{"93.184.216.34:443", "93.184.216.34:8443", "[2606:2800:220:1::1]:80"} {
		if err := outside.Check(netip.MustParseAddrPort(a), nil); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	if err := outside.Check(netip.MustParseAddrPort("[::ffff:10.1.2.3]:443"), allow); err != nil {
		t.Errorf("allowed: %v", err)
	}
	if err := outside.Check(netip.MustParseAddrPort("10.2.0.1:443"), allow); err == nil {
		t.Error("beside what is allowed")
	}
}

// TestS10_NoConnectionReachesInside counts what a listener on loopback sees,
// whatever the address looks like, and after a redirect.
func TestS10_NoConnectionReachesInside(t *testing.T) {
	var seen atomic.Int64
	in := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") }))
	in.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			seen.Add(1)
		}
	}
	in.Start()
	defer in.Close()
	_, port, _ := net.SplitHostPort(in.Listener.Addr().String())
	c := outside.Client(outside.Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "0", "127.1", "2130706433", "0x7f000001"} {
		res, err := c.Get("http://" + host + ":" + port + "/")
		if err == nil {
			res.Body.Close()
			t.Errorf("%s answered", host)
		}
	}
	// The one who redirects may be called; where it sends us may not.
	out := httptest.NewUnstartedServer(http.RedirectHandler("http://localhost:"+port+"/", http.StatusFound))
	ln, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("no second loopback address here")
	}
	out.Listener = ln
	out.Start()
	defer out.Close()
	c = outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	if res, err := c.Get(out.URL); err == nil {
		res.Body.Close()
		t.Error("followed a redirect inside")
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("%d connections reached the listener inside", n)
	}
	c = outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if res, err := c.Get(in.URL); err != nil {
		t.Errorf("allowed: %v", err)
	} else {
		res.Body.Close()
	}
}

func TestS11_AnAnswerIsBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", 1000))
	}))
	defer s.Close()
	for most, whole := range map[int64]bool{999: false, 1000: true} {
		c := outside.Client(outside.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Bytes: most})
		res, err := c.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if (err == nil) != whole || whole && len(b) != 1000 {
			t.Errorf("bound %d: %d bytes, %v", most, len(b), err)
		}
	}
}
