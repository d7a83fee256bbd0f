package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

const small = `version: 1
organisation: {nl: Desk, en: Desk}
calendars:
  kantoor: {timezone: Europe/Amsterdam, week: {mon: ["08:00-17:00"]}}
teams:
  techniek: {nl: Techniek, en: Building services}
products:
- id: lamp
  kind: fault
  nl: {name: Lamp, answer: "Beste {customer}, wij komen naar {room}.", examples: [a b]}
  en: {name: Lamp, answer: "Dear {customer}, we come to {room}."}
  fields:
  - {id: room, type: location, required: true, prompt: {nl: Waar?, en: Where?}}
  owner: {type: backoffice, team: techniek}
  calendar: kantoor
  answer_mode: send
`

// problemsOf are the problems of a catalogue as "line:col field: problem; fix".
func problemsOf(t *testing.T, body string) []string {
	t.Helper()
	_, err := Parse("f.yaml", []byte(body))
	if err == nil {
		return nil
	}
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{strings.TrimPrefix(err.Error(), "f.yaml:")}
	}
	var out []string
	for _, e := range many.Unwrap() {
		if x, ok := errors.AsType[*balie.InvalidError](e); !ok || x.File != "f.yaml" || x.Line == 0 || x.Col == 0 {
			t.Errorf("not an InvalidError with a place: %v", e)
		}
		out = append(out, strings.TrimPrefix(e.Error(), "f.yaml:"))
	}
	return out
}

func TestEveryProblemIsNamedWithItsPlace(t *testing.T) {
	if p := problemsOf(t, small); p != nil {
		t.Fatalf("the good one: %v", p)
	}
	for _, c := range []struct{ old, new, want string }{
		{"team: techniek", "team: techniekk", `14:35: product lamp.owner.team: team "techniekk" does not exist; did you mean "techniek"?`},
		{"calendar: kantoor", "calendar: kantor", `15:13: product lamp.calendar: calendar "kantor" does not exist; did you mean "kantoor"?`},
		{"kind: fault", "kind: fualt", `9:9: product lamp.kind: "fualt" is not known here; did you mean "fault"?`},
		{"type: location", "type: locatie", `13:22: product lamp.fields.type: "locatie" is not known here; did you mean "location"?`},
		{"answer_mode: send", "answer_mod: send", `16:3: product: "answer_mod" is not a key here; did you mean "answer_mode"?`},
		{"{nl: Waar?, en: Where?}", "{nl: Waar?}", `13:56: product lamp.fields.prompt: the text in "en" is missing; every text is given in nl and en`},
		{`answer: "Dear {customer}, we come to {room}."`, "description: x", `11:8: product lamp.en: there is no answer to send; write an answer, or set "answer_mode: suggest"`},
		{"to {room}", "to {rom}", `11:28: product lamp.en.answer: {rom} is not known; did you mean "room"?`},
		{"type: location", "type: text, pattern: '['", "13:37: product lamp.fields.pattern: \"[\" is not a pattern: error parsing regexp: missing closing ]: `[`; it is a regular expression (RE2) for the whole value"},
		{"en: Building services}", "en: B, reach: {mail: techniek}}", `6:49: teams.techniek.reach.mail: "techniek" is not an address of that kind; for example mail: team@desk.example, slack: T0TEAM/C0CHANNEL, tel: +31201234567, or hook: the id of a webhook`},
		{"mon: [\"08:00-17:00\"]", "mon: [\"08:00-7:00\"]", `4:3: calendars.kantoor`},
		{"  owner: {type: backoffice, team: techniek}\n", "", `8:7: product lamp: "owner" is missing`},
	} {
		got := problemsOf(t, strings.Replace(small, c.old, c.new, 1))
		if len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%s -> %s\n got %s\nwant %s", c.old, c.new, strings.Join(got, "\n     "), c.want)
		}
	}
}

func TestAllProblemsAtOnceInTheirOrder(t *testing.T) {
	body := strings.NewReplacer("team: techniek", "team: tech", "kind: fault", "kind: x", "calendar: kantoor", "calendar: k").Replace(small)
	body += "- id: lamp\n  kind: order\n  nl: {name: a}\n  en: {name: b}\n  owner: {team: techniek}\n"
	got := problemsOf(t, body)
	want := []string{"9:", "14:", "15:", "17:"}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("problem %d: got %s, want it on line %s", i, got[i], want[i])
		}
	}
}

func TestFewExamplesAreAWarningOnly(t *testing.T) {
	c, err := Parse("f.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Warnings(); len(w) != 2 || w[0].Line != 10 {
		t.Errorf("got %v, want one for each language", w)
	}
	if w := sampleCatalogue(t).Warnings(); len(w) != 0 {
		t.Errorf("the sample: %v", w)
	}
}

func TestDamagedFilesAreRefusedAndEnd(t *testing.T) {
	for _, body := range []string{"", "\x00", "a: [", "- 1", "a: b\n---\nc: d", "products: 3", "*a", "a: &a [*a]", strings.Repeat("[", 1<<20),
		strings.Repeat("{a: ", 5000), strings.Repeat(" ", 5000) + "a: b", "products:\n- {id: }\n", "teams: {a: &x {nl: b, en: c}, b: *x}"} {
		if _, err := Parse("f.yaml", []byte(body)); err == nil {
			t.Errorf("%.40q was taken", body)
		}
	}
}

