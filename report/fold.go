package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/progress"
)

// InForce gives the documents that were in force at a moment; those of now for
// the zero time. What a request was promised is judged by those of the moment
// at which the promise was kept, or the request ended without: a later change
// of a target does not change what was said of the past, and folding anew
// gives the same. What is still open is judged by those of now, as its clock is.
type InForce func(at time.Time) progress.Setting

// FactOf makes the fact of a request of all its events, in their order. It is
// pure, and fails only when they are not a request's.
func FactOf(events []balie.Event, docs InForce) (Fact, error) {
	x := folding{docs: docs}
	for i := 0; i < len(events); {
		j := i + 1
		for j < len(events) && events[j].At.Equal(events[i].At) {
			j++
		}
		if err := x.moment(events[i:j]); err != nil {
			return Fact{}, err
		}
		i = j
	}
	if x.r.Version == 0 {
		return Fact{}, fmt.Errorf("a request without events: %w", balie.ErrNotFound)
	}
	return x.fact(), nil
}

// folding is a fact in the making.
type folding struct {
	docs     InForce
	r        balie.Request // as it was at the event before
	org      balie.Organisation
	asked    bool // its organisation was looked for
	path     []held
	answers  []answer
	words    words
	reviewed map[string]bool // by number of the event that decided: whether it was right
	lastBy   string          // the agent who acted last, and when
	lastAt   time.Time
	f        Fact
}

// held is a step of the path while it is made.
type held struct {
	holder, rule string
	from         time.Time
}

// answer is one answer to the customer.
type answer struct {
	at      time.Time
	by      string
	touches int // of agents, before it
}

// moment folds what happened at one moment: the events of a Change.
func (x *folding) moment(events []balie.Event) error {
	was := x.r
	for _, e := range events {
		before := x.r
		after, err := before.Apply(e)
		if err != nil {
			return fmt.Errorf("fold event %d of request %s: %w", e.Seq, e.Request, err)
		}
		x.r = after
		x.event(before, e)
	}
	x.f.Surveyed = x.f.Surveyed || wrote(events, progress.AftercareTimer)
	x.inform(was, events)
	return nil
}

// wrote reports whether the customer got a letter because a timer of one of some
// kinds went off: both are of the same Change.
func wrote(events []balie.Event, kinds ...progress.TimerKind) bool {
	fired := slices.ContainsFunc(events, func(e balie.Event) bool {
		return e.What == balie.Fired && slices.Contains(kinds, progress.TimerKind(e.Data["timer"]))
	})
	return fired && slices.ContainsFunc(events, func(e balie.Event) bool {
		return e.What == balie.Told && e.By == "timer" && e.Data["letter"] != ""
	})
}

// setting is the documents of a moment, for the customer's organisation.
func (x *folding) setting(at time.Time) progress.Setting {
	s := x.docs(at)
	s.Organisation = x.org
	return s
}

// event notes what the request itself does not keep.
func (x *folding) event(was balie.Request, e balie.Event) {
	if d := e.Decision; d != nil {
		x.decision(e, *d)
	}
	if was.State == 0 && x.r.State != 0 {
		x.decided(e)
	}
	switch e.What {
	case balie.Answered:
		x.answers = append(x.answers, answer{e.At, e.By, x.f.Touches})
		x.f.Unaided = x.f.Unaided || isRouter(e)
	case balie.HandedOut:
		if complete(e) {
			x.f.Complete++
		}
	case balie.Reopened:
		x.f.Reopens = e.At
	case balie.Rated:
		if x.r.Score > 0 && fmt.Sprint(x.r.Score) == e.Data["score"] {
			x.f.Scored = e.At
		}
	case balie.Judged:
		if x.reviewed == nil {
			x.reviewed = map[string]bool{}
		}
		x.reviewed[e.Data["of"]] = e.Data["right"] == "true"
	case balie.Alerted:
		x.f.Alarms++
	case balie.Undone, balie.Unsent:
		if x.f.Decided == SolvedAtOnce && x.r.Solved.IsZero() {
			x.f.Decided = ToDesk
		}
	}
	if x.r.State == balie.Closed && was.State != balie.Closed {
		x.f.Closed = e.At
	}
	x.touch(e)
	x.step(was, e)
}

func isRouter(e balie.Event) bool { return strings.HasPrefix(e.By, "router") }

func isAgent(e balie.Event) bool { return strings.HasPrefix(e.By, "agent:") }

