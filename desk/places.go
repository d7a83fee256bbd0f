package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/store"
)

// PlacesStore is what changing organisations and teams needs of a store.
type PlacesStore interface {
	Commit(ctx context.Context, c ...balie.Change) error
	store.Documents
}

// Places is changing the organisations that customers belong to and the teams
// that get hand-outs. Each change publishes a version, with a reason and an
// audit line.
type Places struct {
	store PlacesStore
	lib   *Library
}

// NewPlaces returns the acts.
func NewPlaces(s PlacesStore, l *Library) *Places { return &Places{s, l} }

// idPattern is what an organisation or a team may be called.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,59}$`)

// Organisations are those in force, by name, and the version of their document.
func (p *Places) Organisations(ctx context.Context, a Actor) ([]balie.Organisation, int, error) {
	if !a.Can(SeeDocuments) {
		return nil, 0, balie.ErrDenied
	}
	doc, err := p.store.Document(ctx, OrganisationsDoc, "", 0)
	if err != nil {
		return nil, 0, fmt.Errorf("read the organisations: %w", err)
	}
	all := slices.Clone(p.lib.Brain().Organisations)
	slices.SortStableFunc(all, func(x, y balie.Organisation) int {
		return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
	return all, doc.Version, nil
}

// SetOrganisation publishes the organisations with one as given: was is the id
// it had before, "" of a new one. base is the version the form showed:
// ErrStale when it is not in force.
func (p *Places) SetOrganisation(ctx context.Context, a Actor, base int, was string, o balie.Organisation, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	all := slices.Clone(p.lib.Brain().Organisations)
	i := slices.IndexFunc(all, func(x balie.Organisation) bool { return x.ID == was && was != "" })
	switch {
	case was != "" && i < 0:
		return 0, balie.ErrNotFound
	case was != "" && o.ID != was:
		return 0, &balie.InvalidError{Field: "id", Problem: "the id of an organisation cannot change: customers belong to it", Fix: "make a new organisation"}
	case was == "" && !idPattern.MatchString(o.ID):
		return 0, &balie.InvalidError{Field: "id", Problem: fmt.Sprintf("%q is no id", o.ID), Fix: "use small letters, digits and dashes"}
	case was == "" && slices.ContainsFunc(all, func(x balie.Organisation) bool { return x.ID == o.ID }):
		return 0, &balie.InvalidError{Field: "id", Problem: fmt.Sprintf("there is an organisation %q already", o.ID), Fix: "give this one another id"}
	case strings.TrimSpace(o.Name) == "":
		return 0, &balie.InvalidError{Field: "name", Problem: "the organisation has no name", Fix: "give it one"}
	}
	if t, ok := p.lib.Brain().Catalogue.Team(o.AccountManager); o.AccountManager != "" && (!ok || t.Kind != balie.Account) {
		return 0, &balie.InvalidError{Field: "account_manager", Problem: fmt.Sprintf("there is no account manager %q", o.AccountManager), Fix: "choose one from the list"}
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	if i < 0 {
		all = append(all, o)
	} else {
		all[i] = o
	}
	d := store.Document{Kind: OrganisationsDoc, Body: writeOrganisations(all), At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := p.lib.Publish(ctx, d, base, OrganisationsDoc)
	if err != nil {
		return 0, err
	}
	return version, published(ctx, p.store, a, "organisations.publish", OrganisationsDoc, base, version, d.Reason, now)
}

// writeOrganisations is organisations.yaml. Texts are written as in JSON, which
// YAML reads alike.
func writeOrganisations(all []balie.Organisation) []byte {
	var b strings.Builder
	quote := func(s string) string {
		out, err := json.Marshal(s)
		if err != nil {
			return `""` // never: text always marshals
		}
		return string(out)
	}
	if len(all) == 0 {
		return []byte("organisations: []\n")
	}
	b.WriteString("organisations:\n")
	for _, o := range all {
		fmt.Fprintf(&b, "- id: %s\n  name: %s\n", quote(o.ID), quote(o.Name))
		if len(o.Domains) > 0 {
			b.WriteString("  domains:\n")
			for _, d := range o.Domains {
				fmt.Fprintf(&b, "  - %s\n", quote(d))
			}
		}
		if o.KeyAccount {
			b.WriteString("  key_account: true\n")
		}
		if o.Segment != "" {
			fmt.Fprintf(&b, "  segment: %s\n", quote(o.Segment))
		}
		if o.AccountManager != "" {
			fmt.Fprintf(&b, "  account_manager: %s\n", quote(o.AccountManager))
		}
	}
	return []byte(b.String())
}

// SetTeam publishes the catalogue with one team as given; base is the version
// the form showed.
func (p *Places) SetTeam(ctx context.Context, a Actor, base int, t balie.Team, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if !idPattern.MatchString(t.ID) {
		return 0, &balie.InvalidError{Field: "id", Problem: fmt.Sprintf("%q is no id", t.ID), Fix: "use small letters, digits and dashes"}
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	doc, err := p.store.Document(ctx, CatalogueDoc, "", base)
	if err != nil {
		return 0, fmt.Errorf("read catalogue version %d: %w", base, err)
	}
	body, err := catalogue.SetTeam(doc.Body, t)
	if err != nil {
		return 0, err
	}
	d := store.Document{Kind: CatalogueDoc, Body: body, At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := p.lib.Publish(ctx, d, base, "catalogue")
	if err != nil {
		return 0, err
	}
	return version, published(ctx, p.store, a, "team.change", CatalogueDoc, base, version, d.Reason, now)
}
