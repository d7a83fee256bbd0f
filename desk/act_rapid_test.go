package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

var ledgerAll = store.LedgerFilter{}

// teamWords is in all that teams say, noteWords in all notes.
const (
	teamWords = "GEHEIM-TEAM"
	noteWords = "GEHEIM-NOTITIE"
)

// Whatever agents, teams and customers do in whatever order: what is stored
// refolds, and nothing a team or a note said goes to a customer.
func TestS2_RandomActsNeverBreakTheStoreNorTellTheCustomerATeamsWords(t *testing.T) {
	w := newWorld(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := &play{world: w, customer: fmt.Sprintf("jan%d@klant.example", round)}
		p.mine = []balie.ID{w.mail(p.customer, "Vraagje", "Wat vinden jullie van de nieuwe minister?", "").ID}
		for i := range rapid.IntRange(1, 14).Draw(rt, "acts") {
			w.pass(time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds")) * time.Second)
			p.random(rt, fmt.Sprintf("%d-%d", round, i))
		}
		p.sound(rt)
	})
	w.verify()
}

// play is one round on requests of its own.
type play struct {
	*world
	customer string
	mine     []balie.ID
}

func (w *play) all() []balie.Request {
	var out []balie.Request
	for _, id := range w.mine {
		out = append(out, w.get(id))
	}
	return out
}

// add remembers a request of this round.
func (w *play) add(r balie.Request) {
	if !r.ID.IsZero() && !slices.Contains(w.mine, r.ID) {
		w.mine = append(w.mine, r.ID)
	}
}

// random does one act of one actor on one request; refusals are fine.
func (w *play) random(rt *rapid.T, key string) {
	ctx := context.WithoutCancel(w.t.Context())
	all := w.all()
	r := rapid.SampledFrom(all).Draw(rt, "request")
	other := rapid.SampledFrom(all).Draw(rt, "other")
	a := rapid.SampledFrom([]desk.Actor{sanne, bram, rita, tom, cato}).Draw(rt, "actor")
	handout := balie.ID{}
	if n := len(r.Handouts); n > 0 {
		handout = r.Handouts[rapid.IntRange(0, n-1).Draw(rt, "handout")].ID
	}
	message := balie.ID{}
	if ms, err := w.db.Messages(ctx, r.ID); err == nil && len(ms) > 0 {
		message = rapid.SampledFrom(ms).Draw(rt, "message").ID
	}
	seq := uint64(rapid.IntRange(1, int(r.Version)).Draw(rt, "seq"))
	acts := map[string]func() error{
		"reply": func() error {
			then := rapid.SampledFrom([]desk.Then{desk.ThenStay, desk.ThenWait, desk.ThenResolve}).Draw(rt, "then")
			_, err := w.desk.Reply(ctx, a, desk.Reply{Request: r.ID, Seen: r.Version, Text: "antwoord " + key, Then: then, Key: key}, w.now)
			return err
		},
		"unsend": func() error { _, err := w.desk.Unsend(ctx, a, r.ID, message, w.now); return err },
		"note":   func() error { _, err := w.desk.Note(ctx, a, r.ID, noteWords, nil, key, w.now); return err },
		"handout": func() error {
			team := rapid.SampledFrom([]string{"techniek", "catering"}).Draw(rt, "team")
			_, err := w.desk.HandOut(ctx, a, desk.HandOut{Request: r.ID, Seen: r.Version, Team: team, Summary: desk.Summary{Asked: "x", Tried: teamWords}, Why: "haast", Tell: rapid.Bool().Draw(rt, "tell"), Key: key}, w.now)
			return err
		},
		"withdraw": func() error { _, err := w.desk.WithdrawHandout(ctx, a, r.ID, handout, teamWords, w.now); return err },
		"tellteam": func() error { _, err := w.desk.TellTeam(ctx, a, r.ID, handout, teamWords, nil, key, w.now); return err },
		"team": func() error {
			act := rapid.SampledFrom([]string{desk.AcceptHandout, desk.FinishHandout, desk.RefuseHandout, desk.AskDesk}).Draw(rt, "act")
			return w.desk.TeamAct(ctx, a, r.ID, handout, act, teamWords+key, w.now)
		},
		"edit": func() error {
			_, _, err := w.desk.Edit(ctx, a, desk.Edit{Request: r.ID, Product: ptr("klimaat"), Fields: map[string]string{"room": key}, AddTags: []string{"t" + key}}, w.now)
			return err
		},
		"ask":     func() error { _, err := w.desk.AskMissing(ctx, a, r.ID, nil, r.Version, key, w.now); return err },
		"resolve": func() error { _, _, err := w.desk.Resolve(ctx, a, r.ID, "phone", w.now); return err },
		"close":   func() error { _, _, err := w.desk.Close(ctx, a, r.ID, balie.Spam, balie.ID{}, "", w.now); return err },
		"reopen":  func() error { _, err := w.desk.Reopen(ctx, a, r.ID, "", w.now); return err },
		"plan":    func() error { _, err := w.desk.Plan(ctx, a, r.ID, w.now.AddDate(0, 0, 2), "", w.now); return err },
		"undo":    func() error { _, err := w.desk.Undo(ctx, a, r.ID, seq, w.now); return err },
		"merge":   func() error { _, err := w.desk.Merge(ctx, a, r.ID, other.ID, w.now); return err },
		"split": func() error {
			made, err := w.desk.Split(ctx, a, r.ID, message, w.now)
			w.add(made)
			return err
		},
		"link":  func() error { _, err := w.desk.Link(ctx, a, r.ID, other.ID, "", w.now); return err },
		"judge": func() error { _, err := w.desk.Judge(ctx, a, r.ID, seq, false, "lekkage", w.now); return err },
		"call": func() error {
			o := rapid.SampledFrom([]desk.CallOutcome{desk.CallSolved, desk.CallHandOut, desk.CallDesk, desk.CallWaiting, desk.CallCallback}).Draw(rt, "outcome")
			in := desk.Call{Key: key, Channel: "phone", Name: "Jan", Text: "belt " + key, Product: "klimaat", Outcome: o, Team: "techniek", Why: "haast"}
			if rapid.Bool().Draw(rt, "into") {
				in.Into = r.ID
			}
			made, err := w.desk.LogCall(ctx, a, in, w.now)
			w.add(made)
			return err
		},
		"customer": func() error {
			refs := ""
			for _, d := range w.deliveries(r.ID) {
				if m, err := w.db.Message(ctx, d.Message); err == nil && d.To.Value == w.customer {
					refs = m.MsgID
				}
			}
			w.add(w.mail(w.customer, "Re: Vraagje", "nog iets "+key, refs))
			return nil
		},
		"new": func() error {
			if len(w.all()) < 4 {
				w.add(w.mail("els"+w.customer, "Nieuw", "Een heel andere vraag "+key, ""))
			}
			return nil
		},
	}
	names := []string{"reply", "unsend", "note", "handout", "withdraw", "tellteam", "team", "edit", "ask", "resolve", "close", "reopen", "plan", "undo",
		"merge", "split", "link", "judge", "call", "customer", "new"}
	name := rapid.SampledFrom(names).Draw(rt, "what")
	before := w.get(r.ID).Version
	err := acts[name]()
	if err != nil && !known(err) {
		rt.Fatalf("%s by %s: %v", name, a.ID, err)
	}
	if after := w.get(r.ID).Version; err != nil && after != before {
		rt.Fatalf("%s by %s was refused (%v) and changed the request", name, a.ID, err)
	}
	if err == nil && (a.Role == desk.ReadOnly || a.Role == desk.TeamMember && name != "team") && name != "customer" && name != "new" {
		rt.Fatalf("%s did %s", a.Role, name)
	}
}

