package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
)

// WeekOf is the ISO week that a moment is in, in a zone.
func WeekOf(t time.Time, zone *time.Location) Period {
	y, m, d := t.In(zone).Date()
	back := (int(t.In(zone).Weekday()) + 6) % 7 // days since Monday
	return stretch(Week, y, m, d-back, zone)
}

// MonthOf is the month that a moment is in, in a zone.
func MonthOf(t time.Time, zone *time.Location) Period {
	y, m, _ := t.In(zone).Date()
	return stretch(Month, y, m, 1, zone)
}

// QuarterOf is the quarter that a moment is in, in a zone.
func QuarterOf(t time.Time, zone *time.Location) Period {
	y, m, _ := t.In(zone).Date()
	return stretch(Quarter, y, (m-1)/3*3+1, 1, zone)
}

// YearOf is the year that a moment is in, in a zone.
func YearOf(t time.Time, zone *time.Location) Period {
	return stretch(Year, t.In(zone).Year(), time.January, 1, zone)
}

// Days is the stretch from one day to another, both included, in a zone.
func Days(first, last time.Time, zone *time.Location) Period {
	y, m, d := first.In(zone).Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, zone)
	y, m, d = last.In(zone).Date()
	return Period{Between, from, time.Date(y, m, d+1, 0, 0, 0, 0, zone)}
}

// stretch is the period of a kind that begins on a day.
func stretch(s Span, y int, m time.Month, d int, zone *time.Location) Period {
	from := time.Date(y, m, d, 0, 0, 0, 0, zone)
	return Period{s, from, s.after(from)}
}

// after is when a period of the kind ends that begins at from.
func (s Span) after(from time.Time) time.Time {
	switch s {
	case Week:
		return from.AddDate(0, 0, 7)
	case Month:
		return from.AddDate(0, 1, 0)
	case Quarter:
		return from.AddDate(0, 3, 0)
	}
	return from.AddDate(1, 0, 0)
}

// days is how many days a period has, whatever the clock did in it.
func (p Period) days() int {
	const day = 24 * time.Hour
	return int(midday(p.To).Sub(midday(p.From)) / day)
}

// midday is noon of a moment's date in UTC: days between such moments are whole.
func midday(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

// Before is the period n periods before: of as many days when it is between
// two days. A negative n is after.
func (p Period) Before(n int) Period {
	from := p.From
	switch p.Span {
	case Week:
		from = from.AddDate(0, 0, -7*n)
	case Month:
		from = from.AddDate(0, -n, 0)
	case Quarter:
		from = from.AddDate(0, -3*n, 0)
	case Year:
		from = from.AddDate(-n, 0, 0)
	default:
		days := p.days()
		return Period{p.Span, from.AddDate(0, 0, -n*days), p.To.AddDate(0, 0, -n*days)}
	}
	return Period{p.Span, from, p.Span.after(from)}
}

// Has reports whether a moment is in the period.
func (p Period) Has(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To) }

// ID is the period as ParsePeriod reads it: "2026-10", "2026-W42", "2026-Q3",
// "2026", "2026-10-01..2026-10-14".
func (p Period) ID() string {
	switch p.Span {
	case Week:
		y, w := p.From.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	case Month:
		return p.From.Format("2006-01")
	case Quarter:
		return fmt.Sprintf("%04d-Q%d", p.From.Year(), (int(p.From.Month())+2)/3)
	case Year:
		return p.From.Format("2006")
	}
	return p.From.Format(time.DateOnly) + ".." + p.To.AddDate(0, 0, -1).Format(time.DateOnly)
}

var (
	weekForm    = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)
	quarterForm = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)
)

// longest bounds the days of a period between two days.
const longest = 10 * 366

// ParsePeriod reads a period in a zone: see Period.ID.
func ParsePeriod(text string, zone *time.Location) (Period, error) {
	text = strings.TrimSpace(text)
	if first, last, ok := strings.Cut(text, ".."); ok {
		return parseDays(first, last, zone)
	}
	if m := weekForm.FindStringSubmatch(text); m != nil {
		y, _ := strconv.Atoi(m[1])
		w, _ := strconv.Atoi(m[2])
		p := WeekOf(time.Date(y, time.January, 4, 12, 0, 0, 0, zone), zone).Before(1 - w) // the 4th is always in week 1
		if p.ID() != text {
			return Period{}, noPeriod(text, fmt.Sprintf("%d has no week %d", y, w))
		}
		return p, nil
	}
	if m := quarterForm.FindStringSubmatch(text); m != nil {
		y, _ := strconv.Atoi(m[1])
		q, _ := strconv.Atoi(m[2])
		return stretch(Quarter, y, time.Month(3*q-2), 1, zone), nil
	}
	if t, err := time.ParseInLocation("2006-01", text, zone); err == nil {
		return MonthOf(t, zone), nil
	}
	if t, err := time.ParseInLocation("2006", text, zone); err == nil {
		return YearOf(t, zone), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return Days(t, t, zone), nil
	}
	return Period{}, noPeriod(text, "it is no week, month, quarter, year or days")
}

func parseDays(first, last string, zone *time.Location) (Period, error) {
	text := first + ".." + last
	from, err := time.ParseInLocation(time.DateOnly, first, zone)
	if err != nil {
		return Period{}, noPeriod(text, "the first day cannot be read")
	}
	to, err := time.ParseInLocation(time.DateOnly, last, zone)
	switch {
	case err != nil:
		return Period{}, noPeriod(text, "the last day cannot be read")
	case to.Before(from):
		return Period{}, noPeriod(text, "it ends before it begins")
	}
	p := Days(from, to, zone)
	if p.days() > longest {
		return Period{}, noPeriod(text, "it is longer than ten years")
	}
	return p, nil
}

func noPeriod(text, problem string) error {
	if len(text) > 40 {
		text = strings.ToValidUTF8(text[:40], "") + "…"
	}
	return &balie.InvalidError{Field: "period", Problem: fmt.Sprintf("%q is not a period: %s", text, problem),
		Fix: "write it as 2026-10, 2026-W42, 2026-Q3, 2026 or 2026-10-01..2026-10-14"}
}
