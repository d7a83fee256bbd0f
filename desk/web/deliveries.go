package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) deliveriesRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/deliveries", right: desk.SeeAudit, handle: w.deliveries},
		{method: fiber.MethodPost, path: "/settings/deliveries", right: desk.Manage, object: deliveryObject, handle: w.actDeliveries},
	}
}

// deliveryViews are the tabs, with the status they list.
var deliveryViews = []struct {
	key string
	of  balie.Status
}{
	{"dead", balie.Dead}, {"held", balie.Held}, {"pending", balie.Pending}, {"leased", balie.Leased}, {"taken_back", balie.TakenBack},
}

// deliveriesShown bounds a page, and with it what one act can be about.
const deliveriesShown = 100

type deliveriesPage struct {
	shell
	Can    bool
	Tabs   []deliveryTab
	View   string
	Lines  []deliveryRow
	More   bool
	Report []string // of what was just done: what was not, and why
	Fault  string
	Reason string
}

type deliveryTab struct {
	Key, Name string
	Count     string
	Here      bool
}

type deliveryRow struct {
	ID, Ref, Path, Subject, To, Channel string
	Due, Created, Why                   string
	Attempt                             int
	Auto, On                            bool
}

func (w *Web) deliveries(c *fiber.Ctx, s auth.Session) error {
	return w.showDeliveries(c, s, c.Query("view"), nil, func(p *deliveriesPage) {
		if n, err := strconv.Atoi(c.Query("n")); err == nil && (c.Query("did") == "retry" || c.Query("did") == "discard") {
			p.Notice = w.Texts.Text(ui.Language(c), "settings.did_"+c.Query("did"), "n", strconv.Itoa(n))
		}
	})
}

func (w *Web) showDeliveries(c *fiber.Ctx, s auth.Session, view string, chosen []string, fill func(*deliveriesPage)) error {
	a, l := s.Actor(), ui.Language(c)
	p := deliveriesPage{shell: w.around(c, s), Can: a.Can(desk.Manage), View: "dead"}
	status := balie.Dead
	var all []balie.Status
	for _, v := range deliveryViews {
		if v.key == view {
			p.View, status = v.key, v.of
		}
		all = append(all, v.of)
	}
	counts, err := w.Upkeep.CountDeliveries(c.UserContext(), a, countMost, all...)
	if err != nil {
		return err
	}
	for _, v := range deliveryViews {
		n := strconv.Itoa(counts[v.of])
		if counts[v.of] == countMost {
			n += "+"
		}
		p.Tabs = append(p.Tabs, deliveryTab{v.key, w.Texts.Text(l, "settings.view_"+v.key), n, v.key == p.View})
	}
	lines, err := w.Upkeep.Deliveries(c.UserContext(), a, status, deliveriesShown)
	if err != nil {
		return err
	}
	p.More = len(lines) == deliveriesShown
	for _, d := range lines {
		row := deliveryRow{ID: d.ID.String(), Ref: d.Ref, Subject: d.Subject, To: d.To.Value, Channel: d.Channel, Why: d.LastError, Attempt: d.Attempt, Auto: d.Auto,
			Created: w.stamp(d.Created), Due: w.stamp(d.Due), On: slices.Contains(chosen, d.ID.String())}
		if d.Ref != "" {
			row.Path = "/r/" + d.Ref
		}
		p.Lines = append(p.Lines, row)
	}
	fill(&p)
	return w.UI.Render(c, "settingsdeliveries", p)
}

// actDeliveries tries chosen deliveries again, or stops them. What could not be
// done is told line by line; the rest is done.
func (w *Web) actDeliveries(c *fiber.Ctx, s auth.Session) error {
	f, a, l := values(c), s.Actor(), ui.Language(c)
	chosen, act, reason := f["id"], f.Get("act"), strings.TrimSpace(f.Get("reason"))
	fault := ""
	switch {
	case len(chosen) == 0 || len(chosen) > deliveriesShown:
		fault = "settings.choose_some"
	case act == "discard" && reason == "":
		fault = "settings.say_why"
	case act != "discard" && act != "retry":
		return balie.ErrNotFound
	}
	if fault != "" {
		c.Status(fiber.StatusUnprocessableEntity)
		return w.showDeliveries(c, s, f.Get("view"), chosen, func(p *deliveriesPage) { p.Fault, p.Reason = w.Texts.Text(l, fault), reason })
	}
	var report []string
	for _, text := range chosen {
		id, err := balie.ParseID(text)
		if err != nil || id.IsZero() {
			return balie.ErrNotFound
		}
		if act == "retry" {
			err = w.Upkeep.Retry(c.UserContext(), a, id, w.Now())
		} else {
			err = w.Upkeep.Discard(c.UserContext(), a, id, reason, w.Now())
		}
		var move *balie.MoveError
		switch {
		case err == nil:
		case errors.As(err, &move):
			report = append(report, move.Why)
		case errors.Is(err, balie.ErrStale):
			report = append(report, w.Texts.Text(l, "settings.changed_meanwhile"))
		default:
			return err
		}
	}
	if len(report) > 0 {
		c.Status(fiber.StatusConflict)
		return w.showDeliveries(c, s, f.Get("view"), chosen, func(p *deliveriesPage) { p.Report = report })
	}
	view := "dead"
	for _, v := range deliveryViews {
		if v.key == f.Get("view") {
			view = v.key
		}
	}
	return c.Redirect("/settings/deliveries?view="+view+"&did="+act+"&n="+strconv.Itoa(len(chosen)), fiber.StatusSeeOther)
}
