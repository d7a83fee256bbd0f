package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/ui"
	"github.com/balie/balie/report"
)

// planParts are the parts that have a form, in the order of the plan.
var planParts = []string{"ambition", "goals", "capacity", "money", "yaml", "approval"}

// planEditPage is what planedit.html shows: one part of the plan as a form.
type planEditPage struct {
	shell
	Part     string
	Parts    []figuresLink
	Base     int
	Version  int // in force
	Groups   []planGroup
	Goals    []figuresLink // of which one is open
	Goal     string        // the id of the open one as it is in force; "" a new one
	Drop     bool          // it can be taken out
	Reason   string
	Faults   []wrongLine
	Conflict bool
}

// planGroup is fields that belong together.
type planGroup struct {
	Legend, Hint string
	Fields       []planField
	Row          bool // beside each other
}

// planField is one field of a form.
type planField struct {
	Name, Label, Hint, Value string
	Lang                     string // of what is typed
	Kind                     string // "", "area", "yaml", "select", "check", "date"
	Options                  []pick
}

func (w *Web) editPlan(c *fiber.Ctx, s auth.Session) error {
	return w.showPlanForm(c, s, strings.Clone(c.Params("part")), nil, nil)
}

// showPlanForm shows a part as it is in force, or as it was typed.
func (w *Web) showPlanForm(c *fiber.Ctx, s auth.Session, part string, typed url.Values, wrong error) error {
	if !slices.Contains(planParts, part) {
		return balie.ErrNotFound
	}
	v, err := w.Plans.View(c.UserContext(), s.Actor(), 0, w.Now())
	if err != nil {
		return err
	}
	l := ui.Language(c)
	p := planEditPage{shell: w.around(c, s), Part: part, Base: v.Version, Version: v.Version, Faults: faultsOf(wrong), Conflict: errors.Is(wrong, balie.ErrStale)}
	for _, one := range planParts {
		p.Parts = append(p.Parts, figuresLink{Path: "/plan/edit/" + one, Words: w.Texts.Text(l, "plan.part_"+one), Here: one == part})
	}
	x := planForm{w: w, l: l, plan: v.Plan}
	switch part {
	case "ambition":
		p.Groups = x.ambition()
	case "goals":
		p.Goal = strings.Clone(c.Query("goal"))
		if typed != nil {
			p.Goal = typed.Get("was")
		}
		p.Groups, p.Drop = x.goal(p.Goal)
		p.Goals = x.goals(p.Goal)
	case "capacity":
		p.Groups = x.capacity()
	case "money":
		p.Groups = x.money()
	case "yaml":
		p.Groups = []planGroup{{Fields: []planField{{Name: "yaml", Label: x.t("f_yaml"), Hint: x.t("f_yaml_hint"), Kind: "yaml", Value: string(v.Body)}}}}
	case "approval":
		p.Groups = x.approval(w.Now().In(w.Zone))
	}
	if typed != nil {
		retype(p.Groups, typed)
		p.Reason = typed.Get("reason")
		p.Base, _ = strconv.Atoi(typed.Get("base"))
		if p.Conflict {
			p.Base = v.Version // whoever publishes again has seen that
		}
	}
	return w.UI.Render(c, "planedit", p)
}

// retype puts back what was typed.
func retype(groups []planGroup, typed url.Values) {
	for i := range groups {
		for j := range groups[i].Fields {
			f := &groups[i].Fields[j]
			f.Value = typed.Get(f.Name)
			for k := range f.Options {
				f.Options[k].On = f.Options[k].Value == f.Value
			}
		}
	}
}

// savePlan publishes a part of the plan.
func (w *Web) savePlan(c *fiber.Ctx, s auth.Session) error {
	part, f := strings.Clone(c.Params("part")), values(c)
	if !slices.Contains(planParts, part) || part == "approval" {
		return balie.ErrNotFound
	}
	err := w.publishPart(c.UserContext(), s.Actor(), part, ui.Language(c), f)
	if err == nil {
		return c.Redirect("/plan?did=published", fiber.StatusSeeOther)
	}
	if !toShow(c, err) {
		return err
	}
	return w.showPlanForm(c, s, part, f, err)
}

func (w *Web) publishPart(ctx context.Context, a desk.Actor, part, l string, f url.Values) error {
	base, _ := strconv.Atoi(f.Get("base"))
	if part == "yaml" {
		body := strings.ReplaceAll(f.Get("yaml"), "\r\n", "\n")
		_, err := w.Plans.Publish(ctx, a, base, "plan.yaml", []byte(body), f.Get("reason"), w.Now())
		return err
	}
	x := &planRead{w: w, l: l, f: f}
	change := x.change(part)
	if len(x.faults) > 0 {
		return errors.Join(x.faults...)
	}
	_, err := w.Plans.Edit(ctx, a, base, change, f.Get("reason"), w.Now())
	return err
}

// approvePlan writes an approval down.
func (w *Web) approvePlan(c *fiber.Ctx, s auth.Session) error {
	f := values(c)
	y := report.Approval{By: f.Get("by"), Role: f.Get("role"), Note: f.Get("note")}
	y.Version, _ = strconv.Atoi(f.Get("base"))
	on, err := time.ParseInLocation(time.DateOnly, f.Get("on"), w.Zone)
	if err != nil {
		on = time.Unix(0, 0) // no day: the check says so
	}
	y.On = on.Add(12 * time.Hour) // the same day in every zone
	err = w.Plans.Approve(c.UserContext(), s.Actor(), y, w.Now())
	if err == nil {
		return c.Redirect("/plan?did=approved", fiber.StatusSeeOther)
	}
	if !toShow(c, err) {
		return err
	}
	return w.showPlanForm(c, s, "approval", f, err)
}
