package report

import (
	"context"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// Today is what the board says of the day so far.
type Today struct {
	At       time.Time
	Slots    []Slot // the half hours of the day, on the wall clock
	In       int    // requests opened today
	Expected float64
	Weeks    int // opening days of this weekday that Expected is the mean of; 0: nothing is expected

	OnTime       Spark // solved in time
	Respond      Spark // first response, median
	Automatic    Spark // answered without a person
	Satisfaction Spark // of the seven days up to then
}

// Slot is half an hour of today. What is still to come has no In.
type Slot struct {
	From     time.Time
	In       int
	Expected float64
}

// Spark is a figure today and on the days before.
type Spark struct {
	Now  Figure
	Days []Figure // of the last seven days, oldest first; today is the last
}

const (
	slotLength    = 30 * time.Minute
	sparkDays     = 7
	expectedWeeks = 8
	todayHolds    = 5 * time.Second // as long one answer is given again
)

// dayOf is the day of a moment as a period.
func dayOf(t time.Time, zone *time.Location) Period { return Days(t, t, zone) }

// Today reckons the figures of the day so far. What is expected is the mean of
// the same half hour on the same weekday of the last eight weeks, of those that
// were opening days. It is of whom came in within them: a request that is older
// and was answered today is not in today's figures.
func (b *Book) Today(ctx context.Context, now time.Time) (Today, error) {
	b.dayMu.Lock()
	defer b.dayMu.Unlock()
	if d := now.Sub(b.last.At); d >= 0 && d < todayHolds && !b.last.At.IsZero() {
		return b.last, nil
	}
	cal := b.Calendar(ctx)
	day := dayOf(now, cal.Zone())
	x := &daily{cal: cal, now: now, day: day, slots: map[int]*Slot{}}
	x.weekdays()
	// Satisfaction is of the seven days up to each of seven days.
	periods := newTimeline(day, 2*sparkDays-2, now)
	err := b.pass(ctx, day.From.AddDate(0, 0, -7*expectedWeeks).Add(-idSlack), 1, func(d dictionary) []visit {
		x.sums = newSums(d, periods, []view{{}}, b.number)
		return []visit{x.see}
	})
	if err != nil {
		return Today{}, err
	}
	x.sums.sort()
	b.last = x.made()
	return b.last, nil
}

// daily is Today while it is reckoned.
type daily struct {
	*sums
	cal   hours.Calendar
	now   time.Time
	day   Period
	same  []Period // the same weekday of the weeks before, opening days only
	slots map[int]*Slot
	in    int
}

// weekdays finds the days that say what is expected. On a day that is closed
// nothing is.
func (x *daily) weekdays() {
	open := func(p Period) bool { return x.cal.Between(p.From, p.To) > 0 }
	if !open(x.day) {
		return
	}
	for n := 1; n <= expectedWeeks; n++ {
		if p := x.day.Before(7 * n); open(p) {
			x.same = append(x.same, p)
		}
	}
}

// slot is the half hour of a moment on the wall clock, by minutes after
// midnight: the hour that comes twice in autumn is one.
func (x *daily) slot(t time.Time) *Slot {
	h, m, _ := t.In(x.cal.Zone()).Clock()
	minute := h*60 + m/30*30
	s := x.slots[minute]
	if s == nil {
		y, mo, d := x.day.From.Date()
		s = &Slot{From: time.Date(y, mo, d, 0, minute, 0, 0, x.cal.Zone())}
		x.slots[minute] = s
	}
	return s
}

func (x *daily) see(key []byte, p *packed) error {
	if n := p.n[wordOutcome]; n != 0 && slices.Contains(x.noise, n) {
		return nil
	}
	at := moment(p.opened)
	if x.day.Has(at) {
		x.slot(at).In++
		x.in++
	}
	for _, day := range x.same {
		if day.Has(at) {
			x.slot(at).Expected++
		}
	}
	return x.sums.see(key, p)
}

func (x *daily) made() Today {
	out := Today{At: x.now, In: x.in, Weeks: len(x.same)}
	for minute := range 48 {
		y, mo, d := x.day.From.Date()
		s := Slot{From: time.Date(y, mo, d, 0, minute*30, 0, 0, x.cal.Zone())}
		if had := x.slots[minute*30]; had != nil {
			s = *had
		}
		if len(x.same) > 0 {
			s.Expected /= float64(len(x.same))
		}
		switch passed := x.now.Sub(s.From); {
		case passed >= slotLength:
			out.Expected += s.Expected
		case passed > 0:
			out.Expected += s.Expected * float64(passed) / float64(slotLength)
		}
		out.Slots = append(out.Slots, s)
	}
	out.OnTime, out.Respond = x.spark(ResolveKept, 1), x.spark(RespondMedian, 1)
	out.Automatic, out.Satisfaction = x.spark(AutoAnswered, 1), x.spark(Satisfaction, sparkDays)
	return out
}

// spark is a metric on each of the last days, each of so many days up to it.
func (x *daily) spark(metric string, days int) Spark {
	var s Spark
	all := x.views[0].periods
	for i := len(all) - sparkDays; i < len(all); i++ {
		t := all[i]
		if days > 1 {
			t = tally{}
			for k := i - days + 1; k <= i; k++ {
				t.merge(&all[k])
			}
		}
		s.Days = append(s.Days, t.figure(metric, x.now, x.cal, Cost{}))
	}
	s.Now = s.Days[len(s.Days)-1]
	return s
}

// By is what requests are counted by.
type By string

// What Counts counts by.
const (
	ByProduct      By = "product"
	ByPlace        By = "place"
	ByCustomer     By = "customer" // a person's id
	ByOrganisation By = "organisation"
	ByChannel      By = "channel"
)

// Counts are the requests opened on each day from the day of one moment until
// that of another, not included, by what they are of: as many numbers as days.
// Duplicates and spam do not count.
func (b *Book) Counts(ctx context.Context, by By, from, to time.Time) (map[string][]int, error) {
	zone := b.Calendar(ctx).Zone()
	var borders []int64
	for day := dayOf(from, zone); day.From.Before(dayOf(to, zone).From); day = day.Before(-1) {
		borders = append(borders, day.From.Unix())
	}
	out := map[string][]int{}
	if len(borders) == 0 {
		return out, nil
	}
	days := timeline{borders: append(borders, dayOf(to, zone).From.Unix())}
	word, ok := map[By]field{ByProduct: wordProduct, ByPlace: wordPlace, ByOrganisation: wordOrganisation, ByChannel: wordChannel, ByCustomer: numCustomer}[by]
	if !ok {
		return nil, &balie.InvalidError{Field: "by", Problem: "requests are not counted by " + string(by), Fix: "use product, place, customer, organisation or channel"}
	}
	err := b.pass(ctx, from.Add(-idSlack), 1, func(d dictionary) []visit {
		return []visit{func(_ []byte, p *packed) error {
			day := days.of(p.opened)
			if day < 0 || p.n[word] == 0 || isNoise(balie.Outcome(d.word(p.n[wordOutcome]))) {
				return nil
			}
			id := d.word(p.n[word])
			if by == ByCustomer {
				t := p.tail()
				id = p.customer(&t).String()
			}
			if out[id] == nil {
				out[id] = make([]int, len(borders))
			}
			out[id][day]++
			return nil
		}}
	})
	return out, err
}
