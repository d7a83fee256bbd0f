package simulate

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/balie/balie"
)

// arrive is somebody turning to the desk.
func (s *sim) arrive(ctx context.Context, e *errand) error {
	var got balie.Receipt
	var err error
	m := said{e: e, subject: e.subject, text: e.text}
	switch e.channel {
	case "email":
		got, err = s.byMail(ctx, m)
	case "slack":
		got, err = s.bySlack(ctx, m)
	case "form":
		got, err = s.byForm(ctx, e)
	default:
		return s.ring(ctx, e)
	}
	if err != nil {
		return err
	}
	s.opened(e, got.Request)
	return s.idle(ctx)
}

// opened notes which request an errand became.
func (s *sim) opened(e *errand, id balie.ID) {
	if id.IsZero() || s.byID[id] != nil {
		return
	}
	e.request = id
	s.byID[id] = e
	if e.channel != "phone" && e.channel != "counter" { // when it takes long, some ask
		s.agenda.at(s.awake(e, s.w.calendar.AddDays(s.now, 2+e.customer.IntN(3))), func(ctx context.Context) error { return s.chase(ctx, e) })
	}
}

// awake is a moment from which on somebody would write.
func (s *sim) awake(e *errand, t time.Time) time.Time {
	l := t.In(s.w.zone)
	if h := l.Hour(); h < 7 || h >= 22 {
		y, m, d := l.Date()
		if h >= 22 {
			d++
		}
		t = time.Date(y, m, d, 7, e.customer.IntN(120), e.customer.IntN(60), 0, s.w.zone)
	}
	return t
}

// after puts on the agenda what a customer does some time later.
func (s *sim) after(e *errand, median time.Duration, do func(ctx context.Context, r balie.Request) error) {
	at := s.awake(e, s.now.Add(around(e.customer, median, 3)))
	s.agenda.at(at, func(ctx context.Context) error {
		r, err := s.w.db.Request(ctx, e.request)
		if err != nil {
			return err
		}
		return do(ctx, r)
	})
}

// read is a letter that reaches whoever it is for.
func (s *sim) read(l sent) error {
	e := s.byID[l.request.ID]
	if e == nil {
		return nil
	}
	if l.message.Side == balie.TeamSide {
		s.reminded(e, l)
		return nil
	}
	if l.message.Side != balie.CustomerSide {
		return nil
	}
	e.thread = l.message.MsgID
	if l.delivery.Channel == "email" && s.notThere(e) {
		return nil
	}
	switch s.kindOf(l) {
	case "answer", "reply":
		s.answered(e, s.kindOf(l) == "answer")
	case "question", "reminder":
		s.asked(e, s.kindOf(l) == "reminder")
	case "aftercare":
		s.surveyed(e)
	}
	return nil
}

// notThere reports whether a letter is read by nobody: the mailbox is gone, or
// its owner is, which a program says once.
func (s *sim) notThere(e *errand) bool {
	switch {
	case e.who.isGone(s.now):
		letter := e.thread
		s.agenda.at(s.now.Add(time.Minute), func(ctx context.Context) error {
			_, err := s.bounce(ctx, e, letter)
			return err
		})
		return true
	case e.who.isAway(s.now) && !e.who.noted:
		e.who.noted = true
		s.agenda.at(s.now.Add(time.Minute), func(ctx context.Context) error {
			_, err := s.byMail(ctx, said{e: e, subject: "Automatisch antwoord: " + e.subject, text: one(e.customer, s.words.Away.in(e.language)), reply: true, auto: "auto-replied"})
			return err
		})
		return true
	}
	return e.who.isAway(s.now)
}

