package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/store"
)

// deskScript is the people of the desk, what they have done today, and what
// comes in while somebody looks.
type deskScript struct {
	People []struct {
		ID, Name string
		Role     desk.Role
		Teams    []string
	}
	Work []deskWork
	Live []question
}

// deskWork is a question of earlier today and what the desk did with it.
type deskWork struct {
	Ask  question      `yaml:"ask"`
	Ago  time.Duration `yaml:"ago"` // opening hours before now
	Acts []deskAct     `yaml:"acts"`
}

// deskAct is one act of somebody at the desk.
type deskAct struct {
	By    string        `yaml:"by"`
	Do    string        `yaml:"do"`
	Text  string        `yaml:"text"`
	Team  string        `yaml:"team"`
	Then  desk.Then     `yaml:"then"`
	To    string        `yaml:"to"`
	Level int           `yaml:"level"`
	After time.Duration `yaml:"after"` // the one before; 4 minutes when 0
}

// signIn is somebody of the demo's desk, for whoever tries it.
type signIn struct{ ID, Name, Password, Role string }

// actPause is how long an act comes after the one before.
const actPause = 4 * time.Minute

// clock is the time of what comes in: earlier today, while the desk's day is
// played. Everything is a real act by real parts; only its time is given.
func (w *world) clock() time.Time { return time.Now().Add(-time.Duration(w.skew.Load())) }

// openDesk lets people in and plays their day.
func (w *world) openDesk(ctx context.Context) error {
	s, err := readDesk()
	if err != nil {
		return err
	}
	if err := w.letIn(ctx, s); err != nil {
		return err
	}
	defer w.skew.Store(0)
	for _, work := range s.Work {
		if err := w.work(ctx, work); err != nil {
			return fmt.Errorf("play %s at the desk: %w", work.Ask.ID, err)
		}
	}
	return nil
}

func readDesk() (deskScript, error) {
	const file = "demo/desk.yaml"
	var s deskScript
	b, err := demoFiles.ReadFile(file)
	if err != nil {
		return s, err
	}
	if err := yaml.UnmarshalWithOptions(b, &s, yaml.DisallowUnknownField()); err != nil {
		return s, &balie.InvalidError{File: file, Problem: yaml.FormatError(err, false, false), Fix: "see the fields of deskWork"}
	}
	return s, nil
}

// setup signs what the demo does before anybody is signed in.
var setup = desk.Actor{ID: "setup", Name: "balie demo", Role: desk.Admin}

// letIn makes the users, and the link with which a visitor becomes the admin.
func (w *world) letIn(ctx context.Context, s deskScript) error {
	for _, p := range s.People {
		in := signIn{p.ID, p.Name, strings.ToLower(rand.Text()[:12]), string(p.Role)}
		n := auth.NewUser{ID: p.ID, Name: p.Name, Mail: p.ID + "@" + demoDomain, Role: p.Role, Teams: p.Teams, Password: in.Password}
		if _, err := w.app.auth.AddUser(ctx, setup, n, time.Now()); err != nil {
			return fmt.Errorf("make user %s: %w", p.ID, err)
		}
		w.people = append(w.people, in)
	}
	token, _, err := w.app.auth.FirstAdmin(ctx, time.Now())
	w.first = w.app.auth.Address(auth.FirstPath + token)
	return err
}

// work brings in one question of earlier and carries out what was done with it.
func (w *world) work(ctx context.Context, d deskWork) error {
	at := w.app.calendar().Add(time.Now(), -d.Ago)
	w.skew.Store(int64(time.Since(at)))
	request, err := w.bring(ctx, d.Ask)
	if err != nil {
		return err
	}
	for i, act := range d.Acts {
		pause := act.After
		if pause == 0 {
			pause = actPause
		}
		if at = at.Add(pause); at.After(time.Now()) {
			at = time.Now()
		}
		w.skew.Store(int64(time.Since(at)))
		if err := w.act(ctx, request, act, fmt.Sprintf("demo:%s:%d", d.Ask.ID, i), at); err != nil {
			return fmt.Errorf("act %d, %s by %s: %w", i+1, act.Do, act.By, err)
		}
	}
	return nil
}

// bring sends a mail and waits until it is taken in and what it caused is sent.
// Mail of earlier is not the newest line of the ledger: it is known by its
// Message-ID.
func (w *world) bring(ctx context.Context, q question) (balie.ID, error) {
	s, err := w.send(ctx, q)
	if err != nil {
		return balie.ID{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	for {
		changed := w.db.Changed()
		key := balie.MessageKey(s.msgID)
		found, err := w.db.Lookup(ctx, store.Query{Seen: []string{key}})
		if err != nil {
			return balie.ID{}, err
		}
		waits, err := w.outstanding(ctx)
		if err != nil {
			return balie.ID{}, err
		}
		if claim, ok := found.Seen[key]; ok && !waits {
			w.read(&s)
			return claim.Request, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return balie.ID{}, fmt.Errorf("%s was not taken in: %w", q.ID, context.Cause(ctx))
		}
	}
}

// read notes the letters that came of a mail, so that it can be replied to.
func (w *world) read(s *sending) {
	for _, l := range w.newLetters() {
		if l.to == s.q.address() {
			s.letter = l
		}
	}
	w.follow(s)
	w.sent[s.q.ID] = *s
}

// actor is somebody of the desk by name.
func (w *world) actor(ctx context.Context, id string) (desk.Actor, error) {
	u, err := w.app.auth.User(ctx, id)
	return u.Actor(), err
}

// act carries out one act.
func (w *world) act(ctx context.Context, id balie.ID, act deskAct, key string, at time.Time) error {
	do, ok := deskActs[act.Do]
	if !ok {
		return fmt.Errorf("there is no act %q", act.Do)
	}
	by, err := w.actor(ctx, act.By)
	if err != nil {
		return err
	}
	r, err := w.db.Request(ctx, id)
	if err != nil {
		return err
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

// liveEvery is how often somebody writes while the demo is looked at.
const liveEvery = 20 * time.Second

// stay shows what comes in until ctx ends, and lets a few customers write.
func (w *world) stay(ctx context.Context) error {
	s, err := readDesk()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.watch(ctx) })
	g.Go(func() error {
		for _, q := range s.Live {
			select {
			case <-time.After(liveEvery):
			case <-ctx.Done():
				return nil
			}
			if _, err := w.send(ctx, q); err != nil {
				w.out.note("a customer could not write: " + err.Error())
			}
		}
		return nil
	})
	return g.Wait()
}
