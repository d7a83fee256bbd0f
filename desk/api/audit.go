package api

import (
	"context"
	"time"

	"github.com/balie/balie/desk"
)

// AuditList is a page of the audit log.
type AuditList struct {
	Lines []desk.AuditLine `json:"lines"`
	Next  string           `json:"next,omitempty"`
}

// Setting is one line of the configuration in force. A secret says where it
// comes from, not what it is.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Secret bool   `json:"secret,omitempty"`
}

// audit registers who did what, and with which settings balie runs.
func (a *api) audit() {
	if a.Trail != nil {
		type filter struct {
			Of     string    `query:"of" enum:"log,requests" default:"log" doc:"log: users, documents, settings, newest first. requests: what was done on requests, oldest first."`
			Who    string    `query:"who" doc:"Part of who acted."`
			What   string    `query:"what" doc:"Beginning of an act: user, rules.publish."`
			Object string    `query:"object" doc:"Part of the object: 7K3Q-P."`
			Since  time.Time `query:"since"`
			Until  time.Time `query:"until"`
			After  string    `query:"after" doc:"next of the page before."`
		}
		type list struct{ Body AuditList }
		add(a, op("GET", "/audit", "list-audit", "Read who did what, with before and after", desk.SeeAudit, noObject),
			func(ctx context.Context, in *filter) (*list, error) {
				f := desk.AuditFilter{Who: in.Who, What: in.What, Object: in.Object, Since: in.Since, Until: in.Until}
				var p desk.AuditPage
				var err error
				if in.Of == "requests" {
					p, err = a.Trail.Requests(ctx, actor(ctx), f, in.After)
				} else {
					f.Before = in.After
					p, err = a.Trail.Page(ctx, actor(ctx), f)
				}
				return &list{AuditList{append([]desk.AuditLine{}, p.Lines...), p.Next}}, err
			})
	}
	if a.Config == nil {
		return
	}
	type config struct {
		Body struct {
			Settings []Setting `json:"settings"`
		}
	}
	add(a, op("GET", "/config", "get-config", "Read the configuration in force, without its secrets", desk.SeeAudit, noObject),
		func(context.Context, *struct{}) (*config, error) {
			out := &config{}
			out.Body.Settings = append([]Setting{}, a.Config()...)
			return out, nil
		})
}
