package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/desk/search"
)

// agent is somebody who works at the desk.
type agent struct {
	desk.Actor
	n        int
	off      time.Weekday // the day of the week on which they are free
	from, to time.Time    // today; zero when they are not there
	lunch    time.Time
	job      *job
	call     *errand
	saw      <-chan struct{} // the list as they last found nothing in it
	looked   time.Time
}

const lunchTime = 30 * time.Minute

// job is what somebody is writing on.
type job struct {
	request balie.ID
	until   time.Time
	do      func(context.Context) error
}

var colleagues = []desk.Actor{
	{ID: "sanne", Name: "Sanne de Boer", Role: desk.Agent}, {ID: "bram", Name: "Bram de Groot", Role: desk.Agent},
	{ID: "yara", Name: "Yara Aydin", Role: desk.Agent}, {ID: "noor", Name: "Noor Jansen", Role: desk.Agent},
	{ID: "daan", Name: "Daan Mulder", Role: desk.Agent}, {ID: "eline", Name: "Eline Prins", Role: desk.Agent},
	{ID: "joost", Name: "Joost Bakker", Role: desk.Agent}, {ID: "karin", Name: "Karin Vos", Role: desk.Agent},
}

// lead looks after the desk: judges, publishes, and takes what is a complaint.
var lead = desk.Actor{ID: "lex", Name: "Lex Verhoeven", Role: desk.Lead}

// keeper publishes documents.
var keeper = desk.Actor{ID: "ada", Name: "Ada Koster", Role: desk.Admin}

func (s *sim) hire() {
	for i := range s.o.Desk.Agents {
		a := &agent{n: i, off: time.Weekday(1 + i%5)}
		a.Actor = colleagues[i%len(colleagues)]
		if i >= len(colleagues) {
			a.ID, a.Name = fmt.Sprintf("%s%d", a.ID, i), fmt.Sprintf("%s %d", a.Name, i)
		}
		s.agents = append(s.agents, a)
	}
}

// register makes everybody a user, so that the desk that is served afterwards
// knows who did what.
func (s *sim) register(ctx context.Context) error {
	all := []desk.Actor{lead, keeper}
	for _, a := range s.agents {
		all = append(all, a.Actor)
	}
	setup := desk.Actor{ID: "setup", Name: "balie simulate", Role: desk.Admin}
	for _, a := range all {
		n := auth.NewUser{ID: a.ID, Name: a.Name, Mail: a.ID + "@" + domain, Role: a.Role}
		if _, err := s.w.users.AddUser(ctx, setup, n, s.now); err != nil {
			return fmt.Errorf("make user %s: %w", a.ID, err)
		}
	}
	return nil
}

