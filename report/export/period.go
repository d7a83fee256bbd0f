package export

import (
	"strconv"
	"time"

	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/report"
)

// Period is what a period is called: "oktober 2026", "week 42 van 2026".
func (w Words) Period(p report.Period) string {
	from := p.From.In(w.zone())
	year := strconv.Itoa(from.Year())
	switch p.Span {
	case report.Week:
		y, n := from.ISOWeek()
		return w.t("period_week", "n", strconv.Itoa(n), "year", strconv.Itoa(y))
	case report.Month:
		return w.t("period_month", "month", w.month(from.Month()), "year", year)
	case report.Quarter:
		return w.t("period_quarter", "n", strconv.Itoa((int(from.Month())+2)/3), "year", year)
	case report.Year:
		return year
	}
	return w.Days(p)
}

// Short is a period beside others: without its year where it goes without saying.
func (w Words) Short(p report.Period) string {
	from := p.From.In(w.zone())
	switch p.Span {
	case report.Week:
		_, n := from.ISOWeek()
		return w.t("short_week", "n", strconv.Itoa(n))
	case report.Month:
		return w.month(from.Month())
	case report.Quarter:
		return w.t("short_quarter", "n", strconv.Itoa((int(from.Month())+2)/3))
	}
	return w.Period(p)
}

// mark is a period under its bar: a letter or a number.
func (w Words) mark(p report.Period) string {
	from := p.From.In(w.zone())
	switch p.Span {
	case report.Week:
		_, n := from.ISOWeek()
		return strconv.Itoa(n)
	case report.Month:
		return w.month(from.Month())[:1]
	case report.Quarter:
		return w.t("short_quarter", "n", strconv.Itoa((int(from.Month())+2)/3))
	case report.Year:
		return strconv.Itoa(from.Year())
	}
	return strconv.Itoa(from.Day()) + "-" + strconv.Itoa(int(from.Month()))
}

func (w Words) month(m time.Month) string { return w.t("month_" + strconv.Itoa(int(m))) }

// Days are the first and last day of a period: "1–31 oktober 2026".
func (w Words) Days(p report.Period) string {
	from, to := p.From.In(w.zone()), p.To.In(w.zone()).AddDate(0, 0, -1)
	day := func(t time.Time, with ...string) string {
		s := strconv.Itoa(t.Day())
		for _, x := range with {
			s += " " + x
		}
		return s
	}
	last := day(to, w.month(to.Month()), strconv.Itoa(to.Year()))
	switch {
	case !from.Before(to):
		return last
	case from.Year() != to.Year():
		return day(from, w.month(from.Month()), strconv.Itoa(from.Year())) + " – " + last
	case from.Month() != to.Month():
		return day(from, w.month(from.Month())) + " – " + last
	}
	return day(from) + "–" + last
}

// Moment is a moment with its year: "2 november 2026, 7.00 uur".
func (w Words) Moment(t time.Time) string {
	t = t.In(w.zone())
	clock := t.Format("15:04")
	if !w.english() {
		clock = t.Format("15.04")
		if t.Hour() < 10 {
			clock = clock[1:]
		}
	}
	return w.t("moment", "day", strconv.Itoa(t.Day()), "month", w.month(t.Month()), "year", strconv.Itoa(t.Year()), "clock", clock)
}

// spans are periods of a kind, of which there are n: "zes maanden".
func (w Words) spans(s report.Span, n int) string {
	if s == report.Between {
		return w.t("spans_between", "n", w.count(n))
	}
	return w.t("spans_"+string(s), "n", w.count(n))
}

// periods is the same in digits, over a column.
func (w Words) periods(s report.Span, n int) string {
	return w.t("periods_"+string(s), "n", strconv.Itoa(n))
}

// spelled is up to which number people write words.
const spelled = 12

// count is a number as it stands in a sentence.
func (w Words) count(n int) string {
	if n < 0 || n > spelled {
		return w.Number(n)
	}
	return w.t("n_" + strconv.Itoa(n))
}

// language is the one that texts are in.
func (w Words) language() string { return i18n.Language(w.Language) }
