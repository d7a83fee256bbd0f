package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
)

// hows are the ways in which a customer came to know that it is solved.
var hows = []string{"phone", "counter", "handed_over", "mail", "chat", "self"}

// Resolve closes the request as solved: the customer has been told, and how
// says by what (phone, counter, handed_over, mail, chat, or self: they saw it
// themselves). Nothing goes out. seq names the act for Undo.
func (d *Desk) Resolve(ctx context.Context, a Actor, request balie.ID, how string, now time.Time) (r balie.Request, seq uint64, err error) {
	if !slices.Contains(hows, how) {
		return r, 0, &balie.InvalidError{Field: "how", Problem: "it is not said how the customer knows", Fix: "use " + strings.Join(hows, ", ")}
	}
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		r := x.request()
		if len(r.OpenHandouts()) > 0 {
			return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.Confirmed, Why: "a team still has it: withdraw the hand-out first"}
		}
		if r.State == balie.Closed {
			return &balie.MoveError{Ref: r.Ref, State: r.State, What: balie.Confirmed, Why: "it is closed already"}
		}
		var steps []balie.What
		if r.State == balie.Waiting || r.State == balie.WithTeam {
			steps = append(steps, balie.ToDesk)
		}
		if r.State != balie.AnsweredState {
			steps = append(steps, balie.Answered)
		}
		for _, what := range steps {
			if err := x.do(balie.Event{What: what, At: now, Data: map[string]string{"how": how, "before": string(balie.Confirmed)}}); err != nil {
				return err
			}
		}
		return x.do(balie.Event{What: balie.Confirmed, At: now, Data: map[string]string{"how": how, "with": fmt.Sprint(len(steps))}})
	})
	return out.request, lastSeq(out), err
}

// Close closes the request without an answer: withdrawn, duplicate (of which),
// spam, refused. Teams that have it are told. seq names the act for Undo.
func (d *Desk) Close(ctx context.Context, a Actor, request balie.ID, outcome balie.Outcome, of balie.ID, reason string, now time.Time) (r balie.Request, seq uint64, err error) {
	reason = firstLine(strings.TrimSpace(reason))
	switch {
	case !slices.Contains([]balie.Outcome{balie.WithdrawnByIt, balie.Duplicate, balie.Spam, balie.RefusedByDesk}, outcome):
		return r, 0, &balie.InvalidError{Field: "outcome", Problem: fmt.Sprintf("%q is not a reason to close", outcome), Fix: "use withdrawn, duplicate, spam or refused"}
	case outcome == balie.RefusedByDesk && reason == "":
		return r, 0, &balie.InvalidError{Field: "reason", Problem: "it is not said why it is refused", Fix: "give the reason; it stays with the request"}
	case outcome == balie.Duplicate && of.IsZero(), outcome == balie.Duplicate && of == request:
		return r, 0, &balie.InvalidError{Field: "of", Problem: "it is not said of which request it is a duplicate", Fix: "give the other request's number"}
	}
	if outcome == balie.Duplicate {
		other, err := d.store.Request(ctx, of)
		if err != nil {
			return r, 0, err
		}
		if err := a.check(ActOnRequests, other); err != nil {
			return r, 0, err
		}
	}
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		return x.closeAs(outcome, of, reason, now)
	})
	return out.request, lastSeq(out), err
}

func (x *act) closeAs(outcome balie.Outcome, of balie.ID, reason string, now time.Time) error {
	for _, h := range x.request().OpenHandouts() {
		if _, err := x.tellWithdrawn(h, reason, now); err != nil {
			return err
		}
	}
	data := map[string]string{"outcome": string(outcome)}
	if reason != "" {
		data["reason"] = reason
	}
	if outcome == balie.Duplicate {
		data["of"] = of.String()
	}
	return x.do(balie.Event{What: balie.ClosedAs, At: now, Data: data})
}

// Reopen brings an answered or closed request back to the desk.
func (d *Desk) Reopen(ctx context.Context, a Actor, request balie.ID, reason string, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		return x.do(balie.Event{What: balie.Reopened, At: now, Data: reasonData(reason), Next: x.d.o.Calendar.Add(now, defaultRespond)})
	})
	return out.request, err
}

func reasonData(reason string) map[string]string {
	if reason = firstLine(strings.TrimSpace(reason)); reason != "" {
		return map[string]string{"reason": reason}
	}
	return nil
}

// planMost is how far ahead something is planned.
const planMost = 2 // years

// Plan says on which date it goes on.
func (d *Desk) Plan(ctx context.Context, a Actor, request balie.ID, date time.Time, note string, now time.Time) (balie.Request, error) {
	if !date.After(now) || date.After(now.AddDate(planMost, 0, 0)) {
		return balie.Request{}, &balie.InvalidError{Field: "date", Problem: "that is not a date to come", Fix: "choose a date within two years"}
	}
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error {
		data := map[string]string{"date": date.UTC().Format(time.RFC3339)}
		if note = firstLine(strings.TrimSpace(note)); note != "" {
			data["note"] = note
		}
		e := balie.Event{What: balie.PlannedFor, At: now, Data: data, Next: date}
		if s := x.request().State; s != balie.AtDesk && s != balie.WithTeam {
			if s == balie.Planned && len(x.request().OpenHandouts()) > 0 {
				return x.after(balie.Resumed, e)
			}
			return x.after(towards(s), e)
		}
		return x.do(e)
	})
	return out.request, err
}
