package report

import (
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// tally is all that is counted of the requests of one period: for each metric
// those to which something happened in it (Metric.Cohort). Of each request it
// is told what happened by hits.
type tally struct {
	opened, automatic, atOnce int
	looked, right             int // answers without a person that an agent looked at
	words, wordsLate          int
	handouts, complete, back  int
	byPerson                  int

	solved, firstTime int
	asked, answered   int // for a score
	ended, reopened   int

	respondIn, respondKept int
	resolveIn, resolveKept int

	scores, sum, squares int

	respond, resolve []uint32 // seconds of opening time
	since            []uint32 // when what is open at the end was opened, in seconds since 1970
	late             []uint32 // of those, the ones past their promise
}

// hits are the places in time to which a request belongs: numbers of periods,
// -1 for none.
type hits struct {
	opened, responded, solved, ended int
	respondBy, resolveBy, scored     int
	respondKept, resolveKept         bool
	words, wordsLate                 int
	withdrawn                        bool
}

// timeline is periods, one after the other.
type timeline struct {
	borders []int64 // seconds since 1970; one more than there are periods
	now     int64
}

func newTimeline(p Period, before int, now time.Time) timeline {
	t := timeline{now: now.Unix()}
	for n := before; n >= 0; n-- {
		t.borders = append(t.borders, p.Before(n).From.Unix())
	}
	t.borders = append(t.borders, p.To.Unix())
	return t
}

// of is the number of the period that a moment is in.
func (t timeline) of(unix int64) int {
	b := t.borders
	if unix < b[0] || unix >= b[len(b)-1] {
		return -1
	}
	lo, hi := 0, len(b)-1
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; unix >= b[mid] {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

func (t timeline) when(unix int64) int {
	if unix == 0 {
		return -1
	}
	return t.of(unix)
}

// stand is the moment at which a period is over, or now while it runs; false
// when it is still to come.
func (t timeline) stand(i int) (int64, bool) {
	return min(t.borders[i+1], t.now), t.borders[i] <= t.now
}

// judged is when a promise was kept or broken, and which. It is broken when it
// was due before it was kept, or before the end of a request that never kept
// it: at the moment it was due.
func judged(due, kept, end int64, inTime bool) (at int64, ok bool) {
	switch {
	case due == 0:
		return 0, false
	case kept != 0 && inTime:
		return kept, true
	case kept != 0, due < end:
		return due, false
	}
	return 0, false
}

// first is the first of some moments that there is.
func first(moments ...int64) int64 {
	for _, m := range moments {
		if m != 0 {
			return m
		}
	}
	return 0
}

// hit says where a request belongs.
func (t timeline) hit(p *packed, withdrawn uint32) hits {
	h := hits{opened: t.of(p.opened), responded: -1, solved: -1, ended: -1, respondBy: -1, resolveBy: -1, scored: t.when(p.at[atScored]),
		words: int(p.n[numWords]), wordsLate: int(p.n[numWordsLate])}
	if due := p.at[atWordDue]; due != 0 && due < t.now {
		h.words, h.wordsLate = h.words+1, h.wordsLate+1
	}
	if h.withdrawn = withdrawn != 0 && p.n[wordOutcome] == withdrawn; h.withdrawn {
		return h
	}
	h.responded, h.solved = t.when(p.at[atResponded]), t.when(p.at[atSolved])
	h.ended = h.solved
	if p.at[atSolved] == 0 && p.n[numReopened] > 0 {
		h.ended = t.when(p.at[atReopens])
	}
	at, kept := judged(p.at[atRespondDue], p.at[atResponded], first(p.at[atClosed], t.now), p.flag(flagRespondKept))
	h.respondBy, h.respondKept = t.when(at), kept
	at, kept = judged(p.at[atResolveDue], p.at[atSolved], first(p.at[atClosed], p.at[atPaused], t.now), p.flag(flagResolveKept))
	h.resolveBy, h.resolveKept = t.when(at), kept
	return h
}

// count adds what happened to a request in one of the periods.
func (t *tally) count(p *packed, h *hits, period int) {
	if h.opened == period {
		t.countOpened(p, h)
	}
	if h.responded == period {
		t.respond = append(t.respond, p.n[tookRespond])
	}
	if h.solved == period {
		t.solved++
		t.resolve = append(t.resolve, p.n[tookResolve])
		t.firstTime += one(p.n[numHandouts] == 0 && p.n[numReopened] == 0)
		if p.flag(flagSurveyed) {
			t.asked++
			t.answered += one(p.n[numScore] > 0)
		}
	}
	if h.ended == period {
		t.ended++
		t.reopened += one(p.n[numReopened] > 0)
	}
	if h.respondBy == period {
		t.respondIn++
		t.respondKept += one(h.respondKept)
	}
	if h.resolveBy == period {
		t.resolveIn++
		t.resolveKept += one(h.resolveKept)
	}
	if h.scored == period {
		s := int(p.n[numScore])
		t.scores, t.sum, t.squares = t.scores+1, t.sum+s, t.squares+s*s
	}
}

func (t *tally) countOpened(p *packed, h *hits) {
	t.opened++
	t.automatic += one(p.flag(flagAutomatic))
	t.byPerson += one(p.n[numTouches] > 0)
	t.atOnce += one(Decided(p.n[numDecided]) == SolvedAtOnce)
	if p.flag(flagUnaided) {
		t.looked += int(p.n[numJudged])
		t.right += int(p.n[numJudgedOK])
	}
	t.handouts += int(p.n[numHandouts])
	t.complete += int(p.n[numComplete])
	t.back += int(p.n[numReturned])
	if !h.withdrawn {
		t.words += h.words
		t.wordsLate += h.wordsLate
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// standing adds a request that is open at the end of the period.
func (t *tally) standing(p *packed, late bool) {
	t.since = append(t.since, uint32(p.opened))
	if late {
		t.late = append(t.late, uint32(p.opened))
	}
}

// merge adds what another part of the same pass counted.
func (t *tally) merge(o *tally) {
	for _, x := range [][2]*int{
		{&t.opened, &o.opened}, {&t.automatic, &o.automatic}, {&t.atOnce, &o.atOnce}, {&t.looked, &o.looked}, {&t.right, &o.right},
		{&t.words, &o.words}, {&t.wordsLate, &o.wordsLate}, {&t.handouts, &o.handouts}, {&t.complete, &o.complete}, {&t.back, &o.back},
		{&t.byPerson, &o.byPerson}, {&t.solved, &o.solved}, {&t.firstTime, &o.firstTime}, {&t.asked, &o.asked}, {&t.answered, &o.answered},
		{&t.ended, &o.ended}, {&t.reopened, &o.reopened}, {&t.respondIn, &o.respondIn}, {&t.respondKept, &o.respondKept},
		{&t.resolveIn, &o.resolveIn}, {&t.resolveKept, &o.resolveKept}, {&t.scores, &o.scores}, {&t.sum, &o.sum}, {&t.squares, &o.squares},
	} {
		*x[0] += *x[1]
	}
	t.respond = append(t.respond, o.respond...)
	t.resolve = append(t.resolve, o.resolve...)
	t.since = append(t.since, o.since...)
	t.late = append(t.late, o.late...)
}

// sort puts what percentiles are taken of in order.
func (t *tally) sort(room *[]uint32) {
	sortNumbers(t.respond, room)
	sortNumbers(t.resolve, room)
	sortNumbers(t.since, room)
	sortNumbers(t.late, room)
}

// part is the numerator and denominator of a metric that is a share.
func (t *tally) part(metric string) (of, n int, ok bool) {
	switch metric {
	case FirstTimeRight:
		return t.firstTime, t.solved, true
	case ResponseKept:
		return t.respondKept, t.respondIn, true
	case ResolveKept:
		return t.resolveKept, t.resolveIn, true
	case InformedKept:
		return t.words - t.wordsLate, t.words, true
	case AutoAnswered:
		return t.automatic, t.opened, true
	case AutoPrecision:
		return t.right, t.looked, true
	case AtOnce:
		return t.atOnce, t.opened, true
	case CompleteOut:
		return t.complete, t.handouts, true
	case ReturnedShare:
		return t.back, t.handouts, true
	case ReopenedShare:
		return t.reopened, t.ended, true
	case SurveyResponse:
		return t.answered, t.asked, true
	}
	return 0, 0, false
}

// figure is a metric of a sorted tally. at is the end of its period, for ages;
// cost is what the period cost.
func (t *tally) figure(metric string, at time.Time, cal hours.Calendar, cost Cost) Figure {
	f := Figure{Metric: metric}
	if of, n, ok := t.part(metric); ok {
		f.Of, f.N, f.None = of, n, n == 0
		if n > 0 {
			f.Value = float64(of) / float64(n)
			f.Low, f.High = wilson(of, n)
		}
		return f
	}
	switch metric {
	case Volume:
		f.N, f.Of, f.Value = t.opened, t.opened, float64(t.opened)
	case Backlog:
		f.N, f.Of, f.Value = len(t.since), len(t.since), float64(len(t.since))
	case LateNow:
		f.N, f.Of, f.Value = len(t.since), len(t.late), float64(len(t.late))
	case Satisfaction:
		f.N, f.None = t.scores, t.scores == 0
		f.Value, f.Low, f.High = mean(t.scores, t.sum, t.squares)
		if f.High != 0 {
			f.Low, f.High = max(f.Low, 1), min(f.High, 5)
		}
	case CostPerRequest:
		f.N, f.None = t.opened, !cost.Known || t.opened == 0
		if !f.None {
			f.Value = float64(cost.Total) / float64(t.opened)
		}
	case RespondMedian:
		f.N, f.None, f.Value = len(t.respond), len(t.respond) == 0, float64(rank(t.respond, 0.5))
	case ResolveMedian:
		f.N, f.None, f.Value = len(t.resolve), len(t.resolve) == 0, float64(rank(t.resolve, 0.5))
	case ResolveP90:
		f.N, f.None, f.Value = len(t.resolve), len(t.resolve) == 0, float64(rank(t.resolve, 0.9))
	case BacklogAge:
		f.N, f.None = len(t.since), len(t.since) == 0
		if !f.None { // whoever came later is younger: the median of ages is the age of the median
			young := t.since[len(t.since)-(len(t.since)+1)/2]
			f.Value = cal.Between(time.Unix(int64(young), 0), at).Seconds()
		}
	default:
		f.None = true
	}
	return f
}

// percentiles of sorted seconds.
func percentiles(sorted []uint32) Percentiles {
	return Percentiles{N: len(sorted), P50: took(rank(sorted, 0.5)), P75: took(rank(sorted, 0.75)),
		P90: took(rank(sorted, 0.9)), P95: took(rank(sorted, 0.95))}
}

// noise are the outcomes that no figure counts.
func isNoise(o balie.Outcome) bool {
	return slices.Contains([]balie.Outcome{balie.Duplicate, balie.Spam}, o)
}
