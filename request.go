package balie

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// State of a request. Whom it waits on, the clocks and what the customer reads
// follow from it and are never set by hand.
type State uint8

// The states. The zero State is a request that is being opened; it is never
// stored.
const (
	AtDesk State = iota + 1
	Waiting
	WithTeam
	Planned
	AnsweredState
	Closed
)

var stateNames = [...]string{"new", "desk", "waiting", "handedout", "planned", "answered", "closed"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "state(" + strconv.Itoa(int(s)) + ")"
}

// MarshalText makes a State its name in JSON.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *State) UnmarshalText(b []byte) error {
	i := slices.Index(stateNames[:], string(b))
	if i < 0 {
		return &InvalidError{Field: "state", Problem: fmt.Sprintf("there is no state %q", clip(string(b), 40)),
			Fix: "use one of " + strings.Join(stateNames[1:], ", ")}
	}
	*s = State(i)
	return nil
}

// Outcome says how a closed request ended.
type Outcome string

// The outcomes.
const (
	Solved        Outcome = "solved"
	NoAnswer      Outcome = "no_answer"
	WithdrawnByIt Outcome = "withdrawn"
	Duplicate     Outcome = "duplicate"
	Spam          Outcome = "spam"
	RefusedByDesk Outcome = "refused"
)

// Priorities of a request; the zero value is Normal.
const (
	Low    = -1
	Normal = 0
	High   = 1
	Urgent = 2
)

// MaxRounds is how often a customer is asked for what is missing before a
// person looks.
const MaxRounds = 2

// Request is a customer's question through its whole life: the fold of its
// events. Version is the Seq of its last event.
type Request struct {
	ID           ID                `json:"id"`
	Version      uint64            `json:"version"`
	Ref          string            `json:"ref"`
	State        State             `json:"state"`
	Prior        State             `json:"prior,omitzero"` // the state before it was closed
	Outcome      Outcome           `json:"outcome,omitzero"`
	Kind         Kind              `json:"kind,omitzero"`
	Handouts     []Handout         `json:"handouts,omitempty"`
	Assignee     string            `json:"assignee,omitzero"`
	Customer     ID                `json:"customer,omitzero"`
	Participants []ID              `json:"participants,omitempty"`
	Channel      string            `json:"channel"`
	Account      string            `json:"account,omitzero"`
	Subject      string            `json:"subject,omitzero"`
	Language     string            `json:"language,omitzero"`
	Product      string            `json:"product,omitzero"`
	Priority     int               `json:"priority,omitzero"`
	Fields       map[string]string `json:"fields,omitempty"`
	Asked        []string          `json:"asked,omitempty"` // ids of the fields last asked for
	Rounds       int               `json:"rounds,omitzero"` // how often was asked
	ReopenCount  int               `json:"reopened,omitzero"`
	Tags         []string          `json:"tags,omitempty"`
	Links        []ID              `json:"links,omitempty"`
	Promised     time.Time         `json:"promised,omitzero"` // "uiterlijk": what the customer was told
	Opened       time.Time         `json:"opened"`
	Changed      time.Time         `json:"changed"`
	Next         time.Time         `json:"next,omitzero"`          // when progress must look again
	Preview      string            `json:"preview,omitzero"`       // the customer's last words, their beginning
	Spoke        Side              `json:"spoke,omitzero"`         // who said something last: customer, team or desk
	SpokeAt      time.Time         `json:"spoke_at,omitzero"`      // and when
	Responded    time.Time         `json:"responded,omitzero"`     // when a person or an answer first reached the customer
	Of           ID                `json:"of,omitzero"`            // closed as a duplicate: of which request
	PromisedAt   time.Time         `json:"promised_at,omitzero"`   // when Promised was said
	PromisedWord bool              `json:"promised_word,omitzero"` // Promised is when somebody is heard, and not when it is answered
	Date         time.Time         `json:"date,omitzero"`          // on which it goes on, when it is or was planned
	Pauses       []Pause           `json:"pauses,omitempty"`       // when what was promised stood still, oldest first
	Heard        time.Time         `json:"heard,omitzero"`         // when the customer last heard from us, receipts included
	Solved       time.Time         `json:"solved,omitzero"`        // when it was last answered or closed as solved; zero while it is not
	Passed       int               `json:"passed,omitzero"`        // how often it went from one to another
	Score        int               `json:"score,omitzero"`         // the customer's last rating, 1 to 5; 0 is none
	Failed       time.Time         `json:"failed,omitzero"`        // when a letter to the customer came to nothing and none went out since
	Fired        []string          `json:"fired,omitempty"`        // the timers set off, "timer:cause", oldest first; at most FiredLimit
}

