package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/store"
)

// MIMELines is JSON, one value a line.
const MIMELines = "application/jsonl"

// ExportedMessage is a message as it is exported: what is stored of it, and the
// reference of its request.
type ExportedMessage struct {
	balie.Message
	Ref string `json:"ref,omitempty"`
}

// link is a signed link of ours in a text: whoever has it acts as the customer
// or the team it was sent to.
var link = regexp.MustCompile(`/[0-9a-hjkmnp-tv-z]{64}\b`)

// exported is a message as it may leave: without working links (S12).
func exported(m balie.Message, ref string) ExportedMessage {
	m.Text = link.ReplaceAllString(m.Text, "/…")
	m.Full = link.ReplaceAllString(m.Full, "/…")
	return ExportedMessage{m, ref}
}

// feedPage is how many events are read at a time.
const feedPage = 500

// exports registers the ways to take everything out.
func (a *api) exports() {
	type what struct {
		What string `path:"what" enum:"requests,messages,events"`
	}
	writers := map[string]func(context.Context, lines) error{
		"requests": a.exportRequests, "messages": a.exportMessages, "events": a.exportEvents,
	}
	add(a, op("GET", "/export/{what}", "export", "All requests, messages or events as JSON lines", desk.Manage, noObject).onSocket(),
		func(_ context.Context, in *what) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				a.stream(hc, MIMELines, func(ctx context.Context, w *bufio.Writer) error {
					return writers[in.What](ctx, newLines(w))
				})
			}}, nil
		})
}

func (a *api) exportRequests(ctx context.Context, out lines) error {
	for r, err := range a.Store.List(ctx, store.Filter{Order: store.ByOpened}) {
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		if err := out.write(r); err != nil {
			return err
		}
	}
	return nil
}

// exportMessages writes the messages of every request, then those that belong
// to none: held back, and kept with the reason in the ledger.
func (a *api) exportMessages(ctx context.Context, out lines) error {
	for r, err := range a.Store.List(ctx, store.Filter{Order: store.ByOpened}) {
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		all, err := a.Store.Messages(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, m := range all {
			if err := out.write(exported(m, r.Ref)); err != nil {
				return err
			}
		}
	}
	for e, err := range a.Store.ListLedger(ctx, store.LedgerFilter{Outcome: balie.LedgerHeld}) {
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		m, err := a.Store.Message(ctx, e.Message)
		if errors.Is(err, balie.ErrNotFound) || err == nil && !m.Request.IsZero() {
			continue
		}
		if err != nil {
			return err
		}
		if err := out.write(exported(m, "")); err != nil {
			return err
		}
	}
	return nil
}

func (a *api) exportEvents(ctx context.Context, out lines) error {
	var after store.FeedCursor
	for {
		page, next, err := a.Store.Read(ctx, after, feedPage)
		if err != nil {
			return fmt.Errorf("read the feed: %w", err)
		}
		for _, e := range page {
			if err := out.write(e); err != nil {
				return err
			}
		}
		if len(page) == 0 || next == after {
			return nil
		}
		after = next
	}
}
