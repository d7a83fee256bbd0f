package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// act carries out one act.
func (w *world) act(ctx context.Context, id balie.ID, act deskAct, key string, at time.Time) error {
	if act.Do == "score" { // the customer does, on the page of the letter
		_, err := desk.NewAftercare(w.db, w.app.documents.Brain).Rate(ctx, id, act.Level, act.Text, at)
		return err
	}
	by, err := w.actor(ctx, act.By)
	if err != nil {
		return err
	}
	r, err := w.db.Request(ctx, id)
	if err != nil {
		return err
	}
	do, ok := deskActs[act.Do]
	if !ok {
		return fmt.Errorf("there is no act %q", act.Do)
	}
	return do(ctx, w.app.desk, by, r, act, key, at)
}

// deskActs are what the script can let people do.
var deskActs = map[string]func(context.Context, *desk.Desk, desk.Actor, balie.Request, deskAct, string, time.Time) error{
	"take": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		to := a.To
		if to == "" {
			to = by.ID
		}
		_, _, err := d.Assign(ctx, by, r.ID, to, at)
		return err
	},
	"reply": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, key string, at time.Time) error {
		_, err := d.Reply(ctx, by, desk.Reply{Request: r.ID, Seen: r.Version, Text: a.Text, Then: a.Then, Key: key}, at)
		return err
	},
	"note": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, key string, at time.Time) error {
		_, err := d.Note(ctx, by, r.ID, a.Text, nil, key, at)
		return err
	},
	"handout": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, key string, at time.Time) error {
		s, err := d.Summarise(ctx, by, r.ID, a.Team, at)
		if err != nil {
			return err
		}
		_, err = d.HandOut(ctx, by, desk.HandOut{Request: r.ID, Seen: s.Seen, Team: a.Team, Summary: s.Summary, Why: a.Text, Tell: true, Key: key}, at)
		return err
	},
	"tell": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, key string, at time.Time) error {
		_, err := d.TellTeam(ctx, by, r.ID, lastHandout(r), a.Text, nil, key, at)
		return err
	},
	"team": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		return d.TeamAct(ctx, by, r.ID, lastHandout(r), a.To, a.Text, at)
	},
	"later": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		in := desk.HandoutAct{Act: desk.LaterThanDue, Words: a.Text, Until: at.AddDate(0, 0, a.Level)}
		return d.TeamDo(ctx, by, r.ID, lastHandout(r), in, at)
	},
	"draft": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		return d.SaveDraft(ctx, by, r.ID, "reply", a.Text, r.Version, at)
	},
	"priority": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		_, _, err := d.Edit(ctx, by, desk.Edit{Request: r.ID, Priority: &a.Level}, at)
		return err
	},
	"tag": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		_, _, err := d.Edit(ctx, by, desk.Edit{Request: r.ID, AddTags: strings.Split(a.Text, ",")}, at)
		return err
	},
	"plan": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		_, err := d.Plan(ctx, by, r.ID, at.AddDate(0, 0, a.Level), a.Text, at)
		return err
	},
	"resolve": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		_, _, err := d.Resolve(ctx, by, r.ID, a.To, at)
		return err
	},
	"close": func(ctx context.Context, d *desk.Desk, by desk.Actor, r balie.Request, a deskAct, _ string, at time.Time) error {
		_, _, err := d.Close(ctx, by, r.ID, balie.Outcome(a.To), balie.ID{}, a.Text, at)
		return err
	},
}

func lastHandout(r balie.Request) balie.ID {
	if len(r.Handouts) == 0 {
		return balie.ID{}
	}
	return r.Handouts[len(r.Handouts)-1].ID
}
