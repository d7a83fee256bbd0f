package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/report"
)

// Plan is a version of the desk's plan, with what follows from it. Money is in
// hundredths of its currency, shares are 0 to 1, times are in seconds.
type Plan struct {
	Version   int                          `json:"version" doc:"0: there is none, or it was only checked."`
	InForce   int                          `json:"in_force"`
	At        time.Time                    `json:"at"`
	By        string                       `json:"by,omitempty"`
	Reason    string                       `json:"reason,omitempty"`
	Names     map[string]string            `json:"names"`
	Currency  string                       `json:"currency"`
	Ambition  map[string]map[string]string `json:"ambition" doc:"By question (mission, parent, purpose, strengths, principals, customers, skills, capacities) and language."`
	Goals     []PlanGoal                   `json:"goals"`
	Unaimed   []string                     `json:"unaimed" doc:"Metrics that nobody set a goal for."`
	Capacity  PlanCapacity                 `json:"capacity"`
	Costs     PlanCosts                    `json:"costs" doc:"A year."`
	Feasible  *bool                        `json:"feasible,omitempty" doc:"Left out while it cannot be said."`
	Reasons   []PlanReason                 `json:"reasons"`
	Missing   []string                     `json:"missing" doc:"What the plan does not say and is needed to reckon."`
	Lost      []Finding                    `json:"lost" doc:"What it names that is there no more."`
	Approved  *report.Approval             `json:"approved,omitempty" doc:"The approval of this very version."`
	Approvals []report.Approval            `json:"approvals" doc:"Of all versions."`
	Body      string                       `json:"body" doc:"YAML, as it was published."`
}

// PlanGoal is a goal and the metric it is measured by.
type PlanGoal struct {
	ID       string            `json:"id"`
	Theme    string            `json:"theme"`
	Names    map[string]string `json:"names"`
	Why      map[string]string `json:"why,omitempty"`
	Metric   string            `json:"metric" doc:"Empty: nothing measures it."`
	Unit     string            `json:"unit,omitempty"`
	Target   float64           `json:"target"`
	AtMost   bool              `json:"at_most"`
	Scope    PlanScope         `json:"scope"`
	Except   []string          `json:"except"`
	Span     string            `json:"span"`
	Owner    string            `json:"owner"`
	Measured bool              `json:"measured"`
}

// PlanScope is what a goal is only of; an empty one is the whole desk.
type PlanScope struct {
	Channel      string `json:"channel,omitempty"`
	Product      string `json:"product,omitempty"`
	Team         string `json:"team,omitempty"`
	Organisation string `json:"organisation,omitempty"`
}

// PlanCapacity is what the plan needs on a mean opening day and a week.
type PlanCapacity struct {
	Measured     bool    `json:"measured" doc:"The requests were measured, not expected."`
	Requests     float64 `json:"requests" doc:"On an opening day."`
	ByItself     float64 `json:"by_itself"`
	Calls        float64 `json:"calls" doc:"Requests in which the customer waits."`
	Written      float64 `json:"written"`
	OpeningDays  float64 `json:"opening_days" doc:"A year."`
	OpeningHours float64 `json:"opening_hours" doc:"On an opening day."`
	DeskHours    float64 `json:"desk_hours" doc:"People's hours for requests on an opening day."`
	PaidHours    float64 `json:"paid_hours" doc:"A week."`
	Peak         int     `json:"peak" doc:"People who must be free at once in the busiest half hour."`
	Needed       float64 `json:"needed" doc:"FTE."`
	Planned      float64 `json:"planned" doc:"FTE."`
}

// PlanCosts are hundredths of the plan's currency.
type PlanCosts struct {
	People       int64   `json:"people"`
	Depreciation int64   `json:"depreciation"`
	Running      int64   `json:"running"`
	Total        int64   `json:"total"`
	Invested     int64   `json:"invested"`
	Replaced     int64   `json:"replaced" doc:"0: not said."`
	Requests     float64 `json:"requests"`
	PerRequest   int64   `json:"per_request"`
	Payback      float64 `json:"payback" doc:"Years; 0: it does not pay back, or that is not known."`
}

// PlanReason is one thing that must hold for the plan to be feasible.
type PlanReason struct {
	ID    string  `json:"id" doc:"people, peak, replaces or cost"`
	Holds bool    `json:"holds"`
	Have  float64 `json:"have"`
	Need  float64 `json:"need"`
	Unit  string  `json:"unit"`
}

