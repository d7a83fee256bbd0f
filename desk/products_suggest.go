package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Bounds of what is proposed on a page.
const (
	proposedShown = 6   // questions
	proposedBytes = 300 // of each: an example is a sentence or two
	likeShare     = 0.8 // of its words in one example: it says nothing new
)

// skipKind is the kind of the records of proposals nobody wanted; the key is
// the product, a slash, and the request.
const skipKind = "exampleskip"

// Proposal of an example: a customer's words.
type ExampleProposal struct {
	ProposedQuestion
	Ref, Text, Language string
}

// Proposals are questions of real customers that could be examples of a
// product, or counter-examples, newest first. They are read when they are
// shown: what was erased since is not among them.
func (p *Products) Proposals(ctx context.Context, a Actor, x balie.Product, t ProductTraffic) ([]ExampleProposal, error) {
	if !a.Can(Publish) || !a.Can(SeeRequests) || len(t.Proposed) == 0 {
		return nil, nil
	}
	skipped, err := p.store.ListRecords(ctx, skipKind, x.ID+"/", "", false, 0)
	if err != nil {
		return nil, fmt.Errorf("read which proposals were skipped: %w", err)
	}
	var q store.Query
	for _, c := range t.Proposed {
		if !slices.ContainsFunc(skipped, func(r balie.Record) bool { return r.Key == x.ID+"/"+c.Request.String() }) {
			q.Requests = append(q.Requests, c.Request)
		}
	}
	found, err := p.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read the requests of proposals: %w", err)
	}
	var out []ExampleProposal
	for tried, c := range t.Proposed {
		r, ok := found.Requests[c.Request]
		if !ok || len(out) == proposedShown || tried == 2*proposedShown {
			continue
		}
		events, err := p.store.Events(ctx, c.Request, 0)
		if err != nil {
			return nil, fmt.Errorf("read request %s: %w", r.Ref, err)
		}
		e := ExampleProposal{ProposedQuestion: c, Ref: r.Ref, Language: r.Language, Text: firstQuestion(events)}
		if e.Text != "" && !known(x, e.Text) {
			out = append(out, e)
		}
	}
	return out, nil
}

// firstQuestion is what the first decision was made on, as one line.
func firstQuestion(events []balie.Event) string {
	for _, e := range events {
		if e.Decision == nil {
			continue
		}
		m := e.Decision.Facts.Message
		words := strings.Join(strings.Fields(m.Text), " ")
		if words == "" {
			words = m.Subject
		}
		if len(words) > proposedBytes {
			words = strings.ToValidUTF8(words[:proposedBytes], "")
			words = words[:max(strings.LastIndexByte(words, ' '), proposedBytes/2)] + " …"
		}
		return words
	}
	return ""
}

// known reports whether a product has an example, or counter-example, that
// says the same.
func known(x balie.Product, text string) bool {
	words := wordsOf(text)
	for _, all := range []map[string][]string{x.Examples, x.Counter} {
		for _, list := range all {
			for _, e := range list {
				have, same := wordsOf(e), 0
				for w := range words {
					if have[w] {
						same++
					}
				}
				if float64(same) >= likeShare*float64(max(len(words), len(have))) {
					return true
				}
			}
		}
	}
	return false
}

func wordsOf(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(strings.ToLower(text)) {
		if w = strings.Trim(w, ".,:;!?\"'()…"); w != "" {
			out[w] = true
		}
	}
	return out
}

// SkipProposal puts a proposal aside for everybody.
func (p *Products) SkipProposal(ctx context.Context, a Actor, product string, request balie.ID, now time.Time) error {
	if !a.Can(Publish) {
		return balie.ErrDenied
	}
	rec := balie.Record{Kind: skipKind, Key: product + "/" + request.String(), Body: []byte(a.ID), Expires: now.AddDate(1, 0, 0)}
	return p.store.Commit(ctx, balie.Change{Records: []balie.Record{rec}})
}
