package progress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/store"
)

// Store is what guarding needs of a store.
type Store interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
	List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error]
	Messages(ctx context.Context, request balie.ID) ([]balie.Message, error)
	store.Feed
}

// Options are the desk's own facts that guarding needs.
type Options struct {
	Language string          // of the desk
	Leads    []balie.Address // who is told when something goes wrong
	DailyCap int             // automatic letters to one address a day, together with those of intake; 10 when 0
	// Agent is where an agent is told, and in which language; nil: nowhere.
	Agent func(ctx context.Context, name string) (to balie.Address, language string, ok bool)
	// Counts are the requests a day that signals are looked for in; nil: none are.
	Counts Counts
	Meter  func(timer TimerKind, did bool) // counts what went off; nil counts nothing
}

// defaultDailyCap is intake's.
const defaultDailyCap = 10

// Progress guards what is promised.
type Progress struct {
	store   Store
	setting func(organisation string) Setting
	write   *letters.Writer
	o       Options
	log     *slog.Logger
	digests *Digests

	// These are of the one goroutine that calls Step.
	agenda *agenda // nil: to be made from the store
	cursor store.FeedCursor
	inUse  documents
	last   time.Time // of the Step before
	jumped time.Time // the clock leapt to here, and nobody knows yet whether it stays

	mu      sync.Mutex
	signals []Signal
	looked  string // the day for which signals were looked for
}

// documents are those an agenda was reckoned with.
type documents struct {
	policy    *Policy
	catalogue *catalogue.Catalogue
}

// New returns a Progress. setting gives the documents in force for a request of
// an organisation ("" when it is of none).
func New(s Store, setting func(organisation string) Setting, w *letters.Writer, o Options, log *slog.Logger) *Progress {
	o.DailyCap = cmp.Or(o.DailyCap, defaultDailyCap)
	o.Language = cmp.Or(o.Language, "nl")
	if o.Meter == nil {
		o.Meter = func(TimerKind, bool) {}
	}
	return &Progress{store: s, setting: setting, write: w, o: o, log: log,
		digests: NewDigests(s, func() Setting { return setting("") }, w, o.Language)}
}

// Stepped is what a Step did.
type Stepped struct {
	Fired   int       // timers that went off
	Letters int       // that went out with them, to whomever
	Closed  int       // requests that ended by themselves
	Digests int       // lists of the day that went to teams
	Waiting int       // requests on the agenda
	Next    time.Time // when there is something to do again; zero: nothing that is known
}

const (
	// batch is how many events are read, or requests looked up, at once.
	batch = 500
	// trouble is after how long a request that could not be dealt with is tried again.
	trouble = time.Minute
	// backlog is how many calendar days a closed request may still have timers:
	// as long as somebody may come back to say how it went.
	backlog = 45
	// leap is how far the clock may go on between two looks; beyond that it is
	// believed when it has stood for settle.
	leap   = 30 * 24 * time.Hour
	settle = 10 * time.Minute
)

// Step does all that is due at a moment, in the order in which it became due.
// What cannot be done is tried again later and holds nothing up; the error
// joins why. It is for one goroutine.
func (p *Progress) Step(ctx context.Context, now time.Time) (Stepped, error) {
	var out Stepped
	if wait := p.unsteady(now); wait {
		out.Next = p.jumped.Add(settle)
		return out, nil
	}
	p.last = now
	if err := p.follow(ctx, now); err != nil {
		p.agenda = nil // what was read of the feed and not noted down must not be missed
		return out, err
	}
	errs := p.due(ctx, now, &out)
	n, next, err := p.digests.Step(ctx, now)
	out.Digests, errs = n, append(errs, err)
	soon, err := p.lookForSignals(ctx, now, &out)
	errs = append(errs, err)
	out.Waiting = p.agenda.Len()
	_, out.Next, _ = p.agenda.next()
	for _, t := range []time.Time{next, soon} {
		if !t.IsZero() && (out.Next.IsZero() || t.Before(out.Next)) {
			out.Next = t
		}
	}
	return out, errors.Join(errs...)
}

// unsteady reports whether the clock has leapt so far that it is not believed
// yet: what went off in an hour that never was cannot be taken back.
func (p *Progress) unsteady(now time.Time) bool {
	switch {
	case p.last.IsZero() || now.Sub(p.last) <= leap:
		p.jumped = time.Time{}
		return false
	case p.jumped.IsZero() || now.Before(p.jumped):
		p.log.Warn("the clock leapt ahead; nothing is done until it has stood for a while", "from", p.last, "to", now, "for", settle)
		p.jumped = now
		return true
	}
	return now.Sub(p.jumped) < settle
}

