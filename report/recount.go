package report

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

// Recount makes the same factsheet as Book.Factsheet the slow way: of the raw
// events of the store, without the book, its records or its passes. It holds
// all requests in memory and reads all events, so it is for checking and for
// tests. What matters most (Concern, Falling, Worst) it leaves out.
func Recount(ctx context.Context, s Store, o Options, plan Plan, p Period, scope Scope, now time.Time) (Factsheet, error) {
	now = second(now)
	h := &history{docs: s, calendar: o.Calendar, log: o.log()}
	if _, err := h.refresh(ctx); err != nil {
		return Factsheet{}, err
	}
	docs := h.inForce(ctx)
	c := counting{now: now, plan: plan, period: p, calendar: docs(time.Time{}).Calendar}
	for r, err := range s.List(ctx, store.Filter{Order: store.ByOpened}) {
		if err != nil {
			return Factsheet{}, fmt.Errorf("list all requests: %w", err)
		}
		events, err := s.Events(ctx, r.ID, 0)
		if err != nil {
			return Factsheet{}, fmt.Errorf("read what happened to request %s: %w", r.Ref, err)
		}
		x, err := look(events, docs, now)
		if err != nil {
			return Factsheet{}, err
		}
		if x.r.Outcome != balie.Spam && x.r.Outcome != balie.Duplicate {
			c.all = append(c.all, x)
		}
	}
	return c.sheet(scope), nil
}

// looked is one request as the recount sees it.
type looked struct {
	r                  balie.Request
	events             []balie.Event
	organisation       string
	decided            Decided
	respondDue         time.Time
	resolveDue         time.Time
	respond, resolve   time.Duration
	respondKept        bool
	resolveKept        bool
	automatic, unaided bool
	byPerson           bool
	complete           int
	looked, right      int
	words, late        int
	scored, reopened   time.Time
	asked              bool
}

func look(events []balie.Event, docs InForce, now time.Time) (looked, error) {
	x := looked{events: events}
	var err error
	for _, e := range events {
		if x.r, err = x.r.Apply(e); err != nil {
			return x, fmt.Errorf("fold event %d of request %s: %w", e.Seq, e.Request, err)
		}
	}
	org := balie.Organisation{}
	if i := slices.IndexFunc(events, func(e balie.Event) bool { return e.Decision != nil }); i >= 0 {
		c := events[i].Decision.Facts.Customer
		org = balie.Organisation{ID: c.Organisation, KeyAccount: c.KeyAccount, Segment: c.Segment, AccountManager: c.Manager}
	}
	if !x.r.Customer.IsZero() {
		x.organisation = org.ID
	}
	x.promises(docs, org)
	x.tell()
	// What the customer was promised to hear has one definition (foldwords.go):
	// a second one would be as long and say the same.
	f, err := FactOf(events, docs)
	if x.words, x.late = f.Words, f.WordsLate; !f.WordDue.IsZero() && f.WordDue.Before(now) {
		x.words, x.late = x.words+1, x.late+1
	}
	x.decided = f.Decided
	return x, err
}

// promises judges by the documents that were in force.
func (x *looked) promises(docs InForce, org balie.Organisation) {
	end := x.r.Solved
	if end.IsZero() {
		end = x.closed()
	}
	early := progress.Responded(x.r)
	if early.IsZero() {
		early = end
	}
	s := docs(early)
	s.Organisation = org
	respond, _ := s.Results(x.r)
	s = docs(end)
	s.Organisation = org
	_, resolve := s.Results(x.r)
	x.respondDue, x.respond, x.respondKept = respond.Due, respond.Took, respond.Kept && !progress.Responded(x.r).IsZero()
	x.resolveDue, x.resolve, x.resolveKept = resolve.Due, resolve.Took, resolve.Kept && !x.r.Solved.IsZero()
}

// closed is when it was closed; zero while it is open.
func (x *looked) closed() (at time.Time) {
	var r balie.Request
	for _, e := range x.events {
		was := r.State
		r, _ = r.Apply(e)
		switch {
		case r.State != balie.Closed:
			at = time.Time{}
		case was != balie.Closed:
			at = e.At
		}
	}
	return at
}

