package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/store"
)

// Caller is whoever calls or stands at the counter, as far as is known.
type Caller struct {
	Found    []CustomerLine // whom the words can mean
	Chosen   CustomerLine   // zero: nobody yet
	Address  balie.Address  // what was typed, when it is one
	Requests []balie.Request
}

// Bounds of what is shown beside a call.
const (
	mostCallers    = 6
	callerRequests = 6
	mostCalls      = 6
)

// Caller looks up who calls, by what was typed: a number in any form, a mail
// address, a name, an organisation. Somebody is chosen only by hand or by an
// address that is exactly theirs.
func (d *Customers) Caller(ctx context.Context, a Actor, typed string, person balie.ID) (Caller, error) {
	if !a.Can(ActOnRequests) {
		return Caller{}, balie.ErrDenied
	}
	c := Caller{Address: TypedAddress(typed)}
	if typed != "" {
		all, err := d.Find(ctx, a, CustomerQuery{Words: typed, Limit: mostCallers})
		if err != nil {
			return c, err
		}
		c.Found = all.Lines
	}
	i := slices.IndexFunc(c.Found, func(p CustomerLine) bool {
		return p.ID == person || person.IsZero() && !c.Address.IsZero() && p.Has(c.Address)
	})
	switch {
	case i >= 0:
		c.Chosen = c.Found[i]
	case !person.IsZero():
		p, err := d.store.Person(ctx, person)
		if err != nil {
			return c, nil // erased or merged meanwhile: nobody is chosen
		}
		c.Chosen = CustomerLine{p, d.organisation(p.Organisation)}
	}
	if c.Chosen.ID.IsZero() {
		return c, nil
	}
	for r, err := range d.store.List(ctx, store.Filter{Customer: c.Chosen.ID, Limit: callerRequests}) {
		if err != nil {
			return c, fmt.Errorf("list the requests of a caller: %w", err)
		}
		c.Requests = append(c.Requests, r)
	}
	slices.SortStableFunc(c.Requests, func(x, y balie.Request) int {
		return cmp.Compare(boolInt(x.State == balie.Closed), boolInt(y.State == balie.Closed))
	})
	return c, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TypedAddress is what was typed when it is a mail address or a whole telephone
// number, else the zero Address.
func TypedAddress(typed string) balie.Address {
	for _, s := range []balie.Scheme{balie.Mail, balie.Tel} {
		if to, err := readAddress(balie.Address{Scheme: s, Value: typed}); err == nil {
			to.Name = ""
			return to
		}
	}
	return balie.Address{}
}

// CallLine is a call of today.
type CallLine struct {
	At      time.Time
	Who     string
	Request balie.Request
}

// CallsSince are the latest calls that became requests since a moment, newest
// first.
func (d *Customers) CallsSince(ctx context.Context, a Actor, since time.Time) ([]CallLine, error) {
	if !a.Can(ActOnRequests) {
		return nil, balie.ErrDenied
	}
	var q store.Query
	var lines []CallLine
	for e, err := range d.store.ListLedger(ctx, store.LedgerFilter{Channel: "phone", Since: since, Limit: 4 * mostCalls}) {
		if err != nil {
			return nil, fmt.Errorf("list today's calls: %w", err)
		}
		if e.Request.IsZero() || len(lines) == mostCalls || slices.Contains(q.Requests, e.Request) {
			continue
		}
		q.Requests = append(q.Requests, e.Request)
		lines = append(lines, CallLine{At: e.At, Who: e.From})
	}
	found, err := d.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read today's calls: %w", err)
	}
	var who store.Query
	for i := range lines {
		lines[i].Request = found.Requests[q.Requests[i]]
		who.People = append(who.People, lines[i].Request.Customer)
	}
	known, err := d.store.Lookup(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("read who called today: %w", err)
	}
	for i := range lines {
		if p := known.People[lines[i].Request.Customer]; p.Name != "" {
			lines[i].Who = p.Name
		}
	}
	return lines, nil
}

// SuggestProduct is a product with its answer for words and the fields known so
// far, whether or not the words point to it.
func (d *Desk) SuggestProduct(id, text, language string, fields map[string]string, now time.Time) (Suggestion, map[string]string, bool) {
	p, ok := d.lib.Brain().Catalogue.Product(id)
	if !ok || !catalogue.Offered(p, now) {
		return Suggestion{}, nil, false
	}
	if language == "" {
		language = i18n.Language(normalize.Language(text))
	}
	all := catalogue.ReadFields(p, nil, text, language, now.In(d.o.Calendar.Zone()))
	if all == nil {
		all = map[string]string{}
	}
	for k, v := range fields {
		if v != "" {
			all[k] = v
		}
	}
	return d.suggestion(p, balie.Match{Product: id}, language, all, nil, now), all, true
}
