package report_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// calls are names that need none.
type calls struct{ channels, teams map[string]string }

func (c calls) Channel(id string) string { return cmp.Or(c.channels[id], id) }
func (c calls) Team(id string) string    { return cmp.Or(c.teams[id], id) }
func (c calls) Product(id string) string { return id }
func (c calls) Number(n int) string      { return strconv.Itoa(n) }

var dutch = calls{
	channels: map[string]string{"email": "E-mail", "slack": "Slack", "form": "Webformulier", "phone": "Telefoon"},
	teams:    map[string]string{"techniek": "Techniek", "schoonmaak": "Schoonmaak", "catering": "Catering", "accountmanagement": "Accountmanagement"},
}

func flowWords(t testing.TB, language string, names report.FlowNames) report.FlowWords {
	t.Helper()
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return report.FlowWords{Language: language, Texts: texts, Names: names, Account: func(team string) bool { return team == "accountmanagement" }}
}

var october = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// fact is a request that went along some holders, each having it for an hour,
// and was solved; what the last arguments change is changed.
func fact(channel string, decided report.Decided, rule string, path []report.Step, change ...func(*report.Fact)) report.Fact {
	f := report.Fact{Opened: october, Solved: october.Add(time.Hour), State: balie.Closed, Outcome: balie.Solved, Channel: channel, Decided: decided, Path: path}
	if rule != "" {
		f.Rule, f.Ruleset, f.Rulings = rule, 1, []report.Ruling{{Rule: rule, Ruleset: 1}}
	}
	for _, s := range path {
		if len(s.Holder) > 5 && s.Holder[:5] == "team:" {
			f.Handouts++
			f.Teams = append(f.Teams, s.Holder[5:])
			f.Team = cmp.Or(f.Team, s.Holder[5:])
		}
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

// went are steps of an hour each; "team:x@rule" came there by a rule.
func went(holders ...string) []report.Step {
	out := []report.Step{{Holder: "router"}}
	for _, h := range holders {
		s := report.Step{Holder: h, Took: time.Hour}
		if at := slices.Index([]byte(h), '@'); at >= 0 {
			s.Holder, s.Rule = h[:at], h[at+1:]
		}
		out = append(out, s)
	}
	return out
}

func add(facts ...report.Fact) *report.FlowSum {
	s := &report.FlowSum{}
	for _, f := range facts {
		s.Add(f)
	}
	return s
}

// anyFact is a request of a made-up history.
func anyFact(t *rapid.T) report.Fact {
	holders := rapid.SliceOfN(rapid.SampledFrom([]string{"desk", "customer", "planned", "answered", "closed:solved", "team:techniek", "team:catering", "team:schoonmaak"}), 0, 6).Draw(t, "holders")
	var path []report.Step
	for _, h := range append([]string{"router"}, holders...) {
		s := report.Step{Holder: h, Took: time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "took")) * time.Second}
		s.Rule = rapid.SampledFrom([]string{"", "", "one", "two"}).Draw(t, "by rule")
		path = append(path, s)
	}
	return fact(rapid.SampledFrom([]string{"email", "slack", "form", "phone", ""}).Draw(t, "channel"), report.Decided(rapid.IntRange(0, 7).Draw(t, "decided")),
		rapid.SampledFrom([]string{"", "one", "two", "three"}).Draw(t, "rule"), path, func(f *report.Fact) {
			f.Reopened = rapid.IntRange(0, 1).Draw(t, "reopened")
			if rapid.Bool().Draw(t, "promised") {
				f.ResolveDue = october.Add(time.Duration(rapid.IntRange(-1, 2).Draw(t, "due")) * time.Hour)
				f.ResolveKept = !f.Solved.After(f.ResolveDue)
			}
			switch rapid.IntRange(0, 5).Draw(t, "state") {
			case 0:
				f.State, f.Outcome, f.Solved = balie.AtDesk, "", time.Time{}
			case 1:
				f.Outcome = rapid.SampledFrom([]balie.Outcome{balie.WithdrawnByIt, balie.NoAnswer, balie.Duplicate, balie.Spam}).Draw(t, "outcome")
			}
		})
}

