package api

import (
	"context"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// PromisesTried is what a draft of the document progress would change.
type PromisesTried struct {
	Looked     int            `json:"looked" doc:"Open requests that were looked at; at most 5,000."`
	Moved      int            `json:"moved" doc:"Of those, whose next promise ends at another moment."`
	NewlyLate  int            `json:"newly_late"`
	NoMoreLate int            `json:"no_more_late"`
	Requests   []PromiseMoved `json:"requests" doc:"The first that move, those that become late first; at most 50."`
	Judged     int            `json:"judged" doc:"Solved requests that were looked at; at most 2,000."`
	Now        PromisesKept   `json:"now" doc:"Of those, in time by what is in force."`
	Draft      PromisesKept   `json:"draft" doc:"Of those, in time by the draft."`
	Warnings   []Finding      `json:"warnings"`
	Failed     []Finding      `json:"failed" doc:"Examples of interventions that do not hold: it cannot be published."`
}

// PromisesKept is how many requests were in time.
type PromisesKept struct {
	Respond int `json:"respond"`
	Resolve int `json:"resolve"`
}

// PromiseMoved is a request whose next promise ends at another moment.
type PromiseMoved struct {
	Ref     string     `json:"ref"`
	Request balie.ID   `json:"request"`
	Before  *time.Time `json:"before,omitempty"`
	After   *time.Time `json:"after,omitempty"`
	Late    bool       `json:"late" doc:"By the draft."`
	Newly   bool       `json:"newly_late"`
}

// promises registers trying what the desk would promise.
func (a *api) promises() {
	if a.Policies == nil {
		return
	}
	type draft struct{ Body Draft }
	type answer struct{ Body PromisesTried }
	add(a, op("POST", "/progress/try", "try-progress", "Say what other promises would change, and change nothing", desk.SeeDocuments, documentObject).reads().
		described("The body is a draft of the document `progress`; it is put in force by PUT /documents/progress."),
		func(ctx context.Context, in *draft) (*answer, error) {
			e, err := a.Policies.Try(ctx, actor(ctx), []byte(in.Body.Body), a.Now())
			if err != nil {
				return nil, err
			}
			return &answer{describedEffect(e)}, nil
		})
}

func describedEffect(e desk.PolicyEffect) PromisesTried {
	out := PromisesTried{Looked: e.Looked, Moved: e.Moved, NewlyLate: e.NewlyLate, NoMoreLate: e.NoMoreLate, Requests: []PromiseMoved{}, Judged: e.Judged,
		Now: PromisesKept{e.RespondNow, e.ResolveNow}, Draft: PromisesKept{e.Respond, e.Resolve}, Warnings: findings(e.Warnings), Failed: findings(e.Failing)}
	moment := func(k desk.Clock) *time.Time {
		if k.IsZero() {
			return nil
		}
		return new(k.Due.UTC())
	}
	for _, r := range e.Rows {
		out.Requests = append(out.Requests, PromiseMoved{r.Request.Ref, r.Request.ID, moment(r.Before), moment(r.Now), r.Now.Late, r.Now.Late && !r.Before.Late})
	}
	return out
}
