package desk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store/boltstore"
)

// rulesSite is work on the sample rules over a real store.
type rulesSite struct {
	*Rules
	t   *testing.T
	db  *boltstore.DB
	lib *Library
	now time.Time
}

var (
	noor = Actor{ID: "noor", Name: "Noor", Role: Admin}
	emil = Actor{ID: "emil", Name: "Emil", Role: Admin}
	rik  = Actor{ID: "rik", Name: "Rik", Role: Agent}
)

func newRulesSite(t *testing.T) *rulesSite {
	t.Helper()
	db, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{MinFree: -1, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	lib, err := OpenLibrary(t.Context(), db, func(kind string) (string, []byte, error) {
		switch kind {
		case CatalogueDoc:
			return "catalogue.yaml", catalogue.Sample(), nil
		case RulesDoc:
			return "rules.yaml", router.Sample(), nil
		case OrganisationsDoc:
			return "organisations.yaml", []byte("organisations: []\n"), nil
		}
		return kind, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	cal := lib.Brain().Catalogue.Calendars["kantoor"]
	return &rulesSite{Rules: NewRules(db, lib, RulesOptions{Calendar: cal, Language: "nl"}), t: t, db: db, lib: lib,
		now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
}

func (s *rulesSite) view(a Actor) RulesView {
	s.t.Helper()
	v, err := s.View(s.t.Context(), a, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// edited saves a changed rule and gives the draft.
func (s *rulesSite) edited(a Actor, id string, change func(*router.Rule)) RuleDraft {
	s.t.Helper()
	v := s.view(a)
	rule, _, ok := v.Rule(id)
	if !ok {
		s.t.Fatalf("there is no rule %q", id)
	}
	change(&rule)
	d, err := s.SaveRule(s.t.Context(), a, v.Draft.Seen(), rule, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func named(name string) func(*router.Rule) {
	return func(r *router.Rule) { r.Names = map[string]string{"nl": name} }
}

// asks puts a question through the rules in force and stores what was decided.
func (s *rulesSite) asks(text string, at time.Time) balie.Request {
	s.t.Helper()
	m := balie.Message{ID: balie.NewID(at), Side: balie.CustomerSide, Channel: "email", Text: text, Language: "nl",
		From: balie.Address{Scheme: balie.Mail, Value: "kim@example.org"}, Proof: balie.Proven, At: at}
	d, _ := intake.Preview(s.lib.Brain(), m, s.o.Calendar, "nl", at)
	id := balie.NewID(at)
	var c balie.Change
	for _, e := range []balie.Event{
		{Request: id, What: balie.Opened, Data: map[string]string{"ref": id.Ref(0), "channel": "email", "subject": text}, Decision: &d},
		{What: balie.ToDesk}} {
		e.At, e.By = at, "router@1"
		if err := c.Do(e); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.db.Commit(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	return c.Request
}

func TestADraftIsPublishedWithAReasonAndDecidesTheNextQuestion(t *testing.T) {
	s := newRulesSite(t)
	ctx := t.Context()
	before := s.view(noor)
	if before.Draft.Begun() || len(before.Failed) > 0 || before.Problem != nil {
		t.Fatalf("%+v, failed %+v", before.Draft.Seen(), before.Failed)
	}
	v := s.view(noor)
	rule := router.Rule{ID: "kerst", Names: map[string]string{"nl": "Kerstpakket"}, When: `message.text.matches(r"(?i)kerstpakket")`,
		Then:     []balie.Action{{Do: balie.DoHandOut, Team: "catering"}},
		Examples: router.Examples{Must: []router.Example{{Text: "Waar haal ik mijn kerstpakket op?"}}}}
	d, err := s.AddRule(ctx, noor, v.Draft.Seen(), rule, 0, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(d.Body), "# The rules a desk begins with.") {
		t.Error("the remarks of the file are gone")
	}
	q := RuleQuestion{Text: "Waar kan ik mijn kerstpakket ophalen?", Language: "nl"}
	trial, err := s.Try(ctx, noor, q, s.now)
	if err != nil || !trial.Differs() || trial.Draft.Decision.Rule != "kerst" || trial.InForce.Decision.Rule == "kerst" {
		t.Errorf("%v: draft %s, in force %s", err, trial.Draft.Decision.Rule, trial.InForce.Decision.Rule)
	}
	var invalid *balie.InvalidError
	if _, err := s.PublishDraft(ctx, noor, d.Seen(), " ", s.now); !errors.As(err, &invalid) || invalid.Field != "reason" {
		t.Errorf("published without a reason: %v", err)
	}
	n, err := s.PublishDraft(ctx, noor, d.Seen(), "december", s.now)
	if err != nil || n != before.Draft.InForce+1 {
		t.Fatalf("version %d, %v", n, err)
	}
	if s.view(noor).Draft.Begun() {
		t.Error("the draft is still there")
	}
	if r := s.asks("Ik heb geen kerstpakket gehad", s.now); r.Ref == "" {
		t.Error("no request")
	}
	d2, _, err := s.stored(ctx, noor, s.asks("Mijn kerstpakket is kapot", s.now).Ref)
	if err != nil || d2.Rule != "kerst" || d2.Ruleset != n {
		t.Errorf("%v: decided by %q of version %d", err, d2.Rule, d2.Ruleset)
	}
	if trial, err = s.Try(ctx, noor, q, s.now); err != nil || trial.Differs() {
		t.Errorf("without a draft there is nothing to differ: %v", err)
	}
	// And back, which is undone in the same way.
	back, err := s.Rollback(ctx, noor, n-1, n, "terug naar versie 1", s.now)
	if err != nil || back != n+1 || s.view(noor).Rules.Rules()[0].ID == "kerst" {
		t.Fatalf("version %d, %v", back, err)
	}
	if _, err = s.Rollback(ctx, noor, n, back, "toch weer", s.now); err != nil || s.view(noor).Rules.Rules()[0].ID != "kerst" {
		t.Fatal(err)
	}
	if _, err = s.Rollback(ctx, noor, 1, back, "too late", s.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("rolled back over a version nobody saw: %v", err)
	}
	s.history("toch weer", "terug naar versie 1", "december")
}

// history checks reasons, who, and the audit lines, newest first.
func (s *rulesSite) history(reasons ...string) {
	s.t.Helper()
	all, err := s.RulesHistory(s.t.Context(), rik)
	if err != nil {
		s.t.Fatal(err)
	}
	lines, err := s.db.ListRecords(s.t.Context(), AuditKind, "", "", true, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(lines) != len(reasons) {
		s.t.Errorf("%d audit lines for %d publications", len(lines), len(reasons))
	}
	for i, r := range reasons {
		if all[i].Reason != r || all[i].By != "agent:noor" {
			s.t.Errorf("version %d: %q by %s", all[i].Version, all[i].Reason, all[i].By)
		}
	}
}

func TestPublishingIsRefusedWhileAnExampleFails(t *testing.T) {
	s := newRulesSite(t)
	d := s.edited(noor, "safety", func(r *router.Rule) {
		r.Examples.MustNot = append(r.Examples.MustNot, router.Example{Text: "Ik sta vast in lift C"})
	})
	v := s.view(noor)
	if len(v.Failed) != 1 || v.Failed[0].Rule != "safety" || v.Green() {
		t.Fatalf("failed %+v", v.Failed)
	}
	var invalid *balie.InvalidError
	if _, err := s.PublishDraft(t.Context(), noor, d.Seen(), "why not", s.now); !errors.As(err, &invalid) || invalid.Field != "examples" {
		t.Errorf("got %v", err)
	}
	if s.lib.Brain().Rules.Version != 1 {
		t.Error("it is in force")
	}
}

// A rule that cannot work never gets into a draft, and the draft stays as it was.
func TestARuleThatCannotWorkIsNotSaved(t *testing.T) {
	s := newRulesSite(t)
	good := s.edited(noor, "desk", named("Vangnet"))
	for name, change := range map[string]func(*router.Rule){
		"fact":   func(r *router.Rule) { r.When = "mesage.text == 'x'" },
		"team":   func(r *router.Rule) { r.Then = []balie.Action{{Do: balie.DoHandOut, Team: "techniekk"}} },
		"type":   func(r *router.Rule) { r.When = "now.hour" },
		"syntax": func(r *router.Rule) { r.When = "now.open &&" },
		"two": func(r *router.Rule) {
			r.Then = append(r.Then, balie.Action{Do: balie.DoAnswer}, balie.Action{Do: balie.DoDesk})
		},
	} {
		rule, _, _ := s.view(noor).Rule("bulk")
		change(&rule)
		var invalid *balie.InvalidError
		if _, err := s.SaveRule(t.Context(), noor, good.Seen(), rule, s.now); !errors.As(err, &invalid) || !strings.Contains(invalid.Field, "rule bulk") || invalid.Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now := s.view(noor).Draft; now.Version != good.Version {
		t.Errorf("the draft changed: %d, was %d", now.Version, good.Version)
	}
}

func TestOnlyWhoMayPublishChangesRules(t *testing.T) {
	s := newRulesSite(t)
	v := s.view(rik)
	rule, _, _ := v.Rule("bulk")
	if _, err := s.SaveRule(t.Context(), rik, v.Draft.Seen(), rule, s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("save: %v", err)
	}
	if _, err := s.PublishDraft(t.Context(), rik, v.Draft.Seen(), "x", s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("publish: %v", err)
	}
	if _, err := s.Rollback(t.Context(), rik, 1, 1, "x", s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("roll back: %v", err)
	}
	if _, err := s.StartBacktest(t.Context(), rik, 10, s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("backtest: %v", err)
	}
	if _, err := s.View(t.Context(), Actor{ID: "tom", Role: TeamMember}, s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("a team member looks: %v", err)
	}
}

// Two admins at once: nothing of either is overwritten unseen.
func TestTwoAdminsNeverOverwriteEachOther(t *testing.T) {
	s := newRulesSite(t)
	ctx := t.Context()
	s.edited(noor, "bulk", named("Massamail van Noor"))
	mine := s.edited(noor, "desk", named("Vangnet van Noor"))
	s.edited(emil, "bulk", named("Massamail van Emil"))
	theirs := s.edited(emil, "machine", named("Machines van Emil"))
	if _, err := s.PublishDraft(ctx, emil, theirs.Seen(), "Emil was eerst", s.now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PublishDraft(ctx, noor, mine.Seen(), "ik ook", s.now); !errors.Is(err, balie.ErrStale) {
		t.Fatalf("published over Emil's: %v", err)
	}
	m, err := s.Merge(ctx, noor)
	if err != nil || len(m.ByThem) != 2 || len(m.ByMe) != 2 || len(m.Conflicts) != 1 || m.Conflicts[0] != "bulk" || m.Since[0].Reason != "Emil was eerst" {
		t.Fatalf("%v: %+v", err, m.Conflicts)
	}
	var invalid *balie.InvalidError
	if _, err := s.Reapply(ctx, noor, mine.Seen(), nil, s.now); !errors.As(err, &invalid) || invalid.Field != "pick.bulk" {
		t.Fatalf("a rule of both was taken unseen: %v", err)
	}
	d, err := s.Reapply(ctx, noor, mine.Seen(), map[string]string{"bulk": PickTheirs}, s.now)
	if err != nil || d.Stale() {
		t.Fatalf("%v %+v", err, d.Seen())
	}
	if _, err := s.PublishDraft(ctx, noor, d.Seen(), "samen", s.now); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"bulk": "Massamail van Emil", "machine": "Machines van Emil", "desk": "Vangnet van Noor"} {
		if r, _, _ := s.view(rik).Rule(id); r.Name("nl") != want {
			t.Errorf("rule %s is %q, want %q", id, r.Name("nl"), want)
		}
	}
}

// A form that was opened before somebody published begins its draft where the
// form did, not on top of what it never showed.
func TestAFormFromBeforeAPublicationDoesNotOverwriteIt(t *testing.T) {
	s := newRulesSite(t)
	ctx := t.Context()
	seen := s.view(noor).Draft.Seen()
	rule, _, _ := s.view(noor).Rule("bulk")
	theirs := s.edited(emil, "bulk", named("Van Emil"))
	if _, err := s.PublishDraft(ctx, emil, theirs.Seen(), "snel", s.now); err != nil {
		t.Fatal(err)
	}
	rule.Names = map[string]string{"nl": "Van Noor"}
	d, err := s.SaveRule(ctx, noor, seen, rule, s.now)
	if err != nil || !d.Stale() {
		t.Fatalf("%v: base %d, in force %d", err, d.Base, d.InForce)
	}
	if _, err := s.PublishDraft(ctx, noor, d.Seen(), "x", s.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("got %v", err)
	}
	// Nor does a form from before one's own change in another window.
	if _, err := s.SaveRule(ctx, noor, seen, rule, s.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("got %v", err)
	}
}

// What the list shows is what a recount of the feed gives, also after a
// restart in the middle.
func TestHitsEqualARecount(t *testing.T) {
	s := newRulesSite(t)
	ctx := t.Context()
	want := map[string]RuleHits{}
	texts := []string{"Ik sta vast in lift B", "Ik wil een klacht indienen over de schoonmaak", "Het is te koud", "Er is brand in de kelder van gebouw C!"}
	for i := range 60 {
		days := i // each of the last 40 days, and then some up to four months back
		if i > 40 {
			days = 2 * i
		}
		at := s.now.AddDate(0, 0, -days).Add(-time.Duration(i) * time.Minute)
		s.asks(texts[i%len(texts)], at)
		if i == 20 {
			for n := 1; n > 0; {
				var err error
				if n, err = s.hits.step(ctx, s.now); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.hits.save(ctx); err != nil {
				t.Fatal(err)
			}
			s.Rules = NewRules(s.db, s.lib, s.o)
			if err := s.hits.load(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := 1; n > 0; {
		var err error
		if n, err = s.hits.step(ctx, s.now); err != nil {
			t.Fatal(err)
		}
	}
	events, _, err := s.db.Read(ctx, "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	zone := s.o.Calendar.Zone()
	day := func(x time.Time) time.Time {
		y, m, d := x.In(zone).Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	for _, e := range events {
		if e.Decision == nil {
			continue
		}
		for _, id := range e.Decision.Matched {
			h := want[id]
			ago := int(day(s.now).Sub(day(e.At)).Hours() / 24)
			if ago >= 0 && ago < 30 {
				h.Month++
			}
			if ago >= 0 && ago < 14 {
				h.Trend[13-ago]++
			}
			if ago <= 90 && e.At.After(h.Last) {
				h.Last = e.At
			}
			want[id] = h
		}
	}
	got := s.Hits(s.now)
	for id, w := range want {
		if g := got[id]; g.Month != w.Month || g.Trend != w.Trend || !g.Last.Equal(w.Last) {
			t.Errorf("%s: got %+v, a recount gives %+v", id, g, w)
		}
	}
	if len(got) == 0 || len(want) == 0 {
		t.Error("nothing was counted")
	}
}

// A backtest runs beside everything else, says how far it is and what changes,
// and is one per admin.
func TestABacktestSaysWhatWouldChange(t *testing.T) {
	s := newRulesSite(t)
	ctx, stop := context.WithCancel(t.Context())
	for i := range 30 {
		text := "Ik sta vast in lift B"
		if i%3 > 0 {
			text = fmt.Sprintf("Wanneer is de kantine open, vraag %d", i)
		}
		s.asks(text, s.now.Add(time.Duration(i)*time.Minute))
	}
	d := s.edited(noor, "safety", func(r *router.Rule) {
		r.Then = []balie.Action{{Do: balie.DoPriority, Value: "urgent"}, {Do: balie.DoDesk}}
	})
	id, err := s.StartBacktest(ctx, noor, 100, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.StartBacktest(ctx, noor, 100, s.now); err != nil || again != id {
		t.Errorf("a second one was begun: %v", err)
	}
	if b, _ := s.Rules.Backtest(noor, id); b.State != JobWaits {
		t.Errorf("state %s", b.State)
	}
	other, err := s.StartBacktest(ctx, noor, 50, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := s.Rules.Backtest(noor, id); b.State != JobCancelled {
		t.Errorf("the first one is %s", b.State)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b := s.over(other)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if b.State != JobDone || b.Done != 30 || b.Report.Changed != 10 || len(b.Report.Groups) != 1 || b.Report.Groups[0].N != 10 {
		t.Errorf("%s, %d looked at, %d changed, %+v", b.State, b.Done, b.Report.Changed, b.Report.Groups)
	}
	if last, ok := s.LastBacktest(noor, d); !ok || last.ID != other {
		t.Error("it is not found again")
	}
	if _, ok := s.LastBacktest(noor, s.edited(noor, "bulk", named("Anders"))); ok {
		t.Error("it counts for another draft")
	}
	if _, err := s.Rules.Backtest(rik, other); !errors.Is(err, balie.ErrNotFound) {
		t.Errorf("an agent looks at it: %v", err)
	}
}

// over waits for the end of a job.
func (s *rulesSite) over(id string) Backtest {
	s.t.Helper()
	s.jobs.mu.Lock()
	ended := s.jobs.list[len(s.jobs.list)-1].ended
	s.jobs.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		s.t.Fatal("it does not end")
	}
	b, err := s.Rules.Backtest(noor, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func TestAThrownAwayDraftIsHadBack(t *testing.T) {
	s := newRulesSite(t)
	d := s.edited(noor, "bulk", named("Anders"))
	if err := s.Discard(t.Context(), noor, d.Seen(), s.now); err != nil || s.view(noor).Draft.Begun() {
		t.Fatalf("%v: it is still there", err)
	}
	back, err := s.Restore(t.Context(), noor, s.now)
	if err != nil || string(back.Body) != string(d.Body) {
		t.Fatalf("%v\n%s", err, back.Body)
	}
	if _, err := s.Restore(t.Context(), noor, s.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("over a draft: %v", err)
	}
}
