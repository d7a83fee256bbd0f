package router

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// drawGuardFacts draws facts that rules may or may not fire on.
func drawGuardFacts(t *rapid.T) GuardFacts {
	word := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	return GuardFacts{
		Occasion: Occasion(word("occasion", append([]string{"", "other"}, occasions...)...)),
		Request: GuardedRequest{Ref: "7K3Q-F", Kind: word("kind", kinds...), Priority: word("priority", priorities...), State: word("state", states...),
			Product: word("product", "", "sleutel"), Tags: rapid.SliceOfN(rapid.SampledFrom([]string{"vip", "x"}), 0, 3).Draw(t, "tags"),
			Passed: rapid.IntRange(0, 5).Draw(t, "passed"), AgeHours: rapid.Float64Range(0, 100).Draw(t, "age"),
			Subject: word("subject", "", "Lekkage", "iets met een lek erin", "K\u212A", strings.Repeat("lang ", 300)+"lek")},
		Clock: ClockFacts{Kind: word("clock", clockKinds...), Share: rapid.Float64().Draw(t, "share"), LateMinutes: rapid.IntRange(-5, 100).Draw(t, "late"),
			Paused: rapid.Bool().Draw(t, "paused")},
		Handout:  HandoutFacts{Team: word("team", "", "techniek"), SilentHours: rapid.Float64Range(0, 20).Draw(t, "quiet")},
		Customer: balie.CustomerFacts{KeyAccount: rapid.Bool().Draw(t, "key")},
		Score:    rapid.IntRange(0, 5).Draw(t, "score"),
		Signal:   SignalFacts{About: word("about", signalAbouts...), Count: rapid.IntRange(0, 9).Draw(t, "count"), Expected: rapid.Float64Range(0, 9).Draw(t, "expected")},
		Now:      balie.NowFacts{Open: rapid.Bool().Draw(t, "open"), Hour: rapid.IntRange(0, 23).Draw(t, "hour")},
	}
}

// guardConditions are conditions of every form there is.
var guardConditions = []string{"true", "false", "now.open", "!clock.paused", `request.priority == "urgent"`, `request.priority in ["high", "urgent"]`,
	`clock.late_minutes >= 30`, `clock.share > 0.75 && clock.kind != "handout"`, `customer.key_account || request.passed > 2`,
	`"vip" in request.tags`, `size(request.tags) == 0`, `request.tags[1] == "vip"`, `request.subject.matches("(?i)\\blek(kage)?\\b")`,
	`request.subject.contains("lek")`, `!request.subject.startsWith("Lek")`, `score > 0 && score <= 2`, `double(signal.count) > 2.0 * signal.expected`,
	`occasion == "overdue" || handout.silent_hours > 8`, `request.tags.exists(a, request.tags.exists(b, a == b))`,
	`handout.team == "techniek" ? now.hour > 9 : clock.paused`, `1 / request.passed > 0`, `request.state == "handedout" && request.product != ""`}

func drawGuardRules(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("interventions:\n")
	for i := range rapid.IntRange(1, 8).Draw(t, "rules") {
		on := rapid.SliceOfNDistinct(rapid.SampledFrom(occasions), 1, 4, rapid.ID[string]).Draw(t, "on")
		fmt.Fprintf(&b, "- {id: r%d, on: %s, when: %q, stop: %v, disabled: %v, do: [{tag: t%d}]}\n", i, flow(on),
			rapid.SampledFrom(guardConditions).Draw(t, "when"), rapid.Bool().Draw(t, "stop"), rapid.IntRange(0, 4).Draw(t, "off") == 0, i)
	}
	return b.String()
}

// Decide and Trace agree, and each clause with its rule.
func TestInterventionTraceSaysWhatDecideDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := drawGuardRules(t)
		s, err := ParseInterventions([]byte(body), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		f := drawGuardFacts(t)
		var fromTrace []Intervention
		stopped := false
		for i, r := range s.Trace(f).Rules {
			rule := s.rules[i]
			if r.Is == True {
				fromTrace = append(fromTrace, Intervention{Rule: r.ID, Do: r.Do})
			}
			if r.Fits != slices.Contains(rule.On, f.Occasion) || (r.Is == OtherOccasion) != (!r.Fits && !rule.Disabled) || (r.Is == Off) != rule.Disabled {
				t.Fatalf("%+v of %+v on %s", r, rule.InterventionRule, f.Occasion)
			}
			if (r.Is == Later) != (stopped && r.Fits && !rule.Disabled) {
				t.Fatalf("%+v, stopped before: %v", r, stopped)
			}
			if (r.Is == True || r.Is == False) && r.Clause.Is != r.Is {
				t.Fatalf("rule %s is %s, its clauses say %s: %+v", r.ID, r.Is, r.Clause.Is, r.Clause)
			}
			stopped = stopped || r.Stopped
		}
		if got := s.Decide(f); !reflect.DeepEqual(got, fromTrace) {
			t.Fatalf("decided %s\ntraced  %s\n%s", fired(got), fired(fromTrace), body)
		}
	})
}

