package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
)

// Figures are what came of a run: the same for the same Options.
type Figures struct {
	Seed      uint64         `json:"seed"`
	From      string         `json:"from"`
	Until     string         `json:"until"` // the last day
	Days      int            `json:"days"`
	Desk      Staffing       `json:"desk"`
	Messages  int            `json:"messages"` // that customers and teams sent
	Outcomes  map[string]int `json:"outcomes"` // what became of them
	Calls     int            `json:"calls"`    // that agents wrote down
	Missed    int            `json:"missed"`   // calls and visits that nobody took
	Requests  int            `json:"requests"`
	Channels  map[string]int `json:"channels"`
	Letters   map[string]int `json:"letters"`
	Timers    map[string]int `json:"timers"`
	Closed    int            `json:"closed_by_itself"`
	Signals   []string       `json:"signals"`
	Forgotten int            `json:"forgotten"` // open, and nothing will ever happen to them
	Doubles   int            `json:"doubles"`   // letters that went out twice
	Unwarned  int            `json:"unwarned"`  // promises that broke and nobody was told
	Unknown   int            `json:"unknown"`   // messages whose line is missing from the ledger
	Faults    int            `json:"faults"`    // what the parts themselves said went wrong
	Fault     string         `json:"fault,omitempty"`

	Metrics map[string]float64 `json:"metrics"` // by report.Metrics' ids
	Respond report.Percentiles `json:"respond"`
	Resolve report.Percentiles `json:"resolve"`
	Concern string             `json:"concern"`
	Falling int                `json:"falling"`
	Worst   string             `json:"worst"`
	Cost    int64              `json:"cost"` // of the period, in hundredths
}

// Summary is Figures, and what it took to come to them.
type Summary struct {
	Figures
	Took  time.Duration            `json:"took"`
	Where map[string]time.Duration `json:"where"` // the time went; what is not named is the invention itself
}

// tally counts while a run goes on.
type tally struct {
	letters, timers map[string]int
	closed, missed  int
}

func newTally() tally { return tally{letters: map[string]int{}, timers: map[string]int{}} }

func (t *tally) letter(kind string) { t.letters[kind]++ }

func (t *tally) stepped(did progress.Stepped) { t.closed += did.Closed }

func (t *tally) event(e balie.Event) {
	if e.What == balie.Fired {
		t.timers[e.Data["timer"]]++
	}
}

// summary reckons what came of it.
func (s *sim) summary(ctx context.Context) (Summary, error) {
	if err := s.catchUp(ctx); err != nil {
		return Summary{}, err
	}
	f := Figures{Seed: s.o.Seed, From: s.o.From.In(s.w.zone).Format(time.DateOnly), Until: s.o.Until.In(s.w.zone).Add(-time.Second).Format(time.DateOnly),
		Days: int(s.o.Until.Sub(s.o.From).Hours()/24 + 0.5), Desk: s.o.Desk, Messages: s.handed, Outcomes: s.outcomes, Calls: s.calls, Missed: s.tally.missed,
		Letters: s.tally.letters, Timers: s.tally.timers, Closed: s.tally.closed, Channels: map[string]int{}, Doubles: s.w.post.doubles(), Metrics: map[string]float64{}, Faults: s.w.faults.n, Fault: s.w.faults.first}
	for _, x := range s.w.guard.Signals() {
		f.Signals = append(f.Signals, x.About+" "+x.Name)
	}
	began := time.Now()
	err := errors.Join(s.measure(ctx, &f), s.audit(ctx, &f))
	s.spent("figures", began)
	return Summary{Figures: f, Where: s.took}, err
}

