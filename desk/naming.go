package desk

import (
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/intake"
)

// naming finds things by what people call them: it is a search.Naming of the
// catalogue and the organisations in force.
type naming struct{ brain *intake.Brain }

// Products are the product with an id, or those in whose names the words stand.
func (n naming) Products(words string) []string {
	if n.brain == nil || n.brain.Catalogue == nil {
		return []string{words}
	}
	var out []string
	want := search.Fold(words)
	for _, p := range n.brain.Catalogue.Products {
		if search.Fold(p.ID) == want {
			return []string{p.ID}
		}
		if anyName(p.Names, want) {
			out = append(out, p.ID)
		}
	}
	return out
}

// Teams are those of a kind, the team with an id, or those in whose names the
// words stand.
func (n naming) Teams(name string) []string {
	if n.brain == nil || n.brain.Catalogue == nil {
		return []string{name}
	}
	var ofKind, named []string
	want := search.Fold(name)
	for _, t := range n.brain.Catalogue.Teams {
		if search.Fold(t.ID) == want {
			return []string{t.ID}
		}
		if string(t.Kind) == want {
			ofKind = append(ofKind, t.ID)
		}
		if anyName(t.Names, want) {
			named = append(named, t.ID)
		}
	}
	switch balie.TeamKind(want) {
	case balie.Backoffice, balie.Account, balie.Supplier, balie.Approver:
		return ofKind
	}
	return named
}

// Organisations are the one with an id, or those in whose names the words stand.
func (n naming) Organisations(words string) []string {
	if n.brain == nil {
		return []string{words}
	}
	var out []string
	want := search.Fold(words)
	for _, o := range n.brain.Organisations {
		if search.Fold(o.ID) == want {
			return []string{o.ID}
		}
		if strings.Contains(search.Fold(o.Name), want) {
			out = append(out, o.ID)
		}
	}
	return out
}

func anyName(names map[string]string, want string) bool {
	for _, name := range names {
		if strings.Contains(search.Fold(name), want) {
			return true
		}
	}
	return false
}
