package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

const remarked = `# what we promise
targets:
  - {id: a, respond: 2h}   # two hours

interventions:
  # the worst first
  - id: urgent
    name: {nl: "Spoed te laat", en: Urgent and late}
    on: [overdue]   # not before
    # both must hold
    when: request.priority == "urgent"
    do:
      - notify: lead    # by phone
      - raise: urgent
    examples:
      - given: {request.priority: urgent}
        fires: true

  # then the quiet ones
  - id: quiet
    on: [silent, team_silent]
    when: |
      now.open
      // not at night
      && handout.silent_hours > 4.0
    do: [{ask_status: true}]

# how it ends
closing:
  solved: 5
`

func interventionsOf(t interface {
	Helper()
	Fatalf(string, ...any)
}, body []byte) []InterventionRule {
	t.Helper()
	s, err := ParseInterventions(body, "progress.yaml", nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return s.Rules()
}

func TestEditingOneInterventionLeavesTheRestByteForByte(t *testing.T) {
	rules := interventionsOf(t, []byte(remarked))
	r := rules[0]
	r.Do = append(slices.Clone(r.Do), GuardAction{Do: DoTellCustomer, Value: TellDelay}, GuardAction{Do: DoCallBack})
	r.Stop = true
	out, err := WithIntervention([]byte(remarked), r)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(remarked, `    do:
      - notify: lead    # by phone
      - raise: urgent
`, `    do:
      - notify: lead
      - raise: urgent
      - tell_customer: delay
      - call_back: true
    stop: true
`, 1)
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	if out, err = WithIntervention([]byte(remarked), rules[1]); err != nil || string(out) != remarked {
		t.Errorf("nothing was changed, but: %v\n%s", err, out)
	}
}

// So it does in a file that was edited on Windows.
func TestEditingOneInterventionKeepsTheRemarksOfAFileWithCRLF(t *testing.T) {
	body := strings.ReplaceAll(remarked, "\n", "\r\n")
	r := interventionsOf(t, []byte(body))[0]
	r.Stop = true
	out, err := WithIntervention([]byte(body), r)
	want := strings.Replace(body, "    examples:\r\n", "    stop: true\r\n    examples:\r\n", 1)
	if err != nil || string(out) != want {
		t.Errorf("%v\ngot\n%q\nwant\n%q", err, out, want)
	}
}

func TestMovingAndRemovingInterventionsTakeTheRemarksAlong(t *testing.T) {
	out, err := WithInterventionAt([]byte(remarked), "quiet", 0)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(out); strings.Index(s, "# then the quiet") > strings.Index(s, "# the worst first") || !strings.HasPrefix(s, "# what we promise\ntargets:") ||
		!strings.HasSuffix(s, "\n# how it ends\nclosing:\n  solved: 5\n") {
		t.Errorf("%s", s)
	}
	out, err = WithoutIntervention([]byte(remarked), "urgent")
	if err != nil || strings.Contains(string(out), "worst") || !strings.Contains(string(out), "# then the quiet ones\n  - id: quiet") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = WithoutIntervention(out, "quiet"); err != nil || len(interventionsOf(t, out)) != 0 || !strings.Contains(string(out), "closing:\n  solved: 5") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, err := range []error{
		second(WithoutIntervention([]byte(remarked), "none")), second(WithIntervention([]byte(remarked), InterventionRule{ID: "none"})),
		second(WithInterventionAt([]byte(remarked), "none", 0)), second(WithNewIntervention([]byte(remarked), interventionsOf(t, []byte(remarked))[0], 0)),
	} {
		if !errors.Is(err, balie.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
}

func second(_ []byte, err error) error { return err }

var added = InterventionRule{ID: "new", On: []Occasion{Overdue}, When: "now.open", Do: []GuardAction{{Do: DoNotify, Whom: ToLead}}}

func TestTheFirstInterventionGoesWhereItBelongs(t *testing.T) {
	const list = "interventions:\n  - id: new\n    on: [overdue]\n    when: now.open\n    do:\n      - notify: lead\n"
	for body, want := range map[string]string{
		"":                                       list,
		"interventions:\n":                       list,
		"interventions: [] # none yet\n":         list,
		"closing: {solved: 5}":                   "closing: {solved: 5}\n" + list,
		"a: 1\ninterventions:\n\n# b\nb: 2\n":    "a: 1\n" + list + "\n# b\nb: 2\n",
		"interventions: []\r\nb:\r\n  - 2\r\n":   strings.ReplaceAll(list, "\n", "\r\n") + "b:\r\n  - 2\r\n",
		"a: 1\ninterventions:\n  []\nb: [1,\n2]": "a: 1\n" + list + "b: [1,\n2]",
	} {
		out, err := WithNewIntervention([]byte(body), added, 0)
		if err != nil || string(out) != want {
			t.Errorf("%q: %v\ngot  %q\nwant %q", body, err, out, want)
		}
	}
	_, err := WithNewIntervention([]byte("{interventions: [], b: 2}"), added, 0)
	if _, ok := errors.AsType[*balie.InvalidError](err); !ok {
		t.Errorf("a document on one line: %v", err)
	}
}

func TestAnInterventionThatCannotWorkIsRefusedWithPlaceAndMend(t *testing.T) {
	r := interventionsOf(t, []byte(remarked))[1]
	r.When = "handout.silent_hour > 3"
	_, err := WithIntervention([]byte(remarked), r)
	if err == nil || !strings.Contains(err.Error(), "intervention quiet.when") || !strings.Contains(err.Error(), "handout.silent_hours") {
		t.Errorf("%v", err)
	}
}

// However a document is laid out, an edit gives the rules that were asked for,
// and what else it says stays.
func TestInterventionEditsGiveTheRulesAskedFor(t *testing.T) {
	layouts := []string{remarked, strings.ReplaceAll(remarked, "\n", "\r\n"), several, "",
		"interventions: [{id: a, on: overdue, when: \"true\", do: {call_back: true}}, {id: b, on: silent, when: now.open, do: [{tag: x}]}]\nz: [1, {y: 2}]",
		"interventions:\n  -\n    id: a\n    when: 'true'\n    on: overdue\n    do: [{tag: x}]\n  - {id: b, on: signal, when: now.open, do: [{tag: [x, y]}]}\nlanguage: en\n",
		"x: |\n  interventions:\n  - no\ninterventions:\n- when: now.open\n  do: [{tag: x}]\n  on: [overdue]\n  id: a\n# end",
		"interventions:\n- id: a\n  on:\n  - overdue\n  when: >-\n    now.open\n    && true\n  do:\n  - notify: [lead, team]\n    raise: high\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(rapid.SampledFrom(layouts).Draw(t, "layout"))
		rest, err := besides(body)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			want := interventionsOf(t, body)
			i, at := 0, 0
			if len(want) > 0 {
				i, at = rapid.IntRange(0, len(want)-1).Draw(t, "rule"), rapid.IntRange(0, len(want)-1).Draw(t, "at")
			}
			what := rapid.SampledFrom([]string{"edit", "move", "add", "remove"}).Draw(t, "what")
			switch {
			case what == "add" || len(want) == 0:
				r := drawIntervention(t, InterventionRule{ID: fmt.Sprintf("new-%d", len(want)), On: added.On, When: "true", Do: added.Do})
				if indexOf(want, r.ID) >= 0 {
					continue
				}
				want = slices.Insert(want, at, r)
				body, err = WithNewIntervention(body, r, at)
			case what == "edit":
				want[i] = drawIntervention(t, want[i])
				body, err = WithIntervention(body, want[i])
			case what == "move":
				r := want[i]
				want = slices.Insert(slices.Delete(want, i, i+1), at, r)
				body, err = WithInterventionAt(body, r.ID, at)
			default:
				id := want[i].ID
				want = slices.Delete(want, i, i+1)
				body, err = WithoutIntervention(body, id)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := interventionsOf(t, body); !slices.EqualFunc(got, want, sameIntervention) {
				t.Fatalf("got %+v\nwant %+v\n%s", got, want, body)
			}
			if now, err := besides(body); err != nil || now != rest {
				t.Fatalf("%v: what else it says was %s, is %s\n%s", err, rest, now, body)
			}
		}
	})
}

func drawIntervention(t *rapid.T, r InterventionRule) InterventionRule {
	word := rapid.OneOf(rapid.SampledFrom([]string{"a: b", "{x}", "# no remark", `"`, "'", "é", "true", "1.0", "- x", "|"}), rapid.StringN(1, 8, -1).Filter(func(s string) bool { return s != "" && s == strings.TrimSpace(s) }))
	if rapid.Bool().Draw(t, "name") {
		r.Names = map[string]string{"nl": word.Draw(t, "nl"), "en": word.Draw(t, "en")}
	}
	if rapid.Bool().Draw(t, "on") {
		r.On = nil
		for _, o := range rapid.SliceOfNDistinct(rapid.SampledFrom(occasions), 1, 4, rapid.ID[string]).Draw(t, "occasions") {
			r.On = append(r.On, Occasion(o))
		}
	}
	if rapid.Bool().Draw(t, "when") {
		r.When = rapid.SampledFrom(append(guardConditions, "now.open\n\n  // night\n  && now.hour > 3")).Draw(t, "condition")
	}
	if rapid.Bool().Draw(t, "do") {
		r.Do = []GuardAction{{Do: DoTag, Value: word.Draw(t, "tag")}, {Do: DoNotify, Whom: ToTeam}, {Do: DoRaise, Value: "high"},
			{Do: DoEscalate, Whom: "techniek"}, {Do: DoAskStatus}, {Do: DoCallBack}, {Do: DoTellCustomer, Value: TellProgress}}
	}
	r.Stop, r.Disabled = rapid.Bool().Draw(t, "stop"), rapid.Bool().Draw(t, "off")
	if rapid.Bool().Draw(t, "examples") {
		r.Examples = []GuardExample{{Fires: true}, {Given: map[string]any{"clock.share": 0.75, "now.open": false, "request.subject": word.Draw(t, "subject"),
			"request.tags": []string{"vip"}, "occasion": "silent", "score": 2}}}
	}
	return r
}
