package desk

import (
	"context"
	"log/slog"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
)

// View is a list of requests that everybody has; "team:ID" is one for each team.
type View string

// The views.
const (
	OpenView       View = "open" // all that is not closed; also what "" means
	MineView       View = "mine"
	UnassignedView View = "unassigned" // at the desk and taken by nobody
	BackofficeView View = "backoffice" // a team, supplier or approver has it
	AccountView    View = "account"
	WaitingView    View = "waiting"   // for the customer
	RiskView       View = "risk"      // late, or within the hour
	AftercareView  View = "aftercare" // answered
	ClosedView     View = "closed"
)

// Views are all views in the order in which they are shown, without teams'.
var Views = []View{OpenView, MineView, UnassignedView, BackofficeView, AccountView, WaitingView, RiskView, AftercareView, ClosedView}

// TeamView is the view of what a team has in hand.
func TeamView(team string) View { return View("team:" + team) }

// Sort is the order of a list.
type Sort string

// The orders.
const (
	ByUrgency Sort = "urgency" // what is late first; also what "" means
	Newest    Sort = "newest"  // opened last
	Oldest    Sort = "oldest"
	Recent    Sort = "recent" // changed last
)

// Query says which requests a list has.
type Query struct {
	View View
	Find search.Query // and all of this holds
	Sort Sort
}

// Group is a part of a list by urgency, in this order.
type Group string

// The groups. Lists in another order than urgency have one, "".
const (
	LateGroup  Group = "late"
	SoonGroup  Group = "soon" // within the hour
	TodayGroup Group = "today"
	LaterGroup Group = "later"
)

// Groups are all groups in order.
var Groups = []Group{LateGroup, SoonGroup, TodayGroup, LaterGroup}

// HolderKind is who has a request in hand.
type HolderKind string

// The holders.
const (
	HeldNew        HolderKind = "new" // at the desk, and nobody has looked at it
	HeldDesk       HolderKind = "desk"
	HeldBackoffice HolderKind = "backoffice"
	HeldAccount    HolderKind = "account"
	HeldSupplier   HolderKind = "supplier"
	HeldApprover   HolderKind = "approver"
	HeldCustomer   HolderKind = "customer"
	HeldDate       HolderKind = "date"      // planned
	HeldAftercare  HolderKind = "aftercare" // answered
	HeldNobody     HolderKind = "nobody"    // closed
)

// Holder is who has a request. Team is the Team.ID of an open hand-out, that
// is due first; More says how many others have one.
type Holder struct {
	Kind HolderKind
	Team string
	More int
}

// Row is one request in a list.
type Row struct {
	Request  balie.Request
	Customer balie.Person
	Clock    Clock // the nearest
	Holder   Holder
	Group    Group
	// Reply: the customer said something last, and nobody answered since.
	Reply bool
	// Found are the words searched for in their surroundings; nil when they
	// stand in the subject or nothing was searched for.
	Found []search.Segment
}

// Page is a piece of a list.
type Page struct {
	Rows   []Row
	Groups map[Group]int // how many there are in all of the list
	Total  int           // in all of the list
	// AtLeast: there are more than Total; counting all of them would take long.
	AtLeast bool
	Next    string // where the next piece begins; "": this is the last
	Version uint64 // of the overview, for Since
	// Counting: the overview is not read yet; the page may lack requests.
	Counting bool
	// Indexing: the search index is being made; 0 to 1, 1 is all.
	Indexed float64
}

// What became of a request in the overview.
const (
	RequestOpened  = "opened"  // new, or opened again
	RequestChanged = "changed" // still open
	RequestClosed  = "closed"
)

// RequestChange is one request that is not as it was.
type RequestChange struct {
	Request balie.ID
	Version uint64 // of the request
	What    string
}

// OverviewStore is what the overview needs of a store.
type OverviewStore interface {
	store.Requests
	store.Feed
}

// Finder finds requests by words, also closed ones; a *search.Index is one.
type Finder interface{}

// OverviewOptions are the desk's settings for lists.
type OverviewOptions struct {
	Calendar hours.Calendar // of requests without a product; its zone says when today ends
	Respond  time.Duration  // promised first response without a product; 0: 4 opening hours
}

// Overview is all that is open, in memory, and the way to what is closed.
type Overview struct {
	store OverviewStore
	brain func() *intake.Brain
	find  Finder
	o     OverviewOptions
	log   *slog.Logger
}

// NewOverview returns an overview that is empty until Run has read the store.
// find may be nil: then words are not searched for.
func NewOverview(s OverviewStore, brain func() *intake.Brain, find Finder, o OverviewOptions, log *slog.Logger) *Overview {
	return &Overview{store: s, brain: brain, find: find, o: o, log: log}
}

// Run reads the store and follows it until ctx ends.
func (o *Overview) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Ready reports whether all that is open has been read: before that, counts
// are too low.
func (o *Overview) Ready() bool { return false }

// Counts are the numbers of all views of an actor, teams' included. The number
// of closed requests is not among those of a team member.
func (o *Overview) Counts(a Actor, now time.Time) map[View]int { return nil }

// Late is how many requests that the actor sees are late.
func (o *Overview) Late(a Actor, now time.Time) int { return 0 }

// Count is how many requests a query has; false: there are more, and counting
// them all would take long.
func (o *Overview) Count(ctx context.Context, a Actor, q Query, now time.Time) (int, bool, error) {
	return 0, true, nil
}

// Page is a piece of a list, behind a place that an earlier one gave ("" is
// the beginning). Whatever the data, it makes at most three store calls.
func (o *Overview) Page(ctx context.Context, a Actor, q Query, after string, limit int, now time.Time) (Page, error) {
	return Page{Counting: true}, nil
}

// Rows are those of some requests that are in a list, as Page shows them, in
// no order: what a page asks when it hears that they changed.
func (o *Overview) Rows(ctx context.Context, a Actor, q Query, ids []balie.ID, now time.Time) ([]Row, error) {
	return nil, nil
}

// Changed returns a channel that is closed at the next change of the overview.
func (o *Overview) Changed() <-chan struct{} { return nil }

// Since are the changes behind a version that the actor may know of, oldest
// first and each request once, and the version after them. false: they are
// forgotten, read the page again.
func (o *Overview) Since(a Actor, version uint64) ([]RequestChange, uint64, bool) {
	return nil, 0, true
}
