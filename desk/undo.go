package desk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// undoFor is how long an act can be taken back.
const undoFor = 10 * time.Minute

// Undo takes an Edit, Assign, Close or Resolve back, named by the seq it
// returned. Only who did it may, for ten minutes, while nothing it changed has
// been changed again. Twice is once.
func (d *Desk) Undo(ctx context.Context, a Actor, request balie.ID, seq uint64, now time.Time) (balie.Request, error) {
	out, err := d.change(ctx, a, ActOnRequests, request, "", func(x *act) error { return x.undo(seq, now) })
	return out.request, err
}

func (x *act) undo(seq uint64, now time.Time) error {
	events, err := x.d.store.Events(x.ctx, x.request().ID, 0)
	if err != nil {
		return fmt.Errorf("read what happened: %w", err)
	}
	i := slices.IndexFunc(events, func(e balie.Event) bool { return e.Seq == seq })
	if i < 0 {
		return balie.ErrNotFound
	}
	if slices.ContainsFunc(events, func(e balie.Event) bool { return undone(e) == seq }) {
		return nil
	}
	if why := undoable(events[i], x.actor, now); why != "" {
		return x.cannotUndo(events[i], why)
	}
	first := i - int(min(with(events[i]), uint64(i)))
	was, err := before(events, events[first].Seq-1)
	if err != nil {
		return err
	}
	became, err := before(events, seq)
	if err != nil {
		return err
	}
	if events[i].What == balie.ClosedAs || events[i].What == balie.Confirmed {
		return x.undoClose(events[i], was, became, now)
	}
	return x.undoEdit(events[first:i+1], was, became, now)
}

// undoable is why an act cannot be taken back by an actor, or "".
func undoable(e balie.Event, a Actor, now time.Time) string {
	switch {
	case !slices.Contains([]balie.What{balie.Edited, balie.Tagged, balie.Filled, balie.ClosedAs, balie.Confirmed}, e.What):
		return "this cannot be taken back"
	case undone(e) > 0:
		return "it took something back itself"
	case about(e, "merged") != "":
		return "its words are in the other request already"
	case e.By != a.By():
		return "somebody else did it"
	case now.Sub(e.At) > undoFor:
		return "it was done more than ten minutes ago"
	}
	return ""
}

// undone is the seq of what an event takes back; 0 when it takes nothing back.
func undone(e balie.Event) uint64 {
	return seqOf(about(e, "undoes"))
}

func (x *act) cannotUndo(e balie.Event, why string) error {
	return &balie.MoveError{Ref: x.request().Ref, State: x.request().State, What: balie.Undone, Why: string(e.What) + ": " + why}
}

func (x *act) undoClose(e balie.Event, was, became balie.Request, now time.Time) error {
	r := x.request()
	if r.State != balie.Closed || r.Outcome != became.Outcome {
		return x.cannotUndo(e, "it is not closed any more")
	}
	data := comesBack(was, became, r)
	data["undoes"] = fmt.Sprint(e.Seq)
	if was.State == 0 { // opened and closed in one act: a call solved at once
		data["state"] = balie.AtDesk.String()
	}
	return x.do(balie.Event{What: balie.Undone, At: now, Data: data, Next: was.Next})
}

// undoEdit writes the opposite of each event, in the same order.
func (x *act) undoEdit(events []balie.Event, was, became balie.Request, now time.Time) error {
	for i, e := range events {
		data, changed := opposite(e, was, became, x.request())
		if changed != "" {
			return x.cannotUndo(e, changed+" was changed again since")
		}
		if e.What != balie.Filled {
			data["undoes"] = fmt.Sprint(events[len(events)-1].Seq)
		}
		if n := len(events); i == n-1 && n > 1 {
			data["with"] = strconv.Itoa(n - 1)
		}
		back := balie.Event{What: e.What, At: now, Data: data}
		if e.What == balie.Filled && len(events) == 1 { // a field's event has no room to say what it undoes
			if err := x.do(balie.Event{What: balie.Edited, At: now, Data: map[string]string{"undoes": fmt.Sprint(e.Seq)}}); err != nil {
				return err
			}
		}
		if err := x.do(back); err != nil {
			return err
		}
	}
	return nil
}

// opposite is the Data that takes an event back, or the name of what has been
// changed again since.
func opposite(e balie.Event, was, became, now balie.Request) (data map[string]string, changed string) {
	data = map[string]string{}
	switch e.What {
	case balie.Filled:
		for id := range e.Data {
			if now.Fields[id] != became.Fields[id] {
				return nil, id
			}
			data[id] = was.Fields[id]
		}
	case balie.Tagged:
		for _, t := range slices.Concat(list(e.Data["add"]), list(e.Data["remove"])) {
			if slices.Contains(now.Tags, t) != slices.Contains(became.Tags, t) {
				return nil, t
			}
		}
		data["add"], data["remove"] = e.Data["remove"], e.Data["add"]
	case balie.Edited:
		then, is := properties(became), properties(now)
		for k := range e.Data {
			old, ok := e.Data["was."+k]
			if !ok {
				continue
			}
			if then[k] != is[k] {
				return nil, k
			}
			data[k], data["was."+k] = old, then[k]
		}
	}
	return data, ""
}

// properties are what Edited events set.
func properties(r balie.Request) map[string]string {
	return map[string]string{"subject": r.Subject, "product": r.Product, "kind": string(r.Kind), "language": r.Language,
		"assignee": r.Assignee, "priority": strconv.Itoa(r.Priority), "customer": r.Customer.String()}
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
