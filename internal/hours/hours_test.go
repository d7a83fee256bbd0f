package hours

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/balie/balie"
)

// office is a desk with a lunch break, a short Friday and the Dutch holidays.
func office() Spec {
	return Spec{
		Timezone: "Europe/Amsterdam",
		Week: map[string][]string{
			"mon": {"08:00-12:30", "13:00-17:30"},
			"tue": {"08:00-17:30"},
			"wed": {"08:00-17:30"},
			"thu": {"08:00-17:30"},
			"fri": {"08:00-17:00"},
		},
		Holidays: []string{"nl", "2026-12-24 Kerstborrel"},
	}
}

// night is open around the hours at which clocks change.
func night(zone string) Spec {
	s := Spec{Timezone: zone, Week: map[string][]string{}}
	for _, d := range dayNames {
		s.Week[d] = []string{"00:00-00:30", "02:00-03:00", "03:00-04:30", "23:00-24:00"}
	}
	return s
}

func parse(t testing.TB, s Spec) Calendar {
	t.Helper()
	c, err := Parse(s)
	if err != nil {
		t.Fatalf("parse %+v: %v", s, err)
	}
	return c
}

func at(t testing.TB, c Calendar, text string) time.Time {
	t.Helper()
	m, err := time.ParseInLocation("2006-01-02 15:04", text, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func show(m time.Time) string { return m.Format("Mon 2006-01-02 15:04 MST") }

func TestR12_PromiseCountsOpeningTimeOnly(t *testing.T) {
	c := parse(t, office())
	for _, tt := range []struct {
		from string
		add  time.Duration
		want string
	}{
		{"2026-11-24 16:30", time.Hour, "Tue 2026-11-24 17:30 CET"}, // used up at closing time, not next morning
		{"2026-11-24 16:30", 61 * time.Minute, "Wed 2026-11-25 08:01 CET"},
		{"2026-11-27 16:30", time.Hour, "Mon 2026-11-30 08:30 CET"},    // the weekend
		{"2026-11-28 12:00", time.Hour, "Mon 2026-11-30 09:00 CET"},    // asked on a Saturday
		{"2026-11-30 12:00", time.Hour, "Mon 2026-11-30 13:30 CET"},    // lunch
		{"2026-12-23 17:00", time.Hour, "Mon 2026-12-28 08:30 CET"},    // a listed day, two public ones, a weekend
		{"2027-01-31 10:00", time.Hour, "Mon 2027-02-01 09:00 CET"},    // 31 January, a Sunday
		{"2028-02-28 17:00", time.Hour, "Tue 2028-02-29 08:30 CET"},    // leap day
		{"2028-02-29 17:00", time.Hour, "Wed 2028-03-01 08:30 CET"},    // and after it
		{"2026-12-31 17:00", time.Hour, "Mon 2027-01-04 08:30 CET"},    // new year, a weekend
		{"2026-11-30 08:30", -time.Hour, "Fri 2026-11-27 16:30 CET"},   // a warning before it
		{"2026-11-24 09:00", -time.Hour, "Tue 2026-11-24 08:00 CET"},   // back to opening time
		{"2026-11-28 12:00", 0, "Sat 2026-11-28 12:00 CET"},            // nothing is nothing
		{"2027-03-26 10:00", time.Minute, "Tue 2027-03-30 08:01 CEST"}, // Good Friday, clock forward, Easter Monday
	} {
		if got := show(c.Add(at(t, c, tt.from), tt.add)); got != tt.want {
			t.Errorf("%s + %v = %s, want %s", tt.from, tt.add, got, tt.want)
		}
	}
}

func TestR12_NightsTheClockChanges(t *testing.T) {
	c := parse(t, night("Europe/Amsterdam"))
	for _, tt := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2027-03-27 22:00", "2027-03-28 12:00", 3 * time.Hour}, // 02:00-03:00 does not exist
		{"2027-10-30 22:00", "2027-10-31 12:00", 5 * time.Hour}, // 02:00-03:00 lasts two hours
		{"2027-10-29 22:00", "2027-10-30 12:00", 4 * time.Hour}, // any other night
	} {
		if got := c.Between(at(t, c, tt.from), at(t, c, tt.to)); got != tt.want {
			t.Errorf("%s to %s: %v open, want %v", tt.from, tt.to, got, tt.want)
		}
	}

	always := parse(t, Spec{Timezone: "Europe/Amsterdam", AlwaysOpen: true})
	day := always.Between(at(t, always, "2027-03-28 00:00"), at(t, always, "2027-03-29 00:00"))
	if day != 23*time.Hour {
		t.Errorf("the day the clock goes forward is open %v, want 23h", day)
	}
	desk := parse(t, office())
	if got := show(desk.Add(at(t, desk, "2027-10-29 16:00"), 2*time.Hour)); got != "Mon 2027-11-01 09:00 CET" {
		t.Errorf("two hours from Friday over the clock change end %s", got)
	}
}

func TestR12_SameTimeSomeOpeningDaysLater(t *testing.T) {
	c := parse(t, office())
	for _, tt := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-11-24 10:00", 1, "Wed 2026-11-25 10:00 CET"},
		{"2026-11-27 10:00", 1, "Mon 2026-11-30 10:00 CET"},
		{"2026-11-28 10:00", 1, "Mon 2026-11-30 10:00 CET"}, // Saturday is no opening day
		{"2026-11-26 17:20", 1, "Fri 2026-11-27 17:00 CET"}, // closes earlier on Friday
		{"2026-11-24 06:00", 1, "Wed 2026-11-25 08:00 CET"},
		{"2026-11-27 12:45", 1, "Mon 2026-11-30 13:00 CET"}, // lunch on Monday
		{"2026-12-23 10:00", 1, "Mon 2026-12-28 10:00 CET"},
		{"2027-03-25 10:00", 1, "Tue 2027-03-30 10:00 CEST"}, // same time over the clock change
		{"2026-11-30 10:00", -1, "Fri 2026-11-27 10:00 CET"},
		{"2026-11-24 22:00", 0, "Tue 2026-11-24 17:30 CET"},
		{"2026-11-28 10:00", 0, "Mon 2026-11-30 08:00 CET"},
		{"2027-01-29 10:00", 2, "Tue 2027-02-02 10:00 CET"},
		{"2028-02-28 10:00", 1, "Tue 2028-02-29 10:00 CET"},
	} {
		if got := show(c.AddDays(at(t, c, tt.from), tt.n)); got != tt.want {
			t.Errorf("%d opening days from %s: %s, want %s", tt.n, tt.from, got, tt.want)
		}
	}
}

