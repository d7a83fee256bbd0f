package main

import (
	"embed"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/balie/balie"
)

//go:embed demo
var demoFiles embed.FS

// question is one message of the demo, as somebody outside sends it.
type question struct {
	Part     string            `yaml:"part"` // begins a part of the account
	ID       string            `yaml:"id"`
	Shows    string            `yaml:"shows"` // what it is an example of
	Via      string            `yaml:"via"`   // mail, slack, form, api, phone
	From     string            `yaml:"from"`  // "Name <address>"; the address is a mail address, a Slack user or a number
	To       []string          `yaml:"to"`    // mailboxes; desk@ when empty
	Channel  string            `yaml:"channel"`
	Subject  string            `yaml:"subject"`
	Text     string            `yaml:"text"`
	Language string            `yaml:"language"` // it is written in; nl when empty
	Product  string            `yaml:"product"`  // chosen in the form
	Fields   map[string]string `yaml:"fields"`   // of the form, the API or the call
	File     string            `yaml:"file"`     // the whole mail
	Envelope string            `yaml:"envelope"` // who the mail server is told it is from, when not From
	Reply    string            `yaml:"reply"`    // the question whose letter this answers
	Team     bool              `yaml:"team"`     // it is the team that answers its letter
	Again    string            `yaml:"again"`    // the very same once more
	Calls    []callEvent       `yaml:"calls"`    // what the telephone system tells, in order
	Lines    int               `yaml:"lines"`    // lines in the ledger; 1 when 0, -1 for none

	Expect string `yaml:"expect"`
	Is     string `yaml:"is"`     // the product it is about, when that must be known
	Silent bool   `yaml:"silent"` // nothing may go back
}

// callEvent is one event of a telephone call.
type callEvent struct {
	Type    string `yaml:"type"`
	Note    string `yaml:"note"`
	Outcome string `yaml:"outcome"`
}

// The ways in which a question can end.
const (
	endAnswered  = "answered"
	endAsked     = "asked"
	endHandedOut = "handedout"
	endDesk      = "desk"
	endHeld      = "held"
	endJoined    = "joined"
	endDuplicate = "duplicate"
	endLost      = "lost"
)

var ends = []string{endAnswered, endAsked, endHandedOut, endDesk, endHeld, endJoined, endDuplicate}

// readScript reads and checks the questions.
func readScript(files embed.FS) ([]question, error) {
	const file = "demo/questions.yaml"
	b, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var in struct {
		Questions []question `yaml:"questions"`
	}
	if err := yaml.UnmarshalWithOptions(b, &in, yaml.DisallowUnknownField()); err != nil {
		return nil, &balie.InvalidError{File: file, Problem: yaml.FormatError(err, false, false), Fix: "see the fields of question"}
	}
	known := map[string]bool{}
	for _, q := range in.Questions {
		if err := q.check(known); err != nil {
			return nil, &balie.InvalidError{File: file, Field: q.ID, Problem: err.Error(), Fix: "mend the script"}
		}
		known[q.ID] = true
	}
	return in.Questions, nil
}

func (q question) check(known map[string]bool) error {
	switch {
	case q.ID == "" || known[q.ID]:
		return fmt.Errorf("the id %q is empty or used twice", q.ID)
	case !slices.Contains([]string{"mail", "slack", "form", "api", "phone"}, q.Via):
		return fmt.Errorf("there is no channel %q", q.Via)
	case !slices.Contains(ends, q.Expect):
		return fmt.Errorf("there is no end %q", q.Expect)
	case q.Reply != "" && !known[q.Reply], q.Again != "" && !known[q.Again]:
		return fmt.Errorf("what it follows (%s%s) does not come before it", q.Reply, q.Again)
	}
	return nil
}

// name and address are the two halves of From.
func (q question) name() string {
	n, _, _ := strings.Cut(q.From, "<")
	return strings.TrimSpace(n)
}

func (q question) address() string {
	_, a, ok := strings.Cut(q.From, "<")
	if !ok {
		if _, err := mail.ParseAddress(q.From); err == nil {
			return q.From
		}
		return ""
	}
	return strings.TrimSuffix(strings.TrimSpace(a), ">")
}

// conversation is the Slack channel it is said in: a direct message, unless it
// is in a channel where the bot was called.
func (q question) conversation() string {
	if q.Channel != "" {
		return q.Channel
	}
	return "D" + strings.TrimPrefix(q.address(), "U")
}

// backTo is the only place where a letter to whoever asked may arrive.
func (q question) backTo() string {
	if q.Via == "slack" {
		return "#" + q.conversation()
	}
	return q.address()
}

// lines is how many lines in the ledger it makes.
func (q question) lines() int {
	if q.Lines == 0 {
		return max(1, len(q.Calls))
	}
	return max(q.Lines, 0)
}

// said is what a reader is shown of it.
func (q question) said() string {
	s := strings.Join(strings.Fields(q.Text), " ")
	for _, c := range q.Calls {
		if s == "" && c.Note != "" {
			s = c.Note
		}
	}
	if s == "" {
		return q.Subject
	}
	return s
}
