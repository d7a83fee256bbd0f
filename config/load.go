package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// source is where the settings of a Config were given, so that what is wrong
// with one can be shown where it stands.
type source struct {
	file   string
	places map[string]place
}

// Load reads a file over the defaults and the environment over both, and
// checks it. Its error joins a *balie.InvalidError for every problem there is.
// Paths in it are relative to the file's directory. The secrets themselves are
// not read yet: see CheckSecrets.
func Load(file string) (Config, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return Default(), &balie.InvalidError{File: file, Problem: "cannot be read: " + cause(err), Fix: "run balie init DIR, which writes one, or name yours with --config"}
	}
	return Parse(file, body, os.Environ())
}

// cause is an error without the path that is said already.
func cause(err error) string {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// Parse is Load with the file's text and an environment ("NAME=value").
func Parse(file string, body []byte, environ []string) (Config, error) {
	r := &reader{tree: yamltree.Reader{File: file, MaxBytes: sizeLimit, Private: true}, places: map[string]place{}}
	c := Default()
	c.source = &source{file, r.places}
	r.fill(r.tree.Open(body), reflect.ValueOf(&c).Elem(), "")
	r.environment(&c, environ)
	c.complete()
	c.resolve(filepath.Dir(file))
	problems := append(r.problems, r.tree.Problems()...)
	if len(problems) == 0 {
		problems = c.problems()
	}
	return c, yamltree.Sorted(problems)
}

// Default is what holds where a file says nothing.
func Default() Config {
	return Config{
		Desk: Desk{
			Name:     map[string]string{"nl": "Servicedesk", "en": "Service desk"},
			Language: "nl", Timezone: "Europe/Amsterdam", Country: "NL",
		},
		Listen: "127.0.0.1:8080",
		Data:   "data",
		Log:    Log{Level: "info", Format: "json"},
		HTTP:   HTTP{Rate: 50},
		Form:   Form{ID: "form", MaxFiles: 10, MaxBytes: 25 << 20, PerClient: 120, PerAddress: 12},
		Auth:   Auth{Idle: time.Hour, Absolute: 12 * time.Hour},
		Limits: Limits{ReopenDays: 10, DailyCap: 10, Senders: 8, MinFree: 512 << 20},
	}
}

// Defaults of what stands in lists, and of SMTP.
const (
	imapPort, imapStartPort = 993, 143
	smtpPort, smtpStartPort = 465, 587
	pollDefault             = 2 * time.Minute
	mailDefault             = 30 << 20
)

// complete gives what was left out its default.
func (c *Config) complete() {
	for i := range c.Email.Mailboxes {
		m := &c.Email.Mailboxes[i]
		m.TLS = cmp.Or(m.TLS, "tls")
		m.Port = cmp.Or(m.Port, portFor(m.TLS, imapPort, imapStartPort))
		m.Name = cmp.Or(m.Name, m.User)
		m.Folder = cmp.Or(m.Folder, "INBOX")
		m.Poll = cmp.Or(m.Poll, pollDefault)
		m.MaxSize = cmp.Or(m.MaxSize, int64(mailDefault))
	}
	if s := c.Email.SMTP; s != nil {
		s.TLS = cmp.Or(s.TLS, "tls")
		s.Port = cmp.Or(s.Port, portFor(s.TLS, smtpPort, smtpStartPort))
	}
	for i := range c.Slack {
		c.Slack[i].Name = cmp.Or(c.Slack[i].Name, "slack")
	}
	for i := range c.Phone {
		c.Phone[i].Name = cmp.Or(c.Phone[i].Name, "phone")
	}
	c.completeName()
}

func portFor(tls string, direct, upgraded int) int {
	if tls == "tls" {
		return direct
	}
	return upgraded
}

// completeName gives the desk a name in every language: a name that was given
// in one is the name in the others.
func (c *Config) completeName() {
	have := slices.Sorted(maps.Keys(c.Desk.Name))
	if len(have) == 0 {
		return
	}
	c.Desk.Name = maps.Clone(c.Desk.Name)
	for _, l := range languages {
		c.Desk.Name[l] = cmp.Or(c.Desk.Name[l], c.Desk.Name[c.Desk.Language], c.Desk.Name[have[0]])
	}
}

// resolve makes paths absolute or relative to where balie runs: they are
// written relative to the file's directory.
func (c *Config) resolve(dir string) {
	beside := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	beside(&c.Data)
	for i := range c.Email.Mailboxes {
		beside(&c.Email.Mailboxes[i].CA)
	}
	if s := c.Email.SMTP; s != nil {
		beside(&s.CA)
	}
	each(reflect.ValueOf(c).Elem(), "", func(s *Secret, _ string) { beside(&s.File) })
}

// invalid is a problem with a setting, at its place or at that of the nearest
// setting above it.
func (c *Config) invalid(field, problem, fix string, a ...any) *balie.InvalidError {
	e := &balie.InvalidError{Field: field, Problem: problem, Fix: fmt.Sprintf(fix, a...)}
	if c.source == nil {
		return e
	}
	e.File = c.source.file
	for f := field; f != ""; f = above(f) {
		p, ok := c.source.places[f]
		if !ok {
			continue
		}
		e.Line, e.Col = p.line, p.col
		if p.env != "" {
			e.File = ""
			e.Field = p.env
		}
		return e
	}
	return e
}

// above is the setting a setting is part of; "" for the whole.
func above(field string) string {
	for i := len(field) - 1; i > 0; i-- {
		if field[i] == '.' || field[i] == '[' {
			return field[:i]
		}
	}
	return ""
}

// Invalid is a problem with a setting ("email.smtp.from"), at its place in the
// file or with the variable it came from.
func (c Config) Invalid(field, problem, fix string) *balie.InvalidError {
	return c.invalid(field, problem, "%s", fix)
}
