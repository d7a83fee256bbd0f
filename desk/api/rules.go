package api

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// Tested is what the examples of a ruleset say about it.
type Tested struct {
	Ruleset  string    `json:"ruleset"` // which one
	Rules    int       `json:"rules"`
	Examples int       `json:"examples"`
	Failed   []Finding `json:"failed"`
	Warnings []Finding `json:"warnings"`
}

// Backtested is what a draft would have done with past messages.
type Backtested struct {
	Ruleset string        `json:"ruleset"`
	Report  router.Report `json:"report"`
}

// defaultPast and maxPast are how many decisions are made again.
const (
	defaultPast = 1000
	maxPast     = 100_000
)

// rules registers what can be asked about rules before they are published.
func (a *api) rules() {
	type draft struct{ Body Draft }
	type tested struct{ Body Tested }
	add(a, op("POST", "/rules/test", "test-rules", "Run the examples of a draft, or of the rules in force when its body is empty", desk.SeeDocuments, documentObject).reads(),
		func(ctx context.Context, in *draft) (*tested, error) {
			b, name, err := a.draft(in.Body)
			if err != nil {
				return nil, err
			}
			return &tested{a.test(b, name)}, nil
		})
	type past struct {
		Body struct {
			Draft
			Last int `json:"last,omitempty" minimum:"0" maximum:"100000" doc:"How many decisions; 0: 1,000."`
		}
	}
	type backtested struct{ Body Backtested }
	add(a, op("POST", "/rules/backtest", "backtest-rules", "Make past decisions again with a draft and say what changes", desk.Publish, documentObject).reads(),
		func(ctx context.Context, in *past) (*backtested, error) {
			b, name, err := a.draft(in.Body.Draft)
			if err != nil {
				return nil, err
			}
			last := in.Body.Last
			if last == 0 {
				last = defaultPast
			}
			var failed error
			report := router.Backtest(b.Rules, a.past(ctx, last, &failed))
			return &backtested{Backtested{name, report}}, failed
		})
}

// draft is what decides with a draft of the rules; with an empty one, what is
// in force.
func (a *api) draft(d Draft) (*intake.Brain, string, error) {
	lib, err := a.Library()
	if err != nil {
		return nil, "", err
	}
	if strings.TrimSpace(d.Body) == "" {
		b := lib.Brain()
		return b, fmt.Sprintf("rules (version %d)", b.Rules.Version), nil
	}
	b, err := lib.Draft(desk.RulesDoc, d.file(desk.RulesDoc), []byte(d.Body))
	return b, d.file(desk.RulesDoc), err
}

// test runs the examples with the facts that intake would find in them, of
// somebody whose address is proven.
func (a *api) test(b *intake.Brain, name string) Tested {
	now := a.Now()
	decide := func(question, language string) balie.Facts {
		m := balie.Message{ID: balie.NewID(now), Side: balie.CustomerSide, Direction: balie.In, Channel: "email",
			From: balie.Address{Scheme: balie.Mail, Value: "customer@example.org"}, Proof: balie.Proven,
			Text: question, Language: language, At: now}
		d, _ := intake.Decide(b, m, intake.Known{Calendar: a.calendar(b), Language: a.Language}, now)
		return d.Facts
	}
	out := Tested{Ruleset: name, Failed: findings(b.Rules.Check(decide)), Warnings: findings(b.Rules.Warnings())}
	for _, r := range b.Rules.Rules() {
		out.Rules++
		out.Examples += len(r.Examples.Must) + len(r.Examples.MustNot)
	}
	return out
}

// calendar is the desk's own opening hours.
func (a *api) calendar(b *intake.Brain) hours.Calendar {
	if c, ok := b.Catalogue.Calendars[a.Calendar]; ok {
		return c
	}
	return b.Catalogue.Calendar(balie.Product{})
}

// past gives the last decisions of the requests that changed last.
func (a *api) past(ctx context.Context, last int, failed *error) iter.Seq[router.Past] {
	return func(yield func(router.Past) bool) {
		left := last
		for r, err := range a.Store.List(ctx, store.Filter{Limit: last}) {
			var events []balie.Event
			if err == nil {
				events, err = a.Store.Events(ctx, r.ID, 0)
			}
			if err != nil {
				*failed = fmt.Errorf("read past decisions: %w", err)
				return
			}
			for _, e := range events {
				if e.Decision == nil {
					continue
				}
				if !yield(router.Past{Request: r.ID, Ref: r.Ref, Subject: r.Subject, Decision: *e.Decision}) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}
