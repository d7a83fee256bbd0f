package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/normalize"
)

type normalizeCmd struct {
	Files []string `arg:"" optional:"" help:"Mails, mbox files, directories of them, or - for standard input."`
	JSON  bool     `name:"json" help:"One JSON line for each message."`
	Text  bool     `help:"The files are bare texts (or HTML, by their name), not mails; *.eml are mails all the same."`
	HTML  bool     `name:"html" help:"The files are JSON lines {id, html}; the same comes out with safe HTML."`
}

// Run shows what balie reads in messages. One that cannot be read is a line
// that says so.
func (c *normalizeCmd) Run() error {
	names := c.Files
	if len(names) == 0 {
		names = []string{"-"}
	}
	w := bufio.NewWriter(os.Stdout)
	var out error
	write := func(v any) {
		if out == nil {
			out = c.write(w, v)
		}
	}
	each := func(o original) { write(c.line(o)) }
	if c.HTML {
		each = func(o original) { sanitize(o, write) }
	}
	err := originals(names, os.Stdin, each)
	return errors.Join(err, out, w.Flush())
}

// write prints a line at once, so that a pipe sees it.
func (c *normalizeCmd) write(w *bufio.Writer, v any) error {
	l, isLine := v.(normalize.Line)
	if c.JSON || !isLine {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			return err
		}
		return w.Flush()
	}
	fmt.Fprintf(w, "%s\n  from     %s <%s>\n  subject  %s\n", harmless(l.File), harmless(l.FromName), harmless(l.FromEmail), harmless(l.Subject))
	for _, a := range l.Attachments {
		fmt.Fprintf(w, "  file     %s (%d bytes)\n", harmless(a.Name), a.Size)
	}
	if l.Auto {
		fmt.Fprintln(w, "  never answered automatically")
	}
	for _, s := range append(l.Warnings, l.Error) {
		if s != "" {
			fmt.Fprintf(w, "  note     %s\n", harmless(s))
		}
	}
	for s := range strings.SplitSeq(l.ReplyText, "\n") {
		fmt.Fprintf(w, "  | %s\n", harmless(s))
	}
	return w.Flush()
}

// textLimit is how much of a bare text is read.
const textLimit = 8 << 20

func (c *normalizeCmd) line(o original) (l normalize.Line) {
	defer func() {
		if p := recover(); p != nil {
			l = normalize.LineOf(o.name, balie.Message{}, fmt.Errorf("reading it failed: %v", p))
		}
	}()
	if o.err != nil {
		return normalize.LineOf(o.name, balie.Message{}, o.err)
	}
	if c.Text && !strings.EqualFold(filepath.Ext(o.name), ".eml") {
		text, err := content(o, textLimit)
		if err != nil {
			return normalize.LineOf(o.name, balie.Message{}, err)
		}
		return normalize.LineOfText(o.name, text)
	}
	m, err := normalize.New(normalize.Options{}).Message(balie.Raw{Channel: "email", Format: "mime"}, o.open)
	return normalize.LineOf(o.name, m, err)
}

// content is the whole of a small original.
func content(o original, limit int64) (string, error) {
	if o.err != nil {
		return "", o.err
	}
	r, err := o.open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit))
	return string(b), err
}

// htmlLine is a piece of HTML with its name.
type htmlLine struct {
	ID      string `json:"id"`
	HTML    string `json:"html"`
	Payload string `json:"payload,omitempty"` // another name for html
	Error   string `json:"error,omitempty"`
}

// lineLimit is the longest JSON line that is read.
const lineLimit = 16 << 20

// sanitize reads JSON lines and writes them with safe HTML.
func sanitize(o original, write func(any)) {
	fail := func(err error) { write(htmlLine{ID: o.name, Error: err.Error()}) }
	if o.err != nil {
		fail(o.err)
		return
	}
	r, err := o.open()
	if err != nil {
		fail(err)
		return
	}
	defer r.Close()
	s := bufio.NewScanner(r)
	s.Buffer(nil, lineLimit)
	for s.Scan() {
		if len(s.Bytes()) == 0 {
			continue
		}
		var in htmlLine
		if err := json.Unmarshal(s.Bytes(), &in); err != nil {
			fail(fmt.Errorf("not a JSON line: %w", err))
			continue
		}
		write(htmlLine{ID: in.ID, HTML: normalize.SanitizeHTML(in.HTML + in.Payload)})
	}
	if err := s.Err(); err != nil {
		fail(err)
	}
}