func TestR12_HolidaysHaveNames(t *testing.T) {
	c := parse(t, office())
	without := office()
	without.Holidays = []string{"nl without goede vrijdag, Bevrijdingsdag"}
	open := parse(t, without)
	for day, want := range map[string]string{
		"2026-12-24 09:00": "Kerstborrel", "2026-12-25 09:00": "Eerste Kerstdag", "2027-03-26 09:00": "Goede Vrijdag",
		"2027-04-27 00:00": "Koningsdag", "2025-04-26 09:00": "Koningsdag", "2075-12-26 09:00": "Tweede Kerstdag",
		"2026-11-24 09:00": "", "1999-12-25 23:59": "Eerste Kerstdag",
	} {
		if got := c.Holiday(at(t, c, day)); got != want {
			t.Errorf("%s is %q, want %q", day, got, want)
		}
	}
	if !open.IsOpen(at(t, open, "2027-03-26 09:00")) || open.IsOpen(at(t, open, "2027-03-29 09:00")) {
		t.Error("a desk that works on Good Friday must be open then, and closed on Easter Monday")
	}
}

func TestZeroCalendarIsAlwaysOpenInUTC(t *testing.T) {
	var c Calendar
	now := time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC)
	if !c.IsOpen(now) || !c.Next(now).Equal(now) || !c.Add(now, time.Hour).Equal(now.Add(time.Hour)) ||
		c.Between(now, now.Add(time.Hour)) != time.Hour || c.Holiday(now) != "" || c.Zone() != time.UTC ||
		!c.AddDays(now, 2).Equal(now.AddDate(0, 0, 2)) {
		t.Error("the zero calendar is not simply open")
	}
	if again := parse(t, c.Spec()); !again.IsOpen(now) || again.Zone().String() != "UTC" {
		t.Error("the zero calendar does not survive an export")
	}
}

func TestSpecSurvivesExport(t *testing.T) {
	in := office()
	c := parse(t, in)
	if got := c.Spec(); !reflect.DeepEqual(got, in) {
		t.Errorf("got %+v, want %+v", got, in)
	}
	c.Spec().Week["mon"][0] = "00:00-24:00"
	in.Week["tue"][0] = "00:00-24:00"
	if c.Spec().Week["mon"][0] != "08:00-12:30" || c.Spec().Week["tue"][0] != "08:00-17:30" {
		t.Error("a calendar can be changed from outside")
	}
}

