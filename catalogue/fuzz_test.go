package catalogue

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzReadFields(f *testing.F) {
	for _, s := range []string{
		"Ik wil donderdag 26 november van 10 tot 12 uur een ruimte voor twaalf personen", "1. kamer 2.14 2. Jan de Vries 3. kwijt",
		"Kamer: 2.14\nNaam: Jan", "26/11 at 2pm, room 3.20, +31 20 555 0100, a@b.example", "half een kwart over drie 31 februari 29-02-2027",
		"\xff1. \n2) \u00a0\n3: ", "van kamer A naar kamer B", "kenteken 12-ABC-3 kostenplaats 4410",
	} {
		f.Add(s, "nl", uint8(3))
	}
	c := sampleCatalogue(f)
	now := tuesday(f)
	f.Fuzz(func(t *testing.T, text, language string, n uint8) {
		p := c.Products[int(n)%len(c.Products)]
		var ask []string
		for i, field := range p.Fields {
			if n>>(i%8)&1 == 1 {
				ask = append(ask, field.ID)
			}
		}
		start := time.Now()
		for id, v := range ReadFields(p, ask, text, language, now) {
			if v == "" || !utf8.ValidString(v) || len(v) > valueBytes {
				t.Fatalf("%s of %s: %q", id, p.ID, v)
			}
			for _, field := range p.Fields {
				if field.ID == id && !Valid(field, v) {
					t.Fatalf("%s of %s cannot be %q", id, p.ID, v)
				}
			}
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func FuzzMatch(f *testing.F) {
	m := Train(sampleCatalogue(f), TrainOptions{})
	f.Add("", "sleutel kwijt", "nl")
	f.Add("RE: Fwd: pas", "Beste,\n\nde lamp is stuk en de kraan lekt.\nGroet,\nx", "")
	f.Add("\xff", strings.Repeat("toegangspasaanvraag ", 50), "en")
	f.Fuzz(func(t *testing.T, subject, text, language string) {
		r := m.Match(Question{subject, text, language})
		if len(r.Matches) > maxMatches || !(r.None >= 0 && r.None <= 1) {
			t.Fatalf("%+v", r)
		}
		for i, x := range r.Matches {
			if !(x.Score >= 0 && x.Score <= 1) || (i > 0 && x.Score > r.Matches[i-1].Score) || len(x.Terms) > maxTerms {
				t.Fatalf("%+v", r.Matches)
			}
		}
	})
}
