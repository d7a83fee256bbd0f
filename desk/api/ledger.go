package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// Mailbox is a mailbox whose mail must have a line in the ledger.
type Mailbox struct {
	Name  string // as people know it
	Count func(ctx context.Context) (Counted, error)
}

// Counted is what lies in a mailbox.
type Counted struct {
	Prefix  string   // of the ledger keys of its mails
	UIDs    []uint32 // of those that were dealt with
	Pending int      // not dealt with yet
}

// LedgerList are lines, newest first.
type LedgerList struct {
	Lines []balie.LedgerEntry `json:"lines"`
}

// LedgerCounts are the lines counted, and each mailbox compared with them.
type LedgerCounts struct {
	Outcomes  map[string]int `json:"outcomes"`
	Total     int            `json:"total"`
	Mailboxes []Compared     `json:"mailboxes"`
}

// Compared is a mailbox beside the ledger. Difference is how many mails were
// dealt with and have no line: anything but 0 is an alarm.
type Compared struct {
	Mailbox    string   `json:"mailbox"`
	Messages   int      `json:"messages"`
	Lines      int      `json:"lines"` // of these messages
	Pending    int      `json:"pending"`
	Difference int      `json:"difference"`
	Missing    []string `json:"missing,omitempty"` // the first keys without a line
	Problem    string   `json:"problem,omitempty"` // it could not be counted
}

// maxMissing is how many keys without a line are named.
const maxMissing = 20

// countPatience bounds the counting of one mailbox.
const countPatience = 2 * time.Minute

// LedgerFilter says which lines.
type LedgerFilter struct {
	Channel string    `query:"channel"`
	Account string    `query:"account"`
	Outcome string    `query:"outcome" doc:"taken, joined, kept, held or duplicate."`
	Since   time.Time `query:"since"`
}

func (f LedgerFilter) lines() store.LedgerFilter {
	return store.LedgerFilter{Channel: f.Channel, Account: f.Account, Outcome: f.Outcome, Since: f.Since}
}

// ledger registers what can be asked about what came in.
func (a *api) ledger() {
	type list struct{ Body LedgerList }
	type counts struct{ Body LedgerCounts }
	type listFilter struct {
		LedgerFilter
		Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}
	add(a, op("GET", "/ledger", "list-ledger", "List what came in, newest first", desk.SeeAudit, noObject),
		func(ctx context.Context, in *listFilter) (*list, error) {
			out := LedgerList{Lines: []balie.LedgerEntry{}}
			f := in.lines()
			f.Limit = in.Limit
			for e, err := range a.Store.ListLedger(ctx, f) {
				if err != nil {
					return nil, fmt.Errorf("list the ledger: %w", err)
				}
				out.Lines = append(out.Lines, e)
			}
			return &list{out}, nil
		})
	type countFilter struct {
		LedgerFilter
		Compare bool `query:"compare" doc:"Count the mailboxes too and compare."`
	}
	add(a, op("GET", "/ledger/counts", "count-ledger", "Count what came in, and compare the mailboxes with it", desk.SeeAudit, noObject),
		func(ctx context.Context, in *countFilter) (*counts, error) {
			out := LedgerCounts{Mailboxes: []Compared{}}
			var err error
			if out.Outcomes, err = a.Store.CountLedger(ctx, in.lines()); err != nil {
				return nil, fmt.Errorf("count the ledger: %w", err)
			}
			for _, n := range out.Outcomes {
				out.Total += n
			}
			if !in.Compare {
				return &counts{out}, nil
			}
			for _, m := range a.Mailboxes {
				c, err := a.compare(ctx, m)
				if err != nil {
					return nil, err
				}
				out.Mailboxes = append(out.Mailboxes, c)
			}
			return &counts{out}, nil
		})
}

// compare looks for the line of each mail. A mailbox that cannot be counted is
// told as such: the others are compared all the same.
func (a *api) compare(ctx context.Context, m Mailbox) (Compared, error) {
	out := Compared{Mailbox: m.Name}
	bounded, cancel := context.WithTimeout(ctx, countPatience)
	n, err := m.Count(bounded)
	cancel()
	if err != nil {
		a.Log.Warn("a mailbox could not be counted", "mailbox", m.Name, "err", err)
		out.Problem = "the mailbox could not be counted: " + err.Error()
		return out, nil
	}
	out.Messages, out.Pending = len(n.UIDs), n.Pending
	without := make(map[uint32]bool, len(n.UIDs))
	for _, uid := range n.UIDs {
		without[uid] = true
	}
	for e, err := range a.Store.ListLedger(ctx, store.LedgerFilter{Channel: "email"}) {
		if err != nil {
			return out, fmt.Errorf("read the ledger: %w", err)
		}
		if rest, ok := strings.CutPrefix(e.Key, n.Prefix); ok {
			if uid, err := strconv.ParseUint(rest, 10, 32); err == nil {
				delete(without, uint32(uid))
			}
		}
	}
	out.Difference = len(without)
	out.Lines = out.Messages - out.Difference
	for _, uid := range n.UIDs {
		if without[uid] && len(out.Missing) < maxMissing {
			out.Missing = append(out.Missing, n.Prefix+strconv.FormatUint(uint64(uid), 10))
		}
	}
	return out, nil
}