func TestBadHoursAreRefusedWithAFix(t *testing.T) {
	mon := func(spans ...string) Spec { return Spec{Week: map[string][]string{"mon": spans}} }
	for _, tt := range []struct {
		spec Spec
		want string
	}{
		{Spec{}, "week: the calendar never opens; give at least one day hours"},
		{Spec{Week: map[string][]string{"mon": {}}}, "never opens"},
		{Spec{AlwaysOpen: true, Week: map[string][]string{"mon": {"08:00-09:00"}}}, "always_open: the calendar is always open and has a week of hours"},
		{mon("08:00"), `week.mon[0]: "08:00" is not a span of hours; write it as "08:00-12:30"`},
		{mon("08:00-17:00", "16:00-18:00"), "week.mon: 08:00-17:00 and 16:00-18:00 overlap"},
		{mon("22:00-06:00"), `week.mon[0]: "22:00-06:00" ends before it begins; for hours past midnight give this day "22:00-24:00" and the next "00:00-06:00"`},
		{mon("08:00-08:00"), "is empty"},
		{mon("08:00-24:01"), "is not a span"},
		{mon("8:5-9:00"), "is not a span"},
		{mon("-08:00-09:00"), "is not a span"},
		{Spec{Week: map[string][]string{"maandag": {"08:00-09:00"}}}, `day "maandag" does not exist; did you mean "mon"?`},
		{Spec{Week: map[string][]string{"Monday": {"08:00-09:00"}}}, `did you mean "mon"?`},
		{Spec{AlwaysOpen: true, Timezone: "Europe/Amsterdm"}, `timezone: time zone "Europe/Amsterdm" does not exist`},
		{Spec{AlwaysOpen: true, Timezone: "Local"}, `time zone "Local" does not exist`},
		{Spec{AlwaysOpen: true, Timezone: "../../etc/passwd"}, "does not exist"},
		{Spec{AlwaysOpen: true, Holidays: []string{"25-12-2026"}}, `holidays[0]: "25-12-2026" is not a day`},
		{Spec{AlwaysOpen: true, Holidays: []string{"nl without Sinterklaas"}}, `"Sinterklaas" is not a Dutch public holiday; they are Nieuwjaarsdag`},
		{Spec{AlwaysOpen: true, Holidays: []string{"nl please"}}, "not understood"},
	} {
		_, err := Parse(tt.spec)
		var invalid *balie.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%+v: %v is no InvalidError", tt.spec, err)
			continue
		}
		if invalid.Fix == "" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v:\n got %v\nwant %s", tt.spec, err, tt.want)
		}
	}
}

// zones change their clocks at 02:00, at midnight in both directions, by half
// an hour, over a whole day, and never.
var zones = []string{"Europe/Amsterdam", "America/Havana", "Asia/Beirut", "Atlantic/Azores", "America/Santiago",
	"Australia/Lord_Howe", "Pacific/Apia", "America/New_York", "Asia/Kolkata", "UTC"}

func drawSpec(t *rapid.T) Spec {
	s := Spec{Timezone: rapid.SampledFrom(zones).Draw(t, "zone"), Week: map[string][]string{}}
	for _, day := range dayNames {
		edges := rapid.SliceOfNDistinct(rapid.IntRange(0, 48), 0, 6, rapid.ID[int]).Draw(t, day)
		if len(edges)%2 == 1 {
			edges = edges[1:]
		}
		slices.Sort(edges)
		for i := 0; i+1 < len(edges); i += 2 {
			s.Week[day] = append(s.Week[day], span{edges[i] * 30, edges[i+1] * 30}.String())
		}
	}
	s.Week["wed"] = []string{"09:00-17:00"}
	if rapid.Bool().Draw(t, "nl") {
		s.Holidays = append(s.Holidays, "nl")
	}
	return s
}