// decision notes what was decided, and the organisation it was decided for.
func (x *folding) decision(e balie.Event, d balie.Decision) {
	if !x.asked {
		x.asked = true
		c := d.Facts.Customer
		x.org = balie.Organisation{ID: c.Organisation, KeyAccount: c.KeyAccount, Segment: c.Segment, AccountManager: c.Manager}
	}
	if !isRouter(e) {
		return
	}
	if len(x.f.Rulings) == 0 {
		x.f.Rule, x.f.Ruleset = d.Rule, d.Ruleset
	}
	also := slices.DeleteFunc(slices.Clone(d.Matched), func(rule string) bool { return rule == d.Rule })
	if len(also) == 0 {
		also = nil
	}
	x.f.Rulings = append(x.f.Rulings, Ruling{Rule: d.Rule, Ruleset: d.Ruleset, Also: also})
}

// decided notes the first move.
func (x *folding) decided(e balie.Event) {
	switch e.What {
	case balie.Answered:
		x.f.Decided = SolvedAtOnce
		if !isAgent(e) {
			x.f.Decided = FromCatalogue
		}
	case balie.Asked:
		x.f.Decided = AskedFirst
	case balie.HandedOut:
		x.f.Decided = ToBackoffice
		if s := x.docs(e.At); s.Catalogue != nil {
			if t, ok := s.Catalogue.Team(e.Handout.Team); ok && t.Kind == balie.Account {
				x.f.Decided = ToAccount
			}
		}
	case balie.ClosedAs:
		x.f.Decided = Discarded
	default:
		x.f.Decided = ToDesk
	}
}

// complete reports whether a hand-out had all that its product asks for: the
// router knows, and an agent who hands out what is not complete says why.
func complete(e balie.Event) bool {
	if e.Decision != nil && isRouter(e) {
		return len(e.Decision.Facts.Missing) == 0
	}
	return e.Data["why"] == ""
}

// touch counts an act of an agent. Whether a match was right is asked of
// answers that nobody had touched; to say so is no touch.
func (x *folding) touch(e balie.Event) {
	if !isAgent(e) || e.What == balie.Judged || e.What == balie.Dismissed {
		return
	}
	if e.By == x.lastBy && e.At.Equal(x.lastAt) {
		return
	}
	x.lastBy, x.lastAt = e.By, e.At
	x.f.Touches++
}

// holder is who has a request.
func holder(r balie.Request) string {
	switch r.State {
	case balie.AtDesk:
		return "desk"
	case balie.Waiting:
		return "customer"
	case balie.WithTeam:
		for _, h := range r.Handouts {
			if h.Open() {
				return "team:" + h.Team
			}
		}
		return "desk"
	case balie.Planned:
		return "planned"
	case balie.AnsweredState:
		return "answered"
	case balie.Closed:
		return "closed:" + string(r.Outcome)
	}
	return "router"
}

// pathLimit bounds the steps of a path; what goes on longer ends in its last.
const pathLimit = 200

// step adds to the path when somebody else has the request. What was taken back
// goes from it: whoever had it then, had it all the time.
func (x *folding) step(was balie.Request, e balie.Event) {
	h := holder(x.r)
	n := len(x.path)
	if n > 0 && x.path[n-1].holder == h {
		return
	}
	if e.What == balie.Undone || e.What == balie.Unsent {
		for n > 1 && x.path[n-1].holder != h && ended(x.path[n-1].holder) {
			n--
		}
		x.path = x.path[:n]
		if x.path[n-1].holder == h {
			return
		}
	}
	at := e.At
	if n > 0 && at.Before(x.path[n-1].from) { // the clock was put back
		at = x.path[n-1].from
	}
	next := held{holder: h, from: at}
	if e.Decision != nil && isRouter(e) && was.State != x.r.State {
		next.rule = e.Decision.Rule
	}
	if n >= pathLimit {
		next.from = x.path[n-1].from
		x.path[n-1] = next
		return
	}
	x.path = append(x.path, next)
}

// ended reports whether a holder can be the end of an act that is taken back.
func ended(holder string) bool {
	return holder == "answered" || holder == "customer" || strings.HasPrefix(holder, "closed:")
}

// second is a moment as a fact has it.
func second(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), 0).UTC()
}

func seconds(d time.Duration) time.Duration { return max(d.Truncate(time.Second), 0) }