// measure takes over what the factsheet says.
func (s *sim) measure(ctx context.Context, f *Figures) error {
	p := report.Period{Span: report.Between, From: s.o.From.In(s.w.zone), To: s.o.Until.In(s.w.zone)}
	plan := s.w.lib.Plan()
	sheet, err := s.w.book.Factsheet(ctx, plan, p, report.Scope{}, s.o.Until)
	if err != nil {
		return fmt.Errorf("reckon the factsheet: %w", err)
	}
	f.Requests = sheet.Total
	for _, m := range sheet.All {
		if !m.None {
			f.Metrics[m.Metric] = m.Value
		}
	}
	for _, c := range sheet.Channels {
		f.Channels[c.ID] = c.Count
	}
	f.Respond, f.Resolve, f.Concern, f.Falling, f.Worst, f.Cost = sheet.Respond, sheet.Resolve, sheet.Concern, sheet.Falling, sheet.Worst, sheet.Cost.Total
	return nil
}

// slack is how long after a promise broke it is said at the latest.
const slack = 2 * tick

// audit looks whether anything was forgotten, by other means than those that
// should see to it: each open request has a moment at which something happens,
// each broken promise was said, and each message has its line.
func (s *sim) audit(ctx context.Context, f *Figures) error {
	b := s.w.lib.Brain()
	p := report.Period{Span: report.Between, From: s.o.From.In(s.w.zone), To: s.o.Until.In(s.w.zone)}
	for x, err := range s.w.book.Facts(ctx, p, report.Scope{}) {
		if err != nil {
			return fmt.Errorf("read facts: %w", err)
		}
		if err := s.auditOne(ctx, x, f); err != nil {
			return err
		}
	}
	setting := b.Setting(s.w.calendar, "") // what is late is on everybody's list
	for r, err := range s.w.db.List(ctx, store.Filter{}) {
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		if r.State != balie.Closed && r.State != balie.AtDesk && setting.Next(r, s.o.Until).IsZero() && !late(setting, r, s.o.Until) {
			f.Forgotten++
		}
	}
	lines, err := s.w.db.CountLedger(ctx, store.LedgerFilter{})
	if err != nil {
		return fmt.Errorf("count the ledger: %w", err)
	}
	n := 0
	for _, c := range lines {
		n += c
	}
	f.Unknown = s.handed + s.calls - n
	return nil
}

// late reports whether a promise of a request is broken at a moment.
func late(s progress.Setting, r balie.Request, now time.Time) bool {
	c := s.Due(r)
	for _, due := range []time.Time{c.Resolution.Due, c.Handout.Due, c.Response.Due} {
		if !due.IsZero() && due.Before(now) {
			return true
		}
	}
	return false
}

// auditOne looks whether the promises of a request that were broken before the
// end were said to be. What stands still for the customer, and what was no
// request after all, breaks none; who hears which team has it had a response.
func (s *sim) auditOne(ctx context.Context, x report.Fact, f *Figures) error {
	if x.Merged || x.Outcome == balie.Spam || x.Outcome == balie.WithdrawnByIt || x.Outcome == balie.NoAnswer {
		return nil
	}
	broken := func(due, done time.Time, kept bool) bool {
		still := !x.Paused.IsZero() && x.Paused.Before(due.Add(slack))
		return !due.IsZero() && !kept && !still && due.Add(slack).Before(s.o.Until) && (done.IsZero() || done.After(due.Add(slack)))
	}
	response := x.Handouts == 0 && broken(x.RespondDue, x.Responded, x.RespondKept)
	if !response && !broken(x.ResolveDue, x.Solved, x.ResolveKept) {
		return nil
	}
	events, err := s.w.db.Events(ctx, x.Request, 0)
	if err != nil {
		return fmt.Errorf("read what happened: %w", err)
	}
	for _, e := range events {
		if e.What == balie.Fired && e.Data["timer"] == string(progress.OverdueTimer) {
			return nil
		}
	}
	f.Unwarned++
	return nil
}

// Check fails when something happened that never may.
func (s Summary) Check() error {
	if s.Forgotten+s.Doubles+s.Unwarned+s.Unknown+s.Faults == 0 {
		return nil
	}
	return fmt.Errorf("%d forgotten, %d sent twice, %d broken without a warning, %d without a line in the ledger, %d faults %s",
		s.Forgotten, s.Doubles, s.Unwarned, s.Unknown, s.Faults, s.Fault)
}
