package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/balie/balie"
	"pgregory.net/rapid"
)

// told are the problems of a plan, as a person reads them.
func told(err error) string {
	if err == nil {
		return ""
	}
	var out []string
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err.Error()
	}
	for _, e := range many.Unwrap() {
		x, ok := e.(*balie.InvalidError)
		if !ok {
			return "no *balie.InvalidError: " + e.Error()
		}
		out = append(out, fmt.Sprintf("%d:%d %s: %s; %s", x.Line, x.Col, x.Field, x.Problem, x.Fix))
	}
	return strings.Join(out, "\n")
}

func TestEveryMistakeInAPlanHasItsPlaceAndItsMend(t *testing.T) {
	const body = `currency: euro
ambition:
  mision: {nl: x}
  parent: {de: y}
goals:
- {id: a, theme: quality, name: {en: A}, metric: first_tme, target: 70%, owner: L}
- id: a
  theme: qualitiy
  name: {en: B}
  metric: resolve_median
  target: fast
  owner: L
- {id: c, theme: quality, name: {en: C}, metric: satisfaction, target: 7, owner: L}
- {id: d, theme: quality, name: {en: D}, metric: cost, target: "7,50", span: day, owner: L}
- {id: e, theme: quality, name: {en: E}, metric: reopened, target: 3, owner: L}
- {id: f, theme: quality, name: {en: F}, metric: volume, target: 3}
- {id: g, theme: quality, name: {en: G}, metric: backlog, target: 3, owner: L, scope: {team: technieck}, except: [pas]}
capacities:
  channels: [mail]
  calendar: kantor
  from: {email: 50%, phone: 30%}
  day: {"09:15": 3}
  handling: 20h
  occupied: 5%
  calls: {channels: [phone], handling: 4m}
  people:
  - {id: x, name: {nl: X}, fte: 2, rate: 38.505}
finances:
  investments:
  - {name: {nl: Y}, amount: 12}
  running:
  - {amount: -3}
`
	names := PlanNames{Teams: []string{"techniek"}, Products: []string{"toegangspas"}, Calendars: []string{"kantoor"}}
	const want = `1:11 currency: "euro" is not a currency; write its three letters, such as EUR
3:3 ambition: "mision" is not a key here; did you mean "mission"?
4:12 ambition.parent: "de" is not a key here; use one of nl, en
6:50 goals[0].metric: there is no metric "first_tme"; did you mean "first_time"?
7:7 goals[1].id: "a" is there twice, first on line 6; give each its own id
8:10 goals[1].theme: "qualitiy" is not known here; did you mean "quality"?
11:11 goals[1].target: "fast" is not a length of time; write it with its unit: 90s, 2m, 1h30m
13:72 goals[2].target: 7 is out of bounds; give a number from 1 to 5
14:78 goals[3].span: "day" is not known here; use one of week, month, quarter, year
15:68 goals[4].target: 3 is more than all; write it with its sign: 3%
16:3 goals[5].owner: nobody answers for the goal; write "owner: …"
17:94 goals[6].scope.team: there is no team "technieck"; did you mean "techniek"?
17:115 goals[6].except: there is no product "pas"; use one of toegangspas
19:14 capacities.channels: there is no channel "mail"; did you mean "email"?
20:13 capacities.calendar: there is no calendar "kantor"; did you mean "kantoor"?
21:9 capacities.from: the shares add up to 80%; let them add up to 100%
22:9 capacities.day.09:15: "09:15" is not the beginning of a half hour; write it as "09:30"
23:13 capacities.handling: 20h0m0s is out of bounds; give 1s to 8h
24:13 capacities.occupied: 5% is out of bounds; give 10% to 100%
25:10 capacities.calls.within: it is not said how soon a call is answered; write "within: …"
25:10 capacities.calls.share: it is not said how many calls are answered so soon; write "share: …"
27:42 capacities.people[0].rate: "38.505" is not an amount; write it as 1250 or 38.50, without a sign
30:5 finances.investments[0].years: it is not said in how many years it is written off; write "years: …"
32:14 finances.running[0].amount: "-3" is not an amount; write it as 1250 or 38.50, without a sign`
	_, err := ParsePlan("plan.yaml", []byte(body), names)
	if got := told(err); got != want {
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range max(len(g), len(w)) {
			a, b := "", ""
			if i < len(g) {
				a = g[i]
			}
			if i < len(w) {
				b = w[i]
			}
			if a != b {
				t.Errorf("it says\n%s\nnot\n%s", a, b)
			}
		}
	}
}

// Whatever is changed, the text says it afterwards, and what was not changed
// keeps its remarks.
func TestEveryEditOfAPlanSaysWhatWasMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func() map[string]string {
			return map[string]string{"nl": rapid.StringMatching(`[a-z#:"'-][a-z#:"' -]{0,20}[a-z]`).Draw(t, "text")}
		}
		body := SamplePlan()
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			var want string
			out, err := EditPlan(body, PlanNames{}, func(p *Plan) {
				i := rapid.IntRange(0, max(0, len(p.Goals)-1)).Draw(t, "goal")
				switch rapid.IntRange(0, 7).Draw(t, "what") {
				case 0:
					p.Ambition.Skills = text()
				case 1:
					if len(p.Goals) > 0 {
						p.Goals[i].Names, p.Goals[i].Target = text(), 0.5
						if m, _ := MetricOf(p.Goals[i].Metric); m.Unit == Score {
							p.Goals[i].Target = 3
						}
					}
				case 2:
					if len(p.Goals) > 0 {
						p.Goals = append(p.Goals[:i:i], p.Goals[i+1:]...)
					}
				case 3:
					p.Goals = append([]PlanGoal{{ID: fmt.Sprint("n", len(p.Goals)), Theme: Quality, Names: text(), Metric: Backlog, Target: 7, AtMost: true, Span: Week, Owner: "L: x"}}, p.Goals...)
				case 4:
					p.Capacities.Calls = Calls{}
				case 5:
					p.Capacities.People = append(p.Capacities.People, Staff{ID: fmt.Sprint("s", len(p.Capacities.People)), Names: text(), FTE: 1, Hours: 36, Share: 1})
				case 6:
					p.Finances.Running = nil
				case 7:
					p.Currency, p.Names = "GBP", nil
				}
				want = string(p.Marshal())
			})
			if err != nil {
				t.Skip(err) // such as the same id twice
			}
			got, err := ParsePlan("plan", out, PlanNames{})
			if err != nil {
				t.Fatalf("what was written cannot be read: %v\n%s", err, out)
			}
			if string(got.Marshal()) != want {
				t.Fatalf("it says\n%s\nmeant was\n%s", got.Marshal(), want)
			}
			body = out
		}
		if !strings.Contains(string(body), "# The plan of the desk") || !strings.Contains(string(body), "# Requests on an opening day") {
			t.Fatalf("the remarks are gone:\n%s", body)
		}
	})
}

func FuzzParsePlan(f *testing.F) {
	f.Add(SamplePlan())
	f.Add([]byte("goals:\n- {id: a, theme: quality, name: {nl: x}, target: 8, owner: b}\n"))
	f.Add([]byte("capacities: {day: {\"24:00\": 1}, calls: {channels: [phone], within: 0s}}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParsePlan("plan", body, PlanNames{})
		if err != nil {
			return
		}
		again, err := ParsePlan("again", p.Marshal(), PlanNames{})
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Marshal())
		}
		if a, b := string(p.Marshal()), string(again.Marshal()); a != b {
			t.Fatalf("it became\n%s\nfrom\n%s", b, a)
		}
		p.Reckon(p.Expected(), flat())
	})
}
