package simulate

import (
	"fmt"

	"math/rand/v2"
	"strings"
	"time"
)

// person is a customer.
type person struct {
	n        int
	name     string
	mail     string
	user     string // in Slack
	phone    string
	language string
	proven   bool      // their mail server signs
	gone     time.Time // from when their mailbox takes nothing; zero: never
	away     [2]time.Time
	noted    bool // the desk got an out-of-office reply of this leave
	talk     float64
}

// population is everybody who may ask something; how often they do differs
// much: a few ask a lot.
type population struct {
	all []*person
}

var customers = []struct {
	domain string
	share  float64
}{{"elzendam.example", 5}, {"zuiderzorg.example", 3}, {"tenkate.example", 1}, {"buurtlab.example", 0.6}}

func newPopulation(o Options, w *words) *population {
	// One person asks eight times a year in the mean.
	n := max(int(o.PerDay*32), 40)
	p := &population{}
	shares := make([]float64, len(customers))
	for i, c := range customers {
		shares[i] = c.share
	}
	days := int(o.Until.Sub(o.From).Hours()/24) + 1
	for i := range n {
		r := luck(o.Seed, "person", i)
		name := w.name(r)
		local := strings.ToLower(strings.ReplaceAll(name, " ", "."))
		x := &person{n: i, name: name, language: "nl", proven: happens(r, 0.88), talk: r.Float64(),
			mail: fmt.Sprintf("%s%d@%s", local, i, customers[choose(r, shares)].domain),
			user: fmt.Sprintf("U%06d", i), phone: fmt.Sprintf("+316%08d", 10_000_000+i*7+r.IntN(7))}
		if happens(r, 0.17) {
			x.language = "en"
		}
		if happens(r, 0.006) {
			x.gone = o.From.AddDate(0, 0, r.IntN(days))
		}
		if happens(r, 0.8) {
			from := leave(r, o.From, days)
			x.away = [2]time.Time{from, from.AddDate(0, 0, 5+r.IntN(14))}
		}
		p.all = append(p.all, x)
	}
	return p
}

// leave begins in summer for most.
func leave(r *rand.Rand, from time.Time, days int) time.Time {
	if happens(r, 0.6) {
		return time.Date(from.Year(), 7, 5, 0, 0, 0, 0, from.Location()).AddDate(0, 0, r.IntN(45))
	}
	return from.AddDate(0, 0, r.IntN(max(days, 1)))
}

func (p *person) isAway(t time.Time) bool { return !t.Before(p.away[0]) && t.Before(p.away[1]) }

func (p *person) isGone(t time.Time) bool { return !p.gone.IsZero() && !t.Before(p.gone) }

// some is somebody who is there.
func (p *population) some(r *rand.Rand, now time.Time) *person {
	for range 20 {
		if x := p.all[p.pick(r)]; !x.isAway(now) && !x.isGone(now) {
			return x
		}
	}
	return p.all[p.pick(r)]
}

func (p *population) pick(r *rand.Rand) int {
	// Half of the errands come from the busy fifth.
	n := len(p.all)
	if happens(r, 0.5) {
		return r.IntN(max(n/5, 1))
	}
	return r.IntN(n)
}
