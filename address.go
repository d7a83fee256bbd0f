package balie

import "strings"

// Scheme is the kind of an address.
type Scheme string

// The kinds of address a person or a team can have.
const (
	Mail  Scheme = "mail"  // Value: local@domain, lower-cased
	Tel   Scheme = "tel"   // Value: E.164, "+31201234567"
	Slack Scheme = "slack" // Value: "TEAM/USER"; to send: "TEAM/CHANNEL" or "TEAM/CHANNEL/TS" (thread)
	Web   Scheme = "web"   // Value: nothing to send to; the reader comes to the status page
	Hook  Scheme = "hook"  // Value: the id of a configured webhook
)

// Address is one way to reach somebody, and how they call themselves there.
// Equal Scheme and Value mean the same address; Name is for display only and
// is never trusted.
type Address struct {
	Scheme Scheme `json:"scheme,omitzero"`
	Value  string `json:"value,omitzero"`
	Name   string `json:"name,omitzero"`
}

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a.Value == "" }

// Key is the address as an index key: scheme and value without the name.
func (a Address) Key() string { return string(a.Scheme) + ":" + a.Value }

// Channel names the sender that reaches an address; "" when none does.
func (a Address) Channel() string {
	switch a.Scheme {
	case Mail:
		return "email"
	case Slack:
		return "slack"
	case Hook:
		return "webhook"
	}
	return ""
}

// Domain is the part of a mail address behind the @, or "".
func (a Address) Domain() string {
	if i := strings.LastIndexByte(a.Value, '@'); a.Scheme == Mail && i >= 0 {
		return a.Value[i+1:]
	}
	return ""
}

// Person is a customer with all addresses known of them. Two people become one
// only by an agent's hand or by the same proven mail address.
type Person struct {
	ID           ID        `json:"id"`
	Version      uint64    `json:"version"`
	Name         string    `json:"name,omitzero"`
	Addresses    []Address `json:"addresses,omitzero"`
	Organisation string    `json:"organisation,omitzero"` // Organisation.ID
	Language     string    `json:"language,omitzero"`
	NoSurveys    bool      `json:"no_surveys,omitzero"` // wants no more questions about how it went
}

// Has reports whether the address is one of the person's.
func (p Person) Has(a Address) bool {
	for _, b := range p.Addresses {
		if b.Key() == a.Key() {
			return true
		}
	}
	return false
}

// Organisation is a customer of the desk: people belong to it by mail domain
// or by hand, and it has an account manager.
type Organisation struct {
	ID             string   `json:"id" yaml:"id"`
	Name           string   `json:"name" yaml:"name"`
	Domains        []string `json:"domains,omitzero" yaml:"domains,omitempty"`
	KeyAccount     bool     `json:"key_account,omitzero" yaml:"key_account,omitempty"`
	Segment        string   `json:"segment,omitzero" yaml:"segment,omitempty"`
	AccountManager string   `json:"account_manager,omitzero" yaml:"account_manager,omitempty"` // Team.ID of kind Account
}

// TeamKind says what a team is to the desk.
type TeamKind string

// The kinds of team a request can be handed out to.
const (
	Backoffice TeamKind = "backoffice"
	Account    TeamKind = "account"
	Supplier   TeamKind = "supplier"
	Approver   TeamKind = "approver"
)

// Team is whoever can get a hand-out: a backoffice team, an account manager, a
// supplier. Reach says how it is told; without it, the team looks in its queue.
type Team struct {
	ID       string            `json:"id"`
	Kind     TeamKind          `json:"kind"`
	Names    map[string]string `json:"names"` // by language
	Reach    Address           `json:"reach,omitzero"`
	Calendar string            `json:"calendar,omitzero"`
}

// Name is the team's name in a language, or in any, or its id.
func (t Team) Name(language string) string { return inLanguage(t.Names, language, t.ID) }

// inLanguage picks the text in the wanted language, else Dutch, else English,
// else the given fallback.
func inLanguage(texts map[string]string, language, fallback string) string {
	for _, l := range []string{language, "nl", "en"} {
		if t := texts[l]; t != "" {
			return t
		}
	}
	return fallback
}
