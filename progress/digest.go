package progress

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/letters"
	"github.com/balie/balie/store"
)

// DigestOf is what a team has in hand at a moment: each of its open hand-outs
// once, under the most pressing of what is true of it. It has no parts when
// there is nothing.
func DigestOf(s Setting, team balie.Team, requests []balie.Request, language string, now time.Time) letters.Digest {
	by := map[letters.DigestKind][]letters.DigestLine{}
	for _, r := range requests {
		for _, h := range r.OpenHandouts() {
			if h.Team != team.ID {
				continue
			}
			x := letters.DigestLine{Handout: h.ID, Ref: r.Ref, About: s.about(r, language), Due: h.Due, Said: h.Said, Urgent: r.Priority >= balie.Urgent}
			if x.Said.IsZero() {
				x.Said = h.Opened
			}
			kind := s.pressing(r, h, x.Said, now)
			by[kind] = append(by[kind], x)
		}
	}
	d := letters.Digest{Team: team, Language: language}
	for _, kind := range []letters.DigestKind{letters.DigestLate, letters.DigestToday, letters.DigestSilent, letters.DigestOpen} {
		lines := by[kind]
		if len(lines) == 0 {
			continue
		}
		slices.SortFunc(lines, earlier)
		d.Parts = append(d.Parts, letters.DigestPart{Kind: kind, Lines: lines})
	}
	return d
}

// earlier orders what is urgent first, then what is due first, then by age.
func earlier(a, b letters.DigestLine) int {
	switch {
	case a.Urgent != b.Urgent:
		if a.Urgent {
			return -1
		}
		return 1
	case a.Due.IsZero() != b.Due.IsZero():
		if b.Due.IsZero() {
			return -1
		}
		return 1
	case !a.Due.Equal(b.Due):
		return a.Due.Compare(b.Due)
	}
	return strings.Compare(a.Handout.String(), b.Handout.String())
}

// about is what a request is about, in the desk's words; "" when it has none.
// Not in the customer's: a list of the day belongs to no request, so what it
// says of a customer would outlive their being erased.
func (s Setting) about(r balie.Request, language string) string {
	if p := s.product(r); p.ID != "" {
		return p.Name(language)
	}
	return ""
}

// pressing says what is the matter with a hand-out. One that stands still, for
// a date that was agreed, is late for nobody and silent for nobody.
func (s Setting) pressing(r balie.Request, h balie.Handout, heard, now time.Time) letters.DigestKind {
	_, cal := s.teamHours(r, h.Team)
	switch {
	case r.State == balie.Planned:
		return letters.DigestOpen
	case !h.Due.IsZero() && !now.Before(h.Due):
		return letters.DigestLate
	case !h.Due.IsZero() && sameDay(h.Due, now, cal.Zone()):
		return letters.DigestToday
	case s.Policy != nil && s.Policy.Remind.Silent > 0 && left(cal, heard, now) >= s.Policy.Remind.Silent:
		return letters.DigestSilent
	}
	return letters.DigestOpen
}

func sameDay(a, b time.Time, zone *time.Location) bool { return dayOf(a, zone) == dayOf(b, zone) }

func dayOf(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// DigestTime is the moment at which a team gets its list on the day of t, by
// its own clock: false on a day it does not work.
func DigestTime(at string, cal hours.Calendar, t time.Time) (time.Time, bool) {
	clock, err := time.Parse("15:04", at)
	if err != nil {
		return time.Time{}, false
	}
	zone := cal.Zone()
	y, m, d := t.In(zone).Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if !sameDay(cal.Next(midnight), midnight, zone) {
		return time.Time{}, false
	}
	return time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, zone), true
}

// NextDigest is the first moment after t at which a team gets its list; zero
// when it never does.
func NextDigest(at string, cal hours.Calendar, t time.Time) time.Time {
	zone := cal.Zone()
	for day := t; ; {
		if m, ok := DigestTime(at, cal, day); ok && m.After(t) {
			return m
		}
		y, mo, d := day.In(zone).Date()
		next := cal.Next(time.Date(y, mo, d+1, 0, 0, 0, 0, zone))
		if _, err := time.Parse("15:04", at); err != nil || !next.After(day) {
			return time.Time{}
		}
		day = next
	}
}

// DigestStore is what Digests needs of a store.
type DigestStore interface {
	List(ctx context.Context, f store.Filter) iter.Seq2[balie.Request, error]
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
	Commit(ctx context.Context, c ...balie.Change) error
}

// Digests gives every team its list of the day. Its state is only what saves
// looking: a team's list of a day is claimed in the store, so it goes out once
// whatever restarts and however many of us there are.
type Digests struct {
	store    DigestStore
	setting  func() Setting
	write    *letters.Writer
	language string
	done     map[string]string // by team: the day that is seen to
}

// NewDigests returns Digests. setting gives the documents in force, language is
// the desk's own.
func NewDigests(s DigestStore, setting func() Setting, w *letters.Writer, language string) *Digests {
	return &Digests{s, setting, w, language, map[string]string{}}
}

// Step sends the lists that are due, and says how many went out and when the
// next is due; zero: never. A list that was missed still goes out the same day;
// that of a day that is over does not: today's says it all. It is for one
// goroutine.
func (d *Digests) Step(ctx context.Context, now time.Time) (sent int, next time.Time, err error) {
	s := d.setting()
	if s.Policy == nil || s.Policy.Remind.Digest == "" || s.Catalogue == nil {
		return 0, time.Time{}, nil
	}
	at := s.Policy.Remind.Digest
	for _, team := range s.Catalogue.Teams {
		if c := team.Reach.Channel(); c != "email" && c != "slack" {
			continue // it looks in its queue, or is a program
		}
		_, cal := s.teamHours(balie.Request{}, team.ID)
		if due, ok := DigestTime(at, cal, now); ok && !now.Before(due) {
			one, err := d.give(ctx, s, team, dayOf(now, cal.Zone()), now)
			if err != nil {
				return sent, time.Time{}, fmt.Errorf("the list of the day of team %s: %w", team.ID, err)
			}
			sent += one
		}
		if n := NextDigest(at, cal, now); !n.IsZero() && (next.IsZero() || n.Before(next)) {
			next = n
		}
	}
	return sent, next, nil
}

// give sends a team its list of a day, unless that is done.
func (d *Digests) give(ctx context.Context, s Setting, team balie.Team, day string, now time.Time) (int, error) {
	if d.done[team.ID] == day {
		return 0, nil
	}
	key := "digest:" + team.ID + ":" + day
	found, err := d.store.Lookup(ctx, store.Query{Seen: []string{key}})
	if err != nil {
		return 0, err
	}
	if _, given := found.Seen[key]; given {
		d.done[team.ID] = day
		return 0, nil
	}
	var has []balie.Request
	for r, err := range d.store.List(ctx, store.Filter{Team: team.ID}) {
		if err != nil {
			return 0, err
		}
		has = append(has, r)
	}
	list := DigestOf(s, team, has, d.language, now)
	c := balie.Change{Seen: []string{key}} // nothing to do is seen to as well
	if len(list.Parts) > 0 {
		d.write.Enclose(&c, d.write.Digest(list, now), letters.Post{
			Side: balie.TeamSide, Channel: team.Reach.Channel(), To: team.Reach, Auto: true, Language: d.language}, now)
	}
	err = d.store.Commit(ctx, c)
	if err != nil && !errors.Is(err, balie.ErrDuplicate) { // taken: another of us was first
		return 0, err
	}
	d.done[team.ID] = day
	if err != nil {
		return 0, nil
	}
	return len(c.Messages), nil
}
