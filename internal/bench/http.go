package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/balie/balie/internal/rig"
)

// connections are how many clients ask at once.
var connections = []int{1, 16, 64, 256}

// Goals of intake over HTTP: half of what a bare group commit of the same
// bytes reaches, and a rate at which no desk of this world is.
const (
	goalShare = 0.5
	goalRate  = 5000
)

// http measures intake over the API: answered means decided and on disk.
func (b *bench) http(ctx context.Context) error {
	best, most := 0.0, 0.0
	for _, n := range connections {
		got, bare, err := b.httpAt(ctx, n)
		if err != nil {
			return err
		}
		best, most = max(best, got.perSecond()), max(most, bare)
	}
	b.table.add(row{figure: "HTTP intake, best rate to best bare rate", value: fmt.Sprintf("%.0f/s", best), limit: fmt.Sprintf("%.0f/s", most),
		ratio: fmt.Sprintf("%.2f", best/most), goal: fmt.Sprintf("ratio >= %.1f", goalShare), ok: best/most >= goalShare})
	b.table.add(row{figure: "HTTP intake, best rate", value: fmt.Sprintf("%.0f/s", best), goal: fmt.Sprintf(">= %d/s", goalRate), ok: best >= goalRate})
	return nil
}

func (b *bench) httpAt(ctx context.Context, conns int) (load, float64, error) {
	dir, err := b.site(fmt.Sprintf("http-%d", conns))
	if err != nil {
		return load{}, 0, err
	}
	site, err := rig.Lay(dir, rig.Setup{})
	if err != nil {
		return load{}, 0, err
	}
	p, err := site.Start(ctx, b.bin)
	if err != nil {
		return load{}, 0, err
	}
	defer p.Kill()
	if _, err := post(ctx, site.Addr, conns, b.lasts/8, question); err != nil { // warm, not counted
		return load{}, 0, err
	}
	before, err := p.CPU()
	if err != nil {
		return load{}, 0, err
	}
	got, err := post(ctx, site.Addr, conns, b.lasts, question)
	if err != nil {
		return load{}, 0, err
	}
	after, err := p.CPU()
	if err != nil {
		return load{}, 0, err
	}
	if err := p.Stop(); err != nil {
		return load{}, 0, err
	}
	shape, err := readShape(site.Data())
	if err != nil {
		return load{}, 0, err
	}
	bare, err := shape.commit(dir, conns, b.lasts/4)
	if err != nil {
		return load{}, 0, err
	}
	each := func(d time.Duration) string { return short(d / time.Duration(got.answered)) }
	b.table.add(row{
		figure: fmt.Sprintf("HTTP intake, %d connections", conns),
		value: fmt.Sprintf("%.0f/s, p50 %s, p99 %s, CPU balie %s, generator %s", got.perSecond(), short(got.took.at(.5)), short(got.took.at(.99)),
			each(after-before), each(got.own)),
		limit: fmt.Sprintf("bare bbolt %.0f/s (%d puts, %d bytes)", bare, shape.puts, shape.bytes),
		ratio: fmt.Sprintf("%.2f", got.perSecond()/bare),
	})
	return got, bare, nil
}

// sentences of a question, so that each differs.
var sentences = []string{
	"Op de derde verdieping bij het raam is het al dagen te koud om te werken.",
	"De printer naast de pantry geeft steeds een storing en niemand kan afdrukken.",
	"Kunt u mij laten weten hoe lang dat ongeveer gaat duren?",
	"Mijn nieuwe collega begint maandag en heeft dan een pas nodig.",
	"Wij hebben volgende week bezoek van een klant in de grote vergaderzaal.",
	"Er ligt water onder de gootsteen en het wordt langzaam meer.",
	"Vorige keer was het binnen een dag geregeld, dank daarvoor.",
	"Het gaat om gebouw B, ingang aan de parkeerplaats.",
	"Graag hoor ik of ik hier zelf nog iets voor moet doen.",
	"De schoonmaak heeft de bakken gisteren niet geleegd.",
	"Ik ben vandaag tot vijf uur bereikbaar op mijn mobiel.",
	"Kan iemand de verwarming van de hal nakijken?",
}

// text is the n-th text of about 600 letters.
func text(n int64) string {
	s := fmt.Sprintf("Goedemiddag, vraag %d.", n)
	for i := int64(0); len(s) < 600; i++ {
		s += " " + sentences[(n*7+i*5+n/12)%int64(len(sentences))]
	}
	return s
}

// question is the n-th question as a program hands it in. Nobody is written
// to: what mail costs is measured with mail.
func question(n int64) []byte {
	b, err := json.Marshal(map[string]any{"name": fmt.Sprintf("Bezoeker %d", n), "subject": fmt.Sprintf("Vraag %d", n), "text": text(n)})
	if err != nil {
		panic(err) // strings only
	}
	return b
}