func conserves(t interface{ Fatalf(string, ...any) }, f report.Flow) {
	in, out, first, last := map[string]int{}, map[string]int{}, 0, 0
	for _, e := range f.Edges {
		out[e.From] += e.Count
		in[e.To] += e.Count
	}
	for _, n := range f.Nodes {
		switch n.Column {
		case report.ChannelColumn:
			first += n.Count
		case report.OutcomeColumn:
			last += n.Count
		}
		if n.Column != report.ChannelColumn && in[n.ID] != n.Count {
			t.Fatalf("%d come into %s, which has %d: %+v", in[n.ID], n.ID, n.Count, f)
		}
		if n.Column != report.OutcomeColumn && out[n.ID] != n.Count {
			t.Fatalf("%d go out of %s, which has %d: %+v", out[n.ID], n.ID, n.Count, f)
		}
	}
	if first != f.Total || last != f.Total {
		t.Fatalf("%d come from channels and %d have an outcome, of %d", first, last, f.Total)
	}
}

// TestAFlowLosesNobody: what comes into a node goes out of it, and every
// request has one channel and one outcome.
func TestAFlowLosesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(rapid.Custom(anyFact), 0, 40).Draw(t, "facts")
		s := add(facts...)
		for name, f := range map[string]report.Flow{"sheet": s.Sheet(), "full": s.Full(0), "two teams": s.Full(2)} {
			count := len(slices.DeleteFunc(slices.Clone(facts), func(f report.Fact) bool { return f.Outcome == balie.Duplicate || f.Outcome == balie.Spam }))
			if f.Total != count {
				t.Fatalf("%s: %d requests became %d", name, count, f.Total)
			}
			conserves(t, f)
		}
	})
}

// TestAFlowOfPartsIsTheWhole: however the requests were divided over
// goroutines, and in whatever order they came.
func TestAFlowOfPartsIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(rapid.Custom(anyFact), 0, 40).Draw(t, "facts")
		whole := add(facts...).Full(2)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		parts := []*report.FlowSum{{}, {}, {}}
		for _, i := range r.Perm(len(facts)) {
			parts[r.IntN(3)].Add(facts[i])
		}
		parts[0].Merge(parts[1])
		parts[0].Merge(parts[2])
		if got := parts[0].Full(2); !equalFlows(got, whole) {
			t.Fatalf("in parts %+v, whole %+v", got, whole)
		}
	})
}

func equalFlows(a, b report.Flow) bool {
	return a.Total == b.Total && slices.Equal(a.Nodes, b.Nodes) && slices.Equal(a.Edges, b.Edges)
}

// TestWhatWentBackIsALoop: to the customer for more, back to a team.
func TestWhatWentBackIsALoop(t *testing.T) {
	s := add(
		fact("email", report.ToDesk, "unsure", went("desk", "team:techniek", "desk", "team:catering", "answered", "closed:solved")),
		fact("email", report.AskedFirst, "incomplete", went("customer", "team:techniek@owner", "answered", "closed:solved")),
		fact("phone", report.ToDesk, "unsure", went("desk", "answered", "desk", "answered"), func(f *report.Fact) { f.Reopened = 1 }),
	)
	type edge struct {
		from, to string
		loop     bool
	}
	got := map[edge]int{}
	for _, e := range s.Full(0).Edges {
		got[edge{e.From, e.To, e.Loop}] = e.Count
	}
	for want, n := range map[edge]int{
		{"holder:team:techniek", "holder:desk", true}:      1,
		{"holder:desk", "holder:team:techniek", false}:     1,
		{"holder:desk", "holder:team:catering", false}:     1,
		{"holder:customer", "holder:team:techniek", false}: 1,
		{"holder:desk", "holder:desk", true}:               1,
		{"holder:desk", "outcome:reopened", false}:         1,
	} {
		if got[want] != n {
			t.Errorf("%+v: %d, want %d; all: %v", want, got[want], n, got)
		}
	}
}

// TestPassingByIsNoVisit: a request that a rule sent on at once was not at the
// desk, although its state said so for no time at all.
func TestPassingByIsNoVisit(t *testing.T) {
	path := went("customer", "desk", "team:techniek@owner")
	path[2].Took = 0
	f := add(fact("email", report.AskedFirst, "incomplete", path)).Full(0)
	if n, ok := f.Node("holder:desk"); ok {
		t.Errorf("the desk had it: %+v", n)
	}
}

