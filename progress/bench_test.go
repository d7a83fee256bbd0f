package progress

import (
	"runtime"
	"testing"
	"time"

	"github.com/balie/balie"
)

// history is a request as many are: asked, answered by the customer, and handed
// out to a team that has hours of its own.
func history(d *desk, opened time.Time) balie.Request {
	c := balie.Change{Request: balie.Request{ID: balie.NewID(opened)}}
	do := func(after time.Duration, e balie.Event) {
		e.At = opened.Add(after)
		if err := c.Do(e); err != nil {
			d.t.Fatal(err)
		}
	}
	do(0, balie.Event{What: balie.Opened, By: "customer", Data: map[string]string{"ref": "R1", "channel": "email", "product": "klimaat"}})
	do(0, balie.Event{What: balie.Asked, By: "router@1", Data: map[string]string{"fields": "room"}})
	do(20*time.Hour, balie.Event{What: balie.Replied, By: "customer"})
	do(20*time.Hour, balie.Event{What: balie.HandedOut, By: "router@1", Handout: &balie.Handout{ID: balie.NewID(opened), Team: "receptie", State: balie.Offered, Opened: opened.Add(20 * time.Hour), Due: opened.Add(48 * time.Hour)}})
	return c.Request
}

func thought(b *testing.B) (*desk, balie.Request, time.Time) {
	d := &desk{t: b, cat: theCatalogue(b)}
	d.read(string(Sample()))
	d.now = d.at("2026-09-08 09:00")
	return d, history(d, d.now), d.now.Add(26 * time.Hour)
}

// BenchmarkClocks reckons all clocks of a request anew.
func BenchmarkClocks(b *testing.B) {
	d, r, now := thought(b)
	s := d.setting("")
	b.ReportAllocs()
	for b.Loop() {
		s.Clocks(r, now)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkTimers finds all that can go off for a request.
func BenchmarkTimers(b *testing.B) {
	d, r, now := thought(b)
	s := d.setting("")
	b.ReportAllocs()
	for b.Loop() {
		s.Timers(r, now)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkAgenda puts 100,000 requests on an agenda and moves each once.
func BenchmarkAgenda(b *testing.B) {
	const n = 100_000
	now := time.Date(2026, 9, 8, 9, 0, 0, 0, time.UTC)
	ids := make([]balie.ID, n)
	for i := range ids {
		ids[i] = balie.NewID(now)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		a := newAgenda()
		for i, id := range ids {
			a.put(id, now.Add(time.Duration(i*7919%n)*time.Second))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		for i, id := range ids {
			a.put(id, now.Add(time.Duration(i*104729%n)*time.Second))
		}
		runtime.KeepAlive(a)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/request")
}

// BenchmarkStep lets timers go off, each with its Change in a store without a
// disk under it, while 100,000 others are on the agenda.
func BenchmarkStep(b *testing.B) {
	d := begin(b, plainPolicy)
	for range 2000 {
		id := d.ask(question{})
		d.do(id, balie.Event{What: balie.Asked})
	}
	p := d.guard()
	if _, err := p.Step(b.Context(), d.now); err != nil {
		b.Fatal(err)
	}
	for range 100_000 {
		p.agenda.put(balie.NewID(d.now), d.now.AddDate(5, 0, 0))
	}
	day, fired := 0, 0
	for b.Loop() {
		day++
		did, err := p.Step(b.Context(), d.now.AddDate(0, 0, day))
		if err != nil {
			b.Fatal(err)
		}
		fired += did.Fired
	}
	if fired > 0 {
		b.ReportMetric(float64(fired)/b.Elapsed().Seconds(), "timers/s")
	}
}

// BenchmarkIdleStep is a look at which nothing is due.
func BenchmarkIdleStep(b *testing.B) {
	d := begin(b, plainPolicy)
	d.ask(question{})
	p := d.guard()
	for b.Loop() {
		if _, err := p.Step(b.Context(), d.now); err != nil {
			b.Fatal(err)
		}
	}
}
