package catalogue

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// How the values of date and datetime fields are written: in the desk's zone.
const (
	dateForm     = time.DateOnly
	dateTimeForm = "2006-01-02T15:04"
)

// moment is a day that is named in a text.
type moment struct {
	day   time.Time // midnight
	since bool      // it is said to be the begin of something that goes on
	at    int       // place in the text, in bytes
}

// clock is a time of day in minutes, plus one; 0 when none was named.
type clock int

func (m moment) withTime(c clock) string {
	t := time.Date(m.day.Year(), m.day.Month(), m.day.Day(), int(c-1)/60, int(c-1)%60, 0, 0, m.day.Location())
	return t.Format(dateTimeForm)
}

const (
	weekdayWords = `maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|monday|tuesday|wednesday|thursday|friday|saturday|sunday`
	monthWords   = `januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|january|february|march|may|june|july|august|october|jan|feb|mrt|mar|apr|jun|jul|aug|sept|sep|okt|oct|nov|dec`
)

var (
	isoDay     = regexp.MustCompile(`\b(20\d\d)-(\d\d)-(\d\d)\b`)
	figureDay  = regexp.MustCompile(`(?i)(?:^|[\s(,])(\d{1,2})([-/])(\d{1,2})(?:[-/](20\d\d|\d\d))?(?:$|[\s),.?!;])`)
	monthDay   = regexp.MustCompile(`(?i)\b(\d{1,2})(?:e|st|nd|rd|th)?\s+(?:of\s+)?(` + monthWords + `)\b\.?(?:\s+(20\d\d)\b)?`)
	dayOfMonth = regexp.MustCompile(`(?i)\b(` + monthWords + `)\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(20\d\d)\b)?`)
	wordDay    = regexp.MustCompile(`(?i)\b(overmorgen|the day after tomorrow|day after tomorrow|morgen(?:ochtend|middag|avond)?|vandaag|vanochtend|vanmiddag|vanavond|tomorrow|today|this (?:morning|afternoon|evening)|tonight|gisteren|yesterday)\b`)
	weekDay    = regexp.MustCompile(`(?i)\b(?:(volgende week|next week|next|volgende|aanstaande|komende|a\.s\.|this|coming|deze week)\s+(?:on\s+|op\s+)?)?(` + weekdayWords + `)(?:ochtend|middag|avond|morgen)?\b(\s+(?:next week|volgende week|over een week))?`)
	sinceWord  = regexp.MustCompile(`(?i)\b(sinds|since|vanaf gisteren|al sinds)\s+(?:\p{L}+\s+)?$`)
)

// moments are the days a text names. A day that can be read in two ways, or
// whose weekday does not fit its date, is left out.
func moments(h *heard, language string, now time.Time) []moment {
	text := h.text
	today := midnight(now)
	var out []moment
	add := func(at, end int, day time.Time, good bool) {
		if !good {
			return
		}
		m := moment{day: day, at: at}
		m.since = sinceWord.MatchString(text[max(0, at-30):at])
		out = append(out, m)
	}
	numbers := figureHint.around(h)
	parted := h.only(numbers, partedFigures)
	for _, m := range findAll(isoDay, text, parted) {
		d, ok := date(sub(text, m, 1), sub(text, m, 2), sub(text, m, 3), today)
		add(m[0], m[1], d, ok)
	}
	for _, m := range findAll(figureDay, text, parted) {
		d, ok := figures(sub(text, m, 1), sub(text, m, 3), sub(text, m, 4), sub(text, m, 2) == "/" && language == "en", today)
		add(m[2], m[1], d, ok)
	}
	monthly := h.only(numbers, namesMonth)
	for _, m := range findAll(monthDay, text, monthly) {
		d, ok := date(sub(text, m, 3), month(sub(text, m, 2)), sub(text, m, 1), today)
		add(m[0], m[1], d, ok)
	}
	for _, m := range findAll(dayOfMonth, text, monthly) {
		d, ok := date(sub(text, m, 3), month(sub(text, m, 1)), sub(text, m, 2), today)
		if !covered(out, m[0], 20) {
			add(m[0], m[1], d, ok)
		}
	}
	for _, m := range findAll(wordDay, text, dayHint.around(h)) {
		add(m[0], m[1], today.AddDate(0, 0, daysFrom(strings.ToLower(sub(text, m, 1)))), true)
	}
	return weekdays(h, today, out)
}

