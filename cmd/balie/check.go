package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/config"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/router"
)

type checkCmd struct {
	Config  string `help:"The configuration file; the documents are beside it." default:"balie.yaml" type:"path" short:"c" env:"BALIE_CONFIG"`
	Connect bool   `help:"Also log in to every mail server and Slack."`
	Store   bool   `help:"Also check every record of the store."`
	Ready   bool   `help:"Only ask the balie that serves whether it can take questions in."`
}

// Help has the exit codes.
func (checkCmd) Help() string {
	return "Exit code 2 when something does not hold, 75 when a server could not be reached, 1 when the store is damaged."
}

// Run says what does not hold in the files, with place and mend, and what is
// allowed but unwise.
func (c *checkCmd) Run(ctx context.Context) error {
	k := &checking{out: os.Stdout}
	cfg, err := config.Load(c.Config)
	if c.Ready {
		return errors.Join(err, ready(ctx, cfg.Listen))
	}
	k.problems(err)
	broken := err != nil
	if !broken {
		k.problems(cfg.CheckSecrets())
		k.warnings(cfg.Warnings())
	}
	k.documents(filepath.Dir(c.Config), cfg)
	err = k.end()
	if broken {
		return err // nothing to connect to
	}
	if c.Connect {
		err = errors.Join(err, checkLines(ctx, cfg, k.out))
	}
	if c.Store {
		err = errors.Join(err, checkStore(ctx, cfg, k.out))
	}
	return err
}

// readyTime is how long an answer may take.
const readyTime = 3 * time.Second

// ready asks the balie on this machine.
func ready(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("ask %s: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", listen, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &balie.UnavailableError{Why: "no balie answers on " + listen, Cause: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &balie.UnavailableError{Why: fmt.Sprintf("balie cannot take questions in (%s)", resp.Status)}
	}
	return nil
}

// checking prints and counts what is wrong.
type checking struct {
	out             io.Writer
	wrong, unwise   int
	rules, examples int
	products        int
}

// problems prints each of the errors that are joined in one.
func (k *checking) problems(err error) {
	for _, e := range each(err) {
		k.wrong++
		fmt.Fprintln(k.out, harmless(e.Error()))
	}
}

// each takes apart what errors.Join put together, and nothing else that wraps
// several errors: those have words of their own.
func each(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || fmt.Sprint(err) != fmt.Sprint(errors.Join(joined.Unwrap()...)) {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, each(e)...)
	}
	return out
}

func (k *checking) warnings(all []*balie.InvalidError) {
	for _, w := range all {
		k.unwise++
		fmt.Fprintln(k.out, "warning:", harmless(w.Error()))
	}
}

// documents checks catalogue, rules and organisations. After the first start
// those in the store count, so files may be gone by then.
func (k *checking) documents(dir string, cfg config.Config) {
	_, err := os.Stat(filepath.Join(cfg.Data, "INSTANCE"))
	started := err == nil
	d, err := readBeside(dir)
	for _, e := range each(err) {
		if bad, ok := errors.AsType[*balie.InvalidError](e); ok && started && bad.Line == 0 && gone(bad.File) {
			continue
		}
		k.problems(e)
	}
	if started {
		fmt.Fprintln(k.out, "note: since the first start the documents in the store count; balie rules publish and balie catalogue import put files in force")
	}
	if d.Catalogue == nil {
		return
	}
	k.products = len(d.Catalogue.Products)
	k.warnings(d.Catalogue.Warnings())
	if name := cfg.Desk.Calendar; name != "" {
		if _, ok := d.Catalogue.Calendars[name]; !ok {
			k.problems(cfg.Invalid("desk.calendar", fmt.Sprintf("the catalogue has no calendar %q", name), "name one of "+strings.Join(calendarNames(d), ", ")))
		}
	}
	k.reach(d, cfg)
	if d.Rules != nil {
		k.ruleset(d, cfg)
	}
}

func gone(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}

func calendarNames(d *beside) []string {
	var names []string
	for name := range d.Catalogue.Calendars {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// reach warns of teams that cannot be told of a hand-out.
func (k *checking) reach(d *beside, cfg config.Config) {
	lacks := func(s balie.Scheme, setting string) {
		var teams []string
		for _, t := range d.Catalogue.Teams {
			if t.Reach.Scheme == s {
				teams = append(teams, t.ID)
			}
		}
		if len(teams) > 0 {
			k.warnings([]*balie.InvalidError{{File: d.catalogueFile, Field: "teams", Problem: fmt.Sprintf("%s cannot be told of a hand-out: there is no %s", strings.Join(teams, ", "), setting),
				Fix: "set it up; until then they see it in their queue only"}})
		}
	}
	if cfg.Email.SMTP == nil {
		lacks(balie.Mail, "email.smtp")
	}
	if len(cfg.Slack) == 0 {
		lacks(balie.Slack, "slack")
	}
}

// ruleset runs the examples of the rules with the facts that intake would find
// in them, and says which rules never decide anything.
func (k *checking) ruleset(d *beside, cfg config.Config) {
	d.train()
	calendar := d.calendar(cfg.Desk.Calendar)
	// In opening hours, whenever it is checked: an example that needs others
	// says so.
	now := calendar.Next(time.Now())
	decide := func(question, language string) balie.Facts {
		m := balie.Message{Side: balie.CustomerSide, Direction: balie.In, Channel: "email", Proof: balie.Proven, At: now,
			From: balie.Address{Scheme: balie.Mail, Value: stranger}, Text: question, Language: language}
		dec, _ := intake.Decide(&d.Brain, m, intake.Known{Calendar: calendar, Language: cfg.Desk.Language}, now)
		return dec.Facts
	}
	for _, r := range d.Rules.Rules() {
		k.rules++
		k.examples += len(r.Examples.Must) + len(r.Examples.MustNot)
	}
	for _, f := range d.Rules.Check(decide) {
		k.problems(ofRule(d.rulesFile, f))
	}
	for _, f := range d.Rules.Warnings() {
		k.warnings([]*balie.InvalidError{ofRule(d.rulesFile, f)})
	}
}

func ofRule(file string, f router.Finding) *balie.InvalidError {
	e := &balie.InvalidError{File: file, Line: f.Line, Field: f.Rule, Problem: f.Problem, Fix: f.Fix}
	if f.Example != "" {
		e.Problem = fmt.Sprintf("example %q: %s", f.Example, f.Problem)
	}
	return e
}

func (k *checking) end() error {
	if k.wrong > 0 {
		return &balie.InvalidError{Problem: fmt.Sprintf("%d things do not hold, %d warnings", k.wrong, k.unwise), Fix: "mend them and check again"}
	}
	fmt.Fprintf(k.out, "files: ok, %d warnings; %d products, %d rules with %d examples\n", k.unwise, k.products, k.rules, k.examples)
	return nil
}
