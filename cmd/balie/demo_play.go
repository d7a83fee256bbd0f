package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/store"
)

// told is how a question ended, as those outside saw it; what balie itself
// holds of it is beside it, to compare.
type told struct {
	q       question
	end     string
	letters []letter
	took    time.Duration // from handing over until all that it caused was sent
	lines   []balie.LedgerEntry
	request balie.Request
	dec     balie.Decision
	faults  []string // how it is not as it should be
	twice   int      // letters or requests too many
}

// playAll sends the questions, one after the other, and waits for what comes
// of each.
func (w *world) playAll(ctx context.Context, script []question) error {
	if err := w.openForms(ctx, script); err != nil {
		return err
	}
	for _, q := range script {
		t, err := w.ask(ctx, q)
		if err != nil {
			return err
		}
		w.told = append(w.told, t)
		w.out.part(q.Part)
		w.out.question(w, len(w.told), t)
	}
	return nil
}

// ask sends one question and waits until balie has a line for it and all that
// goes out is out.
func (w *world) ask(ctx context.Context, q question) (told, error) {
	t := told{q: q}
	before, err := w.ledger(ctx)
	if err != nil {
		return t, err
	}
	began := time.Now()
	s, err := w.send(ctx, q)
	if err != nil {
		return t, err
	}
	t.lines, err = w.inTime(ctx, before, q.lines())
	t.took = time.Since(began)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		t.faults = append(t.faults, fmt.Sprintf("waited %s: %d of %d lines in the ledger", w.patience, len(t.lines), q.lines()))
		err = nil
	}
	if err != nil {
		return t, err
	}
	t.letters = w.newLetters()
	if err := w.look(ctx, &t); err != nil {
		return t, err
	}
	t.end = t.ended(s)
	for _, l := range t.letters {
		switch l.kind {
		case "team":
			s.team = l
		case "alert":
		default:
			s.letter = l
		}
	}
	w.follow(&s)
	w.sent[q.ID] = s
	t.judge(s)
	return t, nil
}

// follow lets a reply without a letter of its own be answered to the letter
// before it.
func (w *world) follow(s *sending) {
	before := w.sent[s.q.Reply]
	if s.letter.msgID == "" {
		s.letter = before.letter
	}
	if s.team.msgID == "" {
		s.team = before.team
	}
	if s.q.Via == "slack" && before.ts != "" {
		s.ts = before.ts // the thread's first
	}
	if s.page == "" {
		s.page = before.page
	}
	if s.page != "" {
		w.status = w.url + s.page
	}
}

// ledger is how many lines there are.
func (w *world) ledger(ctx context.Context) (int, error) {
	count, err := w.db.CountLedger(ctx, store.LedgerFilter{})
	n := 0
	for _, c := range count {
		n += c
	}
	return n, err
}

// inTime is settled within the patience of whoever asks.
func (w *world) inTime(ctx context.Context, before, n int) ([]balie.LedgerEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	return w.settled(ctx, before, n)
}

// settled waits until the ledger has n lines more than before, and nothing of
// theirs waits to be sent. It returns those lines, oldest first.
func (w *world) settled(ctx context.Context, before, n int) ([]balie.LedgerEntry, error) {
	for {
		changed := w.db.Changed()
		now, err := w.ledger(ctx)
		if err != nil {
			return nil, err
		}
		lines, err := w.newest(ctx, now-before)
		if err != nil {
			return nil, err
		}
		waits, err := w.outstanding(ctx)
		if err != nil || now-before >= n && !waits {
			return lines, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return lines, ctx.Err()
		}
	}
}

func (w *world) newest(ctx context.Context, n int) ([]balie.LedgerEntry, error) {
	var lines []balie.LedgerEntry
	if n == 0 {
		return nil, nil
	}
	for e, err := range w.db.ListLedger(ctx, store.LedgerFilter{Limit: n}) {
		if err != nil {
			return nil, err
		}
		lines = append(lines, e)
	}
	slices.Reverse(lines)
	return lines, nil
}

// soonSent is within what time a letter must be due to be waited for: one that
// an agent may take back is, one that waits until the desk opens is not.
const soonSent = time.Minute

// outstanding reports whether anything waits to be sent that can go soon. What
// stands behind a letter to the same address that cannot waits with it.
func (w *world) outstanding(ctx context.Context) (bool, error) {
	type line struct {
		request balie.ID
		to      string
	}
	of := func(d balie.Delivery) line { return line{d.Request, d.To.Key()} }
	var all []balie.Delivery
	for _, status := range []balie.Status{balie.Leased, balie.Pending} {
		some, err := w.db.ListDeliveries(ctx, status, mostOutstanding)
		if err != nil {
			return true, err
		}
		all = append(all, some...)
	}
	held, soon := map[line]bool{}, time.Now().Add(soonSent)
	for _, d := range all {
		held[of(d)] = held[of(d)] || d.Due.After(soon)
	}
	return slices.ContainsFunc(all, func(d balie.Delivery) bool { return !held[of(d)] }), nil
}

// mostOutstanding is more letters than a demo ever has waiting.
const mostOutstanding = 1000

// look reads what balie decided, for the account.
func (w *world) look(ctx context.Context, t *told) error {
	for _, line := range t.lines {
		if line.Request.IsZero() {
			continue
		}
		var err error
		if t.request, err = w.db.Request(ctx, line.Request); err != nil {
			return fmt.Errorf("read the request of %s: %w", t.q.ID, err)
		}
		events, err := w.db.Events(ctx, line.Request, 0)
		if err != nil {
			return fmt.Errorf("read what happened to %s: %w", t.q.ID, err)
		}
		for _, e := range events {
			if e.Decision != nil && e.Message == line.Message && line.Outcome != balie.LedgerDuplicate {
				t.dec = *e.Decision
			}
		}
	}
	return nil
}

