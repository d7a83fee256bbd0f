package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
	"github.com/balie/balie/store/boltstore"
)

// verdict is what came of it all.
type verdict struct {
	items, requests, sent                   int
	lost, double, undecided, twice, unknown []string // what, in words
	flaws                                   []store.Flaw
}

func (v *verdict) bad() bool {
	return len(v.lost)+len(v.double)+len(v.undecided)+len(v.twice)+len(v.flaws) > 0
}

// add takes the findings of another run over.
func (v *verdict) add(o *verdict) {
	v.items, v.requests, v.sent = v.items+o.items, v.requests+o.requests, v.sent+o.sent
	v.lost, v.double, v.undecided = append(v.lost, o.lost...), append(v.double, o.double...), append(v.undecided, o.undecided...)
	v.twice, v.unknown, v.flaws = append(v.twice, o.twice...), append(v.unknown, o.unknown...), append(v.flaws, o.flaws...)
}

func (v *verdict) String() string {
	return fmt.Sprintf("lost %d, double %d, without a decision %d, sent twice %d (%d unknowable); flaws %d; %d messages, %d requests, %d letters",
		len(v.lost), len(v.double), len(v.undecided), len(v.twice), len(v.unknown), len(v.flaws), v.items, v.requests, v.sent)
}

// details are the first of each kind of finding.
func (v *verdict) details() string {
	var b strings.Builder
	for _, f := range []struct {
		name string
		list []string
	}{{"lost", v.lost}, {"double", v.double}, {"without a decision", v.undecided}, {"sent twice", v.twice}} {
		for _, s := range f.list[:min(len(f.list), 10)] {
			fmt.Fprintf(&b, "  %s: %s\n", f.name, s)
		}
	}
	for _, f := range v.flaws[:min(len(v.flaws), 10)] {
		fmt.Fprintf(&b, "  flaw: %s: %s\n", f.Where, f.What)
	}
	return b.String()
}

// judge compares what balie's store holds with what the world knows. The
// balie has been stopped.
func (w *world) judge(ctx context.Context) (*verdict, error) {
	db, err := boltstore.Open(w.site.Data(), boltstore.Options{MinFree: -1})
	if err != nil {
		return nil, fmt.Errorf("open the store to judge it: %w", err)
	}
	defer db.Close()
	v := &verdict{items: len(w.items)}
	if err := w.judgeLedger(ctx, db, v); err != nil {
		return nil, err
	}
	if err := w.judgeLetters(ctx, db, v); err != nil {
		return nil, err
	}
	v.flaws, err = db.Verify(ctx, func(int, int) {})
	return v, err
}

// judgeLedger finds what was lost or doubled: each item has one line, each
// line that opened something one request, and each request a decision.
func (w *world) judgeLedger(ctx context.Context, db *boltstore.DB, v *verdict) error {
	lines := map[string][]balie.LedgerEntry{} // by marker
	opened := map[balie.ID]int{}              // lines by request
	for e, err := range db.ListLedger(ctx, store.LedgerFilter{}) {
		if err != nil {
			return err
		}
		marker, err := w.markerOf(ctx, db, e)
		if err != nil {
			return fmt.Errorf("see which message %s was: %w", e.Key, err)
		}
		lines[marker] = append(lines[marker], e)
		if e.Outcome == balie.LedgerTaken || e.Outcome == balie.LedgerKept {
			opened[e.Request]++
		}
	}
	for marker, i := range w.items {
		w.judgeItem(v, i, lines[marker])
	}
	for marker, found := range lines {
		if w.items[marker] == nil {
			v.double = append(v.double, fmt.Sprintf("%d lines of nobody's: %q %s %s", len(found), marker, found[0].Channel, found[0].Key))
		}
	}
	for r, err := range db.List(ctx, store.Filter{}) {
		if err != nil {
			return err
		}
		v.requests++
		if opened[r.ID] != 1 {
			v.double = append(v.double, fmt.Sprintf("request %s was opened by %d messages", r.Ref, opened[r.ID]))
		}
		events, err := db.Events(ctx, r.ID, 0)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(events, func(e balie.Event) bool { return e.Decision != nil }) {
			v.undecided = append(v.undecided, "request "+r.Ref)
		}
	}
	return nil
}

func (w *world) judgeItem(v *verdict, i *item, lines []balie.LedgerEntry) {
	switch {
	case len(lines) == 0 && i.acked:
		v.lost = append(v.lost, i.marker+" was acknowledged and is not in the ledger")
	case len(lines) == 0:
		v.lost = append(v.lost, i.marker+" was never taken in")
	case len(lines) > 1:
		v.double = append(v.double, fmt.Sprintf("%s has %d lines", i.marker, len(lines)))
	case i.message != "" && i.message != lines[0].Message.String():
		v.double = append(v.double, fmt.Sprintf("%s was acknowledged as %s and is %s", i.marker, i.message, lines[0].Message))
	case !i.silent && lines[0].Request.IsZero():
		v.lost = append(v.lost, fmt.Sprintf("%s is %s (%s) and has no request", i.marker, lines[0].Outcome, lines[0].Reason))
	}
}

