package intake

import (
	"context"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/store"
)

// person is whoever wrote: known by address, or new. A name that a stranger
// types is kept for display, never used to find somebody.
func (in *Intake) person(b *batch, m balie.Message, now time.Time) (p balie.Person, isNew bool) {
	if m.From.IsZero() {
		return balie.Person{}, false
	}
	if p, ok := b.found.Addresses[m.From.Key()]; ok {
		return p, false
	}
	p = balie.Person{ID: balie.NewID(now), Version: 1, Name: m.From.Name, Addresses: []balie.Address{m.From}, Language: m.Language}
	if o, ok := organisation(in.brain().Organisations, m.From.Domain()); ok {
		p.Organisation = o.ID
	}
	return p, true
}

// organisation finds the customer organisation of a mail domain or of a
// domain above it.
func organisation(all []balie.Organisation, domain string) (balie.Organisation, bool) {
	for d := domain; d != ""; {
		for _, o := range all {
			for _, have := range o.Domains {
				if strings.EqualFold(have, d) {
					return o, true
				}
			}
		}
		_, rest, ok := strings.Cut(d, ".")
		if !ok {
			break
		}
		d = rest
	}
	return balie.Organisation{}, false
}

// customerFacts are what rules may know of a person's organisation. An unproven
// sender of a domain counts as of that organisation: it decides who handles
// the question, never what is shown.
func (in *Intake) customerFacts(p balie.Person) balie.CustomerFacts {
	return CustomerFacts(in.brain().Organisations, p.Organisation)
}

// CustomerFacts are the facts of one of the organisations.
func CustomerFacts(all []balie.Organisation, id string) balie.CustomerFacts {
	for _, o := range all {
		if o.ID == id && o.ID != "" {
			return balie.CustomerFacts{Organisation: o.ID, KeyAccount: o.KeyAccount, Segment: o.Segment, Manager: o.AccountManager}
		}
	}
	return balie.CustomerFacts{}
}

// openLimit is how many of a person's open requests are looked at.
const openLimit = 5

// openRequests are the person's other open requests, the latest first.
func (in *Intake) openRequests(ctx context.Context, p balie.Person) ([]balie.Request, error) {
	var out []balie.Request
	f := store.Filter{Customer: p.ID, Limit: openLimit,
		States: []balie.State{balie.AtDesk, balie.Waiting, balie.WithTeam, balie.Planned, balie.AnsweredState}}
	for r, err := range in.store.List(ctx, f) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// ReplyAddress is where an answer to a message goes: never the Reply-To of an
// unproven mail, which would make balie write to whomever the sender likes.
func ReplyAddress(m balie.Message) balie.Address { return letters.ReplyAddress(m) }

// capKeys are the claims that count automatic letters to an address on a day.
func (in *Intake) capKeys(a balie.Address, now time.Time) []string {
	return letters.CapKeys(a, in.o.DailyCap, now)
}

// freeCap is the next unclaimed key; "" when the day's letters are used up.
func (in *Intake) freeCap(b *batch, a balie.Address, now time.Time) string {
	for _, k := range in.capKeys(a, now) {
		if _, taken := b.found.Seen[k]; !taken {
			return k
		}
	}
	return ""
}
