package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/balie/balie"
	"github.com/balie/balie/config"
	"github.com/balie/balie/desk/api"
)

// maxFlaws is how many flaws are shown: the first ones say enough.
const maxFlaws = 50

// checkStore checks every record of the store, of a running balie too, and
// writes what is wrong to out. The error is balie.ErrCorrupt when anything is.
func checkStore(ctx context.Context, cfg config.Config, out io.Writer) error {
	c, err := connect(ctx, cfg, ".")
	if err != nil {
		return err
	}
	return errors.Join(verify(ctx, c, out), c.end())
}

func verify(ctx context.Context, c *client, out io.Writer) error {
	p := newProgress("check")
	var last api.Checked
	total := 0
	err := c.stream(ctx, "/verify", nil, func(in io.Reader) error {
		d := json.NewDecoder(in)
		for {
			var l api.Checked
			err := d.Decode(&l)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("the answer was cut off: %w", err)
			}
			last, total = l, max(total, l.Total)
			p.show("%d of %d records", l.Done, l.Total)
		}
	})
	p.end()
	if err != nil {
		return fmt.Errorf("check the store: %w", err)
	}
	for i, f := range last.Flaws {
		if i == maxFlaws {
			fmt.Fprintf(out, "… and %d more\n", len(last.Flaws)-maxFlaws)
			break
		}
		fmt.Fprintf(out, "%s: %s\n", harmless(f.Where), harmless(f.What))
	}
	if n := len(last.Flaws); n > 0 {
		return fmt.Errorf("the store has %d flaws: restore a backup: %w", n, balie.ErrCorrupt)
	}
	fmt.Fprintf(out, "store: ok, %d records\n", total)
	return nil
}