// What can be told without CEL never contradicts it, on these facts either.
func TestGuardConditionsAreWhatCELSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := ParseInterventions([]byte(drawGuardRules(t)), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		f := cappedGuard(drawGuardFacts(t))
		w := s.watch(&f)
		for _, r := range s.rules {
			v, _, err := r.program.Eval(w.seen)
			got := r.cond.eval(w.seen)
			if got == no && (err != nil || v.Value() != false) || got == yes && (err != nil || v.Value() != true) {
				t.Fatalf("%s: told %v, CEL says %v, %v", r.When, got, v, err)
			}
		}
	})
}

// A rule that is warned of as never firing never fires.
func TestInterventionsWarnedOfNeverFire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := ParseInterventions([]byte(drawGuardRules(t)), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		f := drawGuardFacts(t)
		if (f.Signal != SignalFacts{}) != (f.Occasion == SignalSeen) || f.Occasion == SignalSeen && f.Signal.About == "" {
			f.Signal = SignalFacts{}
			if f.Occasion == SignalSeen {
				f.Signal = SignalFacts{About: AboutProduct, Count: 9}
			}
		}
		switch f.Occasion {
		case TeamSilent, HandoutDue, HandoutOverdue:
			f.Clock.Kind = ClockHandout
		case Silent:
			f.Clock.Kind = ClockUpdate
		case DueSoon, Overdue:
			f.Clock.Kind = ClockResponse
		}
		for _, x := range s.Warnings() {
			on, some := strings.CutPrefix(x.Problem, "the condition is never true on ")
			never := strings.HasPrefix(x.Problem, "it never fires") || x.Problem == "the condition is never true" ||
				some && slices.Contains(strings.Split(on, ", "), string(f.Occasion))
			if never && slices.ContainsFunc(s.Decide(f), func(i Intervention) bool { return i.Rule == x.Rule }) {
				t.Fatalf("%+v fires on %+v", x, f)
			}
		}
	})
}

// Whatever the file: no panic, each problem an InvalidError; what is read
// decides, explains, and survives being written anew.
func FuzzParseInterventions(f *testing.F) {
	f.Add(several)
	f.Add("interventions: [{id: a, on: [overdue], when: \"request.tags.all(a, a == '\\x41')\", do: [{tag: [a, b]}]}]")
	f.Add("interventions:\n- id: a\n  on: signal\n  when: >-\n    now.open\n    && x\n  do: {call_back: true}\n  examples: [{given: {score: 1}, fires: false}]")
	f.Fuzz(func(t *testing.T, body string) {
		s, err := ParseInterventions([]byte(body), "progress.yaml", linde)
		if err != nil {
			if _, ok := errors.AsType[*balie.InvalidError](err); !ok {
				t.Errorf("%v is no InvalidError", err)
			}
			return
		}
		s.Decide(late(1))
		s.Trace(late(1))
		s.Check()
		s.Warnings()
		rules := s.Rules()
		out, err := interventionsAnew(nil, rules)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseInterventions(out, "again", linde)
		if err != nil || !slices.EqualFunc(again.Rules(), rules, sameIntervention) {
			t.Errorf("%v\nread\n%s\nwritten\n%s", err, body, out)
		}
	})
}

// BenchmarkInterventions measures one decision with 50 rules, of which five
// are about the occasion, and the same explained.
func BenchmarkInterventions(b *testing.B) {
	s := mustParse(b, benchInterventions(50))
	f := late(10)
	f.Request.Subject, f.Request.Tags = "Toestel werkt niet, derde verdieping", []string{"storing", "vleugel c"}
	b.Run("decide", func(b *testing.B) { measure(b, func() { s.Decide(f) }) })
	b.Run("trace", func(b *testing.B) { measure(b, func() { s.Trace(f) }) })
	all := f
	all.Occasion = Overdue
	one := mustParse(b, strings.ReplaceAll(benchInterventions(50), "on: [silent", "on: [overdue, silent"))
	b.Run("decide-all-overdue", func(b *testing.B) { measure(b, func() { one.Decide(all) }) })
}

// benchInterventions are n rules as a desk has them, over all occasions.
func benchInterventions(n int) string {
	forms := []string{`request.priority == "urgent" && clock.kind == "resolution"`, `clock.late_minutes >= %d && customer.key_account`,
		`request.product == "product-%d"`, `handout.team == "team-%d" && handout.silent_hours > 4.0`, `"tag-%d" in request.tags`,
		`request.subject.matches("(?i)\\b(toestel|pomp) %d\\b")`, `request.passed > %d || request.reopened > 2`, `score in [1, 2] && request.group == "groep-%d"`,
		`customer.organisation in ["org-%d", "org-x"] && now.open`, `double(signal.count) > %d.0 * signal.expected`}
	var b strings.Builder
	b.WriteString("interventions:\n")
	for i := range n {
		on := occasions[i%len(occasions)]
		if on == "overdue" {
			on = "overdue, due_soon"
		}
		fmt.Fprintf(&b, "- {id: rule-%d, on: [%s], when: '%s', do: [{notify: lead}, {raise: high}]}\n", i, on, strings.ReplaceAll(forms[i%len(forms)], "%d", fmt.Sprint(i+3)))
	}
	return b.String()
}
