package desk

import (
	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
)

// View is a list of requests that everybody has; "team:ID" is one for each team.
type View string

// The views.
const (
	AllView        View = "all"  // closed ones too: for searches
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

// Views are the views in the order in which they are shown, without teams' and
// without AllView, which only a search has.
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
	// Reply: the customer came back, and nobody answered since.
	Reply bool
	// Found are the words searched for in their surroundings; nil when they
	// stand in none of the customer's and the desk's words.
	Found []search.Segment
}

// Page is a piece of a list. A piece of a search that includes closed requests
// can have fewer rows than were asked for and yet a Next.
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
	// Indexed is how much of the search index is made, 0 to 1; 1 too when the
	// page did not need it.
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
