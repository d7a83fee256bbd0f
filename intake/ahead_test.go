package intake_test

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"github.com/balie/balie"
)

// A mailbox's batch, whose words are read at once, is decided as its mails one
// by one are.
func TestMailsOfABatchAreDecidedAsOneByOne(t *testing.T) {
	var mails [][]byte
	for i, p := range sample(t).Catalogue.Products {
		for language, examples := range p.Examples {
			for j, e := range examples {
				mails = append(mails, mail{from: fmt.Sprintf("k%d@klant.example", i), subject: "Vraag", id: fmt.Sprintf("%s%d.%d@klant.example", language, i, j),
					body: e + "\r\n\r\nMorgen om 10 uur, kamer B2.14, voor 12 personen."}.bytes())
			}
		}
	}
	raws := func(d *desk) []balie.Raw {
		out := make([]balie.Raw, len(mails))
		for i, m := range mails {
			o, err := d.in.Sink("email").Keep(t.Context(), bytes.NewReader(m))
			if err != nil {
				t.Fatal(err)
			}
			out[i] = balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprint("email:desk:", i), At: d.now, Original: o}
		}
		return out
	}
	together, alone := newDesk(t), newDesk(t)
	got, err := together.in.Sink("email").Receive(t.Context(), nil, raws(together)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, raw := range raws(alone) {
		one, err := alone.in.Sink("email").Receive(t.Context(), nil, raw)
		if err != nil {
			t.Fatal(err)
		}
		a, b := outcome(t, together, got[i].Request), outcome(t, alone, one[0].Request)
		if a != b {
			t.Errorf("%s\nin the batch: %s\nalone:        %s", mails[i], a, b)
		}
	}
}

// outcome is what was decided on a request, in words.
func outcome(t *testing.T, d *desk, id balie.ID) string {
	t.Helper()
	r, err := d.db.Request(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := d.db.Events(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := fmt.Sprint(r.State, r.Product, r.Kind, fmt.Sprint(maps.Clone(r.Fields)))
	for _, e := range events {
		if e.Decision != nil {
			s += fmt.Sprint(" ", e.What, e.Decision.Rule, e.Decision.Match, e.Decision.Facts.Missing)
		}
	}
	return s
}
