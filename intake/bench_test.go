package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/balie/balie"
)

// BenchmarkReceive takes in questions of about 600 letters as the API hands
// them in, each of them new, from many callers at once.
func BenchmarkReceive(b *testing.B) {
	d := newDesk(b)
	sink := d.in.Sink("form")
	line := "Op de derde verdieping bij het raam is het al dagen te koud om te werken. De printer naast de pantry geeft steeds een storing. "
	var n atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				doc, _ := json.Marshal(map[string]any{"v": 1, "via": "api", "name": fmt.Sprint("Bezoeker ", i), "subject": fmt.Sprint("Vraag ", i),
					"text": fmt.Sprintf("Vraag %d. %s", i, strings.Repeat(line, 5)), "digest": fmt.Sprint("d", i)})
				o, err := sink.Keep(b.Context(), bytes.NewReader(doc))
				if err != nil {
					b.Error(err)
					return
				}
				_, err = sink.Receive(b.Context(), nil, balie.Raw{Channel: "form", Format: "form", Account: "bench", Key: fmt.Sprint("api:bench:", i), At: d.now, Original: o})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}

// BenchmarkReceiveMails takes in mails of about 5 kB, fifty in a batch as a
// mailbox hands them in, each of them new.
func BenchmarkReceiveMails(b *testing.B) {
	d := newDesk(b)
	sink := d.in.Sink("email")
	line := "Op de derde verdieping bij het raam is het al dagen te koud om te werken. De printer naast de pantry geeft steeds een storing. "
	const batch = 50
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		raws := make([]balie.Raw, batch)
		for j := range raws {
			n := i*batch + j
			body := mail{from: fmt.Sprintf("klant%d@klant.example", n), subject: fmt.Sprint("Vraag ", n), id: fmt.Sprintf("m%d@klant.example", n),
				extra: "X-Auto-Response-Suppress: All\r\nX-Filler: " + strings.Repeat("x ", 400) + "\r\n",
				body:  fmt.Sprintf("Vraag %d. %s", n, strings.Repeat(line, 5))}.bytes()
			o, err := sink.Keep(b.Context(), bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			raws[j] = balie.Raw{Channel: "email", Format: "mime", Account: "desk", Key: fmt.Sprint("email:desk:", n), At: d.now, Original: o}
		}
		if _, err := sink.Receive(b.Context(), nil, raws...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "mails/s")
}