// weekdays adds the weekdays a text names. One just before a date must be that
// date's, or the date is left out.
func weekdays(h *heard, today time.Time, out []moment) []moment {
	text := h.text
	for _, m := range findAll(weekDay, text, weekHint.around(h)) {
		which := strings.ToLower(sub(text, m, 1))
		name := strings.ToLower(sub(text, m, 2))
		want := weekday(name)
		dated := false
		for i := len(out) - 1; i >= 0; i-- {
			if gap := out[i].at - m[1]; gap >= 0 && gap <= 6 {
				dated = true
				if out[i].day.Weekday() != want {
					out = append(out[:i], out[i+1:]...)
				}
			}
		}
		if dated {
			continue
		}
		ahead := (int(want) - int(today.Weekday()) + 7) % 7
		if strings.HasPrefix(which, "next") || strings.HasPrefix(which, "volgende") || strings.TrimSpace(sub(text, m, 3)) != "" {
			// The week after this one, from Monday.
			toMonday := (8 - int(today.Weekday())) % 7
			if toMonday == 0 {
				toMonday = 7
			}
			ahead = toMonday + (int(want)+6)%7
		} else if ahead == 0 {
			continue // today or in a week: it could be either
		}
		d := moment{day: today.AddDate(0, 0, ahead), at: m[0]}
		if d.since = sinceWord.MatchString(text[max(0, m[0]-30):m[0]]); d.since {
			d.day = d.day.AddDate(0, 0, -7)
		}
		out = append(out, d)
	}
	return out
}

func covered(found []moment, at, within int) bool {
	for _, m := range found {
		if at >= m.at && at < m.at+within {
			return true
		}
	}
	return false
}

