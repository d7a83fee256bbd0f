// Package webform is in charge of the public question form, the customer's own
// status page, and the API by which other programs hand questions in.
//
// Guarantees:
//  1. Who is told "received" has a question on disk (R1): the answer follows
//     Sink.Receive.
//  2. A form carries a signed token: sent twice with the same words it is one
//     question; with other words it is another (R2). So is an Idempotency-Key,
//     but there other words are refused.
//  3. Nothing is thrown away because a machine may have written it: it is
//     marked, answered in the same way, and left to intake.
//  4. A status page opens with its secret link alone and shows only what was
//     said between the customer and the desk.
package webform

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/internal/ui"
)

//go:embed pages
var pages embed.FS

// Pages are the templates of this channel, for ui.New.
func Pages() fs.FS {
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		panic(err) // the tree is compiled in
	}
	return sub
}

// Name of the channel.
const Name = "form"

// Config of the form.
type Config struct {
	PublicURL string // base of links, without a slash at the end
	ID        string // which form: Raw.Account; "": "form"
	Within    string // what is promised in words: "30 minuten"; "": not said
	Zone      *time.Location

	MaxFiles    int   // 0: 10
	MaxBytes    int64 // of all files of one question together; 0: 25 MiB
	RequireMail bool

	PerClient  float64 // questions an hour from one client; 0: 120
	PerAddress float64 // questions an hour for one mail address; 0: 12

	Embed []string // origins that may show the form in a frame

	// Patience is how long storing may take before the sender is told to come
	// again; 0: 20 s.
	Patience time.Duration

	API      []APIToken
	APIBytes int64 // of one call to the API; 0: 1 MiB. More is for attachments.
}

// APIToken is who may hand in by the API.
type APIToken struct {
	ID     string // names it in keys and logs
	Secret string // at least 20 characters
}

func (c *Config) defaults() {
	if c.ID == "" {
		c.ID = Name
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.MaxFiles == 0 {
		c.MaxFiles = 10
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 25 << 20
	}
	if c.PerClient == 0 {
		c.PerClient = 120
	}
	if c.PerAddress == 0 {
		c.PerAddress = 12
	}
	if c.Patience == 0 {
		c.Patience = 20 * time.Second
	}
	if c.APIBytes == 0 {
		c.APIBytes = 1 << 20
	}
}

// Requests is what the status page and the API read. store.Store fulfils it.
type Requests interface {
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Messages(ctx context.Context, request balie.ID) ([]balie.Message, error)
	Message(ctx context.Context, id balie.ID) (balie.Message, error)
	Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error)
}

// Choice is a product people can choose in the form.
type Choice struct{ ID, Name string }

// Catalogue says what can be chosen.
type Catalogue interface {
	Products(language string) []Choice
}

// Teams names a team to customers; "" when it is not known.
type Teams interface {
	TeamName(id, language string) string
}

// Promises is what a customer was promised, and may still do with a request.
type Promises interface {
	// Told is until when they were told to hear from us; zero: nothing.
	Told(r balie.Request) time.Time
	// Reopens is until when a reply opens a request again that is done; zero:
	// always.
	Reopens(r balie.Request, events []balie.Event) time.Time
	// Rates is until when they can say how it went; false: not now.
	Rates(r balie.Request, now time.Time) (until time.Time, ok bool)
}

// asSaid are the promises of a desk without more: what was said holds, and
// nothing is rated.
type asSaid struct{}

func (asSaid) Told(r balie.Request) time.Time                            { return r.Promised }
func (asSaid) Reopens(balie.Request, []balie.Event) time.Time            { return time.Time{} }
func (asSaid) Rates(balie.Request, time.Time) (until time.Time, ok bool) { return time.Time{}, false }

// Parts is what the form works with. Catalogue, Teams and Promises may be nil.
type Parts struct {
	Requests  Requests
	Tokens    *token.Maker
	Texts     *i18n.Texts
	UI        *ui.UI
	Catalogue Catalogue
	Teams     Teams
	Promises  Promises
	Now       func() time.Time // nil: time.Now
}

