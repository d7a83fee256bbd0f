package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/router"
)

// beside are the documents in the files beside a balie.yaml, read to decide
// with or to check.
type beside struct {
	intake.Brain
	catalogueFile, rulesFile, organisationsFile, progressFile string
}

// readBeside reads them all and gathers every problem: each is checked as far
// as it can be when the one it builds on has faults. What has faults is nil.
func readBeside(dir string) (*beside, error) {
	at := func(kind string) string { return filepath.Join(dir, kind+".yaml") }
	d := &beside{catalogueFile: at(desk.CatalogueDoc), rulesFile: at(desk.RulesDoc), organisationsFile: at(desk.OrganisationsDoc), progressFile: at(desk.ProgressDoc)}
	return d, errors.Join(d.catalogue(), d.rules(), d.organisations(), d.promises(), d.plan(at(desk.PlanDoc)))
}

func (d *beside) catalogue() error {
	body, err := readBody(d.catalogueFile)
	if err != nil {
		return err
	}
	d.Catalogue, err = catalogue.Parse(d.catalogueFile, body)
	return err
}

func (d *beside) rules() error {
	body, err := readBody(d.rulesFile)
	if err != nil {
		return err
	}
	var names router.Lookup // none: names are not checked, for want of a catalogue
	if d.Catalogue != nil {
		names = desk.Names{Catalogue: d.Catalogue}
	}
	d.Rules, err = router.Compile(d.rulesFile, body, names)
	return err
}

func (d *beside) organisations() error {
	body, err := readBody(d.organisationsFile)
	if err != nil {
		return err
	}
	if d.Organisations, err = desk.ParseOrganisations(d.organisationsFile, body); err != nil || d.Catalogue == nil {
		return err
	}
	var problems []error
	for i, o := range d.Organisations {
		if t, ok := d.Catalogue.Team(o.AccountManager); o.AccountManager != "" && (!ok || t.Kind != balie.Account) {
			problems = append(problems, &balie.InvalidError{File: d.organisationsFile, Field: fmt.Sprintf("organisations[%d].account_manager", i),
				Problem: fmt.Sprintf("the catalogue has no team %q of the kind account", o.AccountManager), Fix: "name one of its teams, or leave it out"})
		}
	}
	return errors.Join(problems...)
}

// promises reads what is promised; a desk that is older than this document has
// what is built in.
func (d *beside) promises() error {
	body, err := os.ReadFile(d.progressFile)
	if errors.Is(err, os.ErrNotExist) {
		body, err = progress.Sample(), nil
	}
	if err != nil {
		return &balie.InvalidError{File: d.progressFile, Problem: "cannot be read: " + pathCause(err), Fix: "balie init writes one"}
	}
	d.Policy, err = progress.Parse(d.progressFile, body, d.Catalogue)
	return err
}

func readBody(file string) ([]byte, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, &balie.InvalidError{File: file, Problem: "cannot be read: " + pathCause(err), Fix: "balie init writes one"}
	}
	return body, nil
}

// sampleDocuments are those that balie init writes.
func sampleDocuments() (*beside, error) {
	c, err := catalogue.Parse("catalogue.yaml", catalogue.Sample())
	if err != nil {
		return nil, err
	}
	rs, err := router.Compile("rules.yaml", router.Sample(), desk.Names{Catalogue: c})
	if err != nil {
		return nil, err
	}
	return &beside{Brain: intake.Brain{Catalogue: c, Rules: rs}}, nil
}

// train makes the matcher, which takes a moment.
func (d *beside) train() {
	d.Matcher = catalogue.Train(d.Catalogue, catalogue.TrainOptions{})
}

// calendar is the desk's own by its name; the first one when it has none.
func (d *beside) calendar(name string) hours.Calendar {
	if c, ok := d.Catalogue.Calendars[name]; ok {
		return c
	}
	return d.Catalogue.Calendar(balie.Product{})
}
