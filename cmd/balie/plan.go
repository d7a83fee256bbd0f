package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/report"
)

type planCmd struct {
	Show     planShowCmd     `cmd:"" help:"Show the plan: goals, what it needs and costs, whether it is feasible and approved."`
	Check    planCheckCmd    `cmd:"" help:"Say what is wrong with a plan, or what it would need and cost."`
	Export   planExportCmd   `cmd:"" help:"Write the plan in force, to edit it."`
	Publish  planPublishCmd  `cmd:"" help:"Check a plan and put it in force."`
	Approve  planApproveCmd  `cmd:"" help:"Write down that the management agreed with the plan in force."`
	Print    planPrintCmd    `cmd:"" help:"Write the plan as two A4 pages."`
	Diff     planDiffCmd     `cmd:"" help:"Show what a file, or an old version, has otherwise than the plan in force."`
	Rollback planRollbackCmd `cmd:"" help:"Publish an old version again."`
	History  planHistoryCmd  `cmd:"" help:"List the versions."`
}

type planShowCmd struct {
	onStore
	Version int    `help:"An old one; without it, the one in force."`
	Lang    string `help:"Of the texts: nl or en." enum:"nl,en" default:"en"`
	JSON    bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (planShowCmd) Help() string { return "Example:\n  balie plan show" }

// Run shows it.
func (c *planShowCmd) Run(ctx context.Context) error {
	var p api.Plan
	err := c.with(ctx, func(b *client) error { return b.get(ctx, "/plan", query("version", strconv.Itoa(c.Version)), &p) })
	switch {
	case err != nil:
		return fmt.Errorf("plan version %d: %w", c.Version, err)
	case c.JSON:
		return printJSON(os.Stdout, p)
	case p.InForce == 0:
		return &balie.InvalidError{Field: "plan", Problem: "this desk has no plan yet", Fix: "balie plan publish plan.yaml --reason 'we begin'; balie init writes a sample"}
	}
	return showPlan(p, c.Lang)
}

// planText is a text of the plan in a language, else in another.
func planText(by map[string]string, lang string) string { return cmp.Or(by[lang], by["nl"], by["en"]) }

func showPlan(p api.Plan, lang string) error {
	fmt.Printf("%s, version %d\n\n", harmless(cmp.Or(planText(p.Names, lang), "Plan")), p.Version)
	t := newTable(os.Stdout, "GOAL", "METRIC", "TARGET", "A", "OWNER")
	for _, g := range p.Goals {
		m, _ := report.MetricOf(g.Metric)
		target := cmp.Or(map[bool]string{true: "≤ "}[g.AtMost], "≥ ") + m.Write(lang, g.Target, p.Currency)
		t.row(short(planText(g.Names, lang), 48), cmp.Or(g.Metric, "none: not measured"), target, g.Span, short(g.Owner, 40))
	}
	if err := t.end(); err != nil {
		return err
	}
	if len(p.Unaimed) > 0 {
		fmt.Println("\nmeasured without a goal:", strings.Join(p.Unaimed, ", "))
	}
	fmt.Println()
	return showReckoning(p, lang)
}

// showReckoning says what a plan needs and costs.
func showReckoning(p api.Plan, lang string) error {
	money := func(cents float64) string { return report.WriteMoney(lang, int64(cents), p.Currency) }
	source := "expected"
	if p.Capacity.Measured {
		source = "measured"
	}
	fmt.Printf("requests on an opening day: %.1f (%s), of which %.0f%% by themselves\n", p.Capacity.Requests, source, 100*p.Capacity.ByItself)
	fmt.Printf("people: %.1f FTE planned for requests, %.1f needed\n", p.Capacity.Planned, p.Capacity.Needed)
	if p.Costs.Total > 0 {
		fmt.Printf("costs a year: %s (people %s, depreciation %s, running %s); a request %s\n", money(float64(p.Costs.Total)), money(float64(p.Costs.People)),
			money(float64(p.Costs.Depreciation)), money(float64(p.Costs.Running)), money(float64(p.Costs.PerRequest)))
	}
	for _, x := range p.Reasons {
		write := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
		if x.Unit == string(report.Money) {
			write = money
		}
		fmt.Printf("  %-9s %s, have %s, need %s\n", x.ID, map[bool]string{true: "holds", false: "FAILS"}[x.Holds], write(x.Have), write(x.Need))
	}
	switch {
	case len(p.Missing) > 0:
		fmt.Println("not to be said yet; missing:", strings.Join(p.Missing, ", "))
	case p.Feasible != nil && *p.Feasible:
		fmt.Println("feasible")
	case p.Feasible != nil:
		fmt.Println("not feasible")
	}
	for _, f := range p.Lost {
		fmt.Println("warning:", finding(f))
	}
	switch {
	case p.Approved != nil:
		fmt.Printf("approved by %s, %s, on %s\n", harmless(p.Approved.By), harmless(p.Approved.Role), p.Approved.On.Format(time.DateOnly))
	case p.Version > 0:
		fmt.Printf("version %d is not approved\n", p.Version)
	}
	return nil
}

type planCheckCmd struct {
	onStore
	File string `arg:"" help:"The plan." type:"path"`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (planCheckCmd) Help() string {
	return "Nothing is changed. Exit code 2: the file is wrong; every mistake is told with its line and column.\nExample:\n  balie plan check plan.yaml"
}

// Run checks.
func (c *planCheckCmd) Run(ctx context.Context) error {
	d, err := readDraft(c.File)
	if err != nil {
		return err
	}
	var p api.Plan
	err = c.with(ctx, func(b *client) error { return b.do(ctx, "POST", "/plan/check", nil, d, &p) })
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(os.Stdout, p)
	}
	fmt.Printf("%s: ok, %d goals\n", harmless(c.File), len(p.Goals))
	for _, g := range p.Goals {
		if !g.Measured {
			fmt.Printf("warning: goal %s is measured by nothing\n", g.ID)
		}
	}
	return showReckoning(p, "en")
}

type planExportCmd struct {
	onStore
	Version int `help:"An old one; without it, the one in force."`
}

// Help has the examples.
func (planExportCmd) Help() string { return "Example:\n  balie plan export > plan.yaml" }

// Run writes it.
func (c *planExportCmd) Run(ctx context.Context) error { return c.export(ctx, desk.PlanDoc, c.Version) }

type planPublishCmd struct {
	onStore
	File   string `arg:"" help:"The plan." type:"path"`
	Reason string `help:"Why; the history shows it." required:""`
	Base   string `help:"The version it was made from; without it, what the file's version line says. newest: whatever is in force."`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (planPublishCmd) Help() string {
	return "The new version is not approved yet. Exit code 2: the file is wrong, with line and column. Exit code 5: somebody published since the file was made.\nExample:\n  balie plan export > plan.yaml\n  balie plan publish plan.yaml --reason 'goals for 2027'"
}

// Run publishes.
func (c *planPublishCmd) Run(ctx context.Context) error {
	if c.Base == "" {
		d, err := readDraft(c.File)
		if err != nil {
			return err
		}
		// The first plan was made from none, so it cannot say from which.
		if !versionLine.MatchString(d.Body) {
			var p api.Plan
			if err := c.with(ctx, func(b *client) error { return b.get(ctx, "/plan", nil, &p) }); err != nil {
				return err
			}
			if p.InForce == 0 {
				c.Base = "0"
			}
		}
	}
	return c.publish(ctx, desk.PlanDoc, c.File, c.Base, c.Reason, c.JSON)
}

type planApproveCmd struct {
	onStore
	By      string `help:"Who agreed." required:""`
	Role    string `help:"On whose behalf they decide." required:""`
	On      string `help:"The day, as 2026-11-24; without it, today."`
	Note    string `help:"What they said with it."`
	Version int    `help:"The version they saw; without it, the one in force."`
}

// Help has the examples.
func (planApproveCmd) Help() string {
	return "A change makes a version that is not approved. Exit code 5: another version is in force than the one they saw.\nExample:\n  balie plan approve --by 'Marijke de Wit' --role 'director of operations' --version 3"
}

// Run approves.
func (c *planApproveCmd) Run(ctx context.Context) error {
	var p api.Plan
	err := c.with(ctx, func(b *client) error {
		version := c.Version
		if version == 0 {
			if err := b.get(ctx, "/plan", nil, &p); err != nil {
				return err
			}
			version = p.InForce
		}
		if version == 0 {
			return &balie.InvalidError{Field: "plan", Problem: "this desk has no plan yet", Fix: "publish one first"}
		}
		in := map[string]any{"version": version, "by": c.By, "role": c.Role, "note": c.Note}
		if c.On != "" {
			in["on"] = c.On
		}
		return b.do(ctx, "POST", "/plan/approve", nil, in, &p)
	})
	if err != nil {
		return err
	}
	fmt.Printf("plan version %d is approved by %s, %s\n", p.Version, harmless(c.By), harmless(c.Role))
	return nil
}

type planPrintCmd struct {
	onStore
	Version int    `help:"An old one; without it, the one in force."`
	Format  string `help:"html or pdf." enum:"html,pdf" default:"html"`
	Lang    string `help:"nl or en." enum:"nl,en" default:"nl"`
	Output  string `help:"The file; without it, standard output." short:"o" type:"path"`
}

// Help has the examples.
func (planPrintCmd) Help() string {
	return "The HTML stands by itself and prints on two pages from any browser. For a PDF there must be a Chromium on this machine.\nExample:\n  balie plan print --format pdf -o plan.pdf"
}

// Run prints.
func (c *planPrintCmd) Run(ctx context.Context) error {
	q := url.Values{"language": {c.Lang}, "format": {c.Format}, "version": {strconv.Itoa(c.Version)}}
	return c.with(ctx, func(b *client) error {
		resp, err := b.ask(ctx, "GET", "/plan/sheet", q, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return planInto(c.Output, resp.Body)
	})
}

// planInto writes a file whole or not at all; "" is standard output.
func planInto(file string, in io.Reader) error {
	body, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the pages of the plan: %w", err)
	}
	if file == "" {
		_, err := os.Stdout.Write(body)
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".plan-*")
	if err != nil {
		return &balie.InvalidError{File: file, Problem: "cannot be written: " + pathCause(err), Fix: "name a file in a directory that is there"}
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(body)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Rename(tmp.Name(), file)
}

type planDiffCmd struct {
	onStore
	What string `arg:"" help:"A file, or the number of an old version."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (planDiffCmd) Help() string { return "Example:\n  balie plan diff plan.yaml" }

// Run compares.
func (c *planDiffCmd) Run(ctx context.Context) error {
	return c.diff(ctx, desk.PlanDoc, c.What, c.JSON, true)
}

type planRollbackCmd struct {
	onStore
	Version int    `arg:"" help:"The version to go back to."`
	Reason  string `help:"Why; the history shows it." required:""`
	JSON    bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (planRollbackCmd) Help() string {
	return "Nothing is taken away: the old words become a new version, which is not approved.\nExample:\n  balie plan rollback 2 --reason 'the budget was not granted'"
}

// Run publishes the old version.
func (c *planRollbackCmd) Run(ctx context.Context) error {
	return c.rollback(ctx, desk.PlanDoc, c.Version, c.Reason, c.JSON)
}

type planHistoryCmd struct {
	onStore
	JSON bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (planHistoryCmd) Help() string { return "Example:\n  balie plan history" }

// Run lists.
func (c *planHistoryCmd) Run(ctx context.Context) error { return c.history(ctx, desk.PlanDoc, c.JSON) }

// plans are the acts on the plan, reckoned with what comes in.
func (a *app) plans() *desk.Plans {
	return desk.NewPlans(a.store, a.documents, func(ctx context.Context, now time.Time) (report.Traffic, bool, error) {
		if a.book == nil || !a.book.Ready() {
			return report.Traffic{}, false, nil
		}
		c := a.calendar()
		p := report.TrafficOver(now, c.Zone())
		return report.TrafficOf(a.book.Facts(ctx, p, report.Scope{}), c, p)
	})
}

// plan checks the plan beside a balie.yaml, where there is one.
func (d *beside) plan(file string) error {
	body, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &balie.InvalidError{File: file, Problem: "cannot be read: " + pathCause(err), Fix: "balie init writes one"}
	}
	var names report.PlanNames
	if d.Catalogue != nil {
		names = desk.PlanNames(&d.Brain)
	}
	_, err = report.ParsePlan(file, body, names)
	return err
}
