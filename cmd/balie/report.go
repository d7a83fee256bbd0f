package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/report/export"
)

type reportCmd struct {
	Factsheet reportFactsheetCmd `cmd:"" help:"The figures of a period against the plan's goals: a page, a PDF, a table."`
	Flow      reportFlowCmd      `cmd:"" help:"How requests went beside what the rules mean, and the differences."`
	Check     reportCheckCmd     `cmd:"" default:"withargs" help:"Count a factsheet again from the raw events, and compare."`
}

// figuresOf are the flags of when and of whom figures are.
type figuresOf struct {
	Month        string `help:"A month: 2026-10. Without any period it is the last whole month." placeholder:"YYYY-MM" xor:"period"`
	Week         string `help:"A week: 2026-W42." placeholder:"YYYY-Wnn" xor:"period"`
	Quarter      string `help:"A quarter: 2026-Q3." placeholder:"YYYY-Qn" xor:"period"`
	Year         string `help:"A year: 2026." placeholder:"YYYY" xor:"period"`
	From         string `help:"The first day of any: 2026-10-01." placeholder:"DAY" xor:"period" and:"days"`
	To           string `help:"The last of them, included." placeholder:"DAY" and:"days"`
	Channel      string `help:"Of one channel: email, slack, form, phone, counter."`
	Product      string `help:"Of one product."`
	Team         string `help:"Of one team."`
	Organisation string `help:"Of one customer's organisation."`
	Lang         string `help:"Of the words: nl or en." enum:"nl,en" default:"nl"`
}

// query is what is asked of the API. It is checked there.
func (f figuresOf) query() url.Values {
	v := url.Values{"language": {f.Lang}}
	for _, period := range []string{f.Month, f.Week, f.Quarter, f.Year} {
		if period != "" {
			v.Set("period", period)
		}
	}
	if f.From != "" {
		v.Set("period", f.From+".."+f.To)
	}
	for name, id := range map[string]string{"channel": f.Channel, "product": f.Product, "team": f.Team, "organisation": f.Organisation} {
		if id != "" {
			v.Set(name, id)
		}
	}
	return v
}

type reportFactsheetCmd struct {
	onStore
	figuresOf
	Format  string `help:"html, pdf, csv, json or xlsx." enum:"html,pdf,csv,json,xlsx" default:"html"`
	Output  string `help:"The file to write; without it, what is written goes to the terminal or the next command." short:"o" type:"path" placeholder:"FILE"`
	Browser string `help:"The Chromium that makes a PDF, as a name or a path; without it, one is looked for."`
}

// Help has the examples.
func (reportFactsheetCmd) Help() string {
	return "The HTML stands by itself: it opens from disk and asks nothing of any host. One row of the CSV is one number, with its unit. " +
		"Works while balie serves and while it does not.\n" +
		"Examples:\n  balie report factsheet --month 2026-10 -o oktober.html\n  balie report factsheet --quarter 2026-Q3 --format pdf -o q3.pdf\n  balie report factsheet --from 2026-10-01 --to 2026-10-15 --team techniek --format csv > techniek.csv"
}

// Run writes a factsheet.
func (c *reportFactsheetCmd) Run(ctx context.Context) error {
	v := c.query()
	v.Set("format", c.Format)
	if c.Format == string(desk.PDFFormat) {
		if _, err := export.Browser(c.Browser); err != nil { // before the figures are reckoned
			return err
		}
		v.Set("format", string(desk.HTMLFormat))
	}
	var b []byte
	err := c.with(ctx, func(cl *client) error {
		resp, err := cl.ask(ctx, "GET", "/figures/factsheet", v, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err = io.ReadAll(resp.Body)
		return err
	})
	if err != nil {
		return err
	}
	if c.Format == string(desk.PDFFormat) {
		if b, err = export.PDF(ctx, b, c.Browser); err != nil {
			return err
		}
	}
	return writeOut(c.Output, b, c.Format == "pdf" || c.Format == "xlsx")
}

// writeOut writes to a file, whole or not at all, or else to the standard
// output; what is not text never goes to a terminal.
func writeOut(file string, b []byte, binary bool) error {
	if file == "" {
		if i, err := os.Stdout.Stat(); binary && err == nil && i.Mode()&os.ModeCharDevice != 0 {
			return &balie.InvalidError{Field: "output", Problem: "this is no text for a terminal", Fix: "name a file with -o"}
		}
		_, err := os.Stdout.Write(b)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".balie-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer os.Remove(f.Name()) // after the rename there is none
	_, werr := io.Copy(f, bytes.NewReader(b))
	if err := errors.Join(werr, f.Chmod(0o640), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

type reportCheckCmd struct {
	onStore
	figuresOf
	Check bool `help:"Count again: balie report --check is balie report check." hidden:""`
	JSON  bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (reportCheckCmd) Help() string {
	return "Every number of the factsheet is counted a second time, by other code, from all that ever happened; it takes as long as reading the whole store. Exit code 1 when a number differs.\n" +
		"Example:\n  balie report check --year 2026"
}

// differMost is how many differences are shown.
const differMost = 50

// Run counts again.
func (c *reportCheckCmd) Run(ctx context.Context) error {
	var out desk.Checked
	if err := c.with(ctx, func(cl *client) error { return cl.get(ctx, "/figures/check", c.query(), &out) }); err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(os.Stdout, out); err != nil {
			return err
		}
	} else if err := showChecked(out); err != nil {
		return err
	}
	if len(out.Differ) > 0 {
		return fmt.Errorf("%d of %d numbers of %s are others when they are counted again; delete report.db while balie does not run, and the figures are made anew", len(out.Differ), out.Numbers, out.Period)
	}
	return nil
}

func showChecked(out desk.Checked) error {
	if len(out.Differ) == 0 {
		fmt.Printf("%s: %d numbers, each the same when counted again from the raw events\n", harmless(out.Period), out.Numbers)
		return nil
	}
	say := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	t := newTable(os.Stdout, "SECTION", "ID", "METRIC", "PERIOD", "SHOWN", "COUNTED")
	for i, d := range out.Differ {
		if i == differMost {
			break
		}
		t.row(d.Section, d.ID, d.Metric, d.Period, say(d.Shown), say(d.Counted))
	}
	return t.end()
}
