package web

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) hoursRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/hours", right: desk.SeeAudit, handle: w.hours},
		{method: fiber.MethodGet, path: "/settings/hours/:calendar", right: desk.SeeAudit, object: documentObject, handle: w.calendar},
		{method: fiber.MethodPost, path: "/settings/hours/:calendar", right: desk.Manage, object: documentObject, handle: w.saveCalendar},
	}
}

var calendarDays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// hoursPage is what settingshours.html shows: every calendar, and one to edit.
type hoursPage struct {
	shell
	Can       bool
	Calendars []calendarLine
	Version   int
	Open      *calendarForm
	Faults    []wrongLine
	Conflict  bool
	Test      hoursTest
}

type calendarLine struct {
	ID, Zone string
	Always   bool
	Days     []dayLine
	Here     bool
	Opens    string // now, in words
	IsOpen   bool
}

type dayLine struct{ Key, Name, Spans string }

// calendarForm is a calendar being looked at.
type calendarForm struct {
	ID, Zone         string
	Always           bool
	Days             []dayLine
	Holidays, Reason string
	Year             int
	Closed           []closedDay // of this year and the next
}

type closedDay struct {
	Day, Name string
	Past      bool
}

// hoursTest answers "when is 8 opening hours after …?".
type hoursTest struct {
	From, Hours    string
	Answer, Before string
	Fault          bool
}

func (w *Web) hours(c *fiber.Ctx, s auth.Session) error { return w.showHours(c, s, "", nil, nil) }

func (w *Web) calendar(c *fiber.Ctx, s auth.Session) error {
	id := c.Params("calendar")
	k, ok := w.Library.Brain().Catalogue.Calendars[id]
	if !ok {
		return balie.ErrNotFound
	}
	f := w.calendarForm(id, k.Spec(), k, ui.Language(c))
	return w.showHours(c, s, id, &f, nil)
}

func (w *Web) showHours(c *fiber.Ctx, s auth.Session, id string, open *calendarForm, wrong error) error {
	l, cat := ui.Language(c), w.Library.Brain().Catalogue
	a := s.Actor()
	p := hoursPage{shell: w.around(c, s), Can: a.Can(desk.Manage) && a.Can(desk.Publish), Version: cat.Version, Open: open, Faults: faultsOf(wrong), Conflict: errors.Is(wrong, balie.ErrStale)}
	if c.Query("did") == "saved" {
		p.Notice = w.Texts.Text(l, "settings.hours_saved")
	}
	for _, name := range slices.Sorted(maps.Keys(cat.Calendars)) {
		k := cat.Calendars[name]
		line := calendarLine{ID: name, Zone: k.Zone().String(), Always: k.Spec().AlwaysOpen, Days: w.dayLines(k.Spec(), l), Here: name == id, IsOpen: k.IsOpen(w.Now())}
		line.Opens = w.Texts.Text(l, "settings.open_now")
		if !line.IsOpen {
			line.Opens = w.Texts.Text(l, "settings.opens", "when", i18n.Moment(l, k.Next(w.Now()).In(k.Zone())))
		}
		p.Calendars = append(p.Calendars, line)
	}
	if open != nil {
		if k, ok := cat.Calendars[id]; ok {
			p.Test = testHours(c, k, w.Now(), l)
		}
	}
	return w.UI.Render(c, "settingshours", p)
}

func (w *Web) dayLines(spec hours.Spec, l string) []dayLine {
	var out []dayLine
	for _, d := range calendarDays {
		out = append(out, dayLine{d, w.Texts.Text(l, "settings.day_"+d), strings.Join(spec.Week[d], ", ")})
	}
	return out
}

// calendarForm shows a calendar as its form, with the days it is closed.
func (w *Web) calendarForm(id string, spec hours.Spec, k hours.Calendar, l string) calendarForm {
	f := calendarForm{ID: id, Zone: spec.Timezone, Always: spec.AlwaysOpen, Days: w.dayLines(spec, l), Holidays: strings.Join(spec.Holidays, "\n")}
	if f.Zone == "" {
		f.Zone = k.Zone().String()
	}
	now := w.Now().In(k.Zone())
	f.Year = now.Year()
	for day := time.Date(f.Year, 1, 1, 12, 0, 0, 0, k.Zone()); day.Year() <= f.Year+1; day = day.AddDate(0, 0, 1) {
		if name := k.Holiday(day); name != "" {
			if _, err := time.Parse(time.DateOnly, name); err == nil {
				name = ""
			}
			f.Closed = append(f.Closed, closedDay{i18n.Day(l, day) + " " + strconv.Itoa(day.Year()), name, day.Before(now.AddDate(0, 0, -1))})
		}
	}
	return f
}

// mostTested bounds what a test asks, in opening hours.
const mostTested = 2000

// testHours answers what was asked in the address: a GET changes nothing.
func testHours(c *fiber.Ctx, k hours.Calendar, now time.Time, l string) hoursTest {
	t := hoursTest{From: c.Query("from"), Hours: c.Query("hours")}
	if t.From == "" && t.Hours == "" {
		t.From, t.Hours = now.In(k.Zone()).Format("2006-01-02T15:04"), "8"
		return t
	}
	from, err := time.ParseInLocation("2006-01-02T15:04", t.From, k.Zone())
	n, err2 := strconv.ParseFloat(strings.Replace(t.Hours, ",", ".", 1), 64)
	if err != nil || err2 != nil || n < 0 || n > mostTested {
		t.Fault = true
		return t
	}
	t.Before = i18n.Moment(l, from)
	t.Answer = i18n.Moment(l, k.Add(from, time.Duration(n*float64(time.Hour))).In(k.Zone()))
	return t
}

// saveCalendar publishes the catalogue with the calendar as typed.
func (w *Web) saveCalendar(c *fiber.Ctx, s auth.Session) error {
	f, id, l := values(c), c.Params("calendar"), ui.Language(c)
	now, ok := w.Library.Brain().Catalogue.Calendars[id]
	if !ok {
		return balie.ErrNotFound
	}
	spec := hours.Spec{Timezone: strings.TrimSpace(f.Get("zone")), AlwaysOpen: f.Get("always") != "", Week: map[string][]string{}}
	for _, d := range calendarDays {
		for _, span := range strings.FieldsFunc(f.Get(d), func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
			if span = strings.TrimSpace(span); span != "" && !spec.AlwaysOpen {
				spec.Week[d] = append(spec.Week[d], strings.ReplaceAll(span, ".", ":"))
			}
		}
	}
	for line := range strings.Lines(f.Get("holidays")) {
		if line = strings.TrimSpace(line); line != "" {
			spec.Holidays = append(spec.Holidays, line)
		}
	}
	base, _ := strconv.Atoi(f.Get("base"))
	_, err := w.Products.SetCalendar(c.UserContext(), s.Actor(), base, id, spec, strings.TrimSpace(f.Get("reason")), w.Now())
	switch {
	case err == nil:
		return c.Redirect("/settings/hours/"+id+"?did=saved", fiber.StatusSeeOther)
	case errors.Is(err, balie.ErrStale):
		c.Status(fiber.StatusConflict)
	case len(faultsOf(err)) > 0:
		c.Status(fiber.StatusUnprocessableEntity)
	default:
		return err
	}
	form := w.calendarForm(id, spec, now, l)
	form.Reason = f.Get("reason")
	return w.showHours(c, s, id, &form, err)
}
