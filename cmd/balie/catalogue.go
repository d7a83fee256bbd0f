package main

import "context"

type catalogueCmd struct {
	Import  catalogueImportCmd  `cmd:"" help:"Check a catalogue and put it in force."`
	Export  catalogueExportCmd  `cmd:"" help:"Write the catalogue in force, to edit it."`
	Diff    catalogueDiffCmd    `cmd:"" help:"Show what a file, or an old version, has otherwise than the catalogue in force."`
	History catalogueHistoryCmd `cmd:"" help:"List the versions."`
	Score   catalogueScoreCmd   `cmd:"" help:"Measure the matcher on labelled questions."`
}

type catalogueImportCmd struct {
	onStore
	File   string `arg:"" help:"The catalogue." type:"path"`
	Reason string `help:"Why; the history shows it." default:"imported"`
	Base   string `help:"The version it was made from; without it, what the file's version line says. newest: whatever is in force."`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (catalogueImportCmd) Help() string {
	return "Exit code 2: the file is wrong, with line and column, or the rules in force name something it does not have. Exit code 5: somebody published since the file was made.\nExample:\n  balie catalogue export > catalogue.yaml\n  balie catalogue import catalogue.yaml --reason 'new coffee machines'"
}

// Run publishes.
func (c *catalogueImportCmd) Run(ctx context.Context) error {
	return c.publish(ctx, "catalogue", c.File, c.Base, c.Reason, c.JSON)
}

type catalogueExportCmd struct {
	onStore
	Version int `help:"An old one; without it, the one in force."`
}

// Help has the examples.
func (catalogueExportCmd) Help() string {
	return "Example:\n  balie catalogue export > catalogue.yaml"
}

// Run writes it.
func (c *catalogueExportCmd) Run(ctx context.Context) error {
	return c.export(ctx, "catalogue", c.Version)
}

type catalogueDiffCmd struct {
	onStore
	What string `arg:"" help:"A file, or the number of an old version."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (catalogueDiffCmd) Help() string { return "Example:\n  balie catalogue diff catalogue.yaml" }

// Run compares.
func (c *catalogueDiffCmd) Run(ctx context.Context) error {
	return c.diff(ctx, "catalogue", c.What, c.JSON, true)
}

type catalogueHistoryCmd struct {
	onStore
	JSON bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (catalogueHistoryCmd) Help() string { return "Example:\n  balie catalogue history" }

// Run lists.
func (c *catalogueHistoryCmd) Run(ctx context.Context) error {
	return c.history(ctx, "catalogue", c.JSON)
}