// answered is what a customer does with an answer: nothing mostly.
func (s *sim) answered(e *errand, byItself bool) {
	again := 0.016
	if byItself && e.wrong {
		again = 0.5
	}
	if e.replies > 2 {
		again /= 4
	}
	x := e.customer.Float64()
	switch {
	case x < again:
		s.after(e, 3*time.Hour, func(ctx context.Context, r balie.Request) error {
			if r.State != balie.AnsweredState && r.State != balie.Closed {
				return nil
			}
			return s.write(ctx, e, one(e.customer, s.words.Again.in(e.language)))
		})
	case x < again+0.09:
		s.after(e, time.Hour, func(ctx context.Context, _ balie.Request) error {
			return s.thank(ctx, e)
		})
	}
}

// thank says thanks, signed with a first name as short words are.
func (s *sim) thank(ctx context.Context, e *errand) error {
	text := one(e.customer, s.words.Thanks.in(e.language))
	if e.channel == "slack" {
		return s.write(ctx, e, text)
	}
	first, _, _ := strings.Cut(e.who.name, " ")
	e.replies++
	_, err := s.byMail(ctx, said{e: e, subject: "Re: " + e.subject, text: text, reply: true, signed: first})
	return err
}

// asked is what a customer does with a question of ours: answer it, later, after
// a reminder, with something else, or never.
func (s *sim) asked(e *errand, reminder bool) {
	share, median := 0.72, 90*time.Minute
	if reminder {
		share, median = 0.6, 4*time.Hour
	}
	if !happens(e.customer, share) {
		return
	}
	s.after(e, median, func(ctx context.Context, r balie.Request) error {
		if r.State != balie.Waiting {
			return nil
		}
		return s.write(ctx, e, s.replyTo(e, r))
	})
}

// replyTo is the answer to what was asked.
func (s *sim) replyTo(e *errand, r balie.Request) string {
	if len(r.Asked) > 0 && strings.HasPrefix(r.Asked[0], "product:") || happens(e.customer, 0.04) {
		return one(e.customer, s.words.Other.in(e.language))
	}
	var lines []string
	for _, id := range r.Asked {
		v := e.answers[id]
		if v == "" || happens(e.customer, 0.03) {
			continue
		}
		lines = append(lines, v)
	}
	if len(lines) == 0 {
		return one(e.customer, s.words.Other.in(e.language))
	}
	return strings.Join(lines, "\n")
}

// chase asks how it stands, when it is not solved yet.
func (s *sim) chase(ctx context.Context, e *errand) error {
	r, err := s.w.db.Request(ctx, e.request)
	if err != nil {
		return err
	}
	open := r.State == balie.AtDesk || r.State == balie.WithTeam
	if !open || e.chased || !happens(e.customer, 0.35) {
		return nil
	}
	e.chased = true
	return s.write(ctx, e, one(e.customer, s.words.Chase.in(e.language)))
}

// surveyed is what a customer does with the question how it went.
func (s *sim) surveyed(e *errand) {
	if e.scored || !happens(e.customer, 0.36) {
		return
	}
	e.scored = true
	s.after(e, 5*time.Hour, func(ctx context.Context, r balie.Request) error {
		score := s.score(e, r)
		remark := ""
		if happens(e.customer, 0.15) || score <= 2 {
			remark = one(e.customer, s.words.Remarks.in(e.language))
		}
		_, err := s.w.aftercare.Rate(ctx, r.ID, score, remark, s.now)
		if refused, ok := errors.AsType[*balie.MoveError](err); ok && refused != nil {
			return nil // reopened meanwhile
		}
		s.dirty = true
		return err
	})
}

// score is how somebody judges it: by what they had to wait and to repeat, and
// a little by who they are.
func (s *sim) score(e *errand, r balie.Request) int {
	mean := 4.62 + 0.12*float64(s.now.YearDay())/365
	if e.late {
		mean -= 1.15
	}
	if e.wrong {
		mean -= 0.8
	}
	mean -= 0.7*float64(r.ReopenCount) + 0.18*float64(r.Rounds) + 0.3*float64(r.Passed/3)
	if e.chased {
		mean -= 0.5
	}
	return grade(e.customer, mean)
}

func grade(r *rand.Rand, mean float64) int {
	x := mean + 0.75*r.NormFloat64()
	return min(max(int(x+0.5), 1), 5)
}
