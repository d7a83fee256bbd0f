package catalogue

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/balie/balie/internal/hours"
)

func TestTwoCataloguesAreComparedPropertyByProperty(t *testing.T) {
	old, err := Parse("c", []byte(commented))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := Parse("c", []byte(commented))
	if got := Compare(old, c); len(got) != 0 {
		t.Errorf("the same differs: %+v", got)
	}
	p, _ := c.Product("lamp")
	p.Examples["nl"] = []string{"Het licht is uit"}
	p.Group = "gebouw"
	c.put(p, true)
	q, _ := c.Product("sleutel")
	q.ID = "pas"
	c.Products[1] = q
	c.Calendars["kantoor"], err = hours.Parse(hours.Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{"tue": {"08:00-17:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{What: "changed", Fields: []FieldDifference{{Field: "calendar kantoor", Before: []string{`mon: ["08:00-17:00"]`}, After: []string{`tue: ["08:00-17:00"]`}}}},
		{Product: "lamp", Names: p.Names, What: "changed", Fields: []FieldDifference{
			{Field: "nl.examples", Before: []string{"De lamp is stuk"}, After: []string{"Het licht is uit"}},
			{Field: "group", After: []string{"gebouw"}}, {Field: "urgent", After: []string{"true"}}}},
		{Product: "pas", Names: q.Names, What: "added"},
		{Product: "sleutel", Names: q.Names, What: "removed"},
	}
	if d := cmp.Diff(want, Compare(old, c)); d != "" {
		t.Error(d)
	}
}
