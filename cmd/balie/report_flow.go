package main

import (
	"context"
	"io"
)

type reportFlowCmd struct {
	onStore
	figuresOf
	Format string `help:"html, svg, mermaid, sankey, json, or rules-svg and rules-mermaid of the rules alone." enum:"html,svg,mermaid,sankey,json,rules-svg,rules-mermaid" default:"html"`
	Output string `help:"The file to write; without it, what is written goes to the terminal or the next command." short:"o" type:"path" placeholder:"FILE"`
}

// Help has the examples.
func (reportFlowCmd) Help() string {
	return "The page has both, and names what went otherwise than the rules mean. sankey is Mermaid too: it knows no way back, so those lines are remarks in it. " +
		"Works while balie serves and while it does not.\n" +
		"Examples:\n  balie report flow --month 2026-10 -o flow.html\n  balie report flow --year 2026 --format svg --lang en -o flow.svg\n  balie report flow --team techniek --format mermaid > techniek.mmd"
}

// Run writes a flow chart.
func (c *reportFlowCmd) Run(ctx context.Context) error {
	v := c.query()
	v.Set("format", c.Format)
	var b []byte
	err := c.with(ctx, func(cl *client) error {
		resp, err := cl.ask(ctx, "GET", "/figures/flow", v, nil)
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
	return writeOut(c.Output, b, false)
}
