package main

import "context"

type progressCmd struct {
	Publish  progressPublishCmd  `cmd:"" help:"Check a file and put it in force."`
	Export   progressExportCmd   `cmd:"" help:"Write what is promised now, to edit it."`
	Diff     progressDiffCmd     `cmd:"" help:"Show what a file, or an old version, has otherwise than what is in force."`
	Rollback progressRollbackCmd `cmd:"" help:"Publish an old version again."`
	History  progressHistoryCmd  `cmd:"" help:"List the versions."`
}

type progressPublishCmd struct {
	onStore
	File   string `arg:"" help:"What is promised, and how it is kept." type:"path"`
	Reason string `help:"Why; the history shows it." required:""`
	Base   string `help:"The version it was made from; without it, what the file's version line says. newest: whatever is in force."`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (progressPublishCmd) Help() string {
	return "Open requests are judged by it at once; what already went off does not go off again. Exit code 2: the file is wrong, with line and column. Exit code 5: somebody published since the file was made.\nExample:\n  balie progress export > progress.yaml\n  balie progress publish progress.yaml --reason 'urgent within two hours'"
}

// Run publishes.
func (c *progressPublishCmd) Run(ctx context.Context) error {
	return c.publish(ctx, "progress", c.File, c.Base, c.Reason, c.JSON)
}

type progressExportCmd struct {
	onStore
	Version int `help:"An old one; without it, the one in force."`
}

// Help has the examples.
func (progressExportCmd) Help() string { return "Example:\n  balie progress export > progress.yaml" }

// Run writes it.
func (c *progressExportCmd) Run(ctx context.Context) error {
	return c.export(ctx, "progress", c.Version)
}

type progressDiffCmd struct {
	onStore
	What string `arg:"" help:"A file, or the number of an old version."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (progressDiffCmd) Help() string { return "Example:\n  balie progress diff progress.yaml" }

// Run compares.
func (c *progressDiffCmd) Run(ctx context.Context) error {
	return c.diff(ctx, "progress", c.What, c.JSON, true)
}

type progressRollbackCmd struct {
	onStore
	Version int    `arg:"" help:"The version to go back to."`
	Reason  string `help:"Why; the history shows it." required:""`
	JSON    bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (progressRollbackCmd) Help() string {
	return "Example:\n  balie progress rollback 3 --reason 'the new times cannot be kept'"
}

// Run publishes an old version.
func (c *progressRollbackCmd) Run(ctx context.Context) error {
	return c.rollback(ctx, "progress", c.Version, c.Reason, c.JSON)
}

type progressHistoryCmd struct {
	onStore
	JSON bool `help:"For programs." name:"json"`
}

// Help has the examples.
func (progressHistoryCmd) Help() string { return "Example:\n  balie progress history" }

// Run lists.
func (c *progressHistoryCmd) Run(ctx context.Context) error {
	return c.history(ctx, "progress", c.JSON)
}
