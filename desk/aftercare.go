package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

// AftercareStore is what asking how it went needs of a store.
type AftercareStore interface {
	Commit(ctx context.Context, c ...balie.Change) error
	Request(ctx context.Context, id balie.ID) (balie.Request, error)
	Lookup(ctx context.Context, q store.Query) (store.Found, error)
	Person(ctx context.Context, id balie.ID) (balie.Person, error)
	Record(ctx context.Context, kind, key string) (balie.Record, error)
}

// Aftercare is what a customer may do with the links of a survey: give a score,
// once for each time the request was solved, and be asked no more.
type Aftercare struct {
	store AftercareStore
	brain func() *intake.Brain
}

// NewAftercare returns it; brain gives the documents in force.
func NewAftercare(s AftercareStore, brain func() *intake.Brain) *Aftercare {
	return &Aftercare{s, brain}
}

// Rating is how a request stands with its customer.
type Rating struct {
	Request balie.Request
	Until   time.Time // until when a score can be given
	Can     bool      // it can be given now
	Given   int       // the score that was given since it was solved; 0: none
	Bad     bool      // it is one that somebody will call about
}

// RemarkLimit bounds what a customer writes with a score, in bytes.
const RemarkLimit = 8000

// policy is what the desk says of surveys.
func (a *Aftercare) policy() progress.Aftercare {
	if p := a.brain().Policy; p != nil {
		return p.Aftercare
	}
	return progress.Aftercare{}
}

// ratedKey is claimed with a score. One that was solved again can be rated
// again.
func ratedKey(r balie.Request) string {
	return "rated:" + r.ID.String() + ":" + strconv.Itoa(r.ReopenCount)
}

// Look says whether a request can be rated.
func (a *Aftercare) Look(ctx context.Context, request balie.ID, now time.Time) (Rating, error) {
	r, err := a.store.Request(ctx, request)
	if err != nil {
		return Rating{}, err
	}
	if r.Forgotten() { // nothing new is to be kept of them
		return Rating{}, fmt.Errorf("the customer of request %s was erased: %w", r.Ref, balie.ErrNotFound)
	}
	key := ratedKey(r)
	found, err := a.store.Lookup(ctx, store.Query{Seen: []string{key}})
	if err != nil {
		return Rating{}, fmt.Errorf("look whether request %s was rated: %w", r.Ref, err)
	}
	policy := a.policy()
	out := Rating{Request: r}
	out.Until, out.Can = policy.Ratable(r, now)
	if _, done := found.Seen[key]; done {
		out.Can, out.Given, out.Bad = false, r.Score, r.Score <= policy.Bad
	}
	return out, nil
}

// Rate notes a customer's score, from 1 to 5, and what they wrote with it. Only
// the first counts: of a second, whatever it says, nothing changes, and the
// answer is what was given. It fails with a *balie.MoveError when the request
// cannot be rated at this moment.
func (a *Aftercare) Rate(ctx context.Context, request balie.ID, score int, remark string, now time.Time) (Rating, error) {
	if score < 1 || score > 5 {
		return Rating{}, &balie.InvalidError{Field: "score", Problem: "no score is chosen", Fix: "choose one from 1 to 5"}
	}
	remark = strings.TrimSpace(remark)
	if len(remark) > RemarkLimit {
		return Rating{}, &balie.InvalidError{Field: "remark", Problem: fmt.Sprintf("the remark has %d bytes, the limit is %d", len(remark), RemarkLimit), Fix: "make it shorter"}
	}
	err := store.Retry(ctx, func(ctx context.Context) error { return a.rate(ctx, request, score, remark, now) })
	if err != nil && !errors.Is(err, balie.ErrDuplicate) {
		return Rating{}, err
	}
	return a.Look(ctx, request, now)
}

func (a *Aftercare) rate(ctx context.Context, request balie.ID, score int, remark string, now time.Time) error {
	is, err := a.Look(ctx, request, now)
	if err != nil {
		return err
	}
	if is.Given > 0 {
		return balie.ErrDuplicate
	}
	r := is.Request
	if !is.Can {
		return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.Rated, Why: "it is not solved, or too long ago"}
	}
	c := balie.Change{Request: r, Seen: []string{ratedKey(r)}}
	e := balie.Event{What: balie.Rated, At: now, By: "customer", Data: map[string]string{"score": strconv.Itoa(score)}}
	if remark != "" {
		// On the desk's side: it is for the desk's eyes, no part of the
		// conversation that is answered or handed out.
		m := balie.Message{ID: balie.NewID(now), Request: r.ID, Side: balie.DeskSide, Direction: balie.In, Channel: "page",
			Proof: balie.Proven, Text: remark, Language: r.Language, At: now}
		c.Messages, e.Message = []balie.Message{m}, m.ID
	}
	if err := c.Do(e); err != nil {
		return err
	}
	return a.store.Commit(ctx, c)
}

// Surveys says whether a person wants to be asked how it went.
func (a *Aftercare) Surveys(ctx context.Context, person balie.ID) (bool, error) {
	p, err := a.person(ctx, person)
	return !p.NoSurveys, err
}

// SetSurveys notes whether a person wants to be asked how it went.
func (a *Aftercare) SetSurveys(ctx context.Context, person balie.ID, wanted bool, now time.Time) error {
	return store.Retry(ctx, func(ctx context.Context) error {
		p, err := a.person(ctx, person)
		if err != nil || p.NoSurveys == !wanted {
			return err
		}
		p.NoSurveys = !wanted
		p.Version++
		trace := AuditRecord(now, "customer", "customer.surveys", customerObject(p.ID), map[string]bool{"surveys": !wanted}, map[string]bool{"surveys": wanted})
		return a.store.Commit(ctx, balie.Change{People: []balie.Person{p}, Records: []balie.Record{trace}})
	})
}

// person is who has an id, or whom they were joined with since: the link in an
// old letter still is theirs.
func (a *Aftercare) person(ctx context.Context, id balie.ID) (balie.Person, error) {
	into, err := followMerges(ctx, a.store, id)
	if err != nil {
		return balie.Person{}, err
	}
	if !into.IsZero() {
		id = into
	}
	return a.store.Person(ctx, id)
}
