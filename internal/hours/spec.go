package hours

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickar/cal/v2/nl"

	"github.com/balie/balie"
)

// DefaultZone is where a desk is that does not say.
const DefaultZone = "Europe/Amsterdam"

// Spec is a calendar as people write it.
type Spec struct {
	Timezone string              `yaml:"timezone" json:"timezone"`             // IANA name; DefaultZone when empty
	Week     map[string][]string `yaml:"week,omitempty" json:"week,omitempty"` // mon..sun: "08:00-12:30"
	// Holidays are days the desk is closed: "2026-12-25", "2026-12-25 Kerst",
	// "nl" for the Dutch public holidays (as the Algemene termijnenwet counts
	// them), or "nl without Goede Vrijdag, Bevrijdingsdag".
	Holidays   []string `yaml:"holidays,omitempty" json:"holidays,omitempty"`
	AlwaysOpen bool     `yaml:"always_open,omitempty" json:"always_open,omitempty"`
}

func (s Spec) clone() Spec {
	s.Week = maps.Clone(s.Week)
	for day, spans := range s.Week {
		s.Week[day] = slices.Clone(spans)
	}
	s.Holidays = slices.Clone(s.Holidays)
	return s
}

// Bounds of a calendar: more than any desk has, few enough to search through.
const (
	maxSpansADay = 24
	maxHolidays  = 1000
)

var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// Parse makes a calendar. The error joins a *balie.InvalidError for each thing
// that is wrong.
func Parse(s Spec) (Calendar, error) {
	c := Calendar{spec: s.clone(), open: s.AlwaysOpen, parsed: true, holidays: map[int64]string{}}
	errs := []error{c.readZone(s.Timezone), c.readWeek(s), c.readHolidays(s.Holidays)}
	if err := errors.Join(errs...); err != nil {
		return Calendar{}, err
	}
	return c, nil
}

func (c *Calendar) readZone(name string) error {
	if name == "" {
		name = DefaultZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local differs from host to host
		return &balie.InvalidError{Field: "timezone", Problem: fmt.Sprintf("time zone %q does not exist", name),
			Fix: "use an IANA name such as " + DefaultZone}
	}
	c.zone = zone
	return nil
}

func (c *Calendar) readWeek(s Spec) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Week)) {
		if !slices.Contains(dayNames, name) {
			errs = append(errs, &balie.InvalidError{Field: "week." + name,
				Problem: fmt.Sprintf("day %q does not exist", name), Fix: dayFix(name)})
		}
	}
	total := 0
	for i, name := range dayNames {
		spans, err := readDay("week."+name, s.Week[name])
		errs = append(errs, err)
		c.week[(i+1)%7] = spans // time.Sunday is 0
		total += len(s.Week[name])
	}
	switch {
	case s.AlwaysOpen && total > 0:
		errs = append(errs, &balie.InvalidError{Field: "always_open",
			Problem: "the calendar is always open and has a week of hours", Fix: "keep one of the two"})
	case !s.AlwaysOpen && total == 0:
		errs = append(errs, &balie.InvalidError{Field: "week",
			Problem: "the calendar never opens", Fix: `give at least one day hours, such as mon: ["08:00-17:00"], or set always_open: true`})
	}
	return errors.Join(errs...)
}

// dayFix knows the words people write for days, in Dutch and English.
func dayFix(name string) string {
	dutch := map[string]string{"ma": "mon", "di": "tue", "wo": "wed", "do": "thu", "vr": "fri", "za": "sat", "zo": "sun"}
	low := strings.ToLower(name)
	for _, d := range dayNames {
		if strings.HasPrefix(low, d) {
			return fmt.Sprintf("did you mean %q?", d)
		}
	}
	if len(low) >= 2 && dutch[low[:2]] != "" {
		return fmt.Sprintf("did you mean %q?", dutch[low[:2]])
	}
	return "days are " + strings.Join(dayNames, ", ")
}

func readDay(field string, texts []string) ([]span, error) {
	if len(texts) > maxSpansADay {
		return nil, &balie.InvalidError{Field: field, Problem: fmt.Sprintf("has %d spans", len(texts)),
			Fix: fmt.Sprintf("a day has at most %d", maxSpansADay)}
	}
	var spans []span
	var errs []error
	for i, text := range texts {
		s, err := readSpan(fmt.Sprintf("%s[%d]", field, i), text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		spans = append(spans, s)
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			errs = append(errs, &balie.InvalidError{Field: field,
				Problem: fmt.Sprintf("%s and %s overlap", spans[i-1], spans[i]), Fix: "let one end before the other begins"})
		}
	}
	return spans, errors.Join(errs...)
}