// PreviewLimit bounds Preview, in bytes.
const PreviewLimit = 160

// Preview is the beginning of a text for a list: on one line, at most
// PreviewLimit bytes, no letter cut in two.
func Preview(text string) string {
	const look = 4 * PreviewLimit // bytes of a text that are looked at; white space folds to less
	if len(text) > look {
		text = text[:look]
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) <= PreviewLimit {
		return text
	}
	return strings.ToValidUTF8(text[:PreviewLimit-len("…")], "") + "…"
}

// OpenHandouts are the hand-outs somebody still has.
func (r Request) OpenHandouts() []Handout {
	var out []Handout
	for _, h := range r.Handouts {
		if h.Open() {
			out = append(out, h)
		}
	}
	return out
}

// Handout returns the hand-out with an id.
func (r Request) Handout(id ID) (Handout, bool) {
	for _, h := range r.Handouts {
		if h.ID == id {
			return h, true
		}
	}
	return Handout{}, false
}

// IsParticipant reports whether a person is the request's own.
func (r Request) IsParticipant(person ID) bool {
	return !person.IsZero() && (r.Customer == person || slices.Contains(r.Participants, person))
}

// move is one row of the table of moves: from which states, and what becomes
// of it. A nil to keeps the state.
type move struct {
	from []State
	to   func(r *Request, e Event) error
}

// unopened is the state of a request before its first decision.
const unopened State = 0

var anyOpen = []State{unopened, AtDesk, Waiting, WithTeam, Planned, AnsweredState}

// moves is the table: what is not in it is refused.
var moves = map[What]move{
	ToDesk:           {[]State{unopened, AtDesk, Waiting, WithTeam, Planned, AnsweredState}, to(AtDesk)},
	Asked:            {[]State{unopened, AtDesk}, ask},
	Answered:         {[]State{unopened, AtDesk, Planned}, answer},
	HandedOut:        {[]State{unopened, AtDesk, WithTeam}, handOut},
	HandoutAccepted:  {[]State{WithTeam, Planned}, handoutTo(Accepted)},
	HandoutDone:      {[]State{WithTeam, Planned}, handoutTo(Done)},
	HandoutRefused:   {[]State{WithTeam, Planned}, handoutTo(Refused)},
	HandoutReturned:  {[]State{WithTeam, Planned}, handoutTo(Returned)},
	HandoutWithdrawn: {[]State{WithTeam, Planned}, handoutTo(Withdrawn)},
	PlannedFor:       {[]State{AtDesk, WithTeam}, to(Planned)},
	Resumed:          {[]State{Planned}, resume},
	Replied:          {[]State{Waiting}, to(AtDesk)},
	Reopened:         {[]State{AnsweredState, Closed}, reopen},
	Confirmed:        {[]State{AnsweredState}, solved},
	Lapsed:           {[]State{AnsweredState}, solved},
	Unanswered:       {[]State{Waiting}, closeAs(NoAnswer)},
	ClosedAs:         {anyOpen, closeNamed},
	Undone:           {[]State{Closed}, undo},
	Unsent:           {[]State{AtDesk, Waiting, WithTeam, Planned, AnsweredState, Closed}, unsend},
}

// Apply returns the request after an event. It fails with ErrStale when the
// event is not the next one, and with *MoveError when the table of moves does
// not have it. The receiver is not changed.
func (r Request) Apply(e Event) (Request, error) {
	if e.Seq != r.Version+1 {
		return r, fmt.Errorf("request %s is at event %d, not %d: %w", r.Ref, r.Version, e.Seq-1, ErrStale)
	}
	if (e.What == Opened) != (r.Version == 0) {
		return r, &MoveError{r.Ref, r.State, e.What, "a request is opened once, and first"}
	}
	n := r.clone()
	n.Version, n.Changed = e.Seq, e.At
	if m, ok := moves[e.What]; ok {
		if !slices.Contains(m.from, r.State) {
			return r, &MoveError{r.Ref, r.State, e.What, ""}
		}
		if err := m.to(&n, e); err != nil {
			return r, err
		}
	}
	n.note(e)
	n.guard(r, e)
	if n.State == Closed {
		n.Next = time.Time{}
	}
	return n, nil
}