// shifts says who works on a day, and when.
func (s *sim) shifts(day time.Time) {
	there := 0
	closed := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || s.w.calendar.Holiday(day) != ""
	y, m, d := day.Date()
	clock := func(minutes int) time.Time { return time.Date(y, m, d, 0, minutes, 0, 0, s.w.zone) }
	for i, a := range s.agents {
		a.from, a.to = time.Time{}, time.Time{}
		r := luck(s.o.Seed, "shift", (y*400+day.YearDay())*100+i)
		absent := day.Weekday() == a.off || happens(r, 0.035) || s.onLeave(a, day)
		left := len(s.agents) - i
		if closed || absent && there+left > max(len(s.agents)/2, 1) {
			continue
		}
		there++
		begin := 8*60 + 30*(there%3)*boolInt(there > 1)
		a.from, a.to, a.lunch = clock(begin), clock(begin+8*60+30), clock(11*60+45+30*(there%4))
		if there == 2 { // somebody stays until the desk closes
			a.from, a.to = clock(9*60), clock(17*60+30)
		}
		for _, t := range []time.Time{a.from, a.lunch.Add(lunchTime)} {
			s.agenda.at(t, s.idle)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// onLeave is two weeks in summer and some days around the year.
func (s *sim) onLeave(a *agent, day time.Time) bool {
	r := luck(s.o.Seed, "leave", a.n)
	summer := 190 + r.IntN(50)
	if n := day.YearDay(); n >= summer && n < summer+14 {
		return true
	}
	for range 8 {
		if day.YearDay() == 1+r.IntN(365) {
			return true
		}
	}
	return false
}

// works reports whether somebody is at the desk, and not at lunch.
func (a *agent) works(t time.Time) bool {
	lunch := !t.Before(a.lunch) && t.Before(a.lunch.Add(lunchTime))
	return !t.Before(a.from) && t.Before(a.to) && !lunch
}

// idle gives everybody who has nothing to do something to do.
func (s *sim) idle(ctx context.Context) error {
	if err := s.pickUp(); err != nil {
		return err
	}
	for _, a := range s.agents {
		if !a.works(s.now) || a.job != nil || a.call != nil {
			continue
		}
		row, ok, err := s.next(ctx, a)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.begin(ctx, a, row); err != nil {
			return err
		}
	}
	return nil
}

// look is how many rows of the list somebody looks at.
const look = 6

// again is how soon somebody who found nothing looks again although nothing
// happened: what is late by then is anybody's.
const again = 20 * time.Minute

// next is what somebody takes: of what waits at the desk the most urgent, then
// whoever wrote again while a team has their question, then what a team is late
// with.
func (s *sim) next(ctx context.Context, a *agent) (desk.Row, bool, error) {
	defer s.spent("lists", time.Now())
	if err := s.w.overview.Step(ctx); err != nil {
		return desk.Row{}, false, err
	}
	news := s.w.overview.Changed()
	if a.saw == news && s.now.Sub(a.looked) < again {
		return desk.Row{}, false, nil
	}
	status := func(st balie.State) search.Term { return search.Term{Key: search.Status, Value: st.String()} }
	lists := [][]search.Term{{status(balie.AtDesk)}, {{Key: search.Is, Value: "reply"}, status(balie.WithTeam)}}
	if s.now.Sub(s.chased) > again { // one of them goes through these
		s.chased = s.now
		lists = append(lists, []search.Term{{Key: search.Is, Value: "late"}, status(balie.WithTeam)})
	}
	for _, terms := range lists {
		row, ok, err := s.among(ctx, a, terms)
		if ok || err != nil {
			return row, ok, err
		}
	}
	a.saw, a.looked = news, s.now
	return desk.Row{}, false, nil
}

// among is the first of a list that somebody takes.
func (s *sim) among(ctx context.Context, a *agent, terms []search.Term) (desk.Row, bool, error) {
	q := desk.Query{Find: search.Query{Terms: terms}, Sort: desk.ByUrgency}
	for after := ""; ; {
		p, err := s.w.overview.Page(ctx, a.Actor, q, after, look, s.now)
		if err != nil {
			return desk.Row{}, false, fmt.Errorf("look at the list: %w", err)
		}
		for _, r := range p.Rows {
			if s.takes(a, r) {
				return r, true, nil
			}
		}
		if after = p.Next; after == "" {
			return desk.Row{}, false, nil
		}
	}
}

// takes reports whether a row is work for somebody. What is late with a team is
// looked into once a day.
func (s *sim) takes(a *agent, r desk.Row) bool {
	e := s.byID[r.Request.ID]
	if e == nil || s.busy[r.Request.ID] {
		return false
	}
	if r.Request.State == balie.WithTeam && !r.Reply {
		return s.now.Sub(e.nudged) > 20*time.Hour
	}
	return s.isFor(a, r)
}

// isFor reports whether somebody takes a request: their own, nobody's, or that
// of somebody who is not there.
func (s *sim) isFor(a *agent, r desk.Row) bool {
	who := r.Request.Assignee
	if who == "" || who == a.ID || r.Group == desk.LateGroup {
		return true
	}
	i := slices.IndexFunc(s.agents, func(o *agent) bool { return o.ID == who })
	return i < 0 || !s.agents[i].works(s.now)
}

// begin takes a request and says how long it will be.
func (s *sim) begin(ctx context.Context, a *agent, row desk.Row) error {
	e := s.byID[row.Request.ID]
	if row.Request.Assignee != a.ID && row.Request.State == balie.AtDesk {
		if _, _, err := s.w.desk.Assign(ctx, a.Actor, row.Request.ID, a.ID, s.now); err != nil {
			return fmt.Errorf("take request %s: %w", row.Request.Ref, err)
		}
		s.dirty = true
	}
	took := s.handling(e)
	if row.Request.State != balie.AtDesk {
		took /= 2
	}
	s.work(a, &job{request: row.Request.ID, until: s.now.Add(took), do: func(ctx context.Context) error { return s.handle(ctx, a, e) }})
	return nil
}

// work keeps somebody busy until a job is done; calls come in between.
func (s *sim) work(a *agent, j *job) {
	a.job = j
	s.busy[j.request] = true
	var end func(context.Context) error
	end = func(ctx context.Context) error {
		if a.call != nil || s.now.Before(j.until) {
			s.agenda.at(maxTime(j.until, s.now.Add(time.Minute)), end)
			return nil
		}
		a.job = nil
		delete(s.busy, j.request)
		began := time.Now()
		err := j.do(ctx)
		s.spent("agents", began)
		s.dirty = true
		if err != nil {
			return err
		}
		return s.idle(ctx)
	}
	s.agenda.at(j.until, end)
}

// handling is how long an agent is busy with an errand, by what it is about.
func (s *sim) handling(e *errand) time.Duration {
	median := 7 * time.Minute
	switch e.product {
	case "":
		median = 10 * time.Minute
	case "klacht", "verbouwing", "dienstverlening", "verhuizing":
		median = 16 * time.Minute
	case "openingstijden", "post", "bezoeker", "parkeren":
		median = 5 * time.Minute
	}
	return max(around(e.desk, median, 1.6), time.Minute)
}

// ring is somebody calling, or standing at the counter.
func (s *sim) ring(ctx context.Context, e *errand) error {
	s.waiting = append(s.waiting, e)
	patience := around(e.customer, 150*time.Second, 1.7)
	if !s.w.calendar.IsOpen(s.now) {
		patience = 20 * time.Second
	}
	if e.channel == "counter" {
		patience *= 5
	}
	s.agenda.at(s.free(s.now.Add(patience)), func(ctx context.Context) error { return s.hangUp(ctx, e) })
	return s.pickUp()
}

// free is a moment in whose millisecond nothing came in.
func (s *sim) free(t time.Time) time.Time {
	t = t.Truncate(time.Millisecond)
	for s.taken[t.UnixMilli()] {
		t = t.Add(time.Millisecond)
	}
	s.taken[t.UnixMilli()] = true
	return t
}

// hangUp is somebody who waited long enough.
func (s *sim) hangUp(ctx context.Context, e *errand) error {
	i := slices.Index(s.waiting, e)
	if i < 0 {
		return nil
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	s.tally.missed++
	if e.channel == "counter" { // they write it down
		e.channel, e.reach = "form", "email"
		got, err := s.byForm(ctx, e)
		if err == nil {
			s.opened(e, got.Request)
		}
		return err
	}
	got, err := s.voicemail(ctx, e)
	if err != nil {
		return err
	}
	s.opened(e, got.Request)
	return nil
}

// pickUp gives those who wait at the telephone or the counter to whoever is
// free, or only writes.
func (s *sim) pickUp() error {
	for len(s.waiting) > 0 {
		a := s.answers()
		if a == nil {
			return nil
		}
		e := s.waiting[0]
		s.waiting = s.waiting[1:]
		a.call = e
		took := max(around(e.desk, 4*time.Minute, 1.6), 40*time.Second)
		if a.job != nil {
			a.job.until = a.job.until.Add(took)
		}
		s.agenda.at(s.free(s.now.Add(took)), func(ctx context.Context) error {
			a.call = nil
			s.dirty = true
			if err := s.logCall(ctx, a, e, took); err != nil {
				return err
			}
			return s.idle(ctx)
		})
	}
	return nil
}

// answers is who picks up: somebody with nothing to do first.
func (s *sim) answers() *agent {
	var writes *agent
	for _, a := range s.agents {
		switch {
		case !a.works(s.now) || a.call != nil:
		case a.job == nil:
			return a
		case writes == nil:
			writes = a
		}
	}
	return writes
}

func either[T any](r *rand.Rand, share float64, a, b T) T {
	if happens(r, share) {
		return a
	}
	return b
}
