package catalogue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
)

const commented = `# ours
version: 3
organisation: {nl: "De Linde", en: "De Linde"} # the name
calendars:
  # the office
  kantoor:
    timezone: Europe/Amsterdam
    week: {mon: ["08:00-17:00"]} # four days
  altijd: {always_open: true}
teams:
  techniek: {nl: Techniek, en: Technical services}
products:
# first of all
- id: lamp # replaced often
  kind: fault
  nl:
    name: Lamp
    examples:
    - "De lamp is stuk"
  en:
    name: Lamp
  owner: {type: backoffice, team: techniek} # by hand
  # never by itself
  answer_mode: suggest

# keys
- id: sleutel
  kind: order
  nl: {name: Sleutel}
  en: {name: Key}
  owner: {team: techniek}
  price: {model: included, amount: 0}
# the end
`

func TestEditingAProductLeavesTheRestOfTheFileAlone(t *testing.T) {
	c, err := Parse("c", []byte(commented))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Product("lamp")
	p.Examples["nl"] = append(p.Examples["nl"], "Het licht doet het niet")
	p.Group = "gebouw"
	out, err := SetProduct([]byte(commented), p, true)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(commented, `  nl:
    name: Lamp
    examples:
    - "De lamp is stuk"
`, `  nl:
    name: Lamp
    examples:
    - "De lamp is stuk"
    - "Het licht doet het niet"
`, 1)
	want = strings.Replace(want, "  answer_mode: suggest\n", "  answer_mode: suggest\n  group: gebouw\n  urgent: true\n", 1)
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestAProductIsAddedBehindTheLastAndTakenOutAgain(t *testing.T) {
	c, _ := Parse("c", []byte(commented))
	p, _ := c.Product("sleutel")
	p.ID = "pas"
	out, err := SetProduct([]byte(commented), p, false)
	if err != nil || !strings.Contains(string(out), "# keys\n- id: sleutel") || !strings.Contains(string(out), "amount: 0}\n- id: pas\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	back, err := DropProduct(out, "pas")
	if err != nil || string(back) != commented {
		t.Errorf("%v\n%s", err, back)
	}
}

func TestACalendarIsEditedInPlace(t *testing.T) {
	out, err := SetCalendar([]byte(commented), "kantoor", hours.Spec{Week: map[string][]string{"tue": {"09:00-12:00", "13:00-17:00"}}, Holidays: []string{"nl"}})
	if err != nil || !strings.Contains(string(out), "  # the office\n  kantoor:\n    week:\n      tue: [\"09:00-12:00\", \"13:00-17:00\"]\n    holidays: [nl]\n  altijd: {always_open: true}\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := SetCalendar([]byte(commented), "kantoor", hours.Spec{Week: map[string][]string{"tue": {"12:00-09:00"}}}); err == nil {
		t.Error("hours that end before they begin are accepted")
	}
}

func TestAFileInAnotherStyleIsWrittenAnewAndSaysTheSame(t *testing.T) {
	flow := `{teams: {t: {nl: T, en: T}}, products: [{id: a, kind: fault, nl: {name: A}, en: {name: A}, owner: {team: t}}]}`
	c, err := Parse("c", []byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Product("a")
	p.Names["nl"] = "B: #c"
	out, err := SetProduct([]byte(flow), p, false)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse("c", out)
	if err != nil || back.Products[0].Names["nl"] != "B: #c" {
		t.Errorf("%v\n%s", err, out)
	}
}

// Whatever is typed into a product of a real catalogue, the others stay as
// they were, letter by letter.
func TestAnEditOfOneProductNeverTouchesAnother(t *testing.T) {
	body := Sample()
	if dir := os.Getenv("BALIE_SHARED"); dir != "" {
		if b, err := os.ReadFile(filepath.Join(dir, "data/catalogue/catalogue.yaml")); err == nil {
			body = b
		}
	}
	c, err := Parse("c", body)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := c.Products[rapid.IntRange(0, len(c.Products)-1).Draw(t, "product")]
		name := rapid.StringMatching(`[^\x00-\x08\x0b-\x1f]{0,30}x`).Draw(t, "name")
		p.Names = map[string]string{"nl": strings.TrimSpace(name), "en": p.Names["en"]}
		p.Examples = map[string][]string{"nl": {strings.TrimSpace(name)}, "en": p.Examples["en"]}
		out, err := SetProduct(body, p, rapid.Bool().Draw(t, "urgent"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse("c", out)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range c.Products {
			if x.ID == p.ID {
				x = p
			}
			if (editing{zone: c.zone()}).text(got.Products[i]) != (editing{zone: c.zone()}).text(x) {
				t.Fatalf("product %s\n%s", x.ID, out)
			}
		}
	})
}

func (e editing) text(p balie.Product) string {
	w := &writer{}
	w.product(p, false, e.zone)
	return w.String()
}

func TestACounterExampleIsNotTakenForTheProduct(t *testing.T) {
	c := sampleCatalogue(t)
	const text = "Collega uit dienst, waar levert hij de pas in en wie haalt de naam van de deur?"
	before := Train(c, TrainOptions{}).Match(Question{Text: text, Language: "nl"})
	if len(before.Matches) == 0 {
		t.Fatal("nothing looks like it")
	}
	top := before.Matches[0]
	p, _ := c.Product(top.Product)
	p.Counter = map[string][]string{"nl": {text}}
	c.put(p, c.Urgent[p.ID])
	after := Train(c, TrainOptions{}).Match(Question{Text: text, Language: "nl"})
	got := 0.0
	for _, m := range after.Matches {
		if m.Product == top.Product {
			got = m.Score
		}
	}
	t.Logf("%s: %.2f before, %.2f after", top.Product, top.Score, got)
	if got >= top.Score {
		t.Errorf("%s scores %.2f with its counter-example, %.2f without", top.Product, got, top.Score)
	}
	back, err := Parse("c", c.Marshal())
	if q, _ := back.Product(p.ID); err != nil || len(q.Counter["nl"]) != 1 {
		t.Errorf("the counter-example does not come back: %v", err)
	}
}
