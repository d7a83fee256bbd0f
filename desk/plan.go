package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/report"
	"github.com/balie/balie/store"
)

// Plan is the plan in force, without its approvals; the zero Plan when there is
// none.
func (l *Library) Plan() report.Plan {
	if p := l.plan.Load(); p != nil {
		return *p
	}
	return report.Plan{}
}

// keepPlan puts a plan in force that is stored. What it names may be gone by
// now: a desk starts all the same.
func (l *Library) keepPlan(file string, body []byte, version int) error {
	p, err := report.ParsePlan(file, body, report.PlanNames{})
	if err != nil {
		return err
	}
	p.Version = version
	l.plan.Store(&p)
	return nil
}

// PlanNames are what a plan can name.
func PlanNames(b *intake.Brain) report.PlanNames {
	n := report.PlanNames{Calendars: slices.Sorted(maps.Keys(b.Catalogue.Calendars))}
	for _, t := range b.Catalogue.Teams {
		n.Teams = append(n.Teams, t.ID)
	}
	for _, p := range b.Catalogue.Products {
		n.Products = append(n.Products, p.ID)
	}
	for _, o := range b.Organisations {
		n.Organisations = append(n.Organisations, o.ID)
	}
	return n
}

// PlanStore is what working on the plan needs of a store.
type PlanStore interface {
	store.Documents
	Commit(ctx context.Context, c ...balie.Change) error
	ListRecords(ctx context.Context, kind, prefix, after string, back bool, limit int) ([]balie.Record, error)
}

// Traffic is what was measured of what comes in on an opening day; false: too
// little to reckon with.
type Traffic func(ctx context.Context, now time.Time) (report.Traffic, bool, error)

// Plans is working on the desk's plan. Every act leaves an audit line (S13).
type Plans struct {
	store   PlanStore
	lib     *Library
	traffic Traffic

	mu     sync.Mutex // of the last measurement
	last   report.Traffic
	enough bool
	at     time.Time
}

// NewPlans returns the acts on the plan. Without traffic a plan is reckoned
// with what it expects.
func NewPlans(s PlanStore, l *Library, t Traffic) *Plans { return &Plans{store: s, lib: l, traffic: t} }

// PlanView is a version of the plan with what follows from it.
type PlanView struct {
	report.Plan
	Body       []byte
	By, Reason string // who published it, and why
	At         time.Time
	InForce    int // the newest version
	Calendar   string
	Reckoning  report.Reckoning
	Lost       []error // names of things that are there no more
}

// View reads a version, the newest for 0. Without any it is empty, with
// InForce 0.
func (p *Plans) View(ctx context.Context, a Actor, version int, now time.Time) (PlanView, error) {
	var v PlanView
	if !a.Can(SeeDocuments) {
		return v, balie.ErrDenied
	}
	d, err := p.store.Document(ctx, PlanDoc, "", version)
	switch {
	case errors.Is(err, balie.ErrNotFound) && version == 0:
		return v, nil
	case err != nil:
		return v, fmt.Errorf("read the plan: %w", err)
	}
	file := fmt.Sprintf("plan (version %d)", d.Version)
	if v.Plan, err = report.ParsePlan(file, d.Body, report.PlanNames{}); err != nil {
		return v, err
	}
	v.Version, v.Body, v.By, v.Reason, v.At = d.Version, d.Body, d.By, d.Reason, d.At
	v.InForce = max(p.lib.Plan().Version, d.Version)
	if v.Approvals, err = p.approvals(ctx); err != nil {
		return v, err
	}
	b := p.lib.Brain()
	if _, err := report.ParsePlan(file, d.Body, PlanNames(b)); err != nil {
		v.Lost = each(err)
	}
	v.Reckoning, v.Calendar, err = p.reckon(ctx, v.Plan, now)
	return v, err
}