func (r Request) clone() Request {
	r.Handouts = slices.Clone(r.Handouts)
	r.Participants = slices.Clone(r.Participants)
	r.Tags = slices.Clone(r.Tags)
	r.Links = slices.Clone(r.Links)
	r.Asked = slices.Clone(r.Asked)
	r.Pauses = slices.Clone(r.Pauses)
	r.Fired = slices.Clone(r.Fired)
	r.Fields = maps.Clone(r.Fields)
	return r
}

func to(s State) func(*Request, Event) error {
	return func(r *Request, _ Event) error {
		r.State = s
		return nil
	}
}

func ask(r *Request, e Event) error {
	if r.Rounds >= MaxRounds && strings.HasPrefix(e.By, "router") {
		return &MoveError{r.Ref, r.State, e.What, "asked twice already: a person must look"}
	}
	r.State = Waiting
	r.Rounds++
	r.Asked = split(e.Data["fields"])
	return nil
}

func answer(r *Request, e Event) error {
	if r.Kind == Complaint && strings.HasPrefix(e.By, "router") {
		return &MoveError{r.Ref, r.State, e.What, "a complaint is never answered by itself"}
	}
	r.State = AnsweredState
	return nil
}

func handOut(r *Request, e Event) error {
	if e.Handout == nil || e.Handout.Team == "" || e.Handout.ID.IsZero() {
		return &MoveError{r.Ref, r.State, e.What, "it is not said to whom"}
	}
	if _, dup := r.Handout(e.Handout.ID); dup {
		return &MoveError{r.Ref, r.State, e.What, "that hand-out exists already"}
	}
	r.Handouts = append(r.Handouts, *e.Handout)
	r.State = WithTeam
	return nil
}

// handoutTo moves one hand-out; when it was the last open one, the request is
// back at the desk.
func handoutTo(s HandoutState) func(*Request, Event) error {
	return func(r *Request, e Event) error {
		id, err := ParseID(e.Data["handout"])
		i := slices.IndexFunc(r.Handouts, func(h Handout) bool { return h.ID == id })
		if err != nil || i < 0 {
			return &MoveError{r.Ref, r.State, e.What, "there is no such hand-out"}
		}
		if !r.Handouts[i].Open() {
			return &MoveError{r.Ref, r.State, e.What, "that hand-out is " + string(r.Handouts[i].State) + " already"}
		}
		r.Handouts[i].State = s
		r.Handouts[i].Reason = e.Data["reason"]
		if !r.Handouts[i].Open() {
			r.Handouts[i].Ended = e.At
		}
		if r.State == WithTeam && len(r.OpenHandouts()) == 0 {
			r.State = AtDesk
		}
		return nil
	}
}

func resume(r *Request, _ Event) error {
	r.State = AtDesk
	if len(r.OpenHandouts()) > 0 {
		r.State = WithTeam
	}
	return nil
}

func reopen(r *Request, _ Event) error {
	r.State = AtDesk
	r.Outcome, r.Of = "", ID{}
	r.ReopenCount++
	return nil
}

func solved(r *Request, e Event) error {
	if len(r.OpenHandouts()) > 0 {
		return &MoveError{r.Ref, r.State, e.What, "a hand-out is still open"}
	}
	return closeAs(Solved)(r, e)
}

func closeNamed(r *Request, e Event) error {
	o := Outcome(e.Data["outcome"])
	switch o {
	case WithdrawnByIt, Duplicate, Spam, RefusedByDesk:
		return closeAs(o)(r, e)
	}
	return &MoveError{r.Ref, r.State, e.What, fmt.Sprintf("%q is not a reason to close by hand", clip(string(o), 40))}
}