// tell gathers what is said in single events.
func (x *looked) tell() {
	verdicts := map[string]string{}
	var touched []time.Time
	for _, e := range x.events {
		agent := strings.HasPrefix(e.By, "agent:")
		if agent && e.What != balie.Judged && e.What != balie.Dismissed {
			x.byPerson = true
			touched = append(touched, e.At)
		}
		switch e.What {
		case balie.Answered:
			router := strings.HasPrefix(e.By, "router")
			x.unaided = x.unaided || router
			if e.At.Equal(x.r.Solved) {
				x.automatic = router && len(touched) == 0
			}
		case balie.Judged:
			verdicts[e.Data["of"]] = e.Data["right"]
		case balie.Rated:
			if n := e.Data["score"]; len(n) == 1 && n >= "1" && n <= "5" {
				x.scored = e.At
			}
		case balie.Reopened:
			x.reopened = e.At
		case balie.Fired:
			x.asked = x.asked || e.Data["timer"] == "aftercare" && slices.ContainsFunc(x.events, func(o balie.Event) bool {
				return o.What == balie.Told && o.By == "timer" && o.At.Equal(e.At) && o.Data["letter"] != ""
			})
		case balie.HandedOut:
			if complete(e) {
				x.complete++
			}
		}
	}
	if x.unaided {
		for _, right := range verdicts {
			x.looked++
			x.right += one(right == "true")
		}
	}
}

// stateAt is how a request stood at a moment, without what was taken back soon
// after: whoever had it then, had it all the time.
func (x *looked) stateAt(t time.Time) balie.State {
	var r balie.Request
	state := balie.State(0)
	for _, e := range x.events {
		before := r.State
		r, _ = r.Apply(e)
		if e.At.Before(t) {
			state = r.State
			continue
		}
		if before == r.State {
			continue
		}
		if e.What == balie.Undone || e.What == balie.Unsent {
			return r.State
		}
		break
	}
	return state
}

func (x *looked) openAt(t time.Time) bool {
	s := x.stateAt(t)
	return x.r.Opened.Before(t) && s != balie.AnsweredState && s != balie.Closed
}

func (x *looked) in(s Scope, except []string) bool {
	return (s.Channel == "" || x.r.Channel == s.Channel) && (s.Product == "" || x.r.Product == s.Product) &&
		(s.Organisation == "" || x.organisation == s.Organisation) && (s.Team == "" || x.had(s.Team)) && !slices.Contains(except, x.r.Product)
}

func (x *looked) had(team string) bool {
	return slices.ContainsFunc(x.r.Handouts, func(h balie.Handout) bool { return h.Team == team })
}

func (x *looked) withdrawn() bool { return x.r.Outcome == balie.WithdrawnByIt }

// counting makes a factsheet of all requests.
type counting struct {
	all      []looked
	now      time.Time
	plan     Plan
	period   Period
	calendar hours.Calendar
}

