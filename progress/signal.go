package progress

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/router"
)

// What a signal can be about.
const (
	AboutProduct  = "product"
	AboutPlace    = "place"
	AboutCustomer = "customer"
)

// Abouts are all of them, in the order in which they are looked at.
var Abouts = []string{AboutProduct, AboutPlace, AboutCustomer}

// KindSignal is the kind of record a signal leaves: what it was about, the
// numbers, and what was done.
const KindSignal = "signal"

// Counts are how many requests were opened on each calendar day of the desk
// from one day up to another, about each product, place or customer that had
// any. The first number of each is that of the first day.
type Counts interface {
	Daily(ctx context.Context, about string, from, to time.Time) ([]Series, error)
}

// Series is the requests a day about one thing.
type Series struct {
	ID, Name string
	Days     []int
}

// Signal is something with more requests than its own history explains.
type Signal struct {
	About    string    `json:"about"`
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Count    int       `json:"count"`    // in the days that were looked at
	Expected float64   `json:"expected"` // as the days before say
	Chance   float64   `json:"chance"`   // of so many or more by chance
	From     time.Time `json:"from"`     // the first of the days that were looked at
	Rules    string    `json:"rules,omitzero"`
	Did      string    `json:"did,omitzero"`
}

// look finds among series those whose last days stand out from the ones before.
// The chance that any of them is named by accident is 1 - Surely at most: who
// looks at a hundred products sees a one in a hundred every time.
func (p Signals) look(about string, all []Series, from time.Time) []Signal {
	limit := (1 - cmp.Or(p.Surely, surely)) / float64(max(len(all), 1))
	var out []Signal
	for _, x := range all {
		split := len(x.Days) - p.Days
		if split < p.Days {
			continue
		}
		n := total(x.Days[split:])
		if n < max(p.Least, 2) {
			continue
		}
		mean, variance := windows(x.Days[:split], p.Days)
		if chance := tail(n, mean, variance); chance <= limit {
			out = append(out, Signal{About: about, ID: x.ID, Name: x.Name, Count: n, Expected: mean, Chance: chance, From: from})
		}
	}
	slices.SortStableFunc(out, func(a, b Signal) int { return cmp.Compare(a.Chance, b.Chance) })
	return out
}

// surely is how sure it must be when the policy does not say.
const surely = 0.99

func total(days []int) int {
	n := 0
	for _, d := range days {
		n += d
	}
	return n
}

// windows are the mean and the variance of the sums of as many days, in all
// whole windows of a history. Half a request is added to it: that something
// never happened before does not mean that it cannot.
func windows(days []int, size int) (mean, variance float64) {
	var sums []float64
	for end := len(days); end >= size; end -= size {
		sums = append(sums, float64(total(days[end-size:end])))
	}
	k := float64(len(sums))
	mean = 0.5 / k
	for _, s := range sums {
		mean += s / k
	}
	for _, s := range sums {
		variance += (s - mean) * (s - mean) / max(k-1, 1)
	}
	return mean, variance
}

// tail is the chance of n or more: by Poisson's law, or, when the history
// spreads wider than that, by the negative binomial one of the same mean and
// variance.
func tail(n int, mean, variance float64) float64 {
	less := 0.0
	if variance <= mean*1.0001 {
		term := math.Exp(-mean)
		for k := range n {
			less += term
			term *= mean / float64(k+1)
		}
	} else {
		size := mean * mean / (variance - mean)
		q := size / (size + mean)
		term := math.Exp(size * math.Log(q))
		for k := range n {
			less += term
			term *= (size + float64(k)) / float64(k+1) * (1 - q)
		}
	}
	return max(1-less, 0)
}

// Signals are those that were seen when they were last looked for, the least
// likely by chance first.
func (p *Progress) Signals() []Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.signals)
}

