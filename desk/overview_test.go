package desk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// lists is a store with an overview and an index that follow it.
type lists struct {
	db    *boltstore.DB
	brain *intake.Brain
	cal   hours.Calendar
	over  *Overview
	find  *search.Index
	stop  func() error
	now   time.Time
	known []balie.ID
}

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newLists(t failer, dir string) *lists {
	t.Helper()
	db, err := boltstore.Open(dir, boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Parse("sample.yaml", catalogue.Sample())
	if err != nil {
		t.Fatal(err)
	}
	cal, err := hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{
		"mon": {"08:00-17:30"}, "tue": {"08:00-17:30"}, "wed": {"08:00-17:30"}, "thu": {"08:00-17:30"}, "fri": {"08:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	l := &lists{db: db, brain: &intake.Brain{Catalogue: c, Organisations: []balie.Organisation{{ID: "linde", Name: "De Linde"}}},
		cal: cal, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	l.start(t, filepath.Join(dir, search.File))
	return l
}

func (l *lists) start(t failer, file string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	l.find = search.New(file, l.db, log)
	l.over = NewOverview(l.db, func() *intake.Brain { return l.brain }, l.find, OverviewOptions{Calendar: l.cal}, log)
	ctx, cancel := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.over.Run(ctx) })
	g.Go(func() error { return l.find.Run(ctx) })
	l.stop = func() error {
		cancel()
		return g.Wait()
	}
}

func (l *lists) close(t failer) {
	t.Helper()
	if err := errors.Join(l.stop(), l.db.Close()); err != nil {
		t.Fatal(err)
	}
}

// settle waits until overview and index have all that is committed.
func (l *lists) settle(t failer) {
	t.Helper()
	end, _, err := l.db.Tail(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.After(30 * time.Second)
	for {
		changed := l.over.Changed()
		l.over.mu.RLock()
		at := l.over.cursor
		l.over.mu.RUnlock()
		if l.over.Ready() && at == end {
			break
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the overview stands at %q of %q", at, end)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := l.find.Wait(ctx, end); err != nil {
		t.Fatal(err)
	}
}

// commit makes events of one request a Change. A move that the state refuses
// is left out.
func (l *lists) commit(t failer, c balie.Change, events ...balie.Event) balie.Change {
	t.Helper()
	for _, e := range events {
		l.now = l.now.Add(time.Second)
		e.At = l.now
		if e.By == "" {
			e.By = "agent:sanne"
		}
		var move *balie.MoveError
		if err := c.Do(e); err != nil && !errors.As(err, &move) {
			t.Fatal(err)
		}
	}
	if len(c.Events) == 0 {
		return c
	}
	if err := l.db.Commit(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// asked opens a request of a person.
func (l *lists) asked(t failer, person balie.Person, subject, text string, data map[string]string) balie.Request {
	t.Helper()
	l.now = l.now.Add(time.Second)
	id := balie.NewID(l.now)
	all := map[string]string{"ref": id.Ref(4), "channel": "email", "subject": subject, "language": "nl", "customer": person.ID.String()}
	maps.Copy(all, data)
	m := balie.Message{ID: balie.NewID(l.now), Request: id, Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Subject: subject, Text: text, At: l.now}
	c := balie.Change{Messages: []balie.Message{m}}
	if person.Version == 1 {
		if _, err := l.db.Person(context.Background(), person.ID); err != nil {
			c.People = []balie.Person{person}
		}
	}
	c = l.commit(t, c, balie.Event{Request: id, What: balie.Opened, By: "customer", Message: m.ID, Data: all}, balie.Event{What: balie.ToDesk, By: "router@1"})
	l.known = append(l.known, id)
	return c.Request
}

func (l *lists) act(t failer, id balie.ID, events ...balie.Event) balie.Request {
	t.Helper()
	r, err := l.db.Request(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l.commit(t, balie.Change{Request: r}, events...).Request
}

func person(name, org string, now time.Time) balie.Person {
	mail := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@linde.example"
	return balie.Person{ID: balie.NewID(now), Version: 1, Name: name, Organisation: org, Addresses: []balie.Address{{Scheme: balie.Mail, Value: mail}}}
}

// slow is a list made by looking at every request of the store: what the
// overview must equal.
func (l *lists) slow(t failer, a Actor, has func(balie.Request, Clock) bool) map[Group][]balie.Request {
	t.Helper()
	out := map[Group][]balie.Request{}
	for r, err := range l.db.List(context.Background(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		p, _ := l.brain.Catalogue.Product(r.Product)
		cal := l.cal
		if p.ID != "" {
			cal = l.brain.Catalogue.Calendar(p)
		}
		k := ClocksOf(r, p, cal, l.now).Nearest()
		if r.State == balie.Closed || !a.Sees(r) || !has(r, k) {
			continue
		}
		y, m, d := l.now.In(l.cal.Zone()).Date()
		g := LaterGroup
		switch {
		case k.Late:
			g = LateGroup
		case k.Soon:
			g = SoonGroup
		case !k.IsZero() && k.Due.Before(time.Date(y, m, d+1, 0, 0, 0, 0, l.cal.Zone())):
			g = TodayGroup
		}
		out[g] = append(out[g], r)
	}
	due := func(r balie.Request) int64 {
		p, _ := l.brain.Catalogue.Product(r.Product)
		cal := l.cal
		if p.ID != "" {
			cal = l.brain.Catalogue.Calendar(p)
		}
		if k := ClocksOf(r, p, cal, l.now).Nearest(); !k.IsZero() {
			return k.Due.UnixNano()
		}
		return noDue
	}
	for _, rs := range out {
		slices.SortFunc(rs, func(x, y balie.Request) int {
			return cmp.Or(cmp.Compare(due(x), due(y)), bytes.Compare(x.ID[:], y.ID[:]))
		})
	}
	return out
}

func refs(all map[Group][]balie.Request) (out []string) {
	for _, g := range Groups {
		for _, r := range all[g] {
			out = append(out, string(g)+" "+r.Ref)
		}
	}
	return out
}

// paged reads a list page by page.
func (l *lists) paged(t failer, a Actor, q Query) (out []string, first Page) {
	t.Helper()
	after := ""
	for i := 0; ; i++ {
		p, err := l.over.Page(context.Background(), a, q, after, 3, l.now)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = p
		}
		for _, w := range p.Rows {
			out = append(out, string(w.Group)+" "+w.Request.Ref)
		}
		if after = p.Next; after == "" {
			return out, first
		}
		if i > 1000 {
			t.Fatal("the pages do not end")
		}
	}
}

// viewed says what is in each view, apart from how the overview does it.
func viewed(v View, a Actor, b *intake.Brain) func(balie.Request, Clock) bool {
	held := func(r balie.Request, kinds ...balie.TeamKind) bool {
		return slices.ContainsFunc(r.OpenHandouts(), func(h balie.Handout) bool {
			team, ok := b.Catalogue.Team(h.Team)
			if !ok {
				team.Kind = balie.Backoffice // it is not in no view because somebody took it out of the catalogue
			}
			return slices.Contains(kinds, team.Kind)
		})
	}
	return func(r balie.Request, k Clock) bool {
		switch v {
		case MineView:
			return r.Assignee == a.ID
		case UnassignedView:
			return r.Assignee == "" && r.State == balie.AtDesk
		case BackofficeView:
			return held(r, balie.Backoffice, balie.Supplier, balie.Approver)
		case AccountView:
			return held(r, balie.Account)
		case WaitingView:
			return r.State == balie.Waiting
		case RiskView:
			return k.Late || k.Soon
		case AftercareView:
			return r.State == balie.AnsweredState
		}
		return true
	}
}

var (
	sanne = Actor{ID: "sanne", Name: "Sanne Vos", Role: Agent}
	tomas = Actor{ID: "tomas", Name: "Tomas", Role: TeamMember, Teams: []string{"techniek"}}
)

// After whatever happened, every view of everybody has exactly what a look at
// every request says, in order, page by page, and so have its counts.
func TestListsAreWhatTheStoreSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLists(t, tempDir(t))
		defer l.close(t)
		steps := rapid.IntRange(5, 40).Draw(t, "steps")
		for i := range steps {
			l.step(t)
			if i%13 == 12 {
				l.now = l.now.Add(time.Duration(rapid.IntRange(0, 30*60).Draw(t, "minutes pass")) * time.Minute)
			}
		}
		l.settle(t)
		for _, a := range []Actor{sanne, tomas} {
			counts := l.over.Counts(a, l.now)
			for _, v := range Views {
				if v == ClosedView {
					continue
				}
				want := refs(l.slow(t, a, viewed(v, a, l.brain)))
				got, first := l.paged(t, a, Query{View: v})
				if d := gocmp.Diff(want, got); d != "" {
					t.Fatalf("%s of %s (-store +overview):\n%s", v, a.ID, d)
				}
				if counts[v] != len(want) || first.Total != len(want) {
					t.Fatalf("%s of %s: counted %d and %d, are %d", v, a.ID, counts[v], first.Total, len(want))
				}
				for _, g := range Groups {
					n := len(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return !strings.HasPrefix(s, string(g)+" ") }))
					if first.Groups[g] != n {
						t.Fatalf("%s of %s: %d in group %s, are %d", v, a.ID, first.Groups[g], g, n)
					}
				}
			}
			if want := len(l.slow(t, a, func(_ balie.Request, k Clock) bool { return k.Late })[LateGroup]); l.over.Late(a, l.now) != want {
				t.Fatalf("%d late, are %d", l.over.Late(a, l.now), want)
			}
		}
		closed, err := l.db.Count(context.Background(), store.Filter{States: []balie.State{balie.Closed}})
		if err != nil || l.over.Counts(sanne, l.now)[ClosedView] != closed {
			t.Fatalf("%d closed, are %d: %v", l.over.Counts(sanne, l.now)[ClosedView], closed, err)
		}
	})
}

var teams = []string{"techniek", "catering", "accountmanagement", "leverancier-x"}

// step is one thing that happens to a request, or a new request.
func (l *lists) step(t *rapid.T) {
	if len(l.known) == 0 || rapid.IntRange(0, 3).Draw(t, "new") == 0 {
		var ids []string
		for _, p := range l.brain.Catalogue.Products {
			ids = append(ids, p.ID)
		}
		l.asked(t, person(rapid.SampledFrom([]string{"Anouk Visser", "Jan Bos"}).Draw(t, "who")+fmt.Sprint(len(l.known)), "linde", l.now), "Een vraag", "Hallo",
			map[string]string{"product": rapid.SampledFrom(append(ids[:6:6], "", "weg")).Draw(t, "product"),
				"assignee": rapid.SampledFrom([]string{"", "", "sanne", "bram"}).Draw(t, "assignee")})
		return
	}
	id := rapid.SampledFrom(l.known).Draw(t, "request")
	r, err := l.db.Request(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	due := l.now.Add(time.Duration(rapid.IntRange(-60, 60*48).Draw(t, "due")) * time.Minute)
	handout := balie.Handout{ID: balie.NewID(l.now), Team: rapid.SampledFrom(teams).Draw(t, "team"), State: balie.Offered, Due: due, Opened: l.now}
	one := ""
	if open := r.OpenHandouts(); len(open) > 0 {
		one = open[0].ID.String()
	}
	l.commit(t, balie.Change{Request: r}, rapid.SampledFrom([]balie.Event{
		{What: balie.Asked, Data: map[string]string{"fields": "waar"}},
		{What: balie.HandedOut, Handout: &handout, Data: map[string]string{"promised": due.Add(time.Hour).Format(time.RFC3339)}},
		{What: balie.HandedOut, Handout: &handout},
		{What: balie.HandoutDone, Data: map[string]string{"handout": one}},
		{What: balie.Answered}, {What: balie.Confirmed}, {What: balie.Reopened, By: "customer"},
		{What: balie.Replied, By: "customer"}, {What: balie.Received, By: "customer"},
		{What: balie.ClosedAs, Data: map[string]string{"outcome": "spam"}}, {What: balie.Undone},
		{What: balie.PlannedFor}, {What: balie.Resumed}, {What: balie.ToDesk},
		{What: balie.Edited, Data: map[string]string{"assignee": rapid.SampledFrom([]string{"", "sanne", "bram"}).Draw(t, "to")}},
		{What: balie.Edited, Data: map[string]string{"priority": "2"}},
		{What: balie.Tagged, Data: map[string]string{"add": "vleugel c,spoed"}}, {What: balie.Noted}, {What: balie.Fired},
	}).Draw(t, "what"))
}

// tempDir is a directory of one rapid check.
func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "balie-lists-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