func closeAs(o Outcome) func(*Request, Event) error {
	return func(r *Request, e Event) error {
		r.Prior = max(r.State, AtDesk)
		r.State = Closed
		r.Outcome = o
		if of, err := ParseID(e.Data["of"]); err == nil && o == Duplicate {
			r.Of = of
		}
		for i := range r.Handouts {
			if r.Handouts[i].Open() {
				r.Handouts[i].State, r.Handouts[i].Ended = Withdrawn, e.At
			}
		}
		return nil
	}
}

// undo takes a close back, to the state before it or the one that is said.
// Hand-outs that were withdrawn with it stay so: the team has been told; the
// request is at the desk then.
func undo(r *Request, e Event) error {
	r.State, r.Prior, r.Outcome, r.Of = r.Prior, 0, "", ID{}
	return r.restore(e)
}

// unsend brings the request to where it was before an agent's message that was
// taken back in time: what is not said stays as it is.
func unsend(r *Request, e Event) error { return r.restore(e) }

// Standing is where a request stands, as Data of an event that brings it back
// there (Unsent, Undone).
func (r Request) Standing() map[string]string {
	return map[string]string{
		"state": r.State.String(), "prior": stateText(r.Prior), "outcome": string(r.Outcome), "of": r.Of.String(),
		"spoke": strconv.Itoa(int(r.Spoke)), "spoke_at": timeText(r.SpokeAt), "responded": timeText(r.Responded),
		"asked": strings.Join(r.Asked, ","), "rounds": strconv.Itoa(r.Rounds), "reopened": strconv.Itoa(r.ReopenCount),
		"promised": timeText(r.Promised), "promised_at": timeText(r.PromisedAt), "promised_word": strconv.FormatBool(r.PromisedWord),
		"heard": timeText(r.Heard), "solved": timeText(r.Solved), "pauses": pausesText(r.Pauses),
	}
}