// of are some of the requests.
func of(all []looked, want func(*looked) bool) []looked {
	var out []looked
	for i := range all {
		if want(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

func (c *counting) sheet(scope Scope) Factsheet {
	own := of(c.all, func(x *looked) bool { return x.in(scope, nil) })
	f := Factsheet{Period: c.period, Scope: scope, Made: c.now, Plan: c.plan.Version, Total: len(opened(own, c.period))}
	for n := trendBefore; n >= 0; n-- {
		p := c.period.Before(n)
		in := opened(own, p)
		f.Months = append(f.Months, Bar{p, len(in), len(of(in, func(x *looked) bool { return x.automatic }))})
	}
	whole := scope == Scope{}
	f.Cost = c.cost(own, c.period, whole)
	for _, m := range Metrics() {
		f.All = append(f.All, c.figure(m.ID, own, c.period, whole))
	}
	f.Channels = c.rows(own, func(x *looked) []string { return []string{x.r.Channel} })
	f.Products = c.rows(own, func(x *looked) []string { return []string{x.r.Product} })
	f.Customer = c.rows(own, func(x *looked) []string { return []string{x.organisation} })
	f.Teams = c.rows(own, func(x *looked) []string {
		var teams []string
		for _, h := range x.r.Handouts {
			if !slices.Contains(teams, h.Team) {
				teams = append(teams, h.Team)
			}
		}
		return teams
	})
	f.Respond, f.Resolve = c.times(RespondMedian, own), c.times(ResolveMedian, own)
	f.Ages = c.ages(own)
	f.Flow = c.flow(opened(own, c.period))
	f.Goals = c.goals(scope)
	return f
}

func opened(all []looked, p Period) []looked {
	return of(all, func(x *looked) bool { return p.Has(x.r.Opened) })
}

// stand is the moment at which a period is over, or now while it runs.
func (c *counting) stand(p Period) time.Time {
	if c.now.Before(p.To) {
		return c.now
	}
	return p.To
}

func (c *counting) open(all []looked, p Period) []looked {
	if c.now.Before(p.From) {
		return nil
	}
	at := second(c.stand(p))
	return of(all, func(x *looked) bool { return x.openAt(at) })
}

// share counts a metric that is one.
func (c *counting) share(metric string, all []looked, p Period) (n, parts int, ok bool) {
	in := opened(all, p)
	stood := of(all, func(x *looked) bool { return !x.withdrawn() })
	solved := of(stood, func(x *looked) bool { return p.Has(x.r.Solved) })
	add := func(list []looked, one func(x *looked) (n, of int)) (int, int, bool) {
		a, b := 0, 0
		for i := range list {
			x, y := one(&list[i])
			a, b = a+x, b+y
		}
		return a, b, true
	}
	yes := func(list []looked, is func(x *looked) bool) (int, int, bool) {
		return len(list), len(of(list, is)), true
	}
	switch metric {
	case FirstTimeRight:
		return yes(solved, func(x *looked) bool { return len(x.r.Handouts) == 0 && x.r.ReopenCount == 0 })
	case ResponseKept:
		return yes(of(stood, func(x *looked) bool { return p.Has(c.respondJudged(x)) }), func(x *looked) bool { return x.respondKept })
	case ResolveKept:
		return yes(of(stood, func(x *looked) bool { return p.Has(c.resolveJudged(x)) }), func(x *looked) bool { return x.resolveKept })
	case InformedKept:
		return add(of(in, func(x *looked) bool { return !x.withdrawn() }), func(x *looked) (int, int) { return x.words, x.words - x.late })
	case AutoAnswered:
		return yes(in, func(x *looked) bool { return x.automatic })
	case AutoPrecision:
		return add(in, func(x *looked) (int, int) { return x.looked, x.right })
	case AtOnce:
		return yes(in, func(x *looked) bool { return x.decided == SolvedAtOnce })
	case CompleteOut:
		return add(in, func(x *looked) (int, int) { return len(x.r.Handouts), x.complete })
	case ReturnedShare:
		return add(in, func(x *looked) (int, int) {
			back := 0
			for _, h := range x.r.Handouts {
				back += one(h.State == balie.Refused || h.State == balie.Returned)
			}
			return len(x.r.Handouts), back
		})
	case ReopenedShare:
		ended := of(stood, func(x *looked) bool {
			return p.Has(x.r.Solved) || x.r.Solved.IsZero() && x.r.ReopenCount > 0 && p.Has(x.reopened)
		})
		return yes(ended, func(x *looked) bool { return x.r.ReopenCount > 0 })
	case SurveyResponse:
		return yes(of(solved, func(x *looked) bool { return x.asked }), func(x *looked) bool { return x.r.Score > 0 })
	}
	return 0, 0, false
}

// respondJudged is when the promise of a response was kept or broken; zero: it
// was not.
func (c *counting) respondJudged(x *looked) time.Time {
	switch end := cmp.Or(x.closed(), second(c.now)); {
	case x.respondDue.IsZero():
		return time.Time{}
	case x.respondKept:
		return progress.Responded(x.r)
	case !progress.Responded(x.r).IsZero(), second(x.respondDue).Before(second(end)):
		return x.respondDue
	}
	return time.Time{}
}

func (c *counting) resolveJudged(x *looked) time.Time {
	end := cmp.Or(x.closed(), second(c.now))
	if s := x.r.State; (s == balie.Waiting || s == balie.Planned) && x.r.Paused() {
		end = x.r.Pauses[len(x.r.Pauses)-1].From
	}
	switch {
	case x.resolveDue.IsZero():
		return time.Time{}
	case x.resolveKept:
		return x.r.Solved
	case !x.r.Solved.IsZero(), second(x.resolveDue).Before(second(end)):
		return x.resolveDue
	}
	return time.Time{}
}

func (c *counting) figure(metric string, all []looked, p Period, whole bool) Figure {
	f := Figure{Metric: metric}
	if n, parts, ok := c.share(metric, all, p); ok {
		f.N, f.Of, f.None = n, parts, n == 0
		if n > 0 {
			f.Value = float64(parts) / float64(n)
			f.Low, f.High = wilson(parts, n)
		}
		return f
	}
	if metric == Satisfaction {
		return c.satisfaction(all, p)
	}
	if metric == CostPerRequest {
		cost := c.cost(all, p, whole)
		f.N = len(opened(all, p))
		if f.None = !cost.Known || f.N == 0; !f.None {
			f.Value = float64(cost.Total) / float64(f.N)
		}
		return f
	}
	if metric == Volume {
		f.N = len(opened(all, p))
		f.Of, f.Value = f.N, float64(f.N)
		return f
	}
	open := c.open(all, p)
	switch metric {
	case Backlog:
		f.N, f.Of, f.Value = len(open), len(open), float64(len(open))
	case LateNow:
		f.N, f.Of = len(open), len(of(open, func(x *looked) bool { return c.lateAt(x, second(c.stand(p))) }))
		f.Value = float64(f.Of)
	default:
		values := c.values(metric, all, p)
		f.N, f.None = len(values), len(values) == 0
		share := 0.5
		if metric == ResolveP90 {
			share = 0.9
		}
		f.Value = nearest(values, share).Seconds()
	}
	return f
}

func (c *counting) lateAt(x *looked, at time.Time) bool {
	s := x.stateAt(at)
	return !x.resolveDue.IsZero() && second(x.resolveDue).Before(at) && s != balie.Waiting && s != balie.Planned
}

func (c *counting) satisfaction(all []looked, p Period) Figure {
	f := Figure{Metric: Satisfaction}
	sum, squares := 0, 0
	for _, x := range of(all, func(x *looked) bool { return p.Has(x.scored) }) {
		f.N, sum, squares = f.N+1, sum+x.r.Score, squares+x.r.Score*x.r.Score
	}
	f.None = f.N == 0
	f.Value, f.Low, f.High = mean(f.N, sum, squares)
	if f.High != 0 {
		f.Low, f.High = math.Max(f.Low, 1), math.Min(f.High, 5)
	}
	return f
}

// values are the times that a percentile is of, sorted.
func (c *counting) values(metric string, all []looked, p Period) []time.Duration {
	var out []time.Duration
	for _, x := range all {
		switch {
		case metric == BacklogAge:
			if at := second(c.stand(p)); !c.now.Before(p.From) && x.openAt(at) {
				out = append(out, c.calendar.Between(second(x.r.Opened), at))
			}
		case x.withdrawn():
		case metric == RespondMedian && p.Has(progress.Responded(x.r)):
			out = append(out, seconds(x.respond))
		case metric != RespondMedian && p.Has(x.r.Solved):
			out = append(out, seconds(x.resolve))
		}
	}
	slices.Sort(out)
	return out
}

// nearest is the value that a share of sorted ones does not exceed.
func nearest(sorted []time.Duration, share float64) time.Duration {
	for i, v := range sorted {
		if float64(i+1) >= share*float64(len(sorted)) {
			return v
		}
	}
	return 0
}

// Differences says where two factsheets of the same request for one differ, a
// line for each number; none: they are the same. What Recount leaves out is not
// compared.
func Differences(a, b Factsheet) []string {
	a.Concern, a.Falling, a.Worst, a.Made, a.Stale = b.Concern, b.Falling, b.Worst, b.Made, b.Stale
	return differ(nil, "", reflect.ValueOf(a), reflect.ValueOf(b))
}

func differ(out []string, at string, x, y reflect.Value) []string {
	if reflect.DeepEqual(x.Interface(), y.Interface()) || x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
		return out
	}
	_, isTime := x.Interface().(time.Time)
	switch {
	case x.Kind() == reflect.Struct && !isTime:
		for i := range x.NumField() {
			out = differ(out, at+"."+x.Type().Field(i).Name, x.Field(i), y.Field(i))
		}
		return out
	case x.Kind() == reflect.Slice && x.Len() == y.Len():
		for i := range x.Len() {
			out = differ(out, fmt.Sprintf("%s[%d]", at, i), x.Index(i), y.Index(i))
		}
		return out
	}
	return append(out, fmt.Sprintf("%s: %v and %v", strings.TrimPrefix(at, "."), x.Interface(), y.Interface()))
}
