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

// orgOf is the organisation of a request's customer.
func (l *lists) orgOf(t failer, r balie.Request) string {
	t.Helper()
	p, err := l.db.Person(context.Background(), r.Customer)
	if err != nil && !errors.Is(err, balie.ErrNotFound) {
		t.Fatal(err)
	}
	return p.Organisation
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
		k := l.brain.Setting(l.cal, l.orgOf(t, r)).Clocks(r, l.now).Nearest()
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
		if k := l.brain.Setting(l.cal, l.orgOf(t, r)).Clocks(r, l.now).Nearest(); !k.IsZero() {
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
		l.asked(t, person(rapid.SampledFrom([]string{"Anouk Visser", "Jan Bos"}).Draw(t, "who")+fmt.Sprintf(" %d", len(l.known)), "linde", l.now), "Een vraag", "Hallo",
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

// A page that asks what changed since it was read misses nothing: put together,
// the answers lead from any list to the next.
func TestChangesMissNothing(t *testing.T) {
	l := newLists(t, t.TempDir())
	defer l.close(t)
	l.settle(t)
	page := func() (map[balie.ID]uint64, uint64) {
		p, err := l.over.Page(context.Background(), sanne, Query{}, "", mostRows, l.now)
		if err != nil {
			t.Fatal(err)
		}
		out := map[balie.ID]uint64{}
		for _, w := range p.Rows {
			out[w.Request.ID] = w.Request.Version
		}
		return out, p.Version
	}
	shown, at := page()
	kinds := map[string]int{}
	for i := range 120 {
		changed := l.over.Changed()
		switch {
		case i%3 == 0:
			l.asked(t, person(fmt.Sprintf("Jan %d", i), "", l.now), "Vraag", "tekst", nil)
		case i%7 == 0:
			l.act(t, l.known[i%len(l.known)], balie.Event{What: balie.ClosedAs, Data: map[string]string{"outcome": "spam"}})
		case i%5 == 0:
			l.act(t, l.known[i%len(l.known)], balie.Event{What: balie.Undone})
		default:
			l.act(t, l.known[i%len(l.known)], balie.Event{What: balie.Noted})
		}
		if i%4 > 0 {
			continue
		}
		<-changed
		news, next, ok := l.over.Since(sanne, at)
		if !ok {
			t.Fatal("the changes are forgotten")
		}
		at = next
		for _, c := range news {
			kinds[c.What]++
			if c.What == RequestClosed {
				delete(shown, c.Request)
			} else {
				shown[c.Request] = c.Version
			}
		}
	}
	l.settle(t)
	news, at, _ := l.over.Since(sanne, at)
	for _, c := range news {
		if shown[c.Request] = c.Version; c.What == RequestClosed {
			delete(shown, c.Request)
		}
	}
	if now, _ := page(); !maps.Equal(now, shown) {
		t.Errorf("followed to %d requests, are %d", len(shown), len(now))
	}
	for _, what := range []string{RequestOpened, RequestChanged, RequestClosed} {
		if kinds[what] == 0 {
			t.Errorf("nothing was ever %s: this test proves nothing", what)
		}
	}
	if news, _, _ := l.over.Since(tomas, at-20); len(news) != 0 {
		t.Errorf("a team member hears of %d requests of others", len(news))
	}
	if _, _, ok := l.over.Since(sanne, 17); ok {
		t.Error("a page of an earlier start is told that it is up to date")
	}
	for range mostNews + 1 {
		l.over.news.add(RequestChange{}, nil)
	}
	if _, _, ok := l.over.Since(sanne, at); ok {
		t.Error("forgotten changes are not said to be")
	}
}

// S7: what a team member gets of a request is its outline: nothing that
// customer and desk said to each other.
func TestS7_ATeamMembersListHasOnlyOutlines(t *testing.T) {
	l := newLists(t, t.TempDir())
	defer l.close(t)
	r := l.asked(t, person("Anouk Visser", "linde", l.now), "Lekkage", "Een geheim", map[string]string{"preview": "Een geheim"})
	other := l.asked(t, person("Jan Bos", "linde", l.now), "Kelder", "Iets", nil)
	for _, team := range []string{"techniek", "catering"} {
		l.act(t, r.ID, balie.Event{What: balie.HandedOut, Handout: &balie.Handout{ID: balie.NewID(l.now), Team: team, State: balie.Offered, Opened: l.now, Reason: "geheim van " + team}})
	}
	l.act(t, r.ID, balie.Event{What: balie.Filled, Data: map[string]string{"wie": "Anouk"}})
	l.settle(t)
	for _, v := range []View{OpenView, AllView, TeamView("techniek"), TeamView("catering")} {
		for _, q := range []search.Query{{}, {Terms: []search.Term{{Value: "lekkage"}}}} {
			p, err := l.over.Page(context.Background(), tomas, Query{View: v, Find: q}, "", 10, l.now)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rows) != 1 {
				t.Fatalf("%s with %q has %d rows", v, q, len(p.Rows))
			}
			w := p.Rows[0]
			if w.Customer.Name != "" || w.Request.Preview != "" || w.Request.Fields != nil || !w.Request.Customer.IsZero() || len(w.Request.Handouts) != 1 || w.Found != nil || w.Holder != (Holder{Kind: HeldBackoffice, Team: "techniek"}) {
				t.Errorf("%s: a team member is shown %+v", v, w)
			}
		}
	}
	rows, err := l.over.Rows(context.Background(), tomas, Query{}, []balie.ID{r.ID, other.ID}, l.now)
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	if n := l.over.Counts(tomas, l.now); n[OpenView] != 1 || n[TeamView("techniek")] != 1 {
		t.Errorf("counts %v", n)
	}
	if p, err := l.over.Page(context.Background(), Actor{ID: "x"}, Query{View: AllView}, "", 10, l.now); err != nil || len(p.Rows) != 0 {
		t.Errorf("somebody without a role sees %d: %v", len(p.Rows), err)
	}
}

func TestABrokenPlaceInAListIsSaid(t *testing.T) {
	l := newLists(t, t.TempDir())
	defer l.close(t)
	l.settle(t)
	for _, after := range []string{"x", "1.2", "1.zz.01", "9.9.9.9", "-1", "\x00", "1.1.0"} {
		for _, v := range []View{OpenView, AllView, ClosedView} {
			var invalid *balie.InvalidError
			if _, err := l.over.Page(context.Background(), sanne, Query{View: v}, after, 5, l.now); err != nil && !errors.As(err, &invalid) && !errors.Is(err, balie.ErrNotFound) {
				t.Errorf("%q in %s: %v", after, v, err)
			}
		}
	}
}