func sub(text string, m []int, i int) string {
	if m[2*i] < 0 {
		return ""
	}
	return text[m[2*i]:m[2*i+1]]
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func daysFrom(word string) int {
	switch {
	case word == "overmorgen", strings.HasSuffix(word, "after tomorrow"):
		return 2
	case strings.HasPrefix(word, "morgen"), word == "tomorrow":
		return 1
	case word == "gisteren", word == "yesterday":
		return -1
	}
	return 0
}

func weekday(name string) time.Weekday {
	for i, w := range strings.Split(weekdayWords, "|") {
		if w == name {
			return time.Weekday((i%7 + 1) % 7)
		}
	}
	return 0
}

var monthStarts = []string{"jan", "feb", "maa mar mrt", "apr", "mei may", "jun", "jul", "aug", "sep", "okt oct", "nov", "dec"}

// month is a month's number as text.
func month(name string) string {
	name = strings.ToLower(name)
	for i, starts := range monthStarts {
		if strings.Contains(starts, name[:3]) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

// figures reads 26-11 and 26/11/2026. In English a slash can mean that the
// month stands first: then only what can be read in one way counts.
func figures(a, b, year string, either bool, today time.Time) (time.Time, bool) {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	if either && x != y {
		if x <= 12 && y <= 12 {
			return time.Time{}, false
		}
		if x <= 12 {
			a, b = b, a
		}
	}
	if len(year) == 2 {
		year = "20" + year
	}
	return date(year, b, a, today)
}

// staleDays is how long after a day its bare date is taken for the past one
// and so left out, rather than for next year's.
const staleDays = 120

func date(year, month, day string, today time.Time) (time.Time, bool) {
	y, err := strconv.Atoi(year)
	bare := err != nil
	if bare {
		y = today.Year()
	}
	mo, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	t := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, today.Location())
	if mo < 1 || mo > 12 || t.Day() != d {
		return time.Time{}, false
	}
	if bare && t.Before(today) {
		if today.Sub(t) < staleDays*24*time.Hour {
			return time.Time{}, false
		}
		t = time.Date(y+1, time.Month(mo), d, 0, 0, 0, 0, today.Location())
		if t.Day() != d {
			return time.Time{}, false
		}
	}
	return t, true
}

const clockWords = `\d{1,2}(?:[:.]\d\d)?`

var (
	clockSpan = regexp.MustCompile(`(?i)(?:^|[\s(,])(?:van|from|tussen|between)?\s*(` + clockWords + `)\s*(am|pm|uur|u)?\s*(?:-|–|tot|to|until|till|en|and)\s*(?:aan\s+)?(` + clockWords + `)\s*(am|pm|uur|u\b|hours|h\b|o'clock)?`)
	clockTime = regexp.MustCompile(`(?i)(?:\b(om|at|vanaf|from|rond|around|before|voor)\s+)?(?:^|\b)(\d{1,2})(?:[:.](\d\d)|\s*u\s*(\d\d))?\s*(uur|am\b|pm\b|a\.m\.|p\.m\.|u\b|h\b|o'clock|o’clock)?`)
	halfTime  = regexp.MustCompile(`(?i)\b(half|kwart over|kwart voor)\s+(een|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|\d{1,2})\b`)
)

// times are the one time or the one span of times a text names. With more of
// them it cannot be told which belongs where, and there are none.
func times(h *heard) (start, end clock) {
	text := h.text
	numbers := figureHint.around(h)
	if start, end, some := spanOf(submatches(text, findAll(clockSpan, text, h.only(numbers, twoFigures)))); some {
		return start, end
	}
	var found []clock
	for _, m := range submatches(text, findAll(halfTime, text, halfHint.around(h))) {
		found = append(found, halfClock(strings.ToLower(m[1]), strings.ToLower(m[2])))
	}
	for _, m := range findAll(clockTime, text, h.only(numbers, timelike)) {
		cue, minutes, unit := sub(text, m, 1), sub(text, m, 3)+sub(text, m, 4), strings.ToLower(sub(text, m, 5))
		strict := strings.EqualFold(cue, "om") || strings.EqualFold(cue, "at")
		if unit == "" && (!strict || followed(text, m[1])) && !(minutes != "" && strings.Contains(text[m[0]:m[1]], ":")) {
			continue // a bare number is no time
		}
		if c := clockOf(sub(text, m, 2), minutes, unit); c > 0 {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return 0, 0
	}
	return found[0], 0
}

// followed reports whether a number goes on as something else: "at 12 desks",
// "at 3.20".
func followed(text string, at int) bool {
	rest := strings.TrimLeft(text[at:], " ")
	if rest == "" || strings.ContainsAny(rest[:1], ",?!;\n)") || strings.HasPrefix(rest, ". ") || rest == "." {
		return false
	}
	for _, w := range []string{"on ", "op ", "for ", "voor ", "in ", "with ", "met ", "sharp", "and ", "en ", "please"} {
		if strings.HasPrefix(strings.ToLower(rest), w) {
			return false
		}
	}
	return true
}

// spanOf is the one span of times among the matches; some says whether any
// was one at all.
func spanOf(found [][]string) (start, end clock, some bool) {
	for _, m := range found {
		first, last := strings.ToLower(m[2]), strings.ToLower(m[4])
		exact := strings.ContainsAny(m[1], ":.") && strings.ContainsAny(m[3], ":.")
		if first == "" && last == "" && !exact {
			continue // "2 to 3 people", "26-11"
		}
		if first == "" && (last == "am" || last == "pm") {
			first = last
		}
		h, mi := hourMinute(m[1])
		a := clockOf(h, mi, first)
		h, mi = hourMinute(m[3])
		b := clockOf(h, mi, last)
		if a == 0 || b <= a || some {
			return 0, 0, true
		}
		start, end, some = a, b, true
	}
	return start, end, some
}

func hourMinute(s string) (hour, minute string) {
	if i := strings.IndexAny(s, ":."); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// clockOf reads a time of day. One to six o'clock without am, pm or a leading
// zero is in the afternoon: a desk's customers do not meet at night.
func clockOf(hour, minute, unit string) clock {
	h, err := strconv.Atoi(hour)
	mi := 0
	if minute != "" {
		mi, _ = strconv.Atoi(minute)
	}
	if err != nil || h > 24 || mi > 59 {
		return 0
	}
	switch strings.ReplaceAll(unit, ".", "") {
	case "am", "pm":
		if h < 1 || h > 12 {
			return 0
		}
		h %= 12
		if unit[0] == 'p' {
			h += 12
		}
	default:
		if h >= 1 && h <= 6 && hour[0] != '0' {
			h += 12
		}
	}
	if h >= 24 {
		return 0
	}
	return clock(h*60 + mi + 1)
}

func halfClock(which, hour string) clock {
	h, ok := numberWord(hour)
	if !ok {
		return 0
	}
	if h <= 6 || (h == 7 && which == "half") {
		h += 12
	}
	switch which {
	case "half":
		return clock(h*60 - 30 + 1)
	case "kwart over":
		return clock(h*60 + 15 + 1)
	}
	return clock(h*60 - 15 + 1)
}
