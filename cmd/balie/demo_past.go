package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
)

// actPause is how long an act comes after the one before.
const actPause = 4 * time.Minute

// moment is something that happened at the desk before the demo was opened: a
// question, or what was done with it.
type moment struct {
	at   time.Time
	work *deskWork
	act  int // of the work; -1 is the question
}

// past is the desk's history while it is played. Its time runs forward only, so
// that what guards promises sees it as it was.
type past struct {
	*world
	guard   *progress.Progress
	next    time.Time // when there is something to guard
	request map[*deskWork]balie.ID
}

// playPast plays what happened in the days before now, in its order. The app's
// own guard waits meanwhile: another one, over the same store, looks at the
// moments at which something was due.
func (w *world) playPast(ctx context.Context, all []deskWork) error {
	defer w.skew.Store(0)
	guard, err := w.app.newGuard()
	if err != nil {
		return err
	}
	now := time.Now()
	p := &past{world: w, guard: guard, request: map[*deskWork]balie.ID{}}
	for _, m := range w.moments(all, now) {
		if err := p.guardUntil(ctx, m.at); err != nil {
			return err
		}
		if err := p.happen(ctx, m); err != nil {
			return fmt.Errorf("play %s at the desk: %w", m.work.Ask.ID, err)
		}
	}
	return p.guardUntil(ctx, now)
}

// moments are all that happened, in order. Times are opening hours of the desk:
// whenever the demo is started, nobody worked at night.
func (w *world) moments(all []deskWork, now time.Time) []moment {
	cal := w.app.calendar()
	var out []moment
	for i := range all {
		d := &all[i]
		at := cal.Add(now, -d.Ago)
		out = append(out, moment{at, d, -1})
		for n, act := range d.Acts {
			if at = cal.Add(at, cmp.Or(act.After, actPause)); at.After(now) {
				at = now
			}
			out = append(out, moment{at, d, n})
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int { return a.at.Compare(b.at) })
	return out
}

// happen lets one moment happen.
func (p *past) happen(ctx context.Context, m moment) error {
	p.skew.Store(int64(time.Since(m.at)))
	if m.act < 0 {
		id, err := p.bring(ctx, m.work.Ask)
		p.request[m.work] = id
		return err
	}
	if err := p.calm(ctx); err != nil {
		return err
	}
	act := m.work.Acts[m.act]
	if err := p.act(ctx, p.request[m.work], act, fmt.Sprintf("demo:%s:%d", m.work.Ask.ID, m.act), m.at); err != nil {
		return fmt.Errorf("act %d, %s by %s: %w", m.act+1, act.Do, act.By, err)
	}
	return nil
}

// guardUntil lets go off what was due until a moment, when it was due.
func (p *past) guardUntil(ctx context.Context, until time.Time) error {
	for at := p.next; ; at = p.next {
		if at.IsZero() || at.After(until) {
			at = until
		}
		if err := p.calm(ctx); err != nil {
			return err
		}
		did, err := p.guard.Step(ctx, at)
		if err != nil {
			return fmt.Errorf("guard the past: %w", err)
		}
		if p.next = did.Next; !p.next.IsZero() && !p.next.After(at) {
			p.next = at.Add(time.Minute)
		}
		if !at.Before(until) {
			return nil
		}
	}
}

// calm waits until what was written is sent: that it was is noted with its
// request, and would make an act of the same moment a stale one.
func (w *world) calm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		changed := w.db.Changed()
		waits, err := w.outstanding(ctx)
		if err != nil || !waits {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("what was written was not sent: %w", context.Cause(ctx))
		}
	}
}
