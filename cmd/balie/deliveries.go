package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/balie/balie/desk/api"
)

type deliveriesCmd struct {
	List    deliveriesListCmd    `cmd:"" help:"List what must go out and has not: dead, held, being sent, waiting."`
	Retry   deliveriesRetryCmd   `cmd:"" help:"Send one again that was given up (dead) or held."`
	Discard deliveriesDiscardCmd `cmd:"" help:"Keep one from going out."`
}

type deliveriesListCmd struct {
	onStore
	Status []string `help:"Only of these: pending, leased, sent, dead, held." placeholder:"STATUS"`
	Limit  int      `help:"How many, at most 1000." default:"50"`
	JSON   bool     `help:"For programs." name:"json"`
}

// Help has the examples.
func (deliveriesListCmd) Help() string { return "Example:\n  balie deliveries list --status dead" }

// Run lists.
func (c *deliveriesListCmd) Run(ctx context.Context) error {
	q := query("status", strings.Join(c.Status, ","), "limit", strconv.Itoa(c.Limit))
	var out api.DeliveryList
	if err := c.with(ctx, func(b *client) error { return b.get(ctx, "/deliveries", q, &out) }); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, out)
	}
	t := newTable(os.Stdout, "ID", "STATUS", "REF", "CHANNEL", "TO", "DUE", "TRIES", "")
	for _, d := range out.Deliveries {
		t.row(d.ID.String(), string(d.Status), cmp.Or(d.Ref, "-"), d.Channel, d.To.Value, clock(d.Due), strconv.Itoa(d.Attempt), short(d.LastError, 60))
	}
	if err := t.end(); err != nil {
		return err
	}
	if out.More {
		fmt.Fprintln(os.Stderr, "there are more: raise --limit or choose a --status")
	}
	return nil
}

type deliveriesRetryCmd struct {
	onStore
	ID   string `arg:"" help:"The delivery, as deliveries list shows it."`
	JSON bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (deliveriesRetryCmd) Help() string {
	return "The request gets an event that says so. After a restore, look first whether it went out already.\nExample:\n  balie deliveries retry 01KAZ5V9QJ6X3E8M4R2T7W1Y0C"
}

// Run sends it again.
func (c *deliveriesRetryCmd) Run(ctx context.Context) error {
	return c.act(ctx, c.ID, "retry", nil, c.JSON)
}

type deliveriesDiscardCmd struct {
	onStore
	ID     string `arg:"" help:"The delivery, as deliveries list shows it."`
	Reason string `help:"Why it must not go out; kept with the request." required:""`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (deliveriesDiscardCmd) Help() string {
	return "Example:\n  balie deliveries discard 01KAZ5V9QJ6X3E8M4R2T7W1Y0C --reason 'went out before the restore'"
}

// Run keeps it.
func (c *deliveriesDiscardCmd) Run(ctx context.Context) error {
	return c.act(ctx, c.ID, "discard", map[string]string{"reason": c.Reason}, c.JSON)
}

// act does one thing with one delivery.
func (o onStore) act(ctx context.Context, id, what string, in any, asJSON bool) error {
	var d api.DeliveryLine
	err := o.with(ctx, func(b *client) error {
		return b.do(ctx, "POST", "/deliveries/"+url.PathEscape(id)+"/"+what, nil, in, &d)
	})
	if err != nil {
		return fmt.Errorf("delivery %s: %w", id, err)
	}
	if asJSON {
		return printJSON(os.Stdout, d)
	}
	fmt.Printf("delivery %s of request %s is %s\n", d.ID, harmless(cmp.Or(d.Ref, "-")), d.Status)
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
