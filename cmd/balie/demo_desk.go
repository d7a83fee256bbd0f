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

// deskWork is a question of earlier and what the desk did with it.
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
	After time.Duration `yaml:"after"` // opening hours after the one before; 4 minutes when 0
}

// signIn is somebody of the demo's desk, for whoever tries it.
type signIn struct{ ID, Name, Password, Role string }

// clock is the time of what comes in: earlier, while the desk's past is
// played. Everything is a real act by real parts; only its time is given.
func (w *world) clock() time.Time { return time.Now().Add(-time.Duration(w.skew.Load())) }

// openDesk lets people in and plays what they did until now.
func (w *world) openDesk(ctx context.Context) error {
	s, err := readDesk()
	if err != nil {
		return err
	}
	if err := w.letIn(ctx, s); err != nil {
		return err
	}
	if err := w.playPast(ctx, s.Work); err != nil {
		return err
	}
	close(w.awake)
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
