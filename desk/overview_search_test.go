package desk

import (
	"context"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/search"
	"github.com/balie/balie/store"
)

// What a search leaves of the lists is what a look at every request leaves,
// for filters that rows know, for words, and for closed requests.
func TestSearchesAreWhatTheStoreSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLists(t, tempDir(t))
		defer l.close(t)
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			l.step(t)
		}
		l.settle(t)
		for _, text := range rapid.SliceOfN(rapid.SampledFrom([]string{
			"is:open", "is:closed", "is:mijn", "is:vrij", "is:laat", "is:risico", "is:nieuw", "is:reactie", "is:heropend", "-is:heropend", "-is:nieuw", "-is:risico",
			"status:wacht", "-status:uitgezet", "bij:balie", "bij:backoffice", "bij:account", "bij:techniek", "-bij:catering", "behandelaar:mij", "behandelaar:niemand", "assignee:BRAM",
			"kanaal:mail", "kanaal:slack", "product:sleutel", "product:vergader", "product:bestaatniet", "-product:sleutel", `label:"vleugel c"`, "label:spoed is:open", "prio:spoed", "taal:nl", "taal:en",
			"org:linde", "org:DE", "org:anders", "afloop:spam", "sla:<1u", "sla:>1d", "-sla:<4u", "van:vandaag", "tot:gisteren", "van:2026-11-24 tot:2026-11-30", "-van:2026-11-25",
			"klant:visser", "visser", "vraag -visser", "klant:jan is:open sla:<8u", "hallo is:risico", `"een vraag"`, `-"een vraag"`,
		}), 6, 6).Draw(t, "searches") {
			find, bad := search.ParseQuery(text, "nl")
			if len(bad) > 0 {
				t.Fatal(bad)
			}
			for _, a := range []Actor{sanne, tomas} {
				for _, v := range []View{OpenView, AllView, ClosedView, MineView} {
					want := l.looked(t, a, v, find)
					var got []string
					q := Query{View: v, Find: find}
					for after, i := "", 0; i == 0 || after != ""; i++ {
						p, err := l.over.Page(context.Background(), a, q, after, 5, l.now)
						if err != nil {
							t.Fatal(err)
						}
						for _, w := range p.Rows {
							got = append(got, w.Request.Ref)
						}
						after = p.Next
					}
					slices.Sort(got)
					if d := gocmp.Diff(want, got); d != "" {
						t.Fatalf("%q in %s of %s (-store +list):\n%s", text, v, a.ID, d)
					}
					rows, err := l.over.Rows(context.Background(), a, q, l.known, l.now)
					if err != nil || len(rows) != len(want) {
						t.Fatalf("%q in %s of %s: Rows has %d, want %d: %v", text, v, a.ID, len(rows), len(want), err)
					}
				}
			}
		}
	})
}

// looked are the requests of a search, by looking at each of the store.
func (l *lists) looked(t failer, a Actor, v View, q search.Query) []string {
	t.Helper()
	var out []string
	for r, err := range l.db.List(context.Background(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ok := a.Sees(r)
		switch v {
		case OpenView: // unless what is closed is asked for
			ok = ok && (r.State != balie.Closed || slices.ContainsFunc(q.Terms, func(t search.Term) bool {
				return !t.Not && (t.Key == search.Outcome || t.Value == "closed")
			}))
		case ClosedView:
			ok = ok && r.State == balie.Closed
		case MineView:
			ok = ok && r.State != balie.Closed && r.Assignee == a.ID
		}
		for _, term := range q.Terms {
			ok = ok && l.means(t, a, term, r) != term.Not
		}
		if ok {
			out = append(out, r.Ref)
		}
	}
	slices.Sort(out)
	return out
}

// means says whether a term is true of a request, apart from how lists do it.
func (l *lists) means(t failer, a Actor, term search.Term, r balie.Request) bool {
	t.Helper()
	p, _ := l.brain.Catalogue.Product(r.Product)
	k := l.brain.Setting(l.cal, l.orgOf(t, r)).Clocks(r, l.now).Nearest()
	_, cal := k.Calendar()
	who, err := l.db.Person(context.Background(), r.Customer)
	if err != nil {
		t.Fatal(err)
	}
	open := r.State != balie.Closed
	held := func(f func(balie.Team) bool) bool {
		return slices.ContainsFunc(r.OpenHandouts(), func(h balie.Handout) bool {
			team, ok := l.brain.Catalogue.Team(h.Team)
			if !ok {
				team = balie.Team{ID: h.Team, Kind: balie.Backoffice}
			}
			return f(team)
		})
	}
	first, behind := search.Day(term.Value, l.now.In(l.cal.Zone()))
	switch term.Key {
	case search.Is:
		return map[string]bool{"open": open, "closed": !open, "mine": open && r.Assignee == a.ID, "unassigned": r.State == balie.AtDesk && r.Assignee == "",
			"late": k.Late, "risk": k.Late || k.Soon, "new": isUntouched(r), "reply": isReplied(r), "reopened": r.ReopenCount > 0}[term.Value]
	case search.Status:
		return r.State.String() == term.Value
	case search.At:
		switch term.Value {
		case "desk":
			return r.State == balie.AtDesk
		case "backoffice", "account":
			return held(func(x balie.Team) bool { return string(x.Kind) == term.Value })
		}
		return held(func(x balie.Team) bool { return x.ID == term.Value })
	case search.Assignee:
		return r.Assignee == map[string]string{"me": a.ID, "none": "", "bram": "bram"}[term.Value]
	case search.Channel:
		return r.Channel == term.Value
	case search.Product:
		return p.ID != "" && (p.ID == term.Value || strings.Contains(search.Fold(p.Names["nl"]+"|"+p.Names["en"]), term.Value))
	case search.Tag:
		return slices.Contains(r.Tags, term.Value)
	case search.Priority:
		return r.Priority == search.PriorityOf(term.Value)
	case search.Lang:
		return r.Language == term.Value
	case search.Org:
		return who.Organisation == "linde" && term.Value != "anders"
	case search.Outcome:
		return string(r.Outcome) == term.Value
	case search.SLA:
		less, d := search.Span(term.Value)
		return k.Running() && less == k.Due.Before(cal.Add(l.now, d))
	case search.From:
		return !r.Opened.Before(first)
	case search.To:
		return r.Opened.Before(behind)
	case search.Customer:
		return a.Role != TeamMember && strings.Contains(strings.ToLower(who.Name), term.Value)
	}
	text := strings.ToLower(r.Subject)
	if a.Role != TeamMember {
		text += " hallo " + strings.ToLower(who.Name)
	}
	return strings.Contains(text, term.Value)
}
