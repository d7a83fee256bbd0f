package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/internal/hours"
)

// manner is how a team works.
type manner struct {
	pace    float64 // share of the time it gets that it takes, in the median
	slower  float64 // what is added to that in the course of the year
	spread  float64
	accepts float64 // how often it says that it has it
	asks    float64 // how often it has a question first
	returns float64 // how often it says that it is not theirs
	forgets float64 // how often it does nothing until it is reminded
	mails   float64 // how often it answers by mail and not on the page
}

var manners = map[string]manner{
	"techniek":          {pace: 0.5, slower: 0.22, spread: 1.75, accepts: 0.75, asks: 0.05, returns: 0.03, forgets: 0.01, mails: 0.2},
	"beveiliging":       {pace: 0.36, spread: 1.6, accepts: 0.8, asks: 0.03, returns: 0.02, mails: 0.1},
	"receptie":          {pace: 0.3, spread: 1.6, accepts: 0.6, asks: 0.03, returns: 0.02, mails: 0.1},
	"schoonmaak":        {pace: 0.45, spread: 1.7, accepts: 0.6, asks: 0.02, returns: 0.03},
	"catering":          {pace: 0.35, spread: 1.6, accepts: 0.8, asks: 0.05, returns: 0.02},
	"logistiek":         {pace: 0.4, spread: 1.6, accepts: 0.6, asks: 0.02, returns: 0.03, mails: 0.2},
	"huisvesting":       {pace: 0.5, spread: 1.8, accepts: 0.6, asks: 0.08, returns: 0.04, forgets: 0.12, mails: 0.3}, // its supplier forgets
	"accountmanagement": {pace: 0.45, spread: 1.8, accepts: 0.5, asks: 0.06, returns: 0.05, forgets: 0.03, mails: 0.3},
	"accountzorg":       {pace: 0.45, spread: 1.8, accepts: 0.5, asks: 0.06, returns: 0.04, forgets: 0.03, mails: 0.3},
}

// team is who gets hand-outs.
type team struct {
	balie.Team
	manner
	cal   hours.Calendar
	had   int // open hand-outs
	usual float64
}

func newTeams(s *sim) map[string]*team {
	cat := s.w.lib.Brain().Catalogue
	out := map[string]*team{}
	for _, t := range cat.Teams {
		cal, ok := cat.Calendars[t.Calendar]
		if !ok {
			cal = s.w.calendar
		}
		out[t.ID] = &team{Team: t, manner: manners[t.ID], cal: cal, usual: max(s.o.PerDay*0.04, 2)}
	}
	return out
}

// work is a hand-out as its team sees it.
type work struct {
	team   *team
	id     balie.ID
	due    time.Time
	opened time.Time
	ended  bool
	forgot bool
	minded int // reminders it got
}

// offered is a team getting a hand-out.
func (s *sim) offered(e *errand, h balie.Handout) {
	t := s.teams[h.Team]
	if t == nil || e.handed[h.ID] != nil {
		return
	}
	k := &work{team: t, id: h.ID, due: h.Due, opened: s.now}
	e.handed[h.ID] = k
	t.had++
	r := e.team
	has := max(t.cal.Between(s.now, h.Due), 30*time.Minute)
	year := float64(s.now.YearDay()) / 365
	pace := (t.pace + t.slower*year) * s.o.Desk.Teams
	if crowd := float64(t.had) / t.usual; crowd > 1 { // more than it is used to
		pace *= min(0.8+0.2*crowd, 2.5)
	}
	takes := around(r, time.Duration(float64(has)*pace), t.spread)
	if happens(r, t.accepts) {
		at := t.cal.Add(s.now, min(around(r, 25*time.Minute, 2.5), takes/2))
		s.team(at, e, k, desk.HandoutAct{Act: desk.AcceptHandout})
	}
	switch x := r.Float64(); {
	case x < t.returns:
		s.team(t.cal.Add(s.now, around(r, 40*time.Minute, 2)), e, k, desk.HandoutAct{Act: desk.RefuseHandout, Words: "Dit is niet iets van ons."})
	case x < t.returns+t.forgets:
		k.forgot = true
	case x < t.returns+t.forgets+t.asks:
		s.team(t.cal.Add(s.now, takes/3), e, k, desk.HandoutAct{Act: desk.AskDesk, Words: "Wanneer kunnen we terecht?"})
		s.finish(e, k, takes+2*time.Hour)
	default:
		s.finish(e, k, takes)
	}
}

// finish puts on the agenda that a team is done.
func (s *sim) finish(e *errand, k *work, takes time.Duration) {
	s.team(k.team.cal.Add(s.now, takes), e, k, desk.HandoutAct{Act: desk.FinishHandout, Words: one(e.team, doneWords)})
}

var doneWords = []string{"Gedaan, werkt weer.", "Geregeld. Ligt klaar bij de receptie.", "Opgelost ter plaatse.", "Uitgevoerd zoals gevraagd.", "Klaar, klant was erbij."}

// team puts an act of a team on the agenda.
func (s *sim) team(at time.Time, e *errand, k *work, act desk.HandoutAct) {
	s.agenda.at(at, func(ctx context.Context) error {
		if k.ended {
			return nil
		}
		return s.teamDoes(ctx, e, k, act)
	})
}

func (s *sim) teamDoes(ctx context.Context, e *errand, k *work, act desk.HandoutAct) error {
	s.dirty = true
	if k.team.Reach.Scheme == balie.Mail && act.Act == desk.FinishHandout && happens(e.team, k.team.mails) {
		return s.teamMails(ctx, e, k, "Klaar. "+act.Words)
	}
	err := s.w.handouts.Do(ctx, k.id, act, desk.Actor{}, s.now)
	if _, ok := errors.AsType[*balie.MoveError](err); ok {
		return nil // withdrawn or closed meanwhile
	}
	if err != nil {
		return fmt.Errorf("team %s does %s: %w", k.team.ID, act.Act, err)
	}
	return nil
}

// teamMails answers the letter of a hand-out.
func (s *sim) teamMails(ctx context.Context, e *errand, k *work, text string) error {
	letter, err := s.w.db.Message(ctx, k.id)
	if err != nil {
		return err
	}
	who := &person{name: k.team.Names["nl"], mail: k.team.Reach.Value, proven: true}
	_, err = s.byMail(ctx, said{e: &errand{n: e.n, who: who, thread: letter.MsgID}, subject: "Re: " + letter.Subject, text: text, reply: true})
	return err
}

// reminded is a team that is reminded, or asked how it stands.
func (s *sim) reminded(e *errand, l sent) {
	k := e.handed[l.message.Handout]
	if k == nil || k.ended || s.letters[l.message.ID] != "team_reminder" {
		return
	}
	k.minded++
	r, t := e.team, k.team
	switch {
	case k.forgot && happens(r, 0.6):
		k.forgot = false
		s.finish(e, k, around(r, 3*time.Hour, 2))
	case !k.forgot && k.minded == 1 && happens(r, 0.35):
		act := desk.HandoutAct{Act: desk.OnSchedule}
		if !s.now.Before(k.due.Add(-30 * time.Minute)) {
			act = desk.HandoutAct{Act: desk.LaterThanDue, Until: t.cal.Add(s.now, 6*time.Hour)}
		}
		s.team(t.cal.Add(s.now, around(r, 30*time.Minute, 2)), e, k, act)
	}
}

// endWork notes that a hand-out is over.
func (s *sim) endWork(e *errand, id balie.ID) {
	if k := e.handed[id]; k != nil && !k.ended {
		k.ended = true
		k.team.had--
	}
}
