package router

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

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

// The cost of a condition is reckoned with a bounded subject and bounded tags,
// so rules see no more of them, deciding and explaining alike.
func TestInterventionsSeeNoMoreThanTheirBounds(t *testing.T) {
	s := mustParse(t, `
interventions:
- {id: pattern, on: overdue, when: 'request.subject.matches("l+ek")', do: [{tag: x}]}
- {id: text, on: overdue, when: 'request.subject.contains("lek")', do: [{tag: x}]}
- {id: tag, on: overdue, when: '"late" in request.tags', do: [{tag: x}]}
`)
	f := late(1)
	f.Request.Subject = strings.Repeat("x", shortText) + "lek"
	f.Request.Tags = append(slices.Repeat([]string{"x"}, manyItems), "late")
	if got := fired(s.Decide(f)); got != "" {
		t.Errorf("beyond the bounds: %s", got)
	}
	if seen := s.Trace(f).Facts.Request; len(seen.Subject) != shortText || len(seen.Tags) != manyItems {
		t.Errorf("explained on %d bytes and %d tags", len(seen.Subject), len(seen.Tags))
	}
	f.Request.Subject, f.Request.Tags = f.Request.Subject[10:], f.Request.Tags[10:]
	if got := fired(s.Decide(f)); got != "pattern: tag/x; text: tag/x; tag: tag/x" {
		t.Errorf("within the bounds: %s", got)
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