// each are the errors that were joined.
func each(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// trafficHolds is how long a measurement is good for: it takes a pass over the
// facts of weeks.
const trafficHolds = 10 * time.Minute

// measure is what came in of late; false: too little.
func (p *Plans) measure(ctx context.Context, now time.Time) (report.Traffic, bool, error) {
	if p.traffic == nil {
		return report.Traffic{}, false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := now.Sub(p.at); p.at.IsZero() || age < 0 || age > trafficHolds {
		t, enough, err := p.traffic(ctx, now)
		if err != nil {
			return t, false, fmt.Errorf("measure what comes in: %w", err)
		}
		p.last, p.enough, p.at = t, enough, now
	}
	return p.last, p.enough, nil
}

// reckon says what a plan needs, with what is measured where the plan expects
// nothing of its own.
func (p *Plans) reckon(ctx context.Context, plan report.Plan, now time.Time) (report.Reckoning, string, error) {
	t := plan.Expected()
	measured, enough, err := p.measure(ctx, now)
	switch {
	case err != nil:
		return report.Reckoning{}, "", err
	case enough && t.PerDay == 0:
		t = measured
	case enough: // what a product costs follows from what is asked
		t.Products = measured.Products
	}
	name, c := planCalendar(p.lib.Brain(), plan.Capacities.Calendar)
	return plan.Reckon(t, report.OpeningOf(c, now)), name, nil
}

// planCalendar is the calendar a plan names, else the desk's first.
func planCalendar(b *intake.Brain, name string) (string, hours.Calendar) {
	if c, ok := b.Catalogue.Calendars[name]; ok {
		return name, c
	}
	return "", b.Catalogue.Calendar(balie.Product{})
}

// Publish checks a plan and puts it in force on top of base. ErrStale: somebody
// published meanwhile.
func (p *Plans) Publish(ctx context.Context, a Actor, base int, file string, body []byte, reason string, now time.Time) (int, error) {
	return p.publish(ctx, a, "plan.publish", base, file, body, reason, now)
}

func (p *Plans) publish(ctx context.Context, a Actor, act string, base int, file string, body []byte, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	d := store.Document{Kind: PlanDoc, Body: body, At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := p.lib.Publish(ctx, d, base, file)
	if err != nil {
		return 0, err
	}
	return version, published(ctx, p.store, a, act, PlanDoc, base, version, d.Reason, now)
}

// Edit publishes the plan in force with a change; base is the version the actor
// saw. Remarks in its text stay.
func (p *Plans) Edit(ctx context.Context, a Actor, base int, change func(*report.Plan), reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	d, err := p.store.Document(ctx, PlanDoc, "", 0)
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		return 0, fmt.Errorf("read the plan: %w", err)
	}
	if d.Version != base {
		return 0, fmt.Errorf("the plan was changed on version %d, and %d is in force: %w", base, d.Version, balie.ErrStale)
	}
	body, err := report.EditPlan(d.Body, PlanNames(p.lib.Brain()), change)
	if err != nil {
		return 0, err
	}
	if string(body) == string(d.Body) {
		return 0, &balie.InvalidError{Field: "plan", Problem: "nothing was changed", Fix: "change something first"}
	}
	return p.publish(ctx, a, "plan.publish", base, "plan", body, reason, now)
}

// Rollback publishes an old version again.
func (p *Plans) Rollback(ctx context.Context, a Actor, version, base int, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	old, err := p.store.Document(ctx, PlanDoc, "", version)
	if err != nil {
		return 0, fmt.Errorf("read plan version %d: %w", version, err)
	}
	return p.publish(ctx, a, "plan.rollback", base, fmt.Sprintf("plan (version %d)", version), old.Body, reason, now)
}

// approvalKind is the record of an approval; its key begins with the version.
const approvalKind = "planapproval"

// Bounds of an approval, in bytes.
const (
	whoLimit       = 200
	noteLimit      = 1000
	mostApprovals  = 500 // that are read
	earliestMonths = 12  // ago that one can be given that is written down now
)

// Approve writes down that somebody of the management agreed with a version of
// the plan: the one in force. A change makes a version that is not approved.
func (p *Plans) Approve(ctx context.Context, a Actor, y report.Approval, now time.Time) error {
	if !a.Can(Manage) {
		return balie.ErrDenied
	}
	y.By, y.Role, y.Note = strings.TrimSpace(y.By), strings.TrimSpace(y.Role), strings.TrimSpace(y.Note)
	if y.On.IsZero() {
		y.On = now
	}
	y.On = y.On.UTC().Truncate(time.Second)
	if err := checkApproval(y, now); err != nil {
		return err
	}
	d, err := p.store.Document(ctx, PlanDoc, "", 0)
	switch {
	case err != nil:
		return fmt.Errorf("read the plan: %w", err)
	case d.Version != y.Version:
		return fmt.Errorf("approve version %d of the plan, and %d is in force: %w", y.Version, d.Version, balie.ErrStale)
	}
	body, err := json.Marshal(y)
	if err != nil {
		return fmt.Errorf("write the approval: %w", err)
	}
	r := balie.Record{Kind: approvalKind, Key: fmt.Sprintf("%06d/%s", y.Version, balie.NewID(now)), Version: 1, Body: body}
	if err := p.store.Commit(ctx, balie.Change{Records: []balie.Record{r, a.Audit(now, "plan.approve", "document:"+PlanDoc, nil, y)}}); err != nil {
		return fmt.Errorf("keep the approval of plan version %d: %w", y.Version, err)
	}
	return nil
}

// checkApproval is what is wrong with an approval, or nil.
func checkApproval(y report.Approval, now time.Time) error {
	var problems []error
	wrong := func(field, problem, fix string) {
		problems = append(problems, &balie.InvalidError{Field: field, Problem: problem, Fix: fix})
	}
	if y.By == "" || len(y.By) > whoLimit {
		wrong("by", "it is not said who approved", fmt.Sprintf("give a name, in at most %d characters", whoLimit))
	}
	if y.Role == "" || len(y.Role) > whoLimit {
		wrong("role", "it is not said in which role", fmt.Sprintf("say on whose behalf they decide, in at most %d characters", whoLimit))
	}
	if len(y.Note) > noteLimit {
		wrong("note", "the note is too long", fmt.Sprintf("use at most %d characters", noteLimit))
	}
	if y.On.After(now.AddDate(0, 0, 1)) || y.On.Before(now.AddDate(0, -earliestMonths, 0)) {
		wrong("on", "that is not a day on which this can have been approved", fmt.Sprintf("give a day in the last %d months", earliestMonths))
	}
	return errors.Join(problems...)
}

// approvals are all of them, oldest version first.
func (p *Plans) approvals(ctx context.Context) ([]report.Approval, error) {
	all, err := p.store.ListRecords(ctx, approvalKind, "", "", true, mostApprovals)
	if err != nil {
		return nil, fmt.Errorf("read the approvals of the plan: %w", err)
	}
	out := make([]report.Approval, 0, len(all))
	for _, r := range slices.Backward(all) {
		var y report.Approval
		if err := json.Unmarshal(r.Body, &y); err != nil {
			return nil, fmt.Errorf("read an approval of the plan: %w", err)
		}
		out = append(out, y)
	}
	return out, nil
}

// PlanVersion is a version of the plan in its history.
type PlanVersion struct {
	store.Document
	Approvals []report.Approval
}

// History lists the versions without their bodies, newest first.
func (p *Plans) History(ctx context.Context, a Actor) ([]PlanVersion, error) {
	if !a.Can(SeeDocuments) {
		return nil, balie.ErrDenied
	}
	all, err := p.store.DocumentHistory(ctx, PlanDoc, "")
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		return nil, fmt.Errorf("list the versions of the plan: %w", err)
	}
	approvals, err := p.approvals(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]PlanVersion, len(all))
	for i, d := range all {
		out[i].Document = d
		for _, y := range approvals {
			if y.Version == d.Version {
				out[i].Approvals = append(out[i].Approvals, y)
			}
		}
	}
	return out, nil
}

// invalid are those errors that are mistakes in a text.
func invalid(all []error) []*balie.InvalidError {
	var out []*balie.InvalidError
	for _, err := range all {
		if e, ok := errors.AsType[*balie.InvalidError](err); ok {
			out = append(out, e)
		}
	}
	return out
}

// Check is a plan as it would be, with what follows from it; nothing is changed.
func (p *Plans) Check(ctx context.Context, a Actor, file string, body []byte, now time.Time) (PlanView, error) {
	v := PlanView{Body: body, InForce: p.lib.Plan().Version}
	if !a.Can(SeeDocuments) {
		return v, balie.ErrDenied
	}
	var err error
	if v.Plan, err = report.ParsePlan(file, body, PlanNames(p.lib.Brain())); err != nil {
		return v, err
	}
	v.Reckoning, v.Calendar, err = p.reckon(ctx, v.Plan, now)
	return v, err
}
