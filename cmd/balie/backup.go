package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/balie/balie"
)

type backupCmd struct {
	onStore
	File string `arg:"" optional:"" help:"Where to; - is the standard output. Without it, balie-DATE-TIME.tar here."`
}

// Help has the examples.
func (backupCmd) Help() string {
	return "The backup is a consistent copy of the store and all originals, made while balie serves. The file gets its name when it is whole and on disk.\nExamples:\n  balie backup /backup/balie.tar\n  balie backup - | zstd > balie.tar.zst"
}

// Run makes a backup.
func (c *backupCmd) Run(ctx context.Context) error {
	if c.File == "-" {
		if terminal(os.Stdout) {
			return &balie.InvalidError{Field: "FILE", Problem: "a backup does not go to a terminal", Fix: "send it to a file or a program"}
		}
		return c.write(ctx, os.Stdout)
	}
	file := c.File
	if file == "" {
		file = "balie-" + time.Now().Format("20060102-150405") + ".tar"
	}
	n, err := atomically(file, func(w io.Writer) error { return c.write(ctx, w) })
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s; see that it restores with balie restore --verify\n", file, size(n))
	return nil
}

func (c *backupCmd) write(ctx context.Context, w io.Writer) error {
	p := newProgress("backup")
	defer p.end()
	return c.with(ctx, func(b *client) error {
		return b.stream(ctx, "/backup", nil, func(in io.Reader) error {
			_, err := io.Copy(&counting{Writer: w, tell: func(n int64) { p.show("%s", size(n)) }}, in)
			if err != nil {
				return fmt.Errorf("make a backup: %w", err)
			}
			return nil
		})
	})
}

// atomically writes a new file: under its name it is whole and on disk, or not
// there. A file that is there already is not touched.
func atomically(file string, write func(io.Writer) error) (int64, error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, &balie.InvalidError{File: file, Problem: "it is there already", Fix: "choose another name or move it away"}
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".balie-*.part") // readable for its owner only
	if err != nil {
		return 0, fmt.Errorf("make %s: %w", file, err)
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriterSize(f, 256<<10)
	err = write(w)
	if err == nil {
		err = errors.Join(w.Flush(), f.Sync())
	}
	i, serr := f.Stat()
	if err = errors.Join(err, serr, f.Close()); err != nil {
		return 0, err
	}
	// A link, because it does not write over a file that came meanwhile.
	if err := os.Link(f.Name(), file); err != nil {
		return 0, fmt.Errorf("name the backup: %w", err)
	}
	return i.Size(), syncFolder(filepath.Dir(file))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