func stateText(s State) string {
	if s == unopened {
		return ""
	}
	return s.String()
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// restore brings back what an event says of Standing.
func (r *Request) restore(e Event) error {
	for k, v := range e.Data {
		switch k {
		case "state":
			if err := r.State.UnmarshalText([]byte(v)); err != nil || r.State == unopened {
				return &MoveError{r.Ref, r.State, e.What, "it is not said what it was before"}
			}
		case "prior":
			r.Prior = 0
			if v != "" && r.Prior.UnmarshalText([]byte(v)) != nil {
				return &MoveError{r.Ref, r.State, e.What, "it is not said what it was before it was closed"}
			}
		case "outcome":
			r.Outcome = Outcome(v)
		case "asked":
			r.Asked = split(v)
		default:
			r.restoreValue(k, v)
		}
	}
	if r.State != Closed {
		r.Prior, r.Outcome, r.Of = 0, "", ID{}
	}
	if r.State == Closed && (r.Outcome == "" || len(r.OpenHandouts()) > 0) {
		return &MoveError{r.Ref, r.State, e.What, "it cannot be closed again so"}
	}
	if r.State == WithTeam && len(r.OpenHandouts()) == 0 {
		r.State = AtDesk
	}
	return nil
}

// restoreValue sets one number, time or id; what cannot be read stays.
func (r *Request) restoreValue(k, v string) {
	n, noNumber := strconv.Atoi(v)
	at, noTime := time.Parse(time.RFC3339Nano, v)
	if v == "" {
		at, noTime = time.Time{}, nil
	}
	switch {
	case k == "spoke" && noNumber == nil && n >= 0 && n <= int(DeskSide):
		r.Spoke = Side(n)
	case k == "rounds" && noNumber == nil:
		r.Rounds = n
	case k == "reopened" && noNumber == nil:
		r.ReopenCount = n
	case k == "spoke_at" && noTime == nil:
		r.SpokeAt = at
	case k == "responded" && noTime == nil:
		r.Responded = at
	case k == "promised" && noTime == nil:
		r.Promised = at
	case k == "promised_at" && noTime == nil:
		r.PromisedAt = at
	case k == "promised_word":
		r.PromisedWord = v == "true"
	case k == "heard" && noTime == nil:
		r.Heard = at
	case k == "solved" && noTime == nil:
		r.Solved = at
	case k == "pauses":
		if ps, err := readPauses(v); err == nil {
			r.Pauses = ps
		}
	case k == "of":
		if id, err := ParseID(v); err == nil {
			r.Of = id
		}
	}
}

// speak notes who said something last, and the customer's words.
func (r *Request) speak(e Event) {
	switch e.What {
	case Opened, Received, Replied, Reopened:
		if e.What == Reopened && strings.HasPrefix(e.By, "agent:") || e.Data["auto"] != "" { // no person wrote
			return
		}
		r.Spoke, r.SpokeAt = CustomerSide, e.At
		if p, ok := e.Data["preview"]; ok {
			r.Preview = Preview(p)
		}
	case TeamSaid, HandoutAsked, HandoutDone, HandoutRefused, HandoutReturned:
		r.Spoke, r.SpokeAt = TeamSide, e.At
	case Answered, Asked, Told:
		r.Spoke, r.SpokeAt = DeskSide, e.At
		if r.Responded.IsZero() && (e.What != Told || strings.HasPrefix(e.By, "agent:")) { // a receipt is no response
			r.Responded = e.At
		}
	}
}

// note takes over what an event says besides moving the request.
func (r *Request) note(e Event) {
	r.speak(e)
	if !e.Next.IsZero() {
		r.Next = e.Next
	}
	switch e.What {
	case Opened:
		r.ID, r.Opened = e.Request, e.At
		r.edit(e.Data)
	case Edited:
		r.edit(e.Data)
	case Filled:
		if r.Fields == nil {
			r.Fields = make(map[string]string, len(e.Data))
		}
		maps.Copy(r.Fields, e.Data)
		maps.DeleteFunc(r.Fields, func(_, v string) bool { return v == "" }) // taken out again
		if len(r.Fields) == 0 {
			r.Fields = nil
		}
	case Tagged:
		r.tag(split(e.Data["add"]), split(e.Data["remove"]))
	case Joined:
		if id, err := ParseID(e.Data["person"]); err == nil && !r.IsParticipant(id) {
			r.Participants = append(r.Participants, id)
		}
	case Erased:
		if id, err := ParseID(e.Data["person"]); err == nil {
			r.erase(id)
		}
	case Linked:
		if id, err := ParseID(e.Data["to"]); err == nil && !slices.Contains(r.Links, id) {
			r.Links = append(r.Links, id)
		}
	case Unsent, Undone: // restore has read it
	default:
		if p := e.Data["promised"]; p != "" {
			r.edit(map[string]string{"promised": p})
		}
	}
}

// erase takes a person out; of a customer also what the request says of them.
// How far it came and when stays.
func (r *Request) erase(person ID) {
	r.Participants = slices.DeleteFunc(r.Participants, func(id ID) bool { return id == person })
	if person.IsZero() || r.Customer != person {
		return
	}
	r.Customer, r.Subject, r.Preview, r.Fields, r.Tags = ID{}, "", "", nil, nil
	for i := range r.Handouts {
		r.Handouts[i].Reason = ""
	}
}

// edit sets the named properties; unknown names and unreadable values are left
// alone, so that an old version can fold the events of a newer one.
func (r *Request) edit(data map[string]string) {
	for k, v := range data {
		switch k {
		case "ref":
			r.Ref = v
		case "channel":
			r.Channel = v
		case "account":
			r.Account = v
		case "subject":
			r.Subject = v
		case "language":
			r.Language = v
		case "product":
			r.Product = v
		case "kind":
			r.Kind = Kind(v)
		case "assignee":
			r.Assignee = v
		case "customer":
			if id, err := ParseID(v); err == nil {
				r.Customer = id
			}
		case "priority":
			if n, err := strconv.Atoi(v); err == nil {
				r.Priority = n
			}
		case "promised":
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				r.Promised = t
			}
		}
	}
}

func (r *Request) tag(add, remove []string) {
	for _, t := range add {
		if !slices.Contains(r.Tags, t) {
			r.Tags = append(r.Tags, t)
		}
	}
	r.Tags = slices.DeleteFunc(r.Tags, func(t string) bool { return slices.Contains(remove, t) })
}

// split reads a comma separated list; the empty text is no list.
func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