// drawTime prefers the neighbourhood of clock changes, month ends and leap days.
func drawTime(t *rapid.T, c Calendar) time.Time {
	anchors := []string{"2027-03-28 02:00", "2027-10-31 02:00", "2027-01-31 12:00", "2028-02-29 00:00", "2011-12-30 00:00",
		"2027-12-31 23:00", "2027-04-04 03:00", "2027-03-14 00:00", "2027-11-07 01:00", "2021-03-28 00:00", "2026-09-06 00:00"}
	base, err := time.ParseInLocation("2006-01-02 15:04", rapid.SampledFrom(anchors).Draw(t, "near"), c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return base.Add(time.Duration(rapid.Int64Range(-72*3600, 72*3600).Draw(t, "seconds off")) * time.Second)
}

func TestR12_AddAndBetweenAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := Parse(drawSpec(t))
		if err != nil {
			t.Fatal(err)
		}
		from := drawTime(t, c)
		d := time.Duration(rapid.Int64Range(-400*3600, 400*3600).Draw(t, "seconds")) * time.Second
		to := c.Add(from, d)
		if got := c.Between(from, to); got != d {
			t.Fatalf("%s + %v = %s, but %v lies between", show(from), d, show(to), got)
		}
		if back := c.Between(to, from); back != -d {
			t.Fatalf("between %s and %s: %v one way, %v the other", show(to), show(from), d, back)
		}
		if d > 0 && !c.IsOpen(to.Add(-time.Nanosecond)) {
			t.Fatalf("%s + %v = %s is not the earliest such moment", show(from), d, show(to))
		}
		if d < 0 && !c.IsOpen(to) {
			t.Fatalf("%s + %v = %s is not the latest such moment", show(from), d, show(to))
		}
		mid := from.Add(to.Sub(from) / 3)
		if sum := c.Between(from, mid) + c.Between(mid, to); sum != d {
			t.Fatalf("%s to %s by way of %s is %v, want %v", show(from), show(to), show(mid), sum, d)
		}
	})
}

// The model counts open minutes one by one.
func TestR12_OpenMinutesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := Parse(drawSpec(t))
		if err != nil {
			t.Fatal(err)
		}
		from := drawTime(t, c).Truncate(time.Minute)
		var sum time.Duration
		to := from
		for range 36 * 60 {
			if c.IsOpen(to) {
				sum += time.Minute
			}
			to = to.Add(time.Minute)
		}
		if got := c.Between(from, to); got != sum {
			t.Fatalf("%s to %s: Between says %v, counting minutes %v", show(from), show(to), got, sum)
		}
		next := c.Next(from)
		if !c.IsOpen(next) || next.Before(from) || c.Between(from, next) != 0 {
			t.Fatalf("the first open moment after %s cannot be %s", show(from), show(next))
		}
	})
}

func TestR12_OpeningDaysNeverGoBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := Parse(drawSpec(t))
		if err != nil {
			t.Fatal(err)
		}
		from := drawTime(t, c)
		n := rapid.IntRange(1, 30).Draw(t, "days")
		to := c.AddDays(from, n)
		if less := c.AddDays(from, n-1); to.Before(less) || n > 1 && to.Equal(less) {
			t.Fatalf("%d opening days from %s is %s, %d is %s", n, show(from), show(to), n-1, show(less))
		}
		if !c.IsOpen(to) && !c.IsOpen(to.Add(-time.Nanosecond)) {
			t.Fatalf("%s is outside opening hours", show(to))
		}
	})
}

func TestDaysResolveInOrder(t *testing.T) {
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Time{}
		for day := int64(15000); day < 21500; day++ {
			for minute := int64(0); minute < minutesADay; minute += 15 {
				m := resolve(day, minute*60e9, zone)
				if m.Before(last) {
					t.Fatalf("%s: day %d minute %d is %s, before %s", name, day, minute, m, last)
				}
				last = m
			}
		}
	}
}

// A calendar whose only day is a holiday for years must still come to an end.
func TestLongClosureEnds(t *testing.T) {
	s := Spec{Timezone: "Europe/Amsterdam", Week: map[string][]string{"sun": {"02:00-03:00"}}}
	sunday := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for i := range maxHolidays {
		s.Holidays = append(s.Holidays, sunday.AddDate(0, 0, 7*i).Format(time.DateOnly))
	}
	c := parse(t, s)
	want := sunday.AddDate(0, 0, 7*maxHolidays).Format(time.DateOnly)
	if got := c.Next(sunday).Format(time.DateOnly); got != want {
		t.Errorf("opens again on %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Europe/Amsterdam", "mon", "08:00-17:00", "nl without Koningsdag")
	f.Add("UTC", "sun", "00:00-24:00", "2026-12-25 Kerst")
	f.Fuzz(func(t *testing.T, zone, day, hours, holiday string) {
		c, err := Parse(Spec{Timezone: zone, Week: map[string][]string{day: {hours}}, Holidays: []string{holiday}})
		if err != nil {
			return
		}
		now := time.Date(2027, 3, 28, 0, 0, 0, 0, time.UTC)
		if next := c.Next(now); !c.IsOpen(next) {
			t.Errorf("never opens: %v", next)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	c := parse(b, office())
	now := at(b, c, "2026-11-24 16:30")
	for _, d := range []time.Duration{4 * time.Hour, 80 * time.Hour} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			for b.Loop() {
				c.Add(now, d)
			}
		})
	}
}
