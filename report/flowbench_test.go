//go:build unix

package report

import (
	"context"
	"testing"
	"time"
)

// BenchmarkFlow1M is the whole flow chart of a year and of a month over a year
// of a million requests: everyone who had it, and the differences. Goal: 1 s.
func BenchmarkFlow1M(b *testing.B) {
	book, now := filled(b, benchFacts(b))
	zone := amsterdam(b)
	for _, p := range []Period{YearOf(now.Add(-48*time.Hour), zone), MonthOf(now.Add(-48*time.Hour), zone)} {
		b.Run(string(p.Span), func(b *testing.B) {
			total, ways, before := 0, 0, processor(b)
			for b.Loop() {
				s, err := book.FlowOf(context.Background(), p, Scope{})
				if err != nil {
					b.Fatal(err)
				}
				total, ways = s.Report(Design{Version: 3}, nil).Happened.Total, len(s.ways)
			}
			b.ReportMetric(float64(processor(b)-before)/1e6/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(total), "requests")
			b.ReportMetric(float64(ways), "ways")
		})
	}
}
