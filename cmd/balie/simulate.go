package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/simulate"
)

// simulateCmd is a year of a desk that never was.
type simulateCmd struct {
	Year   int       `help:"The year that is played." default:"2026"`
	From   time.Time `help:"Begin on this day: 2026-09-01." format:"2006-01-02" placeholder:"DAY"`
	Until  time.Time `help:"End after this day." format:"2006-01-02" placeholder:"DAY"`
	Seed   uint64    `help:"The same seed gives the same figures." default:"7"`
	PerDay float64   `help:"Requests on an opening day, in the mean." default:"95"`
	Desk   string    `help:"How the desk is, as in --what-if." placeholder:"agents=4"`
	WhatIf string    `help:"Play it again with another desk and compare: agents=3, targets=1.5 (promises half as long again), teams=1.2 (teams that take a fifth longer), automatic=off, inform=on (customers hear by themselves how it stands), reminders=off; with commas between." placeholder:"agents=3"`
	Data   string    `help:"Keep the desk here, in a new or empty directory: its store, and a balie.yaml to serve it with." type:"path" placeholder:"DIR"`
	Lang   string    `help:"Of the words: nl or en." enum:"nl,en" default:"nl"`
	JSON   bool      `name:"json" help:"Print one JSON object."`
}

// Help has the examples.
func (simulateCmd) Help() string {
	return "Customers, agents and teams are made up; intake, matching, rules, the desk, promises and reports are the real ones, with a clock of their own. Nothing goes to the network.\n" +
		"Examples:\n  balie simulate --data year\n  balie serve --config year/balie.yaml\n  balie simulate --data year --until 2026-11-23\n  balie simulate --from 2026-09-01 --until 2026-09-30 --what-if agents=3,automatic=off"
}

// gcPercent lets the heap grow: a run is over in minutes, and collecting it
// often is a tenth of its time.
const gcPercent = 400

// Run plays the year and prints what came of it.
func (c *simulateCmd) Run(ctx context.Context) error {
	o, done, err := c.options()
	if err != nil {
		return err
	}
	defer done()
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if c.WhatIf != "" {
		return c.compare(ctx, o)
	}
	s, err := simulate.Run(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	s.Print(os.Stdout, c.Lang)
	c.after(o)
	return s.Check()
}

func (c *simulateCmd) compare(ctx context.Context, o simulate.Options) error {
	other, err := simulate.ParseStaffing(c.WhatIf, o.Desk)
	if err != nil {
		return err
	}
	both, err := simulate.Compare(ctx, o, other)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(both)
	}
	both.Print(os.Stdout, c.Lang)
	c.after(o)
	return errors.Join(both.As.Check(), both.If.Check())
}

// options are those of the flags. done removes what is not kept.
func (c *simulateCmd) options() (o simulate.Options, done func(), err error) {
	done = func() {}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return o, done, err
	}
	o = simulate.Options{Year: c.Year, Seed: c.Seed, PerDay: c.PerDay}
	day := func(t time.Time, n int) time.Time {
		if t.IsZero() {
			return t
		}
		return time.Date(t.Year(), t.Month(), t.Day()+n, 0, 0, 0, 0, zone)
	}
	o.From, o.Until = day(c.From, 0), day(c.Until, 1)
	if !o.From.IsZero() {
		o.Year = o.From.Year()
	}
	if c.Desk != "" {
		if o.Desk, err = simulate.ParseStaffing(c.Desk, o.Desk); err != nil {
			return o, done, err
		}
	}
	if !c.JSON {
		o.Day = func(t time.Time) {
			if t.Day() == 1 {
				fmt.Fprintln(os.Stderr, t.Format("2006-01"))
			}
		}
	}
	if c.Data != "" {
		o.Dir = filepath.Join(c.Data, "data")
		return o, done, layDesk(c.Data)
	}
	dir, err := os.MkdirTemp("", "balie-simulate-")
	o.Dir = filepath.Join(dir, "data")
	return o, func() { os.RemoveAll(dir) }, err
}

// layDesk writes what a simulated desk is served with. Its documents are in its
// store; files of the same names beside it would only be older.
func layDesk(dir string) error {
	files, err := newDesk("nl")
	if err != nil {
		return err
	}
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("open the place for the desk: %w", err)
	}
	if len(found) > 0 {
		return &balie.InvalidError{Field: "--data", Problem: dir + " is not empty", Fix: "name a directory that is new or empty"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the place for the desk: %w", err)
	}
	for _, f := range files {
		switch f.name {
		case "balie.yaml":
			f.body = []byte(strings.Replace(string(f.body), "{nl: Servicedesk, en: Service desk}", "{nl: Servicedesk De Linde, en: De Linde service desk}", 1))
		case "secret.key":
		default:
			continue
		}
		if err := writeNew(filepath.Join(dir, f.name), f.body, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// after says what can be done with the desk that was kept.
func (c *simulateCmd) after(o simulate.Options) {
	if c.Data == "" {
		return
	}
	file := filepath.Join(c.Data, "balie.yaml")
	fmt.Printf("\nbalie serve --config %[1]s\nbalie user link ada --config %[1]s\nbalie report factsheet --year %[2]d --config %[1]s -o factsheet.html\n", file, c.Year)
	if o.Until.After(time.Now()) || o.Until.IsZero() && c.Year >= time.Now().Year() {
		fmt.Println("What is played goes on after today: for a desk to serve, end it with --until.")
	}
}
