package desk

import (
	"slices"

	"github.com/balie/balie"
)

// Role is what somebody at the desk may do.
type Role string

// The roles, from least to most.
const (
	ReadOnly   Role = "read-only"   // sees all requests, changes nothing
	TeamMember Role = "team-member" // sees what its teams got, acts on its hand-outs
	Agent      Role = "agent"       // handles requests
	Lead       Role = "lead"        // an agent who also sees audit lines and erases customers
	Admin      Role = "admin"       // also changes rules, catalogue, users and settings
)

// Roles are all roles, from least to most.
var Roles = []Role{ReadOnly, TeamMember, Agent, Lead, Admin}

// Right is one kind of thing people do.
type Right string

// The rights.
const (
	SeeRequests   Right = "see"       // those that Sees lets through
	ActOnRequests Right = "act"       // reply, hand out, change, close
	ActAsTeam     Right = "team"      // accept, finish, refuse a hand-out of its own team
	SeeDocuments  Right = "documents" // read rules, catalogue, teams, customers
	Publish       Right = "publish"   // change rules and catalogue
	SeeAudit      Right = "audit"     // audit log, what was not taken in, deliveries
	EraseCustomer Right = "erase"     // AVG: export and erase
	Manage        Right = "manage"    // users, tokens, templates, hours, channels
)

var rights = map[Role][]Right{
	ReadOnly:   {SeeRequests, SeeDocuments},
	TeamMember: {SeeRequests, ActAsTeam},
	Agent:      {SeeRequests, ActOnRequests, SeeDocuments},
	Lead:       {SeeRequests, ActOnRequests, SeeDocuments, SeeAudit, EraseCustomer},
	Admin:      {SeeRequests, ActOnRequests, SeeDocuments, SeeAudit, EraseCustomer, Publish, Manage},
}

// Actor is whoever acts: a signed-in person, a token, a command.
type Actor struct {
	ID    string // sign-in name: "sanne"
	Name  string // as colleagues call them
	Role  Role
	Teams []string // Team.ID: what a TeamMember sees
	Only  []Right  // of a token: nothing but these; nil: all of the role
	From  string   // client address, for audit lines; "" when not over HTTP
	Via   string   // the API token that acts for them: "token:reports"; "" for themselves
}

// By is how the actor stands in events.
func (a Actor) By() string { return "agent:" + a.ID }

// Can reports whether the actor has a right.
func (a Actor) Can(r Right) bool {
	return slices.Contains(rights[a.Role], r) && (a.Only == nil || slices.Contains(a.Only, r))
}

// Sees reports whether the actor may know that a request exists. A team member
// sees what one of its teams got, now or before.
func (a Actor) Sees(r balie.Request) bool {
	if !a.Can(SeeRequests) {
		return false
	}
	return a.Role != TeamMember || slices.ContainsFunc(r.Handouts, func(h balie.Handout) bool { return slices.Contains(a.Teams, h.Team) })
}

// check is nil when the actor may do this to the request. A request that is
// not theirs to see is not found: unknown and forbidden look alike.
func (a Actor) check(right Right, r balie.Request) error {
	if !a.Sees(r) {
		return balie.ErrNotFound
	}
	if !a.Can(right) {
		return balie.ErrDenied
	}
	return nil
}

// seesTeams is Sees of a request that these teams have or had.
func (a Actor) seesTeams(teams []string) bool {
	if !a.Can(SeeRequests) {
		return false
	}
	return a.Role != TeamMember || slices.ContainsFunc(teams, func(t string) bool { return slices.Contains(a.Teams, t) })
}
