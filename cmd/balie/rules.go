package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/api"
)

type rulesCmd struct {
	Test     rulesTestCmd     `cmd:"" help:"Run the examples of a ruleset: of a file, or of the rules in force."`
	Backtest rulesBacktestCmd `cmd:"" help:"Make past decisions again with a file and say what would change."`
	Diff     rulesDiffCmd     `cmd:"" help:"Show what a file, or an old version, has otherwise than the rules in force."`
	Publish  rulesPublishCmd  `cmd:"" help:"Check a file and put it in force."`
	Rollback rulesRollbackCmd `cmd:"" help:"Publish an old version again."`
	Export   rulesExportCmd   `cmd:"" help:"Write the rules in force, to edit them."`
	History  rulesHistoryCmd  `cmd:"" help:"List the versions."`
}

type rulesTestCmd struct {
	onStore
	File string `arg:"" optional:"" help:"A ruleset; without it, the rules in force." type:"path"`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesTestCmd) Help() string {
	return "Exit code 2 when an example fails.\nExample:\n  balie rules test rules.yaml"
}

// Run runs the examples.
func (c *rulesTestCmd) Run(ctx context.Context) error {
	d, err := optionalDraft(c.File)
	if err != nil {
		return err
	}
	var out api.Tested
	if err := c.with(ctx, func(b *client) error { return b.do(ctx, "POST", "/rules/test", nil, d, &out) }); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(os.Stdout, out)
	} else {
		for _, f := range out.Warnings {
			fmt.Println("warning:", finding(f))
		}
		for _, f := range out.Failed {
			fmt.Println("failed: ", finding(f))
		}
		fmt.Printf("%s: %d rules, %d examples, %d failed, %d warnings\n", harmless(out.Ruleset), out.Rules, out.Examples, len(out.Failed), len(out.Warnings))
	}
	if err == nil && len(out.Failed) > 0 {
		err = &balie.InvalidError{File: out.Ruleset, Problem: fmt.Sprintf("%d of %d examples fail", len(out.Failed), out.Examples), Fix: "mend the rules or the examples"}
	}
	return err
}

// optionalDraft is a file, or nothing for what is in force.
func optionalDraft(file string) (api.Draft, error) {
	if file == "" {
		return api.Draft{}, nil
	}
	return readDraft(file)
}

type rulesBacktestCmd struct {
	onStore
	File string `arg:"" optional:"" help:"A ruleset; without it, the rules in force." type:"path"`
	Last int    `help:"How many past decisions, at most 100000." default:"1000"`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesBacktestCmd) Help() string {
	return "Decisions are made again on the facts as they were: what the catalogue made of a message then.\nExample:\n  balie rules backtest rules.yaml --last 5000"
}

// Run decides again.
func (c *rulesBacktestCmd) Run(ctx context.Context) error {
	d, err := optionalDraft(c.File)
	if err != nil {
		return err
	}
	in := struct {
		api.Draft
		Last int `json:"last"`
	}{d, c.Last}
	var out api.Backtested
	if err := c.with(ctx, func(b *client) error { return b.do(ctx, "POST", "/rules/backtest", nil, in, &out) }); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, out)
	}
	return showBacktest(out)
}

func showBacktest(out api.Backtested) error {
	r := out.Report
	fmt.Printf("%s: %d of %d past decisions would be others\n", harmless(out.Ruleset), r.Changed, r.Total)
	if r.Changed > 0 {
		t := newTable(os.Stdout, "N", "FROM", "TO")
		for _, n := range r.Counts {
			t.row(strconv.Itoa(n.N), n.From, n.To)
		}
		t.row("")
		t.row("REF", "FROM", "TO", "BY RULE", "SUBJECT")
		for _, x := range r.Rows {
			t.row(x.Ref, x.From, x.To, x.Before+" > "+x.After, short(x.Subject, 40))
		}
		if err := t.end(); err != nil {
			return err
		}
	}
	for _, id := range r.Never {
		fmt.Printf("rule %s matched before and matches no past message any more\n", harmless(id))
	}
	for _, id := range sortedKeys(r.Failed) {
		fmt.Printf("rule %s could not be evaluated %d times\n", harmless(id), r.Failed[id])
	}
	return nil
}

type rulesDiffCmd struct {
	onStore
	What string `arg:"" help:"A file, or the number of an old version."`
	Text bool   `help:"Line by line instead of rule by rule."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesDiffCmd) Help() string {
	return "Examples:\n  balie rules diff rules.yaml\n  balie rules diff 3 --text"
}

// Run compares.
func (c *rulesDiffCmd) Run(ctx context.Context) error {
	return c.diff(ctx, "rules", c.What, c.JSON, c.Text)
}

type rulesPublishCmd struct {
	onStore
	File   string `arg:"" help:"The ruleset." type:"path"`
	Reason string `help:"Why; the history shows it." required:""`
	Base   string `help:"The version it was made from; without it, what the file's version line says. newest: whatever is in force."`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesPublishCmd) Help() string {
	return "Exit code 2: the file is wrong, with line and column. Exit code 5: somebody published since the file was made.\nExample:\n  balie rules export > rules.yaml\n  balie rules publish rules.yaml --reason 'keys go to facilities'"
}

// Run publishes.
func (c *rulesPublishCmd) Run(ctx context.Context) error {
	return c.publish(ctx, "rules", c.File, c.Base, c.Reason, c.JSON)
}

type rulesRollbackCmd struct {
	onStore
	Version int    `arg:"" help:"The version to go back to."`
	Reason  string `help:"Why; the history shows it."`
	JSON    bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesRollbackCmd) Help() string {
	return "Nothing is taken away: the old version becomes the newest one.\nExample:\n  balie rules rollback 3 --reason 'too many to the desk'"
}

// Run goes back.
func (c *rulesRollbackCmd) Run(ctx context.Context) error {
	if c.Version < 1 {
		return &balie.InvalidError{Field: "version", Problem: "versions begin with 1", Fix: "see balie rules history"}
	}
	return c.rollback(ctx, "rules", c.Version, c.Reason, c.JSON)
}

type rulesExportCmd struct {
	onStore
	Version int `help:"An old one; without it, the one in force."`
}

// Help has the examples.
func (rulesExportCmd) Help() string { return "Example:\n  balie rules export > rules.yaml" }

// Run writes it.
func (c *rulesExportCmd) Run(ctx context.Context) error { return c.export(ctx, "rules", c.Version) }

type rulesHistoryCmd struct {
	onStore
	JSON bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (rulesHistoryCmd) Help() string { return "Example:\n  balie rules history" }

// Run lists.
func (c *rulesHistoryCmd) Run(ctx context.Context) error { return c.history(ctx, "rules", c.JSON) }