// known reports whether an act may be refused with this.
func known(err error) bool {
	var move *balie.MoveError
	var invalid *balie.InvalidError
	return errors.As(err, &move) || errors.As(err, &invalid) || errors.Is(err, balie.ErrDenied) || errors.Is(err, balie.ErrNotFound) || errors.Is(err, balie.ErrStale)
}

// sound checks all that is stored, and what customers can read of it.
func (w *play) sound(rt *rapid.T) {
	ctx := context.WithoutCancel(w.t.Context())
	for _, r := range w.all() {
		w.refolds(rt, r)
		ms, err := w.db.Messages(ctx, r.ID)
		if err != nil {
			rt.Fatal(err)
		}
		for _, m := range ms {
			if m.Side == balie.CustomerSide && (strings.Contains(m.Text+m.Full, teamWords) || strings.Contains(m.Text+m.Full, noteWords)) {
				rt.Fatalf("the customer of %s can read %q", r.Ref, m.Text)
			}
		}
		for _, d := range w.deliveries(r.ID) {
			m, err := w.db.Message(ctx, d.Message)
			if err != nil {
				rt.Fatal(err)
			}
			if strings.Contains(d.To.Value, "klant.example") && strings.Contains(m.Text+m.Full, "GEHEIM") {
				rt.Fatalf("%q goes to %s", m.Text, d.To.Value)
			}
			if d.Status == balie.TakenBack && m.Side == balie.CustomerSide {
				rt.Fatalf("what was taken back is still on the customer's side: %q", m.Text)
			}
		}
		for _, a := range []desk.Actor{sanne, rita} {
			if _, err := w.desk.View(ctx, a, r.ID, w.now); err != nil {
				rt.Fatalf("view of %s: %v", r.Ref, err)
			}
		}
	}
}

// refolds checks that a request is the fold of its events.
func (w *play) refolds(rt *rapid.T, r balie.Request) {
	events, err := w.db.Events(context.WithoutCancel(w.t.Context()), r.ID, 0)
	if err != nil {
		rt.Fatal(err)
	}
	var again balie.Request
	for _, e := range events {
		if again, err = again.Apply(e); err != nil {
			rt.Fatalf("%s: %v", r.Ref, err)
		}
	}
	got, err1 := json.Marshal(again)
	want, err2 := json.Marshal(r)
	if err1 != nil || err2 != nil || string(got) != string(want) {
		rt.Fatalf("folded again\n got %s\nwant %s", got, want)
	}
}