func TestSampleKeepsItsPromises(t *testing.T) {
	c := sampleCatalogue(t)
	if len(c.Products) != 19 || len(c.Teams) != 9 || len(c.Calendars) != 3 {
		t.Fatalf("got %d products, %d teams, %d calendars", len(c.Products), len(c.Teams), len(c.Calendars))
	}
	p, _ := c.Product("lekkage")
	if p.Respond.Minutes() != 30 || p.Resolve.Hours() != 4 || !c.Urgent["lekkage"] {
		t.Errorf("lekkage: respond %v, resolve %v, urgent %v", p.Respond, p.Resolve, c.Urgent["lekkage"])
	}
	if p, _ := c.Product("vergadercatering"); p.Price.Amount != 950 {
		t.Errorf("catering costs %d", p.Price.Amount)
	}
	if p, _ := c.Product("sleutel"); p.Threshold != DefaultThreshold || p.Mode != balie.Send {
		t.Errorf("sleutel: %v above %v", p.Mode, p.Threshold)
	}
	catering, _ := c.Team("catering")
	if catering.Reach != (balie.Address{Scheme: balie.Slack, Value: "T0LINDE/C0CATERING"}) {
		t.Errorf("catering is reached at %v", catering.Reach)
	}
	if s, _ := c.Team("schoonmaak"); !s.Reach.IsZero() || s.Kind != balie.Backoffice {
		t.Errorf("schoonmaak: %+v", s)
	}
	if a, _ := c.Team("accountmanagement"); a.Kind != balie.Account {
		t.Errorf("accountmanagement: %+v", a)
	}
	if p, _ := c.Product("verbouwing"); !p.AccountOwned {
		t.Error("verbouwing is the account manager's")
	}
}

// same compares catalogues by what they say.
var same = cmp.Options{cmpopts.IgnoreFields(Catalogue{}, "warnings"), cmp.AllowUnexported(Catalogue{}),
	cmp.Transformer("spec", func(c hours.Calendar) hours.Spec { return c.Spec() }), cmpopts.EquateEmpty()}

func TestExportComesBackWhole(t *testing.T) {
	c := sampleCatalogue(t)
	back, err := Parse("export.yaml", c.Marshal())
	if err != nil {
		t.Fatalf("%v\n%s", err, c.Marshal())
	}
	if d := cmp.Diff(c, back, same); d != "" {
		t.Errorf("export changed it:\n%s", d)
	}
}

func TestAnyTextSurvivesExport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := Parse("f.yaml", []byte(small))
		if err != nil {
			t.Fatal(err)
		}
		s := strings.TrimSpace(rapid.OneOf(rapid.StringN(1, 40, 80), rapid.SampledFrom([]string{"yes", "1.0", "- a", "a: b", "#x", "'", "\"", "null", "|", ">", "a\nb", "é\u2028", "@", "%", "a #b"})).Draw(t, "text"))
		if s == "" || strings.ContainsAny(s, "\x00\ufeff") {
			return
		}
		c.Products[0].Names["nl"] = s
		c.Products[0].Examples["nl"] = []string{s, s}
		c.Products[0].Fields[0].Pattern = `[A-Z]\d+\.\d+ "x"`
		c.Products[0].Fields = append(c.Products[0].Fields, balie.Field{ID: "size", Type: balie.ChoiceField, Prompts: map[string]string{"nl": s, "en": s},
			Options: []balie.Option{{Value: s}, {Value: s + "2", Names: map[string]string{"nl": s, "en": "b"}}}})
		c.Products[0].From, c.Products[0].Until = c.zone2026(), c.zone2026().AddDate(0, 1, 0)
		c.Products[0].Threshold, c.Products[0].AccountOwned = 0.95, true
		c.Products[0].Price = balie.Price{Model: "per_hour", Amount: 1205, Notes: map[string]string{"nl": s, "en": s}}
		c.Products[0].Respond, c.Products[0].Resolve = 30*time.Minute, 90*time.Hour
		c.Urgent = map[string]bool{"lamp": true}
		c.Teams[0].Kind, c.Teams[0].Calendar, c.Teams[0].Reach = balie.Supplier, "kantoor", balie.Address{Scheme: balie.Tel, Value: "+31205550100"}
		c.Products[0].Group = s
		back, err := Parse("export.yaml", c.Marshal())
		if err != nil {
			t.Fatalf("%q: %v\n%s", s, err, c.Marshal())
		}
		if d := cmp.Diff(c, back, same); d != "" {
			t.Fatalf("%q: %s", s, d)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("products:\n- id: a\n  nl: {}\n"))
	f.Add([]byte("teams: {a: {nl: b, en: c, reach: {slack: C1}}}\nproducts: []\n"))
	f.Add([]byte("a: &a [b, *a]\n? x\n: - |\n  y\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := Parse("f.yaml", body)
		if (c == nil) == (err == nil) {
			t.Fatalf("catalogue %v, error %v", c, err)
		}
		if err != nil {
			_ = fmt.Sprint(err)
			return
		}
		again, err := Parse("f.yaml", c.Marshal())
		if err != nil {
			t.Fatalf("export of a good catalogue: %v\n%s", err, c.Marshal())
		}
		if len(again.Products) != len(c.Products) {
			t.Fatalf("export lost products")
		}
	})
}

func (c *Catalogue) zone2026() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, c.zone()) }
