package api

import (
	"context"
	"maps"
	"slices"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// places registers teams and organisations, and their changes one at a time;
// whole they are the documents catalogue and organisations.
func (a *api) places() {
	if a.Places == nil {
		return
	}
	type teams struct {
		ETag string `header:"ETag" doc:"Of the catalogue."`
		Body struct {
			Teams []balie.Team `json:"teams"`
		}
	}
	add(a, op("GET", "/teams", "list-teams", "List the teams that get hand-outs", desk.SeeDocuments, documentObject),
		func(ctx context.Context, _ *struct{}) (*teams, error) {
			lib, err := a.Library()
			if err != nil {
				return nil, err
			}
			c := lib.Brain().Catalogue
			out := &teams{ETag: etag(c.Version)}
			out.Body.Teams = append([]balie.Team{}, c.Teams...)
			return out, nil
		})
	type orgs struct {
		ETag string `header:"ETag" doc:"Of the document organisations."`
		Body struct {
			Organisations []balie.Organisation `json:"organisations"`
		}
	}
	add(a, op("GET", "/organisations", "list-organisations", "List the organisations customers belong to", desk.SeeDocuments, documentObject),
		func(ctx context.Context, _ *struct{}) (*orgs, error) {
			all, version, err := a.Places.Organisations(ctx, actor(ctx))
			out := &orgs{ETag: etag(version)}
			out.Body.Organisations = append([]balie.Organisation{}, all...)
			return out, err
		})
	a.placing()
}

type versioned struct {
	ETag string `header:"ETag"`
	Body struct {
		Version int `json:"version"`
	}
}

func version(n int, err error) (*versioned, error) {
	if err != nil {
		return nil, err
	}
	out := &versioned{ETag: etag(n)}
	out.Body.Version = n
	return out, nil
}

func (a *api) placing() {
	type team struct {
		ID      string `path:"id"`
		IfMatch string `header:"If-Match" doc:"The ETag of the list."`
		Body    struct {
			Team   balie.Team `json:"team"`
			Reason string     `json:"reason"`
		}
	}
	add(a, op("PUT", "/teams/{id}", "set-team", "Make a team or change it: publishes a version of the catalogue", desk.Publish, documentObject),
		func(ctx context.Context, in *team) (*versioned, error) {
			base, err := ifMatch(in.IfMatch)
			if err != nil {
				return nil, err
			}
			in.Body.Team.ID = in.ID
			return version(a.Places.SetTeam(ctx, actor(ctx), int(base), in.Body.Team, in.Body.Reason, a.Now()))
		})
	type org struct {
		ID      string `path:"id"`
		IfMatch string `header:"If-Match" doc:"The ETag of the list."`
		Body    struct {
			Organisation balie.Organisation `json:"organisation"`
			Reason       string             `json:"reason"`
		}
	}
	add(a, op("PUT", "/organisations/{id}", "set-organisation", "Make an organisation or change it", desk.Publish, documentObject),
		func(ctx context.Context, in *org) (*versioned, error) {
			base, err := ifMatch(in.IfMatch)
			if err != nil {
				return nil, err
			}
			all, _, err := a.Places.Organisations(ctx, actor(ctx))
			if err != nil {
				return nil, err
			}
			in.Body.Organisation.ID = in.ID
			was := ""
			if slices.ContainsFunc(all, func(o balie.Organisation) bool { return o.ID == in.ID }) {
				was = in.ID
			}
			return version(a.Places.SetOrganisation(ctx, actor(ctx), int(base), was, in.Body.Organisation, in.Body.Reason, a.Now()))
		})
}

// ViewLine is a view and how many requests it has.
type ViewLine struct {
	ID    desk.View `json:"id"`
	Count int       `json:"count"`
}

// views registers the lists of the desk, and who asks.
func (a *api) views() {
	type who struct {
		Body struct {
			ID     string       `json:"id"`
			Name   string       `json:"name"`
			Role   desk.Role    `json:"role"`
			Teams  []string     `json:"teams,omitempty"`
			Rights []desk.Right `json:"rights"`
			Via    string       `json:"via,omitempty"`
		}
	}
	add(a, op("GET", "/me", "me", "Say who the token acts as, and what it may do", "", ownObject),
		func(ctx context.Context, _ *struct{}) (*who, error) {
			x, out := actor(ctx), &who{}
			out.Body.ID, out.Body.Name, out.Body.Role, out.Body.Teams, out.Body.Via = x.ID, x.Name, x.Role, x.Teams, x.Via
			out.Body.Rights = []desk.Right{}
			for _, r := range []desk.Right{desk.SeeRequests, desk.ActOnRequests, desk.ActAsTeam, desk.SeeDocuments, desk.Publish, desk.SeeAudit, desk.EraseCustomer, desk.Manage} {
				if x.Can(r) {
					out.Body.Rights = append(out.Body.Rights, r)
				}
			}
			return out, nil
		})
	if a.Overview == nil {
		return
	}
	type list struct {
		Body struct {
			Views []ViewLine `json:"views"`
			Late  int        `json:"late"`
			Ready bool       `json:"ready"` // everything is counted
		}
	}
	add(a, op("GET", "/views", "list-views", "List the views with how many requests each has", desk.SeeRequests, noObject),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			out, now := &list{}, a.Now()
			counts := a.Overview.Counts(actor(ctx), now)
			out.Body.Views, out.Body.Late, out.Body.Ready = []ViewLine{}, a.Overview.Late(actor(ctx), now), a.Overview.Ready()
			for _, v := range desk.Views {
				if n, ok := counts[v]; ok {
					out.Body.Views = append(out.Body.Views, ViewLine{v, n})
					delete(counts, v)
				}
			}
			for _, v := range slices.Sorted(maps.Keys(counts)) {
				out.Body.Views = append(out.Body.Views, ViewLine{v, counts[v]})
			}
			return out, nil
		})
}
