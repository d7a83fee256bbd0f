package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// Bounds of what is known of traffic.
const (
	tallyWeeks   = 26              // how far back weeks are counted
	tallyBatch   = 500             // events read at a time
	tallySave    = time.Minute     // between two times of writing it down
	tallyWait    = 2 * time.Second // for the last time of writing, at the end
	reviewsKept  = 2000            // reviewed matches of a product
	proposals    = 40              // questions kept of a product to propose as examples
	scoreSteps   = 50              // of a histogram of scores
	FewReviewed  = 30              // reviewed requests under which no quality is said
	talliesKind  = "tallies"       // the record of all this,
	talliesKey   = "products"      // between two runs
	talliesShape = 1               // of that record; another one is made again
)

// tallies fold the feed into what pages say of products: how often they are
// asked for, how sure matches were, which were reviewed, and which questions
// could be examples. It is all in memory, and written down now and then with
// the place in the feed it belongs to.
type tallies struct {
	store ProductsStore

	mu sync.Mutex
	talliesState
	dirty   bool
	changed chan struct{}
}

// talliesState is what is written down.
type talliesState struct {
	Shape    int                      `json:"shape"`
	Cursor   store.FeedCursor         `json:"cursor"`
	Products map[string]*productTally `json:"products"`
}

// productTally is what is known of one product.
type productTally struct {
	Weeks    map[int64]int      `json:"weeks"`    // requests opened with it, by week
	Scores   [scoreSteps]int    `json:"scores"`   // of matches it led, by score
	Reviews  map[string]review  `json:"reviews"`  // of matches it led, by request
	Proposed []ProposedQuestion `json:"proposed"` // newest last
}

// review is what an agent said of a match.
type review struct {
	Score float64   `json:"s"`
	Right bool      `json:"r"`
	At    time.Time `json:"t"`
}

// ProposedQuestion is a request whose words could be an example of a product,
// or a counter-example: the machine took it for this product and it was another.
type ProposedQuestion struct {
	Request balie.ID `json:"q"`
	Counter bool     `json:"c,omitzero"`
	Chosen  string   `json:"p,omitzero"` // by the machine, when it was another product
	Instead string   `json:"i,omitzero"` // of a counter-example: what it was
	Score   float64  `json:"s"`
}

func newTallies(s ProductsStore) *tallies {
	return &tallies{store: s, talliesState: talliesState{Shape: talliesShape, Products: map[string]*productTally{}}, changed: make(chan struct{})}
}

func (t *tallies) of(product string) *productTally {
	p := t.Products[product]
	if p == nil {
		p = &productTally{Weeks: map[int64]int{}, Reviews: map[string]review{}}
		t.Products[product] = p
	}
	return p
}

// week numbers the weeks since 1970.
func week(at time.Time) int64 { return at.Unix() / (7 * 24 * 60 * 60) }

// run reads the feed until ctx ends.
func (t *tallies) run(ctx context.Context, log *slog.Logger) error {
	if err := t.load(ctx); err != nil {
		return err
	}
	saved := time.Now()
	for {
		wake := t.store.Changed()
		n, err := t.step(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("tallies of products: the feed could not be read", "err", err)
		}
		if time.Since(saved) > tallySave {
			t.saveOr(ctx, log)
			saved = time.Now()
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-wake:
		case <-time.After(tallySave):
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), tallyWait)
			defer cancel()
			t.saveOr(end, log)
			return nil
		}
	}
}