// describedPlan is a plan as JSON.
func describedPlan(v desk.PlanView) Plan {
	r := v.Reckoning
	out := Plan{Version: v.Version, InForce: v.InForce, At: v.At, By: v.By, Reason: v.Reason, Names: v.Names, Currency: v.Currency,
		Ambition: map[string]map[string]string{}, Goals: []PlanGoal{}, Unaimed: []string{}, Reasons: []PlanReason{}, Missing: append([]string{}, r.Missing...),
		Lost: []Finding{}, Approvals: append([]report.Approval{}, v.Approvals...), Body: string(v.Body)}
	for _, key := range report.AmbitionKeys() {
		if text := *v.Ambition.Part(key); len(text) > 0 {
			out.Ambition[key] = text
		}
	}
	for _, g := range v.Goals {
		m, ok := report.MetricOf(g.Metric)
		out.Goals = append(out.Goals, PlanGoal{ID: g.ID, Theme: string(g.Theme), Names: g.Names, Why: g.Why, Metric: g.Metric, Unit: string(m.Unit), Target: g.Target,
			AtMost: g.AtMost, Scope: PlanScope(g.Scope), Except: append([]string{}, g.Except...), Span: string(g.Span), Owner: g.Owner, Measured: ok})
	}
	for _, m := range v.Unaimed() {
		out.Unaimed = append(out.Unaimed, m.ID)
	}
	out.Capacity = PlanCapacity{Measured: r.Traffic.Measured, Requests: r.Requests, ByItself: r.ByItself, Calls: r.Calls, Written: r.Written, OpeningDays: r.Opening.Days,
		OpeningHours: r.Opening.Hours, DeskHours: r.DeskHours, PaidHours: r.PaidHours, Peak: r.Peak, Needed: r.Needed, Planned: r.Planned}
	out.Costs = PlanCosts(r.Costs)
	for _, x := range r.Reasons {
		out.Reasons = append(out.Reasons, PlanReason{x.ID, x.Holds, x.Have, x.Need, string(x.Unit)})
	}
	if feasible, known := r.Feasible(); known && (!feasible || len(r.Missing) == 0) {
		out.Feasible = &feasible
	}
	for _, err := range v.Lost {
		if e, ok := errors.AsType[*balie.InvalidError](err); ok {
			out.Lost = append(out.Lost, Finding{Line: e.Line, Problem: prefixed(e), Fix: e.Fix})
		}
	}
	if y, ok := v.Plan.Approved(); ok {
		out.Approved = &y
	}
	return out
}

// plansOf are the acts on the plan; without any they are made of the documents.
func (a *api) plansOf() (*desk.Plans, error) {
	if a.Plans != nil {
		return a.Plans()
	}
	lib, err := a.Library()
	if err != nil {
		return nil, err
	}
	return desk.NewPlans(a.Store, lib, nil), nil
}

type planAnswer struct {
	ETag string `header:"ETag" doc:"The version: what If-Match says when it is put back."`
	Body Plan
}

// plan registers the desk's plan.
func (a *api) plan() {
	type version struct {
		Version int `query:"version" minimum:"0" doc:"0: the newest."`
	}
	add(a, op("GET", "/plan", "get-plan", "The desk's plan, what it needs and costs, and whether it is approved", desk.SeeDocuments, documentObject),
		func(ctx context.Context, in *version) (*planAnswer, error) {
			p, err := a.plansOf()
			if err != nil {
				return nil, err
			}
			return a.planView(p.View(ctx, actor(ctx), in.Version, a.Now()))
		})
	type draft struct{ Body Draft }
	add(a, op("POST", "/plan/check", "check-plan", "Say what is wrong with a plan, or what it would need and cost; nothing is changed", desk.SeeDocuments, documentObject).reads(),
		func(ctx context.Context, in *draft) (*planAnswer, error) {
			p, err := a.plansOf()
			if err != nil {
				return nil, err
			}
			return a.planView(p.Check(ctx, actor(ctx), in.Body.file(desk.PlanDoc), []byte(in.Body.Body), a.Now()))
		})
	a.planWrites()
	a.planSheet()
}

func (a *api) planView(v desk.PlanView, err error) (*planAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &planAnswer{etag(v.Version), describedPlan(v)}, nil
}