// fact is the fact at the end.
func (x *folding) fact() Fact {
	r, f := x.r, x.f
	f.Request, f.Opened, f.Solved, f.Responded = r.ID, second(r.Opened), second(r.Solved), second(progress.Responded(r))
	f.Closed = second(f.Closed)
	if r.State != balie.Closed {
		f.Closed = time.Time{}
	}
	f.Reopens, f.Scored = second(f.Reopens), second(f.Scored)
	f.Outcome, f.State, f.Kind, f.Priority = r.Outcome, r.State, r.Kind, r.Priority
	f.Channel, f.Product, f.Language = r.Channel, r.Product, r.Language
	f.Customer, f.Organisation = r.Customer, x.org.ID
	if r.Customer.IsZero() { // nobody knows who it was, or they are erased
		f.Organisation = ""
	}
	f.Rounds, f.Passed, f.Reopened, f.Score = r.Rounds, r.Passed, r.ReopenCount, r.Score
	f.Merged = r.Outcome == balie.Duplicate
	if f.Reopened == 0 {
		f.Reopens = time.Time{}
	}
	x.handouts(&f)
	x.answered(&f)
	x.judge(&f)
	x.walked(&f)
	f.Words, f.WordsLate, f.WordDue = len(x.words.said), x.words.late(), second(x.words.due)
	for _, right := range x.reviewed {
		f.Judged++
		if right {
			f.JudgedOK++
		}
	}
	return f
}

func (x *folding) handouts(f *Fact) {
	for _, h := range x.r.Handouts {
		f.Handouts++
		if h.State == balie.Refused || h.State == balie.Returned {
			f.Returned++
		}
		if !slices.Contains(f.Teams, h.Team) {
			f.Teams = append(f.Teams, h.Team)
		}
	}
	if len(f.Teams) > 0 {
		f.Team = f.Teams[0]
	}
}

// answered says whose the answer is that counts: the one given when the
// request was last solved.
func (x *folding) answered(f *Fact) {
	f.Agent = x.r.Assignee
	if x.r.Solved.IsZero() {
		return
	}
	for _, a := range slices.Backward(x.answers) {
		if !a.at.Equal(x.r.Solved) {
			continue
		}
		f.Automatic = strings.HasPrefix(a.by, "router") && a.touches == 0
		if agent, ok := strings.CutPrefix(a.by, "agent:"); ok {
			f.Agent = agent
		}
		return
	}
}

// judge says whether what was promised was kept, by the documents in force.
func (x *folding) judge(f *Fact) {
	r := x.r
	end := r.Solved
	if end.IsZero() {
		end = x.closed()
	}
	s := x.setting(end)
	respond, resolve := s.Results(r)
	first := progress.Responded(r)
	if first.IsZero() {
		first = end
	}
	if other := x.setting(first); other.Catalogue != s.Catalogue || other.Policy != s.Policy {
		respond, _ = other.Results(r)
	}
	f.Respond, f.RespondTarget, f.RespondDue = seconds(respond.Took), seconds(respond.Target), second(respond.Due)
	f.Resolve, f.ResolveTarget, f.ResolveDue = seconds(resolve.Took), seconds(resolve.Target), second(resolve.Due)
	f.RespondKept = !respond.Due.IsZero() && !respond.At.IsZero() && respond.Kept
	f.ResolveKept = !resolve.Due.IsZero() && !r.Solved.IsZero() && resolve.Kept
	if n := len(r.Pauses); n > 0 && r.Paused() && r.Pauses[n-1].Why != balie.AfterAnswer {
		f.Paused = second(r.Pauses[n-1].From)
	}
	for _, p := range r.Pauses {
		if p.Why != balie.AfterAnswer && p.To.After(p.From) {
			f.Waited += p.To.Sub(p.From)
		}
	}
	f.Waited = seconds(f.Waited)
	f.Place = place(s, r)
}

func (x *folding) closed() time.Time {
	if x.r.State == balie.Closed {
		return x.f.Closed
	}
	return time.Time{}
}

// placeLimit bounds a place, in bytes.
const placeLimit = 60

// place is where a request is about.
func place(s progress.Setting, r balie.Request) string {
	if s.Catalogue == nil {
		return ""
	}
	p, _ := s.Catalogue.Product(r.Product)
	for _, field := range p.Fields {
		if field.Type != balie.LocationField {
			continue
		}
		v := strings.ToLower(strings.Join(strings.Fields(r.Fields[field.ID]), " "))
		if len(v) > placeLimit {
			v = strings.ToValidUTF8(v[:placeLimit], "")
		}
		if v != "" {
			return v
		}
	}
	return ""
}

// walked fills in the path.
func (x *folding) walked(f *Fact) {
	for i, h := range x.path {
		s := Step{Holder: h.holder, Rule: h.rule}
		if i+1 < len(x.path) {
			s.Took = second(x.path[i+1].from).Sub(second(h.from))
		}
		if strings.HasPrefix(h.holder, "team:") {
			f.Had += s.Took
		}
		f.Path = append(f.Path, s)
	}
}