// TestMediansOfAFlow are near the exact ones, at every length.
func TestMediansOfAFlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		took := rapid.SliceOfN(rapid.Int64Range(0, 400*24*3600), 1, 60).Draw(t, "seconds")
		s := &report.FlowSum{}
		for _, n := range took {
			path := went("desk", "answered")
			path[1].Took = time.Duration(n) * time.Second
			s.Add(fact("email", report.ToDesk, "unsure", path))
		}
		slices.Sort(took)
		want := time.Duration(took[(len(took)-1)/2]) * time.Second
		n, _ := s.Full(0).Node("holder:desk")
		if off := (n.Waited - want).Abs(); off > want/120 {
			t.Fatalf("median %v, exactly %v", n.Waited, want)
		}
	})
}

// TestWhereARequestEnds, in the order in which it is asked.
func TestWhereARequestEnds(t *testing.T) {
	late := func(f *report.Fact) { f.ResolveDue, f.ResolveKept = october, false }
	for want, f := range map[string]report.Fact{
		"first_time": fact("email", report.ToDesk, "", went("desk", "answered"), late),
		"in_time":    fact("email", report.ToDesk, "", went("desk", "team:techniek", "answered")),
		"late":       fact("email", report.ToDesk, "", went("desk", "team:techniek", "answered"), late),
		"reopened":   fact("email", report.FromCatalogue, "", went("answered", "desk"), func(f *report.Fact) { f.Reopened = 1; f.State = balie.AtDesk; f.Solved = time.Time{} }),
		"open":       fact("email", report.ToDesk, "", went("desk"), func(f *report.Fact) { f.State = balie.AtDesk; f.Solved = time.Time{} }),
		"other":      fact("email", report.ToDesk, "", went("desk"), func(f *report.Fact) { f.Outcome = balie.WithdrawnByIt }),
	} {
		if got := report.FlowOutcome(f); got != want {
			t.Errorf("%s ends as %s", want, got)
		}
	}
}

// october26 is a believable month.
func october26() *report.FlowSum {
	r := rand.New(rand.NewPCG(7, 7))
	s := &report.FlowSum{}
	hours := func(n float64) time.Duration {
		return time.Duration(r.ExpFloat64() * n * float64(time.Hour))
	}
	for range 2861 {
		channel := []string{"email", "email", "email", "slack", "slack", "form", "phone", "phone"}[r.IntN(8)]
		var f report.Fact
		switch n := r.IntN(100); {
		case n < 34:
			f = fact(channel, report.FromCatalogue, "answer", went("answered", "closed:solved"))
		case n < 42:
			f = fact(channel, report.AskedFirst, "incomplete", went("customer", "team:techniek@backoffice", "answered"))
		case n < 70:
			path := went("desk", "answered")
			if r.IntN(6) == 0 {
				path = went("desk", "customer", "desk", "answered")
			}
			f = fact(channel, report.ToDesk, "unsure", path)
		case n < 80:
			f = fact(channel, report.ToDesk, "unsure", went("desk", "team:"+[]string{"techniek", "schoonmaak", "catering"}[r.IntN(3)], "answered"))
		case n < 95:
			team := []string{"techniek", "techniek", "schoonmaak", "catering"}[r.IntN(4)]
			path := went("team:"+team+"@backoffice", "answered")
			if r.IntN(8) == 0 {
				path = went("team:"+team+"@backoffice", "desk", "team:techniek", "answered")
			}
			f = fact(channel, report.ToBackoffice, "backoffice", path)
		default:
			f = fact(channel, report.ToAccount, "commercial", went("team:accountmanagement@commercial", "answered"))
		}
		for i := range f.Path {
			if f.Path[i].Holder != "router" {
				f.Path[i].Took = hours(3) + time.Minute
			}
		}
		f.ResolveDue, f.ResolveKept = october, r.IntN(9) > 0
		if r.IntN(60) == 0 {
			f.Reopened = 1
		}
		s.Add(f)
	}
	return s
}

// BenchmarkFlowSum: what a flow costs for each request of a report.
func BenchmarkFlowSum(b *testing.B) {
	var facts []report.Fact
	for i := range 1000 {
		f := fact([]string{"email", "phone"}[i%2], report.ToDesk, "unsure", went("desk", "team:techniek", "answered", "closed:solved"))
		if i%3 == 0 {
			f = fact("email", report.FromCatalogue, "answer", went("answered", "closed:solved"))
		}
		facts = append(facts, f)
	}
	s := &report.FlowSum{}
	for i := 0; b.Loop(); i++ {
		s.Add(facts[i%1000])
	}
}
