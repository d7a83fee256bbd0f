package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk/api"
)

type ledgerCmd struct {
	onStore
	Channel string    `help:"Only of this channel: email, slack, form, phone."`
	Account string    `help:"Only of this mailbox, workspace, form or line."`
	Outcome string    `help:"Only with this outcome: taken, joined, kept, held, duplicate."`
	Since   time.Time `help:"Only from this moment on (2026-11-24T09:00:00Z)." format:"2006-01-02T15:04:05Z07:00"`
	Limit   int       `help:"How many lines to list; 0: only the counts." default:"0"`
	JSON    bool      `help:"For programs." name:"json"`
}

// Help has the examples.
func (ledgerCmd) Help() string {
	return "Every message of every channel has one line in the ledger. While balie serves, each mailbox is counted too: a difference means that a mail was dealt with and has no line, and ends with exit code 1.\nExamples:\n  balie ledger\n  balie ledger --outcome held --limit 20"
}

type ledgerAnswer struct {
	api.LedgerCounts
	Running bool                `json:"running"` // without it, no mailbox was counted
	Lines   []balie.LedgerEntry `json:"lines,omitempty"`
}

// Run counts, compares and lists.
func (c *ledgerCmd) Run(ctx context.Context) error {
	var out ledgerAnswer
	err := c.with(ctx, func(b *client) error {
		q := query("channel", c.Channel, "account", c.Account, "outcome", c.Outcome)
		if !c.Since.IsZero() {
			q.Set("since", c.Since.Format(time.RFC3339))
		}
		q.Set("compare", "true")
		out.Running = b.running
		if err := b.get(ctx, "/ledger/counts", q, &out.LedgerCounts); err != nil || c.Limit <= 0 {
			return err
		}
		q.Del("compare")
		q.Set("limit", strconv.Itoa(c.Limit))
		var l api.LedgerList
		err := b.get(ctx, "/ledger", q, &l)
		out.Lines = l.Lines
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(os.Stdout, out)
	} else {
		err = showLedger(out)
	}
	for _, m := range out.Mailboxes {
		if err == nil && m.Difference != 0 {
			err = fmt.Errorf("mailbox %s: %d mails were dealt with and have no line in the ledger", harmless(m.Mailbox), m.Difference)
		}
	}
	return err
}

func showLedger(out ledgerAnswer) error {
	t := newTable(os.Stdout, "OUTCOME", "MESSAGES")
	for _, k := range sortedKeys(out.Outcomes) {
		t.row(k, strconv.Itoa(out.Outcomes[k]))
	}
	t.row("total", strconv.Itoa(out.Total))
	if err := t.end(); err != nil {
		return err
	}
	if len(out.Mailboxes) > 0 {
		fmt.Println()
		t = newTable(os.Stdout, "MAILBOX", "MAILS", "LINES", "DIFFERENCE", "NOT YET", "")
		for _, m := range out.Mailboxes {
			if m.Problem != "" {
				t.row(m.Mailbox, "-", "-", "-", "-", m.Problem)
				continue
			}
			t.row(m.Mailbox, strconv.Itoa(m.Messages), strconv.Itoa(m.Lines), strconv.Itoa(m.Difference), strconv.Itoa(m.Pending))
		}
		if err := t.end(); err != nil {
			return err
		}
	}
	if !out.Running {
		fmt.Fprintln(os.Stderr, "balie does not run: the mailboxes were not counted")
	}
	if len(out.Lines) == 0 {
		return nil
	}
	fmt.Println()
	t = newTable(os.Stdout, "AT", "CHANNEL", "ACCOUNT", "OUTCOME", "REF", "FROM", "SUBJECT", "WHY")
	for _, e := range out.Lines {
		t.row(clock(e.At), e.Channel, e.Account, e.Outcome, e.Ref, short(e.From, 30), short(e.Subject, 40), short(e.Reason, 60))
	}
	return t.end()
}
