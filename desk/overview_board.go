package desk

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
)

// row is an open request as lists need it: what they show is read from the
// store, but what they choose and order by is here. About 170 bytes with its
// places in the lists; texts are numbers (board.names).
type row struct {
	id       balie.ID
	customer balie.ID
	due      int64 // of the nearest clock, in Unix nanoseconds as the others; never: noDue
	word     int64 // when the customer must hear something; never: noDue
	opened   int64
	changed  int64
	lane     *lane
	assignee uint32
	product  uint32
	channel  uint32
	language uint32
	kind     uint32
	outcome  uint32
	org      uint32
	tags     uint32 // a list, see list
	open     uint32 // teams that have it, a list
	ever     uint32 // teams that have or had it, a list
	state    balie.State
	priority int8
	held     holders
	is       marks
}

// noDue is behind every moment.
const noDue = math.MaxInt64

// holders are the kinds of team that have a request.
type holders uint8

const (
	withBackoffice holders = 1 << iota
	withAccount
	withSupplier
	withApprover
)

// marks are facts that filters ask for.
type marks uint8

const (
	isReply    marks = 1 << iota // the customer came back and nobody answered
	isReopened                   //
	isNew                        // nobody has looked at it
	isPaused                     // its clock stands still
	isFailed                     // a letter to the customer came to nothing
	isCall                       // the customer is to be called
)

// CallBack is the tag of a request whose customer is to be called.
const CallBack = "call-back"

// terms are by what promises and teams are judged: the catalogue in force.
type terms struct {
	brain    *intake.Brain
	calendar hours.Calendar
}

func newTerms(b *intake.Brain, c hours.Calendar) terms { return terms{b, c} }

// setting is what the promises of a request of an organisation are reckoned with.
func (t terms) setting(org string) progress.Setting {
	if t.brain == nil {
		return progress.Setting{Calendar: t.calendar}
	}
	return t.brain.Setting(t.calendar, org)
}

// kindOf is the kind of a team; one that is gone counts as a backoffice.
func (t terms) kindOf(team string) balie.TeamKind {
	if t.brain != nil && t.brain.Catalogue != nil {
		if x, ok := t.brain.Catalogue.Team(team); ok {
			return x.Kind
		}
	}
	return balie.Backoffice
}

// board has a row for every open request, in lists by due time, and counts
// that change with it.
type board struct {
	terms terms
	rows  map[balie.ID]*row
	lanes []*lane
	names map[string]uint32
	texts []string
	lists map[uint32][]uint32 // of names that are lists
	count map[View]int
	mine  map[uint32]int // by assignee
	loose bool           // while it is read, lanes are not sorted
	pressing
}

// lane is the rows of one calendar, whose clocks all run or all stand still,
// by due time. In such a list what is late comes before what is due within the
// hour, and so on, whatever the time is.
type lane struct {
	name    string
	cal     hours.Calendar
	resting bool
	rows    []*row
}

func newBoard(t terms) *board {
	return &board{
		terms: t, rows: map[balie.ID]*row{}, names: map[string]uint32{"": 0}, texts: []string{""},
		lists: map[uint32][]uint32{}, count: map[View]int{}, mine: map[uint32]int{}, loose: true, pressing: pressing{byHand: map[*row]bool{}},
	}
}

func (b *board) has(id balie.ID) bool {
	_, ok := b.rows[id]
	return ok
}

// name is the number of a text.
func (b *board) name(s string) uint32 {
	if n, ok := b.names[s]; ok {
		return n
	}
	n := uint32(len(b.texts))
	b.names[s] = n
	b.texts = append(b.texts, s)
	return n
}

// list is the number of a list of texts.
func (b *board) list(all []string) uint32 {
	if len(all) == 0 {
		return 0
	}
	key := "\x00" + strings.Join(all, "\x00")
	if n, ok := b.names[key]; ok {
		return n
	}
	var each []uint32
	for _, s := range all {
		each = append(each, b.name(s))
	}
	n := b.name(key)
	b.lists[n] = each
	return n
}

func (b *board) lane(name string, cal hours.Calendar, resting bool) *lane {
	for _, l := range b.lanes {
		if l.name == name && l.resting == resting {
			return l
		}
	}
	l := &lane{name: name, cal: cal, resting: resting}
	b.lanes = append(b.lanes, l)
	return l
}

// row makes the row of a request, also of a closed one, without keeping it.
func (b *board) row(r balie.Request, org string) *row {
	due := b.terms.setting(org).Due(r)
	clock := due.Nearest()
	name, cal := clock.Calendar()
	if clock.IsZero() {
		cal = b.terms.calendar
	}
	w := &row{
		id: r.ID, customer: r.Customer, due: noDue, word: wordOf(r, due), opened: r.Opened.UnixNano(), changed: r.Changed.UnixNano(), state: r.State, priority: int8(r.Priority),
		assignee: b.name(r.Assignee), product: b.name(r.Product), channel: b.name(r.Channel), language: b.name(r.Language),
		kind: b.name(string(r.Kind)), outcome: b.name(string(r.Outcome)), org: b.name(org),
		tags: b.list(r.Tags), open: b.list(teamsOf(r, true)), ever: b.list(teamsOf(r, false)),
	}
	if !clock.IsZero() {
		w.due = clock.Due.UnixNano()
	}
	for _, h := range r.Handouts {
		if h.Open() {
			w.held |= kindBit(b.terms.kindOf(h.Team))
		}
	}
	if isReplied(r) {
		w.is |= isReply
	}
	if !r.Failed.IsZero() {
		w.is |= isFailed
	}
	if slices.Contains(r.Tags, CallBack) {
		w.is |= isCall
	}
	if r.ReopenCount > 0 {
		w.is |= isReopened
	}
	if isUntouched(r) {
		w.is |= isNew
	}
	if !clock.Running() {
		w.is |= isPaused
	}
	w.lane = b.lane(name, cal, !clock.Running())
	return w
}