// due lets go off what is due.
func (p *Progress) due(ctx context.Context, now time.Time, out *Stepped) []error {
	var errs []error
	for ctx.Err() == nil {
		id, at, ok := p.agenda.next()
		if !ok || at.After(now) {
			return errs
		}
		did, err := p.one(ctx, id, now)
		out.add(did)
		if err == nil {
			continue
		}
		p.agenda.put(id, now.Add(trouble))
		if ctx.Err() == nil {
			p.log.Error("a request could not be guarded; it is tried again", "request", id, "err", err)
			errs = append(errs, fmt.Errorf("guard request %s: %w", id, err))
		}
	}
	return append(errs, context.Cause(ctx))
}

func (s *Stepped) add(a *act) {
	if a == nil {
		return
	}
	s.Fired++
	s.Letters += len(a.c.Deliveries)
	if a.c.Request.State == balie.Closed && len(a.c.Events) > 1 {
		if w := a.c.Events[len(a.c.Events)-1].What; w == balie.Lapsed || w == balie.Unanswered {
			s.Closed++
		}
	}
}

// one looks at a request: it lets the first timer that is due go off, and puts
// the request back on the agenda. Nil: nothing was due after all, or another of
// us did it.
func (p *Progress) one(ctx context.Context, id balie.ID, now time.Time) (*act, error) {
	var did *act
	err := store.Retry(ctx, func(ctx context.Context) error {
		did = nil
		r, person, s, err := p.read(ctx, id)
		if errors.Is(err, balie.ErrNotFound) {
			p.agenda.put(id, time.Time{})
			return nil
		}
		if err != nil {
			return err
		}
		all := p.agenda.open(id, s.Timers(r, now))
		if len(all) == 0 || all[0].At.After(now) {
			p.plan(id, all)
			return nil
		}
		a, err := p.firing(ctx, s, r, person, all[0], overtaken(all, now), now)
		if err != nil {
			return err
		}
		err = p.store.Commit(ctx, *a.c)
		if errors.Is(err, balie.ErrDuplicate) {
			if err := p.taken(ctx, r, all[0]); err != nil {
				return err
			}
			p.plan(id, p.agenda.open(id, all))
			return nil
		}
		if err != nil {
			return err
		}
		did = a
		p.plan(id, p.agenda.open(id, s.Timers(a.c.Request, now)))
		return nil
	})
	if err != nil || did == nil {
		return nil, err
	}
	p.o.Meter(did.t.Kind, len(did.did) > 0)
	return did, nil
}

// taken looks which claim of a Change was held by somebody else. The timer's
// own: it went off already. Another one, such as a letter's place in the day:
// look again.
func (p *Progress) taken(ctx context.Context, r balie.Request, t Timer) error {
	key := claim(r.ID, t)
	found, err := p.store.Lookup(ctx, store.Query{Seen: []string{key}, Requests: []balie.ID{r.ID}})
	if err != nil {
		return err
	}
	if _, ok := found.Seen[key]; ok && !found.Requests[r.ID].HasFired(string(t.Kind), t.Cause) {
		p.agenda.spend(r.ID, t) // so long ago that the request does not remember
		return nil
	}
	return balie.ErrStale
}

// read is a request with whose it is and by which documents it is judged.
func (p *Progress) read(ctx context.Context, id balie.ID) (balie.Request, balie.Person, Setting, error) {
	found, err := p.store.Lookup(ctx, store.Query{Requests: []balie.ID{id}})
	if err != nil {
		return balie.Request{}, balie.Person{}, Setting{}, err
	}
	r, ok := found.Requests[id]
	if !ok {
		return r, balie.Person{}, Setting{}, balie.ErrNotFound
	}
	if r.Customer.IsZero() {
		return r, balie.Person{}, p.setting(""), nil
	}
	who, err := p.store.Lookup(ctx, store.Query{People: []balie.ID{r.Customer}})
	person := who.People[r.Customer]
	return r, person, p.setting(person.Organisation), err
}

// plan notes when a request with these timers must be looked at.
func (p *Progress) plan(id balie.ID, all []Timer) {
	if len(all) == 0 {
		p.agenda.put(id, time.Time{})
		return
	}
	p.agenda.put(id, all[0].At)
}

// overtaken reports whether, of the timers of a request that are due, a later
// one says the same as the first and more: of two words to a customer, and of
// two about the same promise, only the last goes out.
func overtaken(all []Timer, now time.Time) bool {
	first := all[0]
	if now.Sub(first.At) <= lateAfter {
		return false
	}
	toCustomer := []TimerKind{DelayTimer, SilentTimer, ReminderTimer, UnansweredTimer}
	for _, t := range all[1:] {
		if t.At.After(now) {
			break
		}
		switch {
		case slices.Contains(toCustomer, first.Kind) && slices.Contains(toCustomer, t.Kind):
			return true
		case first.Kind == SoonTimer && t.Kind == OverdueTimer && t.Clock.Kind == first.Clock.Kind:
			return true
		case (first.Kind == HandoutSoonTimer || first.Kind == HandoutOverdueTimer) && t.Kind == HandoutOverdueTimer && t.Clock.Handout == first.Clock.Handout:
			return true
		}
	}
	return false
}
