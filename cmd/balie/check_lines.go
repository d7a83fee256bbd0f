package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/config"
)

// lineTime is how long one server may take to let us in.
const lineTime = 30 * time.Second

// outcome is what came of trying one line.
type outcome struct {
	name, where string
	err         error
	idle        string // why there was nothing to try
}

// checkLines tries every line there is and writes what works.
func checkLines(ctx context.Context, cfg config.Config, out io.Writer) error {
	var all []outcome
	a := &app{cfg: cfg, log: slog.New(slog.DiscardHandler)}
	try := func(name, where string, c channels.Checker) {
		ctx, cancel := context.WithTimeout(ctx, lineTime)
		defer cancel()
		all = append(all, outcome{name: name, where: where, err: c.Check(ctx)})
	}
	// A line that cannot even be made is an outcome too, and no reason not to
	// try the others.
	made := func(name string, wire func() error) bool {
		err := wire()
		if err != nil {
			all = append(all, outcome{name: name, err: err})
		}
		return err == nil
	}
	if made("email in", a.wireMailboxes) {
		for i, m := range a.lines.mailboxes {
			try(m.Name(), address(cfg.Email.Mailboxes[i].Host, cfg.Email.Mailboxes[i].Port), m)
		}
	}
	if made("email out", a.wireSMTP) && a.lines.smtp != nil {
		try("email out", address(cfg.Email.SMTP.Host, cfg.Email.SMTP.Port), a.lines.smtp)
	}
	if made("slack", a.wireSlack) {
		for i, s := range a.lines.slacks {
			if cfg.Slack[i].BotToken.IsZero() {
				all = append(all, outcome{name: s.Name(), idle: "no bot_token: questions come in, answers do not go out"})
				continue
			}
			try(s.Name(), cfg.Slack[i].APIURL, s)
		}
	}
	if made("phone", a.wirePhone) {
		for _, p := range a.lines.phones {
			all = append(all, outcome{name: p.Name(), idle: "calls come to " + cfg.PublicURL + "/phone/calls"})
		}
	}
	if cfg.Form.Enabled {
		all = append(all, outcome{name: "form", idle: "people come to " + cfg.PublicURL})
	}
	return tableOf(out, all)
}

func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// tableOf writes the table and says how many lines do not work.
func tableOf(out io.Writer, all []outcome) error {
	t := newTable(out, "CHANNEL", "WORKS", "WHERE", "")
	var failed []error
	for _, o := range all {
		switch {
		case o.idle != "":
			t.row(o.name, "not tried", o.where, o.idle)
		case o.err != nil:
			failed = append(failed, o.err)
			t.row(o.name, "NO", o.where, plainly(o.err))
		default:
			t.row(o.name, "yes", o.where)
		}
	}
	if err := t.end(); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	problem := fmt.Sprintf("%d of %d lines do not work", len(failed), len(all))
	for _, err := range failed {
		if _, ok := errors.AsType[*balie.InvalidError](err); ok || channels.IsAuth(err) {
			return &balie.InvalidError{Problem: problem, Fix: "mend what the table says"}
		}
	}
	return &balie.UnavailableError{Why: problem + "; see the table", RetryAfter: time.Minute}
}

// plainly says first what kind of failure it is: the cause behind it is the
// other side's wording.
func plainly(err error) string {
	var dns *net.DNSError
	switch {
	case channels.IsAuth(err):
		return "it does not let us in (user, password or token): " + err.Error()
	case errors.As(err, &dns):
		return "there is no such host: " + err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s: %s", lineTime, err)
	}
	return err.Error()
}
