// Package intake is in charge of the path of a question: from what a channel
// took in to one Change that holds the message, the request, the decision and
// what goes out.
//
// Guarantees:
//  1. Receive returns nil only when every message and its decision is durable (R1).
//  2. The same message, by whatever way and how often, is one question (R2).
//  3. What cannot be read is kept and put before a person (R3).
//  4. A message joins a request by token and person together, never by a
//     number alone (S2); an agent is never impersonated by mail (S3).
//  5. Every message has one line in the ledger.
package intake

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/internal/token"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Store is what intake needs of a store.
type Store interface {
	store.Requests
	Events(ctx context.Context, request balie.ID, after uint64) ([]balie.Event, error)
	Message(ctx context.Context, id balie.ID) (balie.Message, error)
	Messages(ctx context.Context, request balie.ID) ([]balie.Message, error)
	Cursor(ctx context.Context, channel string) ([]byte, error)
	store.Blobs
}

// Brain is what decides: one immutable set of documents, swapped whole.
type Brain struct {
	Catalogue     *catalogue.Catalogue
	Matcher       *catalogue.Matcher
	Rules         *router.Ruleset
	Organisations []balie.Organisation
	Texts         *i18n.Texts      // what letters say, with the desk's own words
	Policy        *progress.Policy // what is promised and how it is kept; nil: only what products promise
}

// Setting is what the promises of a request of an organisation (its id, "" when
// not known) are reckoned with; cal is the desk's own calendar.
func (b *Brain) Setting(cal hours.Calendar, organisation string) progress.Setting {
	s := progress.Setting{Policy: b.Policy, Catalogue: b.Catalogue, Calendar: cal}
	if organisation == "" {
		return s
	}
	if i := slices.IndexFunc(b.Organisations, func(o balie.Organisation) bool { return o.ID == organisation }); i >= 0 {
		s.Organisation = b.Organisations[i]
	}
	return s
}

// Options are the desk's settings for intake.
type Options struct {
	Calendar   hours.Calendar  // of the desk itself
	Language   string          // when a message's own is not detected
	ReopenDays int             // opening days in which a reply reopens
	DailyCap   int             // automatic letters to one address a day
	Respond    time.Duration   // promised first response without a product, opening hours
	Leads      []balie.Address // who gets alerts
	Inflight   string          // file beside the store for keys being parsed; "" for none
}

// Defaults where Options are zero.
const (
	defaultReopenDays = 10
	defaultDailyCap   = 10
	defaultRespond    = 4 * time.Hour
)

// Intake takes messages in.
type Intake struct {
	store  Store
	norm   *normalize.Normalizer
	brain  func() *Brain
	tokens *token.Maker
	write  *letters.Writer
	o      Options
	log    *slog.Logger
	poison *poison
	clock  func() time.Time
	meter  Meter
}

// Meter counts what intake did; the zero functions count nothing.
type Meter struct {
	Message func(channel, outcome string)
	Decided func(action string, took time.Duration)
}

// New returns an Intake. brain gives the documents in force. clock is the time
// of what comes in now; nil is time.Now.
func New(s Store, n *normalize.Normalizer, brain func() *Brain, tokens *token.Maker, w *letters.Writer, o Options, log *slog.Logger, m Meter, clock func() time.Time) (*Intake, error) {
	if o.ReopenDays == 0 {
		o.ReopenDays = defaultReopenDays
	}
	if o.DailyCap == 0 {
		o.DailyCap = defaultDailyCap
	}
	if o.Respond == 0 {
		o.Respond = defaultRespond
	}
	if clock == nil {
		clock = time.Now
	}
	if m.Message == nil {
		m.Message = func(string, string) {}
	}
	if m.Decided == nil {
		m.Decided = func(string, time.Duration) {}
	}
	p, err := openPoison(o.Inflight)
	if err != nil {
		return nil, err
	}
	return &Intake{s, n, brain, tokens, w, o, log, p, clock, m}, nil
}

// Close lets go of the note of what is being parsed. No Receive may run.
func (in *Intake) Close() error {
	if in.poison.file == nil {
		return nil
	}
	return in.poison.file.Close()
}

// Sink is where the channel with this name hands in what it took.
func (in *Intake) Sink(channel string) channels.Sink { return &sink{in, channel} }

type sink struct {
	in      *Intake
	channel string
}

func (s *sink) Cursor(ctx context.Context) ([]byte, error) {
	return s.in.store.Cursor(ctx, s.channel)
}

func (s *sink) Keep(ctx context.Context, body io.Reader) (balie.Original, error) {
	return s.in.store.PutBlob(ctx, body)
}

func (s *sink) Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	receipts, err := s.in.receive(ctx, raws)
	if err != nil {
		return nil, err
	}
	if cursor == nil {
		return receipts, nil
	}
	// After the messages, never with them: a refused neighbour is tried again
	// first, and the cursor must not be ahead of it.
	c := balie.Change{Cursor: &balie.Cursor{Channel: s.channel, Value: cursor}}
	if err := s.in.store.Commit(ctx, c); err != nil {
		return nil, err
	}
	return receipts, nil
}