// lookForSignals looks once on each opening day of the desk, and says when next.
func (p *Progress) lookForSignals(ctx context.Context, now time.Time, out *Stepped) (time.Time, error) {
	s := p.setting("")
	policy := s.policy().Signals
	if p.o.Counts == nil || policy.Days <= 0 || policy.History <= 0 {
		return time.Time{}, nil
	}
	zone := s.Calendar.Zone()
	y, m, d := now.In(zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, zone)
	next := s.Calendar.Next(time.Date(y, m, d+1, 0, 0, 0, 0, zone))
	opens := s.Calendar.Next(today)
	if now.Before(opens) {
		return opens, nil
	}
	p.mu.Lock()
	looked := p.looked == today.Format(time.DateOnly)
	p.mu.Unlock()
	if looked {
		return next, nil
	}
	var all []Signal
	since := time.Date(y, m, d-policy.Days, 0, 0, 0, 0, zone)
	for _, about := range Abouts {
		series, err := p.o.Counts.Daily(ctx, about, since.AddDate(0, 0, -policy.History), today)
		if err != nil {
			return time.Time{}, fmt.Errorf("look for signals: %w", err)
		}
		all = append(all, policy.look(about, series, since)...)
	}
	for i := range all {
		if err := p.signal(ctx, s, &all[i], out, now); err != nil {
			return time.Time{}, err
		}
	}
	p.mu.Lock()
	p.signals, p.looked = all, today.Format(time.DateOnly)
	p.mu.Unlock()
	return next, nil
}

// signal does what the rules say of a signal, once in as many days as are
// looked at: tomorrow most of those days are the same ones.
func (p *Progress) signal(ctx context.Context, s Setting, x *Signal, out *Stepped, now time.Time) error {
	days := max(s.policy().Signals.Days, 1)
	window := x.From.Unix() / int64(days*24*60*60)
	cause := x.About + ":" + x.ID + "@" + strconv.FormatInt(window, 10)
	c := balie.Change{Seen: []string{"timer:signal:" + cause, "timer:signal:" + x.About + ":" + x.ID + "@" + strconv.FormatInt(window+1, 10)}}
	facts := router.GuardFacts{Occasion: router.SignalSeen, Now: NowFacts(s.Calendar, now),
		Signal: router.SignalFacts{About: x.About, Name: x.Name, Count: x.Count, Expected: math.Round(10*x.Expected) / 10}}
	a := &act{p: p, ctx: ctx, s: s, c: &c, now: now, facts: facts}
	var rules []string
	if all := s.policy().Interventions; all != nil {
		for _, i := range all.Decide(facts) {
			rules = append(rules, i.Rule)
			for _, do := range i.Do {
				if do.Do == router.DoNotify || do.Do == router.DoEscalate {
					a.tellOf(*x, do.Whom)
				}
			}
		}
	}
	x.Rules, x.Did = strings.Join(rules, ","), cmp.Or(strings.Join(a.did, ", "), "nothing")
	body, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("write down a signal: %w", err)
	}
	c.Records = []balie.Record{{Kind: KindSignal, Key: cause, Body: body, Expires: now.AddDate(1, 0, 0)}}
	err = p.store.Commit(ctx, c)
	if errors.Is(err, balie.ErrDuplicate) {
		return nil // told already
	}
	if err == nil {
		out.Fired++
		out.Letters += len(c.Deliveries)
	}
	return err
}

// tellOf tells colleagues of a signal, with its numbers.
func (a *act) tellOf(x Signal, whom string) {
	if whom == router.ToAssignee || whom == router.ToTeam || whom == router.ToAccount {
		whom = router.ToLead // a signal is nobody's request
	}
	to, language := a.colleagues(whom)
	l := a.p.write.Signal(language, x.Name, x.Count, x.Expected)
	for _, one := range to {
		if slices.Contains(a.notified, one.Key()) {
			continue
		}
		a.notified = append(a.notified, one.Key())
		a.p.write.Enclose(a.c, l, letters.Post{Side: balie.DeskSide, Channel: one.Channel(), To: one, Auto: true, Language: language, Due: a.s.Calendar.Next(a.now)}, a.now)
		a.note("alerted " + whom)
	}
}
