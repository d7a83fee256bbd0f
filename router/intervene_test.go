package router

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

func mustParse(t testing.TB, body string) *Interventions {
	t.Helper()
	s, err := ParseInterventions([]byte(body), "progress.yaml", nil)
	if err != nil {
		t.Fatalf("parse:\n%v", err)
	}
	return s
}

// late are the facts of a promise that is broken by so many minutes.
func late(minutes int) GuardFacts {
	f := plainGuard(Overdue)
	f.Request.Ref = "7K3Q-F"
	f.Clock = ClockFacts{Kind: ClockResolution, Share: 1 + float64(minutes)/480, LateMinutes: minutes, TargetMinutes: 480}
	return f
}

func fired(list []Intervention) string {
	var out []string
	for _, x := range list {
		text := x.Rule + ":"
		for _, a := range x.Do {
			text += " " + strings.Join(slices.DeleteFunc([]string{a.Do, a.Whom, a.Value}, func(s string) bool { return s == "" }), "/")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

const several = `
targets: [{id: x}]
interventions:
  - id: urgent-late
    name: {nl: "Spoed te laat", en: "Urgent and late"}
    on: [overdue]
    when: request.priority == "urgent" && clock.kind == "resolution"
    do:
      - notify: lead
      - raise: urgent
      - escalate: techniek
      - ask_status: true
      - tell_customer: delay
      - call_back: true
      - tag: te-laat
    examples:
      - given: {request.priority: urgent, clock.kind: resolution, clock.late_minutes: 10, occasion: overdue}
        fires: true
      - given: {request.priority: high, clock.kind: resolution}
        fires: false
  - id: every
    on: [overdue, silent]
    when: "true"
    do: [{notify: assignee}]
  - id: off
    on: overdue
    when: "true"
    disabled: true
    do: [{notify: team}]
  - id: key
    on: [overdue, silent]
    when: customer.key_account
    stop: true
    do: [{notify: [lead, account]}]
  - id: last
    on: [overdue, silent]
    when: "true"
    do: [{tag: laat}]
`

func TestAllRulesThatFireAreDoneInOrderUpToTheOneThatStops(t *testing.T) {
	s := mustParse(t, several)
	f := late(10)
	silent := f
	silent.Occasion = Silent
	urgent := f
	urgent.Request.Priority = "urgent"
	key := f
	key.Customer.KeyAccount = true
	bounced := f
	bounced.Occasion = LetterFailed
	for _, c := range []struct {
		name string
		on   GuardFacts
		want string
	}{
		{"late", f, "every: notify/assignee; last: tag/laat"},
		{"silent", silent, "every: notify/assignee; last: tag/laat"},
		{"urgent", urgent, "urgent-late: notify/lead raise/urgent escalate/techniek ask_status tell_customer/delay call_back tag/te-laat; every: notify/assignee; last: tag/laat"},
		{"key", key, "every: notify/assignee; key: notify/lead notify/account"},
		{"bounced", bounced, ""},
		{"nothing happened", GuardFacts{}, ""},
	} {
		if got := fired(s.Decide(c.on)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWithoutInterventionsNothingIsDone(t *testing.T) {
	var none *Interventions
	if got := none.Decide(late(1)); got != nil {
		t.Errorf("%v", got)
	}
	if tr := none.Trace(late(1)); len(tr.Rules) != 0 || tr.Facts.Occasion != Overdue {
		t.Errorf("%+v", tr)
	}
	if none.Rules() != nil || none.Check() != nil || none.Warnings() != nil {
		t.Error("rules out of nothing")
	}
	for _, body := range []string{"", "interventions:", "interventions: []", "closing: {solved: 5}"} {
		if s := mustParse(t, body); len(s.Rules()) != 0 || s.Decide(late(1)) != nil {
			t.Errorf("%q has rules", body)
		}
	}
}

// What a caller does with an outcome changes no later one.
func TestOutcomesAreTheCallersOwn(t *testing.T) {
	s := mustParse(t, several)
	s.Decide(late(1))[0].Do[0].Whom = "nobody"
	s.Rules()[1].Do = nil
	s.Trace(late(1)).Rules[1].Do[0].Whom = "nobody"
	if got := fired(s.Decide(late(1))); got != "every: notify/assignee; last: tag/laat" {
		t.Errorf("got %q", got)
	}
}

func TestGuardFactNamesAreThoseOfTheJSON(t *testing.T) {
	var names []string
	var walk func(typ reflect.Type, prefix string)
	walk = func(typ reflect.Type, prefix string) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type, prefix+name+".")
				continue
			}
			names = append(names, prefix+name)
		}
	}
	walk(reflect.TypeFor[GuardFacts](), "")
	got := guarding.names()
	slices.Sort(names)
	slices.Sort(got)
	if !slices.Equal(got, names) {
		t.Errorf("got  %v\nwant %v", got, names)
	}
}

// Each fact is read off its own field: what JSON puts in, a condition finds.
func TestEachGuardFactReadsItsOwnField(t *testing.T) {
	for i, f := range guarding.facts {
		var value any
		switch f.typ.String() {
		case "string":
			value = "x"
		case "int", "double":
			value = 7
		case "bool":
			value = true
		default:
			value = []string{"x"}
		}
		var facts GuardFacts
		if err := setFacts(&facts, map[string]any{f.name: value}); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		empty, set := guardFacts[i].get(&GuardFacts{}), guardFacts[i].get(&facts)
		if fmt.Sprint(empty.Value()) == fmt.Sprint(set.Value()) {
			t.Errorf("%s is %v whatever is set", f.name, set.Value())
		}
		for j, other := range guarding.facts {
			if j != i && fmt.Sprint(guardFacts[j].get(&facts).Value()) != fmt.Sprint(guardFacts[j].get(&GuardFacts{}).Value()) {
				t.Errorf("%s changes %s", f.name, other.name)
			}
		}
	}
}

// What is stored with what was set off explains it later, and is small.
func TestStoredGuardFactsExplainTheSame(t *testing.T) {
	s := mustParse(t, several)
	f := late(10)
	f.Request.Priority, f.Request.Tags, f.Customer.KeyAccount = "urgent", []string{"vleugel c"}, true
	f.Handout = HandoutFacts{Team: "techniek", State: "accepted", AgeHours: 3.5, SilentHours: 2, Count: 1}
	b, err := json.Marshal(f)
	if err != nil || len(b) > 700 {
		t.Fatalf("%v, %d bytes: %s", err, len(b), b)
	}
	var again GuardFacts
	if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, f) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", err, again, f)
	}
	if got, want := fmt.Sprintf("%+v", s.Trace(again)), fmt.Sprintf("%+v", s.Trace(f)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsWrongInInterventionsIsSaidWithPlaceAndFix(t *testing.T) {
	golden(t, "interventions.txtar", func(t *testing.T, _ *txtar.Archive, file string, body []byte) string {
		_, err := ParseInterventions(body, file, linde)
		if err == nil {
			t.Errorf("%s was accepted:\n%s", file, body)
			return ""
		}
		return err.Error()
	})
}

func TestInterventionWarnings(t *testing.T) {
	golden(t, "interventions-warnings.txtar", func(t *testing.T, _ *txtar.Archive, file string, body []byte) string {
		s, err := ParseInterventions(body, file, linde)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, f := range s.Warnings() {
			fmt.Fprintf(&b, "%s: %s; %s\n", f.Rule, f.Problem, f.Fix)
		}
		if b.Len() == 0 {
			return "none"
		}
		return b.String()
	})
}

func TestInterventionTraceSaysWhatEachClauseSaw(t *testing.T) {
	golden(t, "interventions-traces.txtar", func(t *testing.T, a *txtar.Archive, file string, body []byte) string {
		var f GuardFacts
		if err := json.Unmarshal([]byte(find(a, strings.TrimSuffix(file, ".yaml")+".json")), &f); err != nil {
			t.Fatal(err)
		}
		s, err := ParseInterventions(body, file, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, r := range s.Trace(f).Rules {
			b.WriteString(r.ID + ": " + string(r.Is))
			if r.Stopped {
				b.WriteString(", stopped")
			}
			if r.Why != "" {
				b.WriteString(" (" + r.Why + ")")
			}
			b.WriteString("\n")
			writeClause(&b, r.Clause, "  ")
		}
		return b.String()
	})
}

// The reader of the whole document hears what is wrong, beside its own.
func TestProblemsOfInterventionsJoinThoseOfTheirDocument(t *testing.T) {
	r := &yamltree.Reader{File: "progress.yaml", MaxBytes: 1 << 20, Others: map[string]string{"if": "own"}}
	root := r.Open([]byte("closing: {}\ninterventions:\n- {id: a, if: 'now.open', on: overdue, do: [{notify: lead}]}\nzzz: 1\n"))
	for _, e := range r.Mapping(root, "", "closing", "interventions") {
		if e.Key == "interventions" {
			ReadInterventions(r, e.Value, nil)
		}
	}
	err := r.Err()
	if err == nil || !strings.Contains(err.Error(), `progress.yaml:3:11: interventions[0]: "if" is not a key here; did you mean "when"?`) &&
		!strings.Contains(err.Error(), `"if" is not a key here; did you mean "when"?`) || !strings.Contains(err.Error(), `progress.yaml:4:1`) {
		t.Errorf("%v", err)
	}
	if r.Others["if"] != "own" {
		t.Error("the words of the document's own reader are lost")
	}
}

func TestExamplesOfInterventionsAreTests(t *testing.T) {
	s := mustParse(t, `
interventions:
- id: first
  on: [overdue, silent]
  when: customer.key_account
  stop: true
  do: [{notify: account}]
- id: second
  on: [overdue]
  when: clock.late_minutes >= 60 && request.priority != "low"
  do: [{notify: lead}]
  examples:
  - given: {clock.late_minutes: 60}
  - given: {clock.late_minutes: 59}
    fires: false
  - given: {clock.late_minutes: 59}
  - given: {clock.late_minutes: 90, request.priority: high}
    fires: false
  - given: {clock.late_minutes: 90, occasion: silent}
  - given: {clock.late_minutes: 90, customer.key_account: true}
- id: off
  on: [overdue]
  when: request.tags[0] == "vip"
  disabled: true
  do: [{notify: lead}]
  examples:
  - given: {request.tags: [vip]}
  - {}
`)
	var got []string
	for _, f := range s.Check() {
		got = append(got, fmt.Sprintf("%s:%d %q %s; %s", f.Rule, f.Line, f.Example, f.Problem, f.Fix))
	}
	want := []string{
		`second:16 "clock.late_minutes: 59" the rule does not fire; not true: clock.late_minutes >= 60 (clock.late_minutes is 59)`,
		`second:17 "clock.late_minutes: 90, request.priority: high" the rule fires, and must not: rule "second": clock.late_minutes 90 ≥ 60, request.priority "high" is not "low"; narrow the condition`,
		`second:19 "clock.late_minutes: 90, occasion: silent" the rule does not fire: it is not about silent; add the occasion to on:`,
		`second:20 "clock.late_minutes: 90, customer.key_account: true" the rule does not fire: rule "first" stops first; move this rule up or narrow that one`,
		`off:28 "" the rule does not fire: it cannot be evaluated: index out of bounds: 0; mend the condition`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var holds []bool
	for _, x := range s.Rules()[1].Examples {
		holds = append(holds, x.Holds && x.Why == "")
	}
	if !slices.Equal(holds, []bool{true, true, false, false, false, false}) {
		t.Errorf("shown as %v", holds)
	}
}

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

// One list serves all timers at once, and the desk's traces.
func TestInterventionsServeManyAtOnce(t *testing.T) {
	s := mustParse(t, several)
	want := fired(s.Decide(late(10)))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := fired(s.Decide(late(10))); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				s.Trace(late(10))
				s.Rules()
			}
		})
	}
	all.Wait()
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
