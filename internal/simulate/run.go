package simulate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

// tick is how often letters go out and timers are looked at while something
// happens. A timer that was known goes off at its own moment.
const tick = 5 * time.Minute

// sim is a run.
type sim struct {
	o      Options
	w      *world
	words  words
	people *population
	agenda agenda
	now    time.Time

	taken     map[int64]bool // milliseconds at which something came in
	errands   int
	numbers   int
	byID      map[balie.ID]*errand
	agents    []*agent
	teams     map[string]*team
	waiting   []*errand // callers, first come first served
	busy      map[balie.ID]bool
	chased    time.Time           // when somebody last went through what teams are late with
	letters   map[balie.ID]string // kind, by message
	cursor    store.FeedCursor
	guardAt   time.Time // when the next timer goes off
	dirty     bool      // something happened since the last tick
	handed    int       // messages handed to a sink
	calls     int       // written down by agents
	outcomes  map[string]int
	tally     tally
	improved  bool   // the poor answer is a good one by now
	catalogue string // as it was last published
	took      map[string]time.Duration
}

// Run plays a year. The store is whole when it returns nil.
func Run(ctx context.Context, o Options) (Summary, error) {
	began := time.Now()
	s, err := open(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	sum, err := s.play(ctx)
	if err != nil {
		return sum, errors.Join(fmt.Errorf("simulate %s: %w", s.now.In(s.w.zone).Format("2006-01-02 15:04"), err), s.w.close())
	}
	err = s.w.close()
	sum.Took = time.Since(began)
	return sum, err
}

func open(ctx context.Context, o Options) (*sim, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, err
	}
	s := &sim{o: o.complete(zone), taken: map[int64]bool{}, byID: map[balie.ID]*errand{}, busy: map[balie.ID]bool{}, letters: map[balie.ID]string{},
		outcomes: map[string]int{}, took: map[string]time.Duration{}, tally: newTally()}
	s.now = s.o.From
	if s.words, err = readWords(); err != nil {
		return nil, err
	}
	first, err := documents(s.o)
	if err != nil {
		return nil, err
	}
	s.catalogue = string(first[desk.CatalogueDoc])
	if s.w, err = openWorld(ctx, s.o, first, func() time.Time { return s.now }); err != nil {
		return nil, err
	}
	s.people = newPopulation(s.o, &s.words)
	s.hire()
	s.teams = newTeams(s)
	return s, s.register(ctx)
}

// play lets everything happen until the end.
func (s *sim) play(ctx context.Context) (Summary, error) {
	s.script()
	s.agenda.at(s.o.From, s.morning)
	s.agenda.at(s.o.From, s.beat)
	for {
		h, ok := s.agenda.first()
		if !ok || !h.at.Before(s.o.Until) {
			break
		}
		if ctx.Err() != nil {
			return Summary{}, context.Cause(ctx)
		}
		s.agenda.take()
		if h.at.After(s.now) {
			s.now = h.at
		}
		if err := h.do(ctx); err != nil {
			return Summary{}, err
		}
	}
	s.now = s.o.Until
	if err := s.settle(ctx); err != nil {
		return Summary{}, err
	}
	return s.summary(ctx)
}

// spent notes where the time of a run went.
func (s *sim) spent(where string, began time.Time) { s.took[where] += time.Since(began) }

// morning is the begin of a day: who works, and what will come in.
func (s *sim) morning(ctx context.Context) error {
	day := s.now.In(s.w.zone)
	if s.o.Day != nil {
		s.o.Day(day)
	}
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	s.day(day)
	s.shifts(day)
	y, m, d := day.Date()
	s.agenda.at(time.Date(y, m, d+1, 0, 0, 0, 0, s.w.zone), s.morning)
	return nil
}

// catchUp brings the book of reports up to date: signals are looked for in it.
func (s *sim) catchUp(ctx context.Context) error {
	defer s.spent("book", time.Now())
	return s.w.book.CatchUp(ctx)
}

