package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/balie/balie"
	"github.com/balie/balie/store/boltstore"
)

type restoreCmd struct {
	File   string `arg:"" help:"A file that balie backup made; - is the standard input."`
	To     string `help:"The new data directory; it must be empty or not there." type:"path" xor:"what" required:"" placeholder:"DIR"`
	Verify bool   `help:"Restore it to nowhere and check all of it." xor:"what" required:""`
	JSON   bool   `help:"For programs." name:"json"`
}

// Help has the examples.
func (restoreCmd) Help() string {
	return "What waited to go out when the backup was made is held after a restore: nobody knows whether it went out since. Look at balie deliveries list, then retry or discard each.\nExamples:\n  balie restore balie.tar --verify\n  balie restore balie.tar --to data"
}

// Run restores or checks.
func (c *restoreCmd) Run(ctx context.Context) error {
	in := os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return &balie.InvalidError{File: c.File, Problem: "cannot be read: " + err.Error(), Fix: "name a file that balie backup made"}
		}
		defer f.Close()
		in = f
	}
	p := newProgress("restore")
	archive := &reading{Reader: in, stopped: ctx.Err, tell: func(n int64) { p.show("%s", size(n)) }}
	var r boltstore.Report
	var err error
	if c.Verify {
		r, err = boltstore.VerifyBackup(archive)
	} else {
		r, err = boltstore.Restore(archive, c.To, boltstore.RestoreOptions{})
	}
	p.end()
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, r)
	}
	if c.Verify {
		return showReport(r, "ok: the backup restores and all of it was checked")
	}
	return showReport(r, "restored to "+c.To)
}

func showReport(r boltstore.Report, done string) error {
	fmt.Println(done)
	t := newTable(os.Stdout, "made", clock(r.Made))
	t.row("store", r.Instance)
	t.row("data version", strconv.Itoa(r.DataVersion))
	t.row("size", size(r.Bytes))
	for _, k := range sortedKeys(r.Counts) {
		t.row(k, strconv.Itoa(r.Counts[k]))
	}
	t.row("large originals", strconv.Itoa(r.Originals))
	t.row("held", strconv.Itoa(r.Held)+" deliveries, for a person to look at")
	return t.end()
}

// reading counts the bytes that are read and stops with the command.
type reading struct {
	io.Reader
	stopped func() error
	n       int64
	tell    func(n int64)
}

func (r *reading) Read(p []byte) (int, error) {
	if err := r.stopped(); err != nil {
		return 0, err
	}
	n, err := r.Reader.Read(p)
	r.n += int64(n)
	r.tell(r.n)
	return n, err
}