var said = regexp.MustCompile(`Kenmerk: ([a-z]+-\d+)\.`)

// markerOf is which item a line is about: by its key where the world chose
// that, else by the words of its original.
func (w *world) markerOf(ctx context.Context, db *boltstore.DB, e balie.LedgerEntry) (string, error) {
	for _, prefix := range []string{"api:rig:", "call:phone:"} {
		if marker, ok := strings.CutPrefix(e.Key, prefix); ok {
			return marker, nil
		}
	}
	m, err := db.Message(ctx, e.Message)
	if err != nil {
		return "", err
	}
	r, err := db.OpenBlob(ctx, m.Original)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	if found := said.FindSubmatch(b); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}

// copies are the copies of one letter to one address, as the place in what
// the other side took.
type copies map[string][]int

// judgeLetters finds letters that went out twice, or that balie believes to
// have sent and nobody got.
func (w *world) judgeLetters(ctx context.Context, db *boltstore.DB, v *verdict) error {
	mails, err := w.mails()
	if err != nil {
		return err
	}
	posts := w.posts()
	w.judgeCopies(v, mails)
	for key, places := range posts { // Slack can be asked what it has: nothing is unknowable there
		if len(places) > 1 {
			v.twice = append(v.twice, "in Slack "+key)
		}
	}
	sent, err := db.ListDeliveries(ctx, balie.SentOK, 0)
	if err != nil {
		return err
	}
	for _, d := range sent {
		v.sent++
		m, err := db.Message(ctx, d.Message)
		if err != nil {
			return err
		}
		key, took := letterKey(m.MsgID, d.To.Value), mails
		if d.Channel == "slack" {
			key, took = d.ID.String(), posts
		}
		if len(took[key]) == 0 {
			v.lost = append(v.lost, fmt.Sprintf("letter %s to %s is sent for balie and came nowhere", m.MsgID, d.To.Value))
		}
		delete(took, key)
	}
	for _, took := range []copies{mails, posts} {
		for key := range took {
			v.twice = append(v.twice, "balie does not know that it sent "+key)
		}
	}
	return w.judgeWaiting(ctx, db, v)
}

// judgeWaiting: after the draining nothing waits and nothing was given up.
func (w *world) judgeWaiting(ctx context.Context, db *boltstore.DB, v *verdict) error {
	for _, s := range []balie.Status{balie.Pending, balie.Leased, balie.Dead} {
		left, err := db.ListDeliveries(ctx, s, 0)
		if err != nil {
			return err
		}
		for _, d := range left {
			v.lost = append(v.lost, fmt.Sprintf("letter %s to %s is %s: %s", d.ID, d.To.Value, s, d.LastError))
		}
	}
	return nil
}

// underWay is how many letters balie may have under way at once: a process
// that is killed leaves at most so many of which it knows nothing.
const underWay = 8

// judgeCopies tells copies that nobody could avoid from others. One is
// unknowable when the process that sent the earlier copy ended before it
// could write that down: the copy is among the last that it handed over, and
// the next one came from another process.
func (w *world) judgeCopies(v *verdict, all copies) {
	var order []int
	for _, places := range all {
		order = append(order, places...)
	}
	slices.Sort(order)
	for key, places := range all {
		for i := 1; i < len(places); i++ {
			if ends, ok := w.endBetween(places[i-1], places[i]); ok && lastOnes(order, places[i-1], ends) {
				v.unknown = append(v.unknown, key)
				continue
			}
			v.twice = append(v.twice, key)
		}
	}
}

// endBetween is how far the mail server was at the first end of a process
// after a and before b.
func (w *world) endBetween(a, b int) (int, bool) {
	for _, n := range w.ends {
		if n > a && n <= b {
			return n, true
		}
	}
	return 0, false
}

// lastOnes reports whether place is among the last that were taken before an
// end.
func lastOnes(order []int, place, ends int) bool {
	after := 0
	for _, p := range order {
		if p > place && p < ends {
			after++
		}
	}
	return after < underWay
}

func letterKey(msgID, to string) string { return strings.Trim(msgID, "<>") + " to " + to }

// mails are the mails that the mail server took.
func (w *world) mails() (copies, error) {
	out := copies{}
	for i, t := range w.mail.Transactions() {
		if !t.Accepted {
			continue
		}
		m, err := mail.ReadMessage(bytes.NewReader(t.Data))
		if err != nil {
			return nil, fmt.Errorf("read a letter that balie sent: %w", err)
		}
		id := m.Header.Get("Message-ID")
		if id == "" {
			return nil, errors.New("a letter that balie sent has no Message-ID")
		}
		for _, to := range t.To {
			key := letterKey(id, to)
			out[key] = append(out[key], i)
		}
	}
	return out, nil
}

var payload = regexp.MustCompile(`"delivery":\s*"([^"]+)"`)

// posts are what balie wrote in Slack, by the delivery they name.
func (w *world) posts() copies {
	out := copies{}
	for i, m := range w.posted() {
		key := "a message without metadata: " + m.Text
		if found := payload.FindSubmatch(m.Metadata); found != nil {
			key = string(found[1])
		}
		out[key] = append(out[key], i)
	}
	return out
}
