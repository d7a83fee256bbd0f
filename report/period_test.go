package report

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func amsterdam(t rapid.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestPeriodsAreReadAsTheyAreWritten(t *testing.T) {
	zone := amsterdam(t)
	for _, tt := range []struct{ text, from, to string }{
		{"2026-10", "2026-10-01", "2026-11-01"},
		{"2026-W42", "2026-10-12", "2026-10-19"},
		{"2026-W53", "2026-12-28", "2027-01-04"},
		{"2027-W01", "2027-01-04", "2027-01-11"},
		{"2026-Q3", "2026-07-01", "2026-10-01"},
		{"2026", "2026-01-01", "2027-01-01"},
		{"2026-10-01..2026-10-14", "2026-10-01", "2026-10-15"},
	} {
		p, err := ParsePeriod(tt.text, zone)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := p.From.Format("2006-01-02 15:04"); got != tt.from+" 00:00" {
			t.Errorf("%s begins %s, want %s", tt.text, got, tt.from)
		}
		if got := p.To.Format("2006-01-02 15:04"); got != tt.to+" 00:00" {
			t.Errorf("%s ends %s, want %s", tt.text, got, tt.to)
		}
		if p.ID() != tt.text {
			t.Errorf("%s is written as %s", tt.text, p.ID())
		}
	}
	for _, text := range []string{"", "2027-W53", "2026-W00", "2026-Q5", "2026-13", "okt", "2026-10-14..2026-10-01", "1900-01-01..2026-01-01", "2026-02-30"} {
		if p, err := ParsePeriod(text, zone); err == nil {
			t.Errorf("%q was read as %v", text, p)
		}
	}
}

// Periods lie side by side: none of a day is in two of them or in none, also
// in the months the clock changes.
func TestR12_PeriodsLieSideBySide(t *testing.T) {
	zone := amsterdam(t)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_600_000_000, 1_900_000_000).Draw(t, "at"), 0)
		of := rapid.SampledFrom([]func(time.Time, *time.Location) Period{WeekOf, MonthOf, QuarterOf, YearOf}).Draw(t, "of")
		n := rapid.IntRange(-20, 20).Draw(t, "n")
		p := of(at, zone)
		if rapid.Bool().Draw(t, "days") {
			p = Days(p.From, p.To.Add(-time.Hour), zone)
		}
		if !p.Has(at) {
			t.Fatalf("%s does not have %s", p.ID(), at)
		}
		a, b := p.Before(n), p.Before(n-1)
		if !a.To.Equal(b.From) {
			t.Fatalf("%s ends %s and the one after it, %s, begins %s", a.ID(), a.To, b.ID(), b.From)
		}
		if back := p.Before(n).Before(-n); !back.From.Equal(p.From) || !back.To.Equal(p.To) {
			t.Fatalf("%s: %d before and after is %s", p.ID(), n, back.ID())
		}
		if again, err := ParsePeriod(p.ID(), zone); err != nil || !again.From.Equal(p.From) || !again.To.Equal(p.To) {
			t.Fatalf("%s reads as %v, %v", p.ID(), again, err)
		}
	})
}