// kinds counts the letters of a kind.
func (t told) kinds(kinds ...string) int {
	n := 0
	for _, l := range t.letters {
		if slices.Contains(kinds, l.kind) {
			n++
		}
	}
	return n
}

// ended says how a question ended: by the letters that came of it, and where
// none came by the ledger.
func (t told) ended(s sending) string {
	switch {
	case t.kinds("answer") > 0:
		return endAnswered
	case t.kinds("ask", "offer") > 0:
		return endAsked
	case t.kinds("handedout", "team") > 0:
		return endHandedOut
	case t.kinds("receipt") > 0:
		return endDesk
	case len(t.lines) == 0 && t.q.lines() == 0 && s.repeated:
		return endDuplicate // told so by its receipt
	case len(t.lines) == 0:
		return endLost
	}
	switch last := t.lines[len(t.lines)-1]; last.Outcome {
	case balie.LedgerTaken, balie.LedgerKept:
		return endDesk
	case balie.LedgerJoined:
		return endJoined
	case balie.LedgerHeld:
		return endHeld
	}
	return endDuplicate
}

// judge compares how a question ended with how it should, and what its people
// got with what balie holds.
func (t *told) judge(s sending) {
	fault := func(format string, a ...any) { t.faults = append(t.faults, fmt.Sprintf(format, a...)) }
	if t.end != t.q.Expect {
		fault("ended %s, should be %s", t.end, t.q.Expect)
	}
	if product := t.request.Product; t.q.Is != "" && product != t.q.Is {
		fault("is about %q, should be %q", product, t.q.Is)
	}
	t.judgeAddressees(fault)
	seen, opened := map[string]bool{}, 0
	for _, l := range t.letters {
		if l.kind == "" {
			fault("a letter to %s is none that the desk writes", l.to)
		}
		for _, ref := range l.refs {
			if ref != t.request.Ref {
				fault("a letter to %s names %s, the request is %s", l.to, ref, t.request.Ref)
			}
		}
		key := l.to + " " + l.msgID
		if seen[key] {
			t.twice++
			fault("%s got the same letter twice", l.to)
		}
		seen[key] = true
	}
	for _, line := range t.lines {
		if line.Outcome == balie.LedgerTaken || line.Outcome == balie.LedgerKept {
			opened++
		}
		if s.msgID != "" && line.MsgID != "" && line.MsgID != s.msgID {
			fault("the ledger names %s, sent was %s", line.MsgID, s.msgID)
		}
	}
	if opened > 1 {
		t.twice += opened - 1
		fault("one message opened %d requests", opened)
	}
	if n := t.kinds("answer", "ask", "offer", "handedout", "receipt"); n > 1 {
		t.twice += n - 1
		fault("the customer got %d letters", n)
	}
}

// judgeAddressees looks whether what went out went to whom it is for, in their
// language: a letter to a customer only to who asked, and none at all where
// nobody may be answered.
func (t *told) judgeAddressees(fault func(string, ...any)) {
	for _, l := range t.letters {
		switch l.kind {
		case "team":
			if !strings.HasSuffix(l.to, demoTeams) && l.to != "#"+demoCatering {
				fault("%s got the letter of a team", l.to)
			}
		case "alert":
			if l.to != demoLead {
				fault("%s got the word to the lead", l.to)
			}
		default:
			if t.q.Silent {
				fault("%s got a letter, and should get none", l.to)
			}
			if l.language != t.q.language() {
				fault("%s wrote in %q and got a letter in %q", l.to, t.q.language(), l.language)
			}
			if l.to != t.q.backTo() {
				fault("%s got the letter of %s", l.to, t.q.backTo())
			}
		}
	}
}

// tally is the sum of all.
type tally struct {
	Sent       int `json:"sent"`
	Requests   int `json:"requests"`
	Answered   int `json:"answered"`
	Asked      int `json:"asked"`
	HandedOut  int `json:"handedout"`
	Desk       int `json:"desk"`
	Lost       int `json:"lost"`
	Duplicates int `json:"duplicates"`

	joined, held, repeated int
	letters                map[string]int // by whom they were for
	wrong                  []told
	strays                 []letter
}

// tally sums up. What came to somebody after the question it belongs to had
// ended is a letter too many.
func (w *world) tally(ctx context.Context) (tally, error) {
	var t tally
	t.letters, t.strays = map[string]int{}, w.newLetters()
	t.Duplicates = len(t.strays)
	var err error
	if t.Requests, err = w.db.Count(ctx, store.Filter{}); err != nil {
		return t, err
	}
	counts := map[string]*int{endAnswered: &t.Answered, endAsked: &t.Asked, endHandedOut: &t.HandedOut, endDesk: &t.Desk,
		endLost: &t.Lost, endJoined: &t.joined, endHeld: &t.held, endDuplicate: &t.repeated}
	for _, one := range w.told {
		t.Sent++
		*counts[one.end]++
		t.Duplicates += one.twice
		for _, l := range one.letters {
			t.letters[l.kind]++
		}
		if len(one.faults) > 0 {
			t.wrong = append(t.wrong, one)
		}
	}
	return t, nil
}

func (t tally) good() bool { return t.Lost == 0 && t.Duplicates == 0 && len(t.wrong) == 0 }
