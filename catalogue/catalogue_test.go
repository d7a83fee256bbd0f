package catalogue

import "testing"

func TestSampleIsReadWhole(t *testing.T) {
	c, err := Parse("sample.yaml", Sample())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Products) != 19 || len(c.Teams) != 8 || len(c.Calendars) != 3 {
		t.Fatalf("got %d products, %d teams, %d calendars", len(c.Products), len(c.Teams), len(c.Calendars))
	}
	m := Train(c, TrainOptions{})
	for _, q := range []string{"Ik ben mijn sleutel kwijt", "there is water on the floor", "koffiemachine doet het niet"} {
		t.Log(q, m.Match(Question{Text: q}))
	}
}
