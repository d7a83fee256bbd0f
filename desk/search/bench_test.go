package search

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/balie/balie"
)

var saids = []string{
	"Op de derde verdieping bij het raam is het al dagen te koud om te werken.",
	"De printer naast de pantry geeft steeds een storing en niemand kan afdrukken.",
	"Mijn nieuwe collega begint maandag en heeft dan een pas nodig.",
	"Er ligt water onder de gootsteen en het wordt langzaam meer.",
	"Graag hoor ik of ik hier zelf nog iets voor moet doen.",
	"De schoonmaak heeft de bakken gisteren niet geleegd.",
	"Ik ben vandaag tot vijf uur bereikbaar op mijn mobiel.",
	"Kan iemand de verwarming van de hal nakijken?",
}

// named is a store of which only the name is asked.
type named struct{ Store }

func (named) Instance() string { return "bench" }

// BenchmarkWriteRequest is what the index does for a new request of about 600
// letters, in turns as Run makes them; reading the store is not in it.
func BenchmarkWriteRequest(b *testing.B) {
	x := New(filepath.Join(b.TempDir(), File), named{}, slog.New(slog.DiscardHandler))
	if err := x.begin(); err != nil {
		b.Fatal(err)
	}
	defer x.close()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	n := 0
	asked := func() document {
		n++
		now = now.Add(time.Second)
		p := balie.Person{ID: balie.NewID(now), Name: fmt.Sprint("Klant ", n),
			Addresses: []balie.Address{{Scheme: balie.Mail, Value: fmt.Sprintf("klant%d@klant%d.example", n, n%50)}}}
		r := balie.Request{ID: balie.NewID(now), Ref: fmt.Sprintf("B%07d-F", n), Version: 3, State: balie.AtDesk, Channel: "email",
			Subject: fmt.Sprint("Vraag ", n), Opened: now, Language: "nl", Customer: p.ID}
		var text strings.Builder
		fmt.Fprintf(&text, "Goedemiddag, vraag %d.", n)
		for i := 0; text.Len() < 600; i++ {
			text.WriteString(" " + saids[(n*7+i*5+n/12)%len(saids)])
		}
		return newDocument(r, []balie.Person{p}, []balie.Message{{Text: text.String(), Subject: r.Subject}}, x.stemmer)
	}
	var docs []document
	write := func() {
		if err := x.put(b.Context(), docs, func(tx *sql.Tx) error { return setMeta(b.Context(), tx, "cursor", fmt.Sprint(n)) }); err != nil {
			b.Fatal(err)
		}
		docs = docs[:0]
	}
	for b.Loop() {
		if docs = append(docs, asked()); len(docs) == turnRequests {
			write()
		}
	}
	write()
}
