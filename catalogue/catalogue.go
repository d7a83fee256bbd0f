// Package catalogue is in charge of the products and services a desk offers:
// reading them, finding which of them a question is about, reading the values
// of their fields from a customer's words, and making an answer of them.
//
// Guarantees:
//  1. A catalogue with a fault is refused with every fault at once, each with
//     its line, column and what to do; nothing of it is used.
//  2. Everything here is a pure function: time is an argument, a trained
//     Matcher never changes, and the same input gives the same output.
//  3. A score is a calibrated guess, never a certificate. Nothing here calls a
//     product certified: that takes confirmed traffic.
//  4. What a customer typed is put into an answer literally: it is never read
//     as a template, as Markdown or as HTML.
//  5. A field is filled with no value rather than with a wrong one.
package catalogue

import (
	_ "embed"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// Languages a catalogue is written in; every text exists in each of them.
var Languages = []string{"nl", "en"}

// DefaultThreshold is the score above which a product with answer_mode send is
// answered when its own threshold is not given. It is not certified: it was
// not measured on this desk's traffic.
const DefaultThreshold = 0.9

// Catalogue is a desk's products, with the teams that own them and the
// calendars their promises are reckoned in.
type Catalogue struct {
	Version      int
	Products     []balie.Product
	Teams        []balie.Team
	Calendars    map[string]hours.Calendar
	Urgent       map[string]bool   // products whose requests are urgent by themselves
	Organisation map[string]string // the desk's own name, by language
	Currency     string

	first    string         // id of the calendar that stands first
	at       map[string]int // of a product by id, as it was read
	warnings []*balie.InvalidError
}

//go:embed sample.yaml
var sample []byte

// Sample is the catalogue of a made-up facility desk, to start from.
func Sample() []byte { return slices.Clone(sample) }

// Product is the product with an id.
func (c *Catalogue) Product(id string) (balie.Product, bool) {
	if i, ok := c.at[id]; ok && i < len(c.Products) && c.Products[i].ID == id {
		return c.Products[i], true
	}
	for i := range c.Products { // made or changed by hand
		if c.Products[i].ID == id {
			return c.Products[i], true
		}
	}
	return balie.Product{}, false
}

// Team is the team with an id.
func (c *Catalogue) Team(id string) (balie.Team, bool) {
	for i := range c.Teams {
		if c.Teams[i].ID == id {
			return c.Teams[i], true
		}
	}
	return balie.Team{}, false
}

// Calendar is the one a product's promise is reckoned in: its own, else its
// team's, else the one that stands first.
func (c *Catalogue) Calendar(p balie.Product) hours.Calendar {
	if k, ok := c.Calendars[p.Calendar]; ok {
		return k
	}
	if t, ok := c.Team(p.Owner); ok {
		if k, ok := c.Calendars[t.Calendar]; ok {
			return k
		}
	}
	return c.Calendars[c.first]
}

// Warnings are what is allowed and yet makes the catalogue work badly.
func (c *Catalogue) Warnings() []*balie.InvalidError { return slices.Clone(c.warnings) }

// Offered reports whether a product may be given at a moment.
func Offered(p balie.Product, now time.Time) bool {
	return (p.From.IsZero() || !now.Before(p.From)) && (p.Until.IsZero() || now.Before(p.Until))
}
