package desk

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

// productsSite is work on the sample catalogue over a real store.
type productsSite struct {
	*rulesSite
	p *Products
}

// long is more patience than any check of the sample needs.
const long = time.Minute

func newProductsSite(t *testing.T) *productsSite {
	t.Helper()
	s := newRulesSite(t)
	p := NewProducts(s.db, s.lib, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &productsSite{s, p}
}

func (s *productsSite) draft(a Actor) ProductDraft {
	s.t.Helper()
	d, err := s.p.Draft(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// named gives a product another Dutch name in somebody's draft.
func (s *productsSite) named(a Actor, id, name string) ProductDraft {
	s.t.Helper()
	d := s.draft(a)
	x, ok := d.Catalogue.Product(id)
	if !ok {
		s.t.Fatalf("there is no product %q", id)
	}
	x.Names = map[string]string{"nl": name, "en": x.Names["en"]}
	out, err := s.p.SetProduct(s.t.Context(), a, d.Seen(), id, x, d.Catalogue.Urgent[id], s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// published puts a draft in force.
func (s *productsSite) published(a Actor, d ProductDraft) int {
	s.t.Helper()
	c, err := s.p.PublishDraft(s.t.Context(), a, d.Seen(), s.Rules, "omdat het zo heet", false, long, s.now)
	if err != nil || c.Refused != nil || c.Published == 0 {
		s.t.Fatalf("%v, %+v", err, c)
	}
	return c.Published
}

func (s *productsSite) name(id string) string {
	x, _ := s.lib.Brain().Catalogue.Product(id)
	return x.Names["nl"]
}

func TestADraftOfTheCatalogueIsNotInForceUntilItIsPublished(t *testing.T) {
	s := newProductsSite(t)
	was := s.name("toegangspas")
	d := s.named(noor, "toegangspas", "Pas voor de deur")
	if s.name("toegangspas") != was {
		t.Fatal("a draft is in force")
	}
	if got, _ := s.draft(emil).Catalogue.Product("toegangspas"); got.Names["nl"] != was {
		t.Fatal("a draft is seen by somebody else")
	}
	if _, err := s.p.PublishDraft(t.Context(), noor, d.Seen(), s.Rules, " ", false, long, s.now); err == nil {
		t.Error("it was published without a reason")
	}
	if _, err := s.p.PublishDraft(t.Context(), rik, d.Seen(), s.Rules, "x", false, long, s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("an agent published: %v", err)
	}
	v := s.published(noor, d)
	if s.name("toegangspas") != "Pas voor de deur" || s.lib.Brain().Catalogue.Version != v {
		t.Error("what was published is not in force")
	}
	if s.draft(noor).Begun() {
		t.Error("the draft is still there")
	}
	if _, err := s.p.Rollback(t.Context(), noor, 1, v, "toch niet", s.now); err != nil || s.name("toegangspas") != was {
		t.Errorf("rolled back: %v, %q", err, s.name("toegangspas"))
	}
}

func TestTwoAdminsDoNotOverwriteEachOthersCatalogue(t *testing.T) {
	s := newProductsSite(t)
	s.named(noor, "toegangspas", "Van Noor")
	s.published(emil, s.named(emil, "sleutel", "Van Emil"))
	mine := s.draft(noor)
	if !mine.Stale() {
		t.Fatal("the draft does not know that another version is in force")
	}
	if _, err := s.p.PublishDraft(t.Context(), noor, mine.Seen(), s.Rules, "x", false, long, s.now); !errors.Is(err, balie.ErrStale) {
		t.Fatalf("it went over the other's: %v", err)
	}
	m, err := s.p.Merge(t.Context(), noor, mine)
	if err != nil || len(m.ByMe) != 1 || len(m.ByThem) != 1 || len(m.Conflicts) != 0 || len(m.Since) != 1 {
		t.Fatalf("%v, %+v", err, m)
	}
	mine, err = s.p.Reapply(t.Context(), noor, mine.Seen(), s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.published(noor, mine)
	if s.name("sleutel") != "Van Emil" || s.name("toegangspas") != "Van Noor" {
		t.Errorf("in force: %q and %q", s.name("sleutel"), s.name("toegangspas"))
	}
	// The same admin in two windows.
	d := s.draft(noor)
	s.named(noor, "sleutel", "Eerste venster")
	x, _ := d.Catalogue.Product("sleutel")
	if _, err := s.p.SetProduct(t.Context(), noor, d.Seen(), "sleutel", x, false, s.now); !errors.Is(err, balie.ErrStale) {
		t.Errorf("the second window wrote over the first: %v", err)
	}
}

func TestACatalogueWithoutWhatTheRulesNameIsNotPublished(t *testing.T) {
	s := newProductsSite(t)
	d := s.draft(noor)
	body := strings.ReplaceAll(string(d.Catalogue.Marshal()), "techniek", "gebouwzaken")
	d, err := s.p.Import(t.Context(), noor, d.Seen(), []byte(body), s.now)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.p.PublishDraft(t.Context(), noor, d.Seen(), s.Rules, "x", true, long, s.now)
	if err != nil || c.Problem == nil || c.Refused == nil || c.Published != 0 {
		t.Errorf("%v, %+v", err, c)
	}
	if _, err := s.p.Import(t.Context(), noor, d.Seen(), []byte("products: 3"), s.now); err == nil {
		t.Error("what is no catalogue was imported")
	}
}

func TestS13_ACataloguePublicationLeavesAnAuditLine(t *testing.T) {
	s := newProductsSite(t)
	s.published(noor, s.named(noor, "toegangspas", "Pas"))
	spec := s.lib.Brain().Catalogue.Calendars["kantoor"].Spec()
	spec.Holidays = []string{"nl"}
	if _, err := s.p.SetCalendar(t.Context(), noor, 2, "kantoor", spec, "feestdagen", s.now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.p.Rollback(t.Context(), noor, 1, 3, "terug", s.now); err != nil {
		t.Fatal(err)
	}
	page, err := NewTrail(s.db).Page(t.Context(), noor, AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, l := range page.Lines {
		if l.By != "agent:noor" || l.Object != "document:catalogue" || len(l.Before) == 0 || len(l.After) == 0 {
			t.Errorf("%+v", l)
		}
		acts = append(acts, l.Act)
	}
	if got := strings.Join(acts, " "); !strings.Contains(got, "catalogue.publish") || !strings.Contains(got, "calendar.change") || !strings.Contains(got, "catalogue.rollback") {
		t.Errorf("acts %s", got)
	}
	if _, err := s.p.SetCalendar(t.Context(), rik, 4, "kantoor", hours.Spec{}, "x", s.now); !errors.Is(err, balie.ErrDenied) {
		t.Errorf("an agent changed the hours: %v", err)
	}
}

// judged brings a question in and lets an agent say what it was about.
func (s *productsSite) judged(text, right, product string, at time.Time) {
	s.t.Helper()
	r := s.asks(text, at)
	c := balie.Change{Request: r}
	data := map[string]string{"right": right, "of": "1"}
	if product != "" {
		data["product"] = product
	}
	if err := c.Do(balie.Event{What: balie.Judged, At: at, By: "agent:rik", Data: data}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Commit(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
}

// traffic waits until the tallies have everything.
func (s *productsSite) traffic(ready func(map[string]ProductTraffic) bool) map[string]ProductTraffic {
	s.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		more := s.p.Followed()
		if got := s.p.Traffic(s.now); ready(got) {
			return got
		}
		select {
		case <-more:
		case <-limit:
			s.t.Fatalf("the tallies do not follow: %+v", s.p.Traffic(s.now))
		}
	}
}

func TestQualityIsSaidFromThirtyReviewedRequests(t *testing.T) {
	s := newProductsSite(t)
	const n = FewReviewed
	for i := range n - 1 {
		s.judged("Mijn toegangspas doet het niet meer bij de poort "+strconv.Itoa(i), "true", "", s.now)
	}
	seen := func(k int) func(map[string]ProductTraffic) bool {
		return func(all map[string]ProductTraffic) bool { return all["toegangspas"].At(0).Reviewed == k }
	}
	if q := s.traffic(seen(n - 1))["toegangspas"].At(0); q.Enough() {
		t.Errorf("with %d reviews: %+v", n-1, q)
	}
	s.judged("Mijn toegangspas is weg bij de poort", "false", "sleutel", s.now)
	all := s.traffic(seen(n))
	q := all["toegangspas"].At(0)
	if !q.Enough() || q.Right != n-1 || q.Precision < 0.96 || q.Low > 0.9 || q.High < 0.99 || q.Coverage != 1 {
		t.Errorf("%+v", q)
	}
	// What was wrong is proposed: as a counter-example there, as an example here.
	pas, _ := s.lib.Brain().Catalogue.Product("toegangspas")
	sleutel, _ := s.lib.Brain().Catalogue.Product("sleutel")
	counter, err := s.p.Proposals(t.Context(), noor, pas, all["toegangspas"])
	if err != nil || len(counter) == 0 || !counter[0].Counter || counter[0].Text != "Mijn toegangspas is weg bij de poort" {
		t.Errorf("%v, %+v", err, counter)
	}
	example, err := s.p.Proposals(t.Context(), noor, sleutel, all["sleutel"])
	if err != nil || len(example) != 1 || example[0].Counter || example[0].Chosen != "toegangspas" {
		t.Errorf("%v, %+v", err, example)
	}
	d, err := s.p.AddExample(t.Context(), noor, s.draft(noor).Seen(), "sleutel", "nl", example[0].Text, false, s.now)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := d.Catalogue.Product("sleutel")
	if again, err := s.p.Proposals(t.Context(), noor, x, all["sleutel"]); err != nil || len(again) != 0 {
		t.Errorf("what is an example already is proposed: %v, %+v", err, again)
	}
	if err := s.p.SkipProposal(t.Context(), noor, "toegangspas", counter[0].Request, s.now); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.p.Proposals(t.Context(), noor, pas, all["toegangspas"]); len(again) > 0 && again[0].Request == counter[0].Request {
		t.Error("what was skipped is proposed again")
	}
}

func TestTalliesGoOnWhereTheLastRunEnded(t *testing.T) {
	s := newProductsSite(t)
	s.judged("Mijn toegangspas doet het niet meer", "true", "", s.now)
	s.traffic(func(all map[string]ProductTraffic) bool { return all["toegangspas"].At(0).Reviewed == 1 })
	if err := s.p.tallies.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := newTallies(s.db)
	if err := again.load(t.Context()); err != nil || len(again.Products["toegangspas"].Reviews) != 1 {
		t.Errorf("%v, %+v", err, again.talliesState)
	}
	if n, err := again.step(t.Context()); n != 0 || err != nil {
		t.Errorf("it read %d events again: %v", n, err)
	}
}