func readSpan(field, text string) (span, error) {
	from, to, found := strings.Cut(strings.ReplaceAll(text, "–", "-"), "-")
	a, okA := readClock(from)
	b, okB := readClock(to)
	invalid := &balie.InvalidError{Field: field, Problem: fmt.Sprintf("%q is not a span of hours", text), Fix: `write it as "08:00-12:30"`}
	switch {
	case !found || !okA || !okB:
		return span{}, invalid
	case a == b:
		invalid.Problem = fmt.Sprintf("%q is empty", text)
		invalid.Fix = `a whole day is "00:00-24:00"`
		return span{}, invalid
	case a > b:
		invalid.Problem = fmt.Sprintf("%q ends before it begins", text)
		invalid.Fix = fmt.Sprintf(`for hours past midnight give this day "%s-24:00" and the next "00:00-%s"`, clock(a), clock(b))
		return span{}, invalid
	}
	return span{a, b}, nil
}

// readClock reads "8:00" or "08:00" up to "24:00", in minutes.
func readClock(s string) (int, bool) {
	hour, minute, found := strings.Cut(strings.TrimSpace(s), ":")
	h, errH := strconv.ParseUint(hour, 10, 8)
	m, errM := strconv.ParseUint(minute, 10, 8)
	if !found || errH != nil || errM != nil || len(hour) > 2 || len(minute) != 2 || m > 59 {
		return 0, false
	}
	t := int(h*60 + m)
	return t, t <= minutesADay
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func (s span) String() string { return clock(s.from) + "-" + clock(s.to) }

func (c *Calendar) readHolidays(list []string) error {
	if len(list) > maxHolidays {
		return &balie.InvalidError{Field: "holidays", Problem: fmt.Sprintf("has %d days", len(list)),
			Fix: fmt.Sprintf("give at most %d; past ones can go", maxHolidays)}
	}
	var errs []error
	for i, text := range list {
		field := fmt.Sprintf("holidays[%d]", i)
		word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		if word == "nl" {
			errs = append(errs, c.readPublic(field, strings.TrimSpace(rest)))
			continue
		}
		day, err := time.Parse(time.DateOnly, word)
		if err != nil {
			errs = append(errs, &balie.InvalidError{Field: field, Problem: fmt.Sprintf("%q is not a day", text),
				Fix: `write "2026-12-25", "2026-12-25 name" or "nl" for the Dutch public holidays`})
			continue
		}
		name := strings.TrimSpace(rest)
		if name == "" {
			name = word
		}
		c.holidays[dayOf(day)] = name
		c.listed++
	}
	if c.public {
		c.fillPublic()
	}
	return errors.Join(errs...)
}

func (c *Calendar) readPublic(field, rest string) error {
	c.public = true
	if rest == "" {
		return nil
	}
	names, found := strings.CutPrefix(rest, "without ")
	if !found {
		return &balie.InvalidError{Field: field, Problem: fmt.Sprintf("%q is not understood after nl", rest),
			Fix: `write "nl" or "nl without Goede Vrijdag, Bevrijdingsdag"`}
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		known := slices.ContainsFunc(publicNames(), func(k string) bool { return strings.EqualFold(k, name) })
		if !known {
			return &balie.InvalidError{Field: field, Problem: fmt.Sprintf("%q is not a Dutch public holiday", name),
				Fix: "they are " + strings.Join(publicNames(), ", ")}
		}
		c.except = append(c.except, strings.ToLower(name))
	}
	return nil
}

func publicNames() []string {
	var names []string
	for _, h := range nl.Holidays {
		names = append(names, h.Name)
	}
	return names
}

// Years whose public holidays are worked out when the calendar is made; those
// of others are worked out on each question.
const firstYear, lastYear = 2020, 2060

func (c *Calendar) fillPublic() {
	for year := firstYear; year <= lastYear; year++ {
		for day, name := range c.publicOf(year) {
			if c.holidays[day] == "" { // a listed day keeps its own name
				c.holidays[day] = name
			}
		}
	}
}

func (c Calendar) publicOf(year int) map[int64]string {
	days := map[int64]string{}
	for _, h := range nl.Holidays {
		if slices.Contains(c.except, strings.ToLower(h.Name)) {
			continue
		}
		_, observed := h.Calc(year)
		if observed.IsZero() {
			continue
		}
		// cal gives midnight on the host's clock; noon is the same date on any.
		day := dayOf(observed.Add(12 * time.Hour))
		if days[day] == "" {
			days[day] = h.Name
		}
	}
	return days
}

func (c Calendar) holiday(day int64) string {
	if name := c.holidays[day]; name != "" || !c.public {
		return name
	}
	year := time.Unix(day*secondsADay, 0).UTC().Year()
	if year >= firstYear && year <= lastYear {
		return ""
	}
	return c.publicOf(year)[day]
}