func (a *api) planWrites() {
	type put struct {
		IfMatch string `header:"If-Match" doc:"The ETag of the version it was made from, or base in the body."`
		Body    struct {
			Draft
			Base   *int   `json:"base,omitempty" minimum:"0" doc:"The version it was made from, instead of If-Match; 0 for the first."`
			Reason string `json:"reason" maxLength:"2000" doc:"Why; the history shows it."`
		}
	}
	add(a, op("PUT", "/plan", "put-plan", "Check a plan and put it in force: a version that is not approved yet", desk.Publish, documentObject),
		func(ctx context.Context, in *put) (*planAnswer, error) {
			base, err := baseOf(in.IfMatch, in.Body.Base)
			if err != nil {
				return nil, err
			}
			p, err := a.plansOf()
			if err != nil {
				return nil, err
			}
			if _, err := p.Publish(ctx, actor(ctx), base, in.Body.file(desk.PlanDoc), []byte(in.Body.Body), in.Body.Reason, a.Now()); err != nil {
				return nil, err
			}
			return a.planView(p.View(ctx, actor(ctx), 0, a.Now()))
		})
	type approval struct {
		Body struct {
			Version int    `json:"version" minimum:"1" doc:"The one in force."`
			By      string `json:"by" doc:"Who agreed."`
			Role    string `json:"role" doc:"On whose behalf."`
			On      string `json:"on,omitempty" format:"date" doc:"The day; today when it is left out."`
			Note    string `json:"note,omitempty"`
		}
	}
	add(a, op("POST", "/plan/approve", "approve-plan", "Write down that the management agreed with the version in force", desk.Manage, documentObject).once(),
		func(ctx context.Context, in *approval) (*planAnswer, error) {
			p, err := a.plansOf()
			if err != nil {
				return nil, err
			}
			y := report.Approval{By: in.Body.By, Role: in.Body.Role, Note: in.Body.Note, Version: in.Body.Version}
			if in.Body.On != "" {
				if y.On, err = time.Parse(time.DateOnly, in.Body.On); err != nil {
					return nil, &balie.InvalidError{Field: "on", Problem: fmt.Sprintf("%q is not a day", in.Body.On), Fix: "write it as 2026-11-24"}
				}
				y.On = y.On.Add(12 * time.Hour) // the same day in every zone
			}
			if err := p.Approve(ctx, actor(ctx), y, a.Now()); err != nil {
				return nil, err
			}
			return a.planView(p.View(ctx, actor(ctx), 0, a.Now()))
		})
}

// planSheet registers the plan on paper.
func (a *api) planSheet() {
	if a.Reports == nil {
		return
	}
	type sheet struct {
		Version  int    `query:"version" minimum:"0" doc:"0: the newest."`
		Language string `query:"language" enum:"nl,en" doc:"nl when it is left out"`
		Format   string `query:"format" enum:"html,pdf" doc:"html when it is left out"`
	}
	o := op("GET", "/plan/sheet", "print-plan", "The plan as two A4 pages", desk.SeeDocuments, documentObject).
		described("HTML that stands by itself, or a PDF where a Chromium is there to make it.")
	o.Responses = map[string]*huma.Response{"200": {Description: "The pages", Content: map[string]*huma.MediaType{
		"text/html": {Schema: &huma.Schema{Type: "string"}}, "application/pdf": {Schema: &huma.Schema{Type: "string"}}}}}
	add(a, o, func(ctx context.Context, in *sheet) (*huma.StreamResponse, error) {
		p, err := a.plansOf()
		if err != nil {
			return nil, err
		}
		reports, err := a.Reports()
		if err != nil {
			return nil, err
		}
		v, err := p.View(ctx, actor(ctx), in.Version, a.Now())
		if err != nil {
			return nil, err
		}
		if v.InForce == 0 {
			return nil, fmt.Errorf("print the plan: %w", balie.ErrNotFound)
		}
		format := cmp.Or(in.Format, "html")
		b, err := reports.PlanFile(ctx, v, cmp.Or(in.Language, "nl"), format == "pdf")
		if err != nil {
			return nil, err
		}
		kind := map[string]string{"html": "text/html; charset=utf-8", "pdf": "application/pdf"}[format]
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", kind)
			hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprintf("plan-v%d.%s", v.Version, format)}))
			hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
			_, _ = hc.BodyWriter().Write(b) // whoever asked has gone
		}}, nil
	})
}