// Form is the channel.
type Form struct {
	Config
	Parts
	log       *slog.Logger
	api       []apiToken
	running   keys
	door      channels.Door
	clients   *httpd.Buckets
	addresses *httpd.Buckets
}

var (
	_ channels.Channel = (*Form)(nil)
	_ channels.Mounter = (*Form)(nil)
	_ channels.Sender  = (*Form)(nil)
)

// maxCounted is how many clients and addresses the buckets remember.
const maxCounted = 20_000

// New returns the channel. It fails on an API token that is too short or
// named twice.
func New(c Config, p Parts, log *slog.Logger) (*Form, error) {
	c.defaults()
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Promises == nil {
		p.Promises = asSaid{}
	}
	api, err := readTokens(c.API)
	if err != nil {
		return nil, err
	}
	const hour = 3600
	return &Form{Config: c, Parts: p, log: log, api: api,
		clients:   httpd.NewBuckets(c.PerClient/hour, int(max(c.PerClient/4, 1)), maxCounted),
		addresses: httpd.NewBuckets(c.PerAddress/hour, int(max(c.PerAddress/2, 1)), maxCounted),
	}, nil
}

// Name is the channel's name.
func (f *Form) Name() string { return Name }

// Run waits for ctx: the form is spoken to over HTTP. It ends when those whose
// questions are being stored have been answered.
func (f *Form) Run(ctx context.Context, _ channels.Sink) error {
	f.door.Open()
	<-ctx.Done()
	f.door.Shut()
	return nil
}

// Send has nothing to send: who left no address reads the answer on the status
// page. Who left one is written to by mail, which intake sees to.
func (f *Form) Send(context.Context, balie.Delivery, balie.Message, balie.Request) (string, error) {
	return "status page", nil
}

// Bodies are the limits of the paths that take more than others, for
// httpd.Options.Large.
func (f *Form) Bodies() map[string]int64 {
	return map[string]int64{"/form": f.MaxBytes + textBytes, "/api/v1/intake": f.APIBytes}
}

// Mount puts the pages and the API on a router.
func (f *Form) Mount(r fiber.Router, in channels.Sink) {
	framed := httpd.Embed(f.Embed...)
	r.Get("/", framed, f.show)
	r.Get("/form", framed, f.show)
	r.Post("/form", framed, func(c *fiber.Ctx) error { return f.take(c, in) })
	r.Get("/s/:token", private, f.status)
	r.Get("/s/:token/received", private, f.received)
	r.Post("/s/:token", private, httpd.Limit(textBytes), func(c *fiber.Ctx) error { return f.reply(c, in) })
	r.Post("/api/v1/intake", f.known, httpd.Limit(f.APIBytes), func(c *fiber.Ctx) error { return f.intake(c, in) })
	r.Get("/api/v1/openapi.json", openAPI)
}

// private keeps a page out of search engines.
func private(c *fiber.Ctx) error {
	c.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	return c.Next()
}

// linkDays is how long a status link opens its page.
const linkDays = 90

// statusPath is the secret path of a page. It hangs on the id alone, so that
// the same question gives the same link.
func (f *Form) statusPath(id balie.ID) string {
	return "/s/" + f.Tokens.Link(token.Status, id, id.Time().AddDate(0, 0, linkDays))
}

// hand gives one submission to intake.
func (f *Form) hand(ctx context.Context, in channels.Sink, raw balie.Raw) (balie.Receipt, error) {
	receipts, err := in.Receive(ctx, nil, raw)
	if err != nil {
		return balie.Receipt{}, later(err)
	}
	if len(receipts) != 1 || receipts[0].Message.IsZero() {
		return balie.Receipt{}, later(fmt.Errorf("receive %s: there is no receipt", raw.Key))
	}
	return receipts[0], nil
}