// step reads on in the feed and says how many events there were. What needs a
// request's earlier events is read before the tallies are touched.
func (t *tallies) step(ctx context.Context) (int, error) {
	t.mu.Lock()
	cursor := t.Cursor
	t.mu.Unlock()
	events, next, err := t.store.Read(ctx, cursor, tallyBatch)
	if err != nil {
		return 0, fmt.Errorf("read the feed: %w", err)
	}
	if len(events) == 0 {
		return 0, nil
	}
	decided := map[balie.ID][]balie.Event{}
	for _, e := range events {
		if !reviews(e) || decided[e.Request] != nil {
			continue
		}
		if decided[e.Request], err = t.store.Events(ctx, e.Request, 0); err != nil {
			return 0, fmt.Errorf("read what was decided on a request: %w", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		t.count(e, decided[e.Request])
	}
	t.Cursor, t.dirty = next, true
	close(t.changed)
	t.changed = make(chan struct{})
	return len(events), nil
}

// reviews reports whether an agent said what a request is about.
func reviews(e balie.Event) bool {
	agents := len(e.By) > 6 && e.By[:6] == "agent:"
	return agents && (e.What == balie.Judged || e.What == balie.Edited && e.Data["product"] != "")
}

func (t *tallies) count(e balie.Event, all []balie.Event) {
	switch {
	case e.What == balie.Opened:
		if p := e.Data["product"]; p != "" {
			x := t.of(p)
			x.Weeks[week(e.At)]++
			x.forget(week(e.At) - tallyWeeks)
		}
	case reviews(e):
		t.reviewed(e, all)
	}
	if d := e.Decision; d != nil && len(d.Match) > 0 && d.Facts.Request.State == "" {
		i := min(scoreSteps-1, max(0, int(d.Match[0].Score*scoreSteps)))
		t.of(d.Match[0].Product).Scores[i]++
	}
}

// forget drops weeks that are too old.
func (p *productTally) forget(before int64) {
	for w := range p.Weeks {
		if w < before {
			delete(p.Weeks, w)
		}
	}
}

// reviewed notes what an agent said of the match of a request.
func (t *tallies) reviewed(e balie.Event, all []balie.Event) {
	match, ok := matched(e, all)
	about := e.Data["product"] // what it is, by the agent's word
	right := ok && (about == match.Product || about == "" && e.Data["right"] == "true")
	if right {
		about = match.Product
	}
	if ok && e.What == balie.Judged {
		x := t.of(match.Product)
		x.Reviews[e.Request.String()] = review{match.Score, e.Data["right"] == "true", e.At}
		x.bound()
	}
	if ok && !right {
		t.of(match.Product).propose(ProposedQuestion{Request: e.Request, Counter: true, Instead: about, Score: match.Score})
	}
	if about == "" {
		return
	}
	q := ProposedQuestion{Request: e.Request, Score: match.Score}
	if ok && about != match.Product {
		q.Chosen = match.Product
	}
	t.of(about).propose(q)
}

// matched is the match an event is about: of the decision it names, else of
// the last one before it.
func matched(e balie.Event, all []balie.Event) (balie.Match, bool) {
	var last *balie.Decision
	for _, x := range all {
		if x.Seq >= e.Seq {
			break
		}
		if x.Decision != nil && len(x.Decision.Match) > 0 {
			last = x.Decision
			if fmt.Sprint(x.Seq) == e.Data["of"] {
				break
			}
		}
	}
	if last == nil {
		return balie.Match{}, false
	}
	return last.Match[0], true
}

// propose keeps a question, each request once, the newest last.
func (p *productTally) propose(q ProposedQuestion) {
	p.Proposed = slices.DeleteFunc(p.Proposed, func(x ProposedQuestion) bool { return x.Request == q.Request })
	p.Proposed = append(p.Proposed, q)
	if len(p.Proposed) > proposals {
		p.Proposed = p.Proposed[len(p.Proposed)-proposals:]
	}
}

// bound drops the oldest reviews.
func (p *productTally) bound() {
	for len(p.Reviews) > reviewsKept {
		oldest := ""
		for k, r := range p.Reviews {
			if oldest == "" || r.At.Before(p.Reviews[oldest].At) {
				oldest = k
			}
		}
		delete(p.Reviews, oldest)
	}
}

func (t *tallies) load(ctx context.Context) error {
	rec, err := t.store.Record(ctx, talliesKind, talliesKey)
	if errors.Is(err, balie.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the tallies of products: %w", err)
	}
	var in talliesState
	if json.Unmarshal(rec.Body, &in) != nil || in.Shape != talliesShape || in.Products == nil {
		return nil // made again from the feed
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.talliesState = in
	return nil
}

func (t *tallies) saveOr(ctx context.Context, log *slog.Logger) {
	if err := t.save(ctx); err != nil && ctx.Err() == nil {
		log.Warn("tallies of products: they could not be written down", "err", err)
	}
}

func (t *tallies) save(ctx context.Context) error {
	t.mu.Lock()
	b, err := json.Marshal(t.talliesState)
	dirty := t.dirty
	t.dirty = false
	t.mu.Unlock()
	if err != nil || !dirty {
		return err
	}
	return t.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: talliesKind, Key: talliesKey, Body: b}}})
}