// wordOf is when the customer must hear something: what they were told, if they
// heard nothing since, or the next update, whichever is first.
func wordOf(r balie.Request, due Clocks) int64 {
	if r.State != balie.AtDesk && r.State != balie.WithTeam {
		return noDue
	}
	word := int64(noDue)
	if !r.Promised.IsZero() {
		word = r.Promised.UnixNano()
	}
	if !due.Update.IsZero() {
		word = min(word, due.Update.Due.UnixNano())
	}
	return word
}

func kindBit(k balie.TeamKind) holders {
	switch k {
	case balie.Account:
		return withAccount
	case balie.Supplier:
		return withSupplier
	case balie.Approver:
		return withApprover
	}
	return withBackoffice
}

// isReplied: the customer came back, and nobody answered since.
func isReplied(r balie.Request) bool {
	return r.State != balie.Closed && r.Spoke == balie.CustomerSide && r.SpokeAt.After(r.Opened)
}

// isUntouched: it came to the desk, and nobody has looked at it.
func isUntouched(r balie.Request) bool {
	return r.State == balie.AtDesk && r.Assignee == "" && r.Responded.IsZero()
}

// teamsOf are the teams that have a request, or also those that had it.
func teamsOf(r balie.Request, open bool) []string {
	var out []string
	for _, h := range r.Handouts {
		if (!open || h.Open()) && !slices.Contains(out, h.Team) {
			out = append(out, h.Team)
		}
	}
	return out
}

// set puts an open request on the board as it is.
func (b *board) set(r balie.Request, org string) {
	b.remove(r.ID)
	w := b.row(r, org)
	b.rows[r.ID] = w
	if b.loose {
		w.lane.rows = append(w.lane.rows, w)
	} else {
		i, _ := slices.BinarySearchFunc(w.lane.rows, w, byDue)
		w.lane.rows = slices.Insert(w.lane.rows, i, w)
	}
	b.tally(w, 1)
	b.press(w, b.loose)
}

// remove takes a request off the board.
func (b *board) remove(id balie.ID) {
	w, ok := b.rows[id]
	if !ok {
		return
	}
	delete(b.rows, id)
	if i, ok := slices.BinarySearchFunc(w.lane.rows, w, byDue); ok && !b.loose {
		w.lane.rows = slices.Delete(w.lane.rows, i, i+1)
	} else {
		w.lane.rows = slices.DeleteFunc(w.lane.rows, func(x *row) bool { return x == w })
	}
	b.tally(w, -1)
	b.release(w, b.loose)
}

// sort ends the reading.
func (b *board) sort() {
	for _, l := range b.lanes {
		slices.SortFunc(l.rows, byDue)
	}
	slices.SortFunc(b.words, byWord)
	b.loose = false
}

func byDue(x, y *row) int {
	return cmp.Or(cmp.Compare(x.due, y.due), bytes.Compare(x.id[:], y.id[:]))
}

// tally keeps the counts of views that do not hang on the time.
func (b *board) tally(w *row, n int) {
	b.mine[w.assignee] += n
	for _, v := range []View{OpenView, UnassignedView, BackofficeView, AccountView, WaitingView, AftercareView} {
		if w.in(v) {
			b.count[v] += n
		}
	}
	for _, team := range b.lists[w.open] {
		b.count[TeamView(b.texts[team])] += n
	}
}

// in reports whether a row is in a view, of those that hang on neither the
// time nor on who looks.
func (w *row) in(v View) bool {
	switch v {
	case UnassignedView:
		return w.state == balie.AtDesk && w.assignee == 0
	case BackofficeView:
		return w.held&(withBackoffice|withSupplier|withApprover) != 0
	case AccountView:
		return w.held&withAccount != 0
	case WaitingView:
		return w.state == balie.Waiting
	case AftercareView:
		return w.state == balie.AnsweredState
	}
	return v == OpenView
}

// limits are the moments at which a lane's groups begin.
type limits struct{ now, soon, tomorrow int64 }

// limitsOf are a lane's at a moment. What rests is neither late nor soon.
func limitsOf(l *lane, now time.Time, zone *time.Location) limits {
	y, m, d := now.In(zone).Date()
	out := limits{tomorrow: time.Date(y, m, d+1, 0, 0, 0, 0, zone).UnixNano()}
	if l.resting {
		out.now, out.soon = math.MinInt64, math.MinInt64
		return out
	}
	out.now = now.UnixNano()
	out.soon = max(l.cal.Add(now, progress.Soon).UnixNano(), out.now)
	out.tomorrow = max(out.tomorrow, out.soon)
	return out
}

// parts are where a lane's groups begin and, last, where it ends.
func (l *lane) parts(at limits) [5]int {
	find := func(due int64) int {
		i, _ := slices.BinarySearchFunc(l.rows, due, func(w *row, due int64) int { return cmp.Compare(w.due, due) })
		return i
	}
	return [5]int{0, find(at.now), find(at.soon), find(at.tomorrow), len(l.rows)}
}
