package simulate

import (
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"
)

// BenchmarkMonth plays October with 95 requests on an opening day.
func BenchmarkMonth(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the command does
	for b.Loop() {
		o := Options{Dir: filepath.Join(b.TempDir(), "store"), Seed: 7, From: time.Date(2026, 10, 1, 0, 0, 0, 0, zone(b)), Until: time.Date(2026, 11, 1, 0, 0, 0, 0, zone(b))}
		s := run(b, o)
		b.ReportMetric(float64(s.Requests)/s.Took.Seconds(), "requests/s")
		b.ReportMetric(float64(s.Days)/s.Took.Seconds(), "days/s")
		for where, took := range s.Where {
			b.ReportMetric(100*took.Seconds()/s.Took.Seconds(), where+"%")
		}
	}
}