// Quality is how well a product is recognised at a threshold.
type Quality struct {
	Reviewed  int     // requests an agent said right or wrong of
	Above     int     // of them at or above the threshold
	Right     int     // of those right
	Precision float64 // Right of Above
	Low, High float64 // Wilson's interval of it, 95 %
	Coverage  float64 // share of all matches at or above the threshold
	Matches   int     // all matches it led
}

// Enough reports whether there are enough reviews to say anything.
func (q Quality) Enough() bool { return q.Reviewed >= FewReviewed && q.Above > 0 }

// ProductTraffic is what traffic says of a product.
type ProductTraffic struct {
	Week     float64 // requests a week, over the last eight
	Uses     int     // in the weeks that are counted
	reviews  []review
	scores   [scoreSteps]int
	Proposed []ProposedQuestion // newest first
}

// Traffic is what traffic says of every product by id. It reads no store.
func (p *Products) Traffic(now time.Time) map[string]ProductTraffic {
	const recent = 8
	p.tallies.mu.Lock()
	defer p.tallies.mu.Unlock()
	out := make(map[string]ProductTraffic, len(p.tallies.Products))
	for id, x := range p.tallies.Products {
		t := ProductTraffic{scores: x.Scores, Proposed: slices.Clone(x.Proposed)}
		slices.Reverse(t.Proposed)
		first := week(now)
		for w, n := range x.Weeks {
			t.Uses += n
			first = min(first, w)
			if w > week(now)-recent {
				t.Week += float64(n)
			}
		}
		t.Week /= float64(min(recent, week(now)-first+1))
		for _, r := range x.Reviews {
			t.reviews = append(t.reviews, r)
		}
		out[id] = t
	}
	return out
}

// Followed is closed when the tallies have read on.
func (p *Products) Followed() <-chan struct{} {
	p.tallies.mu.Lock()
	defer p.tallies.mu.Unlock()
	return p.tallies.changed
}

// At is the quality at a threshold.
func (t ProductTraffic) At(threshold float64) Quality {
	q := Quality{Reviewed: len(t.reviews)}
	for _, r := range t.reviews {
		if r.Score >= threshold {
			q.Above++
			if r.Right {
				q.Right++
			}
		}
	}
	above := 0
	for i, n := range t.scores {
		q.Matches += n
		if float64(i)/scoreSteps >= threshold-1e-9 {
			above += n
		}
	}
	if q.Matches > 0 {
		q.Coverage = float64(above) / float64(q.Matches)
	}
	if q.Above > 0 {
		q.Precision = float64(q.Right) / float64(q.Above)
		q.Low, q.High = wilson(q.Right, q.Above)
	}
	return q
}

// wilson is Wilson's score interval of k in n, 95 %.
func wilson(k, n int) (low, high float64) {
	const z = 1.959964
	f, p := float64(n), float64(k)/float64(n)
	middle := (p + z*z/(2*f)) / (1 + z*z/f)
	half := z / (1 + z*z/f) * math.Sqrt(p*(1-p)/f+z*z/(4*f*f))
	return max(0, middle-half), min(1, middle+half)
}
