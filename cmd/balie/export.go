package main

import (
	"context"
	"io"
	"os"
)

type exportCmd struct {
	onStore
	What string `arg:"" enum:"requests,messages,events" help:"requests, messages or events."`
}

// Help has the examples.
func (exportCmd) Help() string {
	return "One JSON value a line. A message has channel, key (the channel's own id), msgid (of mail the Message-ID), request and ref. An export that was cut off ends with another exit code than 0.\nExamples:\n  balie export messages > messages.jsonl\n  balie export events | gzip > events.jsonl.gz"
}

// Run exports.
func (c *exportCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(b *client) error {
		return b.stream(ctx, "/export/"+c.What, nil, func(in io.Reader) error {
			return copyLines(os.Stdout, in)
		})
	})
}
