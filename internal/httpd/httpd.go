// Package httpd is in charge of how balie is spoken to over HTTP: limits on
// what a client may send and hold, headers every answer carries, and the one
// place where an error becomes an answer.
//
// Guarantees:
//  1. No request holds memory for bytes that have not arrived; all bodies that
//     Limit holds at once stay under Options.Memory, beyond it the answer is 503.
//  2. A body must announce its length. More than the route allows is 413
//     before a byte of it is read, and what a handler left unread is never
//     taken for the next request.
//  3. Every error is a page or an RFC 9457 problem with fixed words and an id;
//     causes go to the log. 429 and 503 always say when to come again.
//  4. A client is known by its address behind trusted proxies only, and one
//     client can take neither all connections nor all time.
package httpd

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
)

// Bounds of the server that are the same everywhere.
const (
	// headerBytes is the room for a request's head: single sign-on cookies do
	// not fit in fasthttp's 4 KiB.
	headerBytes = 16 << 10
	// maxConns is the default number of connections at once; each costs about
	// 30 KiB of buffers and stack.
	maxConns = 1000
	// readTimeout bounds a whole request, head and body, so that a trickle ends.
	readTimeout = 30 * time.Second
	// writeTimeout bounds the writing of an answer. A stream of events sets its
	// own deadline before each flush.
	writeTimeout = 60 * time.Second
	idleTimeout  = 60 * time.Second
	// bodyBytes is the default limit of a body.
	bodyBytes = 1 << 20
	// memoryBytes is the default for all bodies held in memory at once.
	memoryBytes = 64 << 20
	// maxClients is how many clients the request bucket remembers: 16 bytes of
	// state and the key for each.
	maxClients = 1 << 16
)

// Options of a server; the zero value is safe and answers to loopback names.
type Options struct {
	PublicURL string   // "https://balie.example.nl": the name it answers to
	Hosts     []string // further names it answers to
	AnyHost   []string // paths that answer to any name: probes and metrics
	Proxies   []string // addresses and prefixes whose X-Forwarded-For counts

	Body   int64            // bytes of a body; 0: 1 MiB
	Large  map[string]int64 // bytes by path prefix, for routes that take more
	Memory int64            // bytes of all bodies in memory at once; 0: 64 MiB

	Rate  float64 // requests per second of one client; 0: 50, negative: no bound
	Burst int     // requests at once of one client; 0: 200
	Conns int     // connections at once, at most 1,000; 0: 1,000

	ReadTimeout time.Duration // 0: 30 s

	Texts *i18n.Texts                     // nil: what is built in
	Page  func(*fiber.Ctx, Problem) error // shows a problem as a page; nil: plain text
	Log   *slog.Logger                    // nil: slog.Default
	Now   func() time.Time                // nil: time.Now
}

func (o *Options) defaults() {
	if o.Body == 0 {
		o.Body = bodyBytes
	}
	if o.Memory == 0 {
		o.Memory = memoryBytes
	}
	if o.Rate == 0 {
		o.Rate = 50
	}
	if o.Burst == 0 {
		o.Burst = 200
	}
	if o.Conns <= 0 || o.Conns > maxConns {
		o.Conns = maxConns
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = readTimeout
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// server is what the middleware of one app shares.
type server struct {
	Options
	texts   *i18n.Texts
	hosts   map[string]bool // names with or without port; empty: loopback names
	https   bool
	proxies []netip.Prefix
	memory  *budget
	clients *Buckets
}

// New returns an app that is safe to put on the internet behind a proxy or
// without one. It panics only when the texts that are built in cannot be read.
func New(o Options) *fiber.App {
	o.defaults()
	s := &server{Options: o, texts: o.Texts, memory: &budget{left: o.Memory},
		clients: NewBuckets(o.Rate, o.Burst, maxClients)}
	if s.texts == nil {
		t, err := i18n.Load()
		if err != nil {
			panic(err)
		}
		s.texts = t
	}
	s.hosts, s.https = names(o.PublicURL, o.Hosts)
	s.proxies = prefixes(o.Proxies)

	app := fiber.New(fiber.Config{
		// Without Immutable, values kept beyond the request become the next
		// customer's.
		Immutable:                    true,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		DisableStartupMessage:        true,
		ReadBufferSize:               headerBytes,
		BodyLimit:                    bodyBytes, // only says how much is read ahead; see body
		ReadTimeout:                  o.ReadTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		Concurrency:                  o.Conns + refusing,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               o.Proxies,
		ErrorHandler:                 s.answer,
	})
	app.Server().SecureErrorLogMessage = true
	app.Server().CloseOnShutdown = true
	app.Use(s.begin, s.recovered, s.sane, s.named, s.paced, s.body)
	return app
}

// begin gives the request its id and the answer the headers all of them carry.
func (s *server) begin(c *fiber.Ctx) error {
	c.Locals(serverKey, s)
	s.dress(c)
	return c.Next()
}

// dress sets the id and the security headers; it is also called for answers
// that never came as far as begin.
func (s *server) dress(c *fiber.Ctx) {
	if ID(c) == "" {
		id := balie.NewID(s.Now()).String()
		c.Locals(idKey, id)
		c.Set("X-Request-Id", id)
	}
	s.headers(c)
}

// key is the type of what httpd keeps with a request.
type key uint8

const (
	serverKey key = iota
	idKey
	clientKey
	readKey // the body was read to its end
)

// ID is the id of the request, to be named in logs and shown to people.
func ID(c *fiber.Ctx) string {
	id, _ := c.Locals(idKey).(string)
	return id
}
