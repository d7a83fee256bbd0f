package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/config"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/normalize"
	"github.com/balie/balie/router"
)

type routeCmd struct {
	Files   []string `arg:"" optional:"" help:"Mails, mbox files, directories, JSON lines {subject, text, from, language, channel, fields}, or - for standard input."`
	Text    string   `help:"A question to decide on, instead of files."`
	Subject string   `help:"The subject of --text."`
	Config  string   `help:"Decide with the documents beside this balie.yaml; without it with the sample ones." type:"path" short:"c"`
	At      string   `help:"The moment to decide at, as 2026-11-24T09:00:00+01:00; now when left out."`
	Trace   bool     `help:"With what came of every rule; --no-trace leaves it out." default:"true" negatable:""`
}

// routing is what decides.
type routing struct {
	documents *beside
	norm      *normalize.Normalizer
	calendar  hours.Calendar
	language  string
	now       time.Time
	trace     bool
}

// Run shows what balie would do with messages. Nothing is stored or sent.
func (c *routeCmd) Run() error {
	r, err := c.prepare()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	var werr error
	write := func(l routeLine) {
		if werr == nil {
			werr = errors.Join(enc.Encode(l), w.Flush())
		}
	}
	if c.Text != "" {
		write(r.words("--text", routeInput{Subject: c.Subject, Text: c.Text}))
		return werr
	}
	names := c.Files
	if len(names) == 0 {
		names = []string{"-"}
	}
	err = originals(names, os.Stdin, func(o original) { r.original(o, write) })
	return errors.Join(err, werr)
}

func (c *routeCmd) prepare() (*routing, error) {
	now := time.Now()
	if c.At != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, c.At); err != nil {
			return nil, &balie.InvalidError{Field: "--at", Problem: fmt.Sprintf("%q is not a moment", c.At), Fix: "write it as 2026-11-24T09:00:00+01:00"}
		}
	}
	cfg := config.Default()
	d, err := sampleDocuments()
	if c.Config != "" {
		if cfg, err = config.Load(c.Config); err != nil {
			return nil, err
		}
		d, err = readBeside(filepath.Dir(c.Config))
	}
	if err != nil {
		return nil, err
	}
	d.train()
	norm := normalize.New((&app{cfg: cfg}).normalizing())
	return &routing{d, norm, d.calendar(cfg.Desk.Calendar), cfg.Desk.Language, now, c.Trace}, nil
}

// routeInput is a message in the desk's own terms.
type routeInput struct {
	Subject  string            `json:"subject"`
	Text     string            `json:"text"`
	From     string            `json:"from"`
	Proven   bool              `json:"proven"` // the sender is who it says
	Language string            `json:"language"`
	Channel  string            `json:"channel"`
	Fields   map[string]string `json:"fields"`
}

// stranger is who writes when nobody is named: somebody who can be answered
// and is not known.
const stranger = "customer@example.com"

// routeLine is what becomes of one message.
type routeLine struct {
	File     string             `json:"file"`
	Error    string             `json:"error,omitempty"`
	Message  *normalize.Line    `json:"message,omitempty"`
	Channel  string             `json:"channel,omitempty"`
	Outline  string             `json:"outline,omitempty"`
	Fields   map[string]string  `json:"fields,omitempty"` // read from the words, or given
	Decision *balie.Decision    `json:"decision,omitempty"`
	Trace    []router.RuleTrace `json:"trace,omitempty"`
}

// original decides on a mail, or on each JSON line of a file.
func (r *routing) original(o original, write func(routeLine)) {
	if o.err != nil {
		write(routeLine{File: o.name, Error: o.err.Error()})
		return
	}
	f, err := o.open()
	if err != nil {
		write(routeLine{File: o.name, Error: err.Error()})
		return
	}
	defer f.Close()
	b := bufio.NewReader(f)
	if !beginsJSON(b) {
		m, err := r.norm.Message(balie.Raw{Channel: "email", Format: "mime", At: r.now}, o.open)
		write(r.decide(o.name, m, err))
		return
	}
	r.lines(o.name, b, write)
}

// beginsJSON reports whether the first thing in a file is an object: no mail
// begins so.
func beginsJSON(b *bufio.Reader) bool {
	head, _ := b.Peek(64)
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{"))
}

func (r *routing) lines(name string, b io.Reader, write func(routeLine)) {
	d := json.NewDecoder(b)
	for n := 1; ; n++ {
		var in routeInput
		err := d.Decode(&in)
		if err == io.EOF {
			return
		}
		at := fmt.Sprintf("%s#%d", name, n)
		if err != nil {
			write(routeLine{File: at, Error: "not JSON: " + err.Error()})
			return
		}
		write(r.words(at, in))
	}
}

// words decides on a message that is given in words.
func (r *routing) words(name string, in routeInput) routeLine {
	from, ok := normalize.ParseAddress(cmp.Or(in.From, stranger))
	if !ok {
		return routeLine{File: name, Error: fmt.Sprintf("from: %q is no mail address", in.From)}
	}
	m := balie.Message{
		Side: balie.CustomerSide, Direction: balie.In, Channel: cmp.Or(in.Channel, "email"), From: from, At: r.now,
		Subject: in.Subject, Text: in.Text, Full: in.Text, Language: in.Language, Fields: in.Fields,
	}
	if in.Proven {
		m.Proof = balie.Proven
	}
	if m.Language == "" {
		m.Language = normalize.Language(in.Text)
	}
	return r.decide(name, m, nil)
}

func (r *routing) decide(name string, m balie.Message, readErr error) routeLine {
	d, fields := intake.Preview(&r.documents.Brain, m, r.calendar, r.language, r.now)
	l := normalize.LineOf(name, m, readErr)
	out := routeLine{File: name, Message: &l, Channel: m.Channel, Outline: router.Outline(d), Fields: fields, Decision: &d}
	if r.trace {
		out.Trace = r.documents.Rules.Trace(d.Facts).Rules
	}
	return out
}