// beat is what happens every few minutes, and when a timer goes off.
func (s *sim) beat(ctx context.Context) error {
	if s.dirty || !s.guardAt.IsZero() && !s.guardAt.After(s.now) {
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
	if err := s.idle(ctx); err != nil {
		return err
	}
	next := s.now.Truncate(tick).Add(tick)
	if s.guardAt.After(s.now) && s.guardAt.Before(next) {
		next = s.guardAt
	}
	s.agenda.at(next, s.beat)
	return nil
}

// settle lets timers go off and letters go out, and everybody hear of it.
func (s *sim) settle(ctx context.Context) error {
	s.dirty = false
	if err := s.hear(ctx); err != nil {
		return err
	}
	if err := s.step(ctx); err != nil {
		return err
	}
	if err := s.hear(ctx); err != nil {
		return err
	}
	if err := s.send(ctx); err != nil {
		return err
	}
	return s.hear(ctx)
}

// step lets timers go off.
func (s *sim) step(ctx context.Context) error {
	defer s.spent("timers", time.Now())
	did, err := s.w.guard.Step(ctx, s.now)
	if err != nil {
		return fmt.Errorf("guard what was promised: %w", err)
	}
	s.tally.stepped(did)
	s.guardAt = did.Next
	return nil
}

// send lets letters go out and brings them to their readers.
func (s *sim) send(ctx context.Context) error {
	began := time.Now()
	for {
		n, err := s.w.dispatch.Step(ctx, s.now)
		if err != nil {
			return fmt.Errorf("send letters: %w", err)
		}
		if n == 0 {
			break
		}
	}
	s.spent("dispatch", began)
	due, err := s.w.db.NextDue(ctx)
	if err != nil {
		return fmt.Errorf("look when the next letter goes out: %w", err)
	}
	if !due.IsZero() && (s.guardAt.IsZero() || due.Before(s.guardAt)) {
		s.guardAt = maxTime(due, s.now.Add(time.Millisecond))
	}
	for _, l := range s.w.post.take(s.order) {
		s.tally.letter(s.kindOf(l))
		if err := s.read(l); err != nil {
			return err
		}
	}
	return nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// order is the errand of a request as a number.
func (s *sim) order(id balie.ID) int {
	if e := s.byID[id]; e != nil {
		return e.n
	}
	return -1
}

// feedBatch is how many events are heard at once.
const feedBatch = 1000

// hear lets everybody hear what happened since.
func (s *sim) hear(ctx context.Context) error {
	defer s.spent("feed", time.Now())
	for {
		events, next, err := s.w.db.Read(ctx, s.cursor, feedBatch)
		if err != nil {
			return fmt.Errorf("read what happened: %w", err)
		}
		for _, e := range events {
			s.tally.event(e)
			s.heard(e)
		}
		s.cursor = next
		if len(events) < feedBatch {
			return nil
		}
	}
}

// heard notes which letter an event sent, and lets a team hear of what it got.
func (s *sim) heard(e balie.Event) {
	if kind, id := letterOf(e); !id.IsZero() {
		s.letters[id] = kind
	}
	x := s.byID[e.Request]
	if x == nil {
		return
	}
	switch e.What {
	case balie.Answered:
		if strings.HasPrefix(e.By, "router") && e.Decision != nil {
			s.byItself(x, e)
		}
	case balie.HandedOut:
		s.offered(x, *e.Handout)
	case balie.HandoutAsked:
		if id, err := balie.ParseID(e.Data["handout"]); err == nil {
			s.agenda.at(s.w.calendar.Add(s.now, around(x.desk, 20*time.Minute, 2)), func(ctx context.Context) error { return s.toTeam(ctx, x, id) })
		}
	case balie.HandoutWithdrawn, balie.HandoutDone, balie.HandoutRefused, balie.HandoutReturned:
		if id, err := balie.ParseID(e.Data["handout"]); err == nil {
			s.endWork(x, id)
		}
	case balie.ClosedAs, balie.Unanswered:
		for id := range x.handed {
			s.endWork(x, id)
		}
	case balie.Fired:
		x.fired(progress.TimerKind(e.Data["timer"]))
	}
}

// byItself is an answer that went out without a person. The lead looks at some
// of them afterwards.
func (s *sim) byItself(x *errand, e balie.Event) {
	answered := e.Decision.Facts.Match.Product
	x.wrong = answered != x.product || answered == poor && !s.improved && happens(luck(s.o.Seed, "poor", x.n), 0.12)
	if !happens(luck(s.o.Seed, "judge", x.n), 0.07) {
		return
	}
	s.agenda.at(s.w.calendar.Add(s.now, 3*time.Hour), func(ctx context.Context) error {
		product := x.product
		_, err := s.w.desk.Judge(ctx, lead, e.Request, e.Seq, answered == x.product, product, s.now)
		s.dirty = true
		if err != nil {
			return fmt.Errorf("judge an answer: %w", err)
		}
		return nil
	})
}

func (e *errand) fired(kind progress.TimerKind) {
	switch kind {
	case progress.OverdueTimer:
		e.late = true
	case progress.DelayTimer:
		e.delays++
	}
}

// letterOf is the letter that goes with an event, and what kind it is.
func letterOf(e balie.Event) (kind string, id balie.ID) {
	if e.What == balie.HandedOut && e.Handout != nil {
		return "team_handout", e.Handout.ID
	}
	text := e.Data["letter"]
	id, err := balie.ParseID(text)
	if err != nil || text == "" {
		id = e.Message
	}
	router := strings.HasPrefix(e.By, "router")
	switch e.What {
	case balie.Answered:
		if router {
			return "answer", id
		}
		return "reply", id
	case balie.Asked:
		return "question", id
	case balie.ToDesk, balie.Reopened:
		if text == "" {
			return "", balie.ID{}
		}
		return "receipt", id
	case balie.Told:
		if e.By == progress.By {
			return e.Data["why"], id
		}
		return "word", id
	case balie.ToldTeam:
		if e.By == progress.By {
			return "team_reminder", id
		}
		return "team_word", id
	case balie.HandoutWithdrawn:
		return "team_withdrawn", id
	}
	return "", balie.ID{}
}

// kindOf is what kind of letter went out.
func (s *sim) kindOf(l sent) string {
	switch kind := s.letters[l.message.ID]; {
	case kind != "":
		return kind
	case l.request.ID.IsZero():
		return "team_digest"
	case l.message.Side == balie.DeskSide:
		return "alert"
	case l.message.Side == balie.TeamSide:
		return "team_word"
	}
	return "word"
}
