package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/store"
)

// UpkeepStore is what looking after balie needs of a store.
type UpkeepStore interface {
	store.Requests
	store.Timeline
	store.Outbox
	store.Documents
	store.Blobs
	store.Ledger
}

// Releaser makes a request of a message that was kept without one.
type Releaser interface {
	Release(ctx context.Context, message balie.ID, by string) (balie.Request, error)
}

// Upkeep is looking after what goes out and what was not taken in, and the
// words of letters. Every act leaves an audit line (S13).
type Upkeep struct {
	store   UpkeepStore
	lib     *Library
	release Releaser
}

// NewUpkeep returns the acts of upkeep.
func NewUpkeep(s UpkeepStore, l *Library, r Releaser) *Upkeep { return &Upkeep{s, l, r} }

// trace leaves an audit line.
func (u *Upkeep) trace(ctx context.Context, a Actor, now time.Time, act, object string, before, after any) error {
	line := AuditLine{At: now.UTC(), By: a.By(), Act: act, Object: object, Before: auditJSON(before), After: auditJSON(after), From: a.From}
	if err := u.store.Commit(ctx, balie.Change{Records: []balie.Record{line.Record()}}); err != nil {
		return fmt.Errorf("leave a trace of %s: %w", act, err)
	}
	return nil
}

// DeliveryLine is a delivery with what a list shows of its request.
type DeliveryLine struct {
	balie.Delivery
	Ref, Subject string
}

// Deliveries lists by status, oldest first.
func (u *Upkeep) Deliveries(ctx context.Context, a Actor, status balie.Status, limit int) ([]DeliveryLine, error) {
	if !a.Can(SeeAudit) {
		return nil, balie.ErrDenied
	}
	all, err := u.store.ListDeliveries(ctx, status, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	var q store.Query
	for _, d := range all {
		if !d.Request.IsZero() {
			q.Requests = append(q.Requests, d.Request)
		}
	}
	found, err := u.store.Lookup(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read the requests of deliveries: %w", err)
	}
	out := make([]DeliveryLine, len(all))
	for i, d := range all {
		r := found.Requests[d.Request]
		out[i] = DeliveryLine{d, r.Ref, r.Subject}
	}
	return out, nil
}

// CountDeliveries counts up to a limit for each status.
func (u *Upkeep) CountDeliveries(ctx context.Context, a Actor, limit int, of ...balie.Status) (map[balie.Status]int, error) {
	if !a.Can(SeeAudit) {
		return nil, balie.ErrDenied
	}
	out := map[balie.Status]int{}
	for _, s := range of {
		all, err := u.store.ListDeliveries(ctx, s, limit)
		if err != nil {
			return nil, fmt.Errorf("count deliveries: %w", err)
		}
		out[s] = len(all)
	}
	return out, nil
}

// what a delivery was and became, for the audit log.
type deliveryTrace struct {
	Status  balie.Status `json:"status"`
	To      string       `json:"to,omitempty"`
	Why     string       `json:"why,omitempty"`
	Attempt int          `json:"attempt,omitempty"`
}

// Retry sends a delivery again that was given up or held.
func (u *Upkeep) Retry(ctx context.Context, a Actor, id balie.ID, now time.Time) error {
	return u.deliver(ctx, a, id, "delivery.retry", now, func() (balie.Delivery, error) {
		return RetryDelivery(ctx, u.store, id, a.By(), now)
	})
}

// Discard keeps a delivery from going out, and says why.
func (u *Upkeep) Discard(ctx context.Context, a Actor, id balie.ID, reason string, now time.Time) error {
	return u.deliver(ctx, a, id, "delivery.discard", now, func() (balie.Delivery, error) {
		return DiscardDelivery(ctx, u.store, id, a.By(), reason, now)
	})
}

func (u *Upkeep) deliver(ctx context.Context, a Actor, id balie.ID, act string, now time.Time, do func() (balie.Delivery, error)) error {
	if !a.Can(Manage) {
		return balie.ErrDenied
	}
	was, err := u.store.Delivery(ctx, id)
	if err != nil {
		return err
	}
	is, err := do()
	if err != nil {
		return err
	}
	return u.trace(ctx, a, now, act, "delivery:"+id.String(),
		deliveryTrace{was.Status, was.To.Value, was.LastError, was.Attempt}, deliveryTrace{is.Status, is.To.Value, is.LastError, is.Attempt})
}

// Ledger lists what came in, newest first, and counts it by outcome.
func (u *Upkeep) Ledger(ctx context.Context, a Actor, f store.LedgerFilter) ([]balie.LedgerEntry, map[string]int, error) {
	if !a.Can(SeeAudit) {
		return nil, nil, balie.ErrDenied
	}
	var out []balie.LedgerEntry
	for e, err := range u.store.ListLedger(ctx, f) {
		if err != nil {
			return nil, nil, fmt.Errorf("list what came in: %w", err)
		}
		out = append(out, e)
	}
	all := f
	all.Outcome, all.Limit = "", 0
	counts, err := u.store.CountLedger(ctx, all)
	if err != nil {
		return nil, nil, fmt.Errorf("count what came in: %w", err)
	}
	return out, counts, nil
}

// Original opens a message as it came. That somebody read one that has no
// request leaves a trace: nobody is its agent.
func (u *Upkeep) Original(ctx context.Context, a Actor, message balie.ID, now time.Time) (io.ReadCloser, error) {
	if !a.Can(SeeAudit) {
		return nil, balie.ErrDenied
	}
	m, err := u.store.Message(ctx, message)
	if err != nil {
		return nil, err
	}
	if err := u.trace(ctx, a, now, "message.open", "message:"+message.String(), nil, map[string]string{"from": m.From.Value}); err != nil {
		return nil, err
	}
	if m.Original == "" {
		return io.NopCloser(strings.NewReader(m.Text)), nil
	}
	return u.store.OpenBlob(ctx, m.Original)
}

// Release makes a request of a message that was held back.
func (u *Upkeep) Release(ctx context.Context, a Actor, message balie.ID, now time.Time) (balie.Request, error) {
	if !a.Can(Manage) {
		return balie.Request{}, balie.ErrDenied
	}
	r, err := u.release.Release(ctx, message, a.By())
	if errors.Is(err, balie.ErrDuplicate) {
		return r, &balie.InvalidError{Field: "message", Problem: "this message has a request already", Fix: "look at the list again"}
	}
	if err != nil {
		return r, err
	}
	return r, u.trace(ctx, a, now, "message.release", "message:"+message.String(), nil, map[string]string{"request": r.Ref})
}

// Templates are the desk's own words in force, and their version.
func (u *Upkeep) Templates(ctx context.Context, a Actor) (Templates, int, error) {
	if !a.Can(SeeAudit) {
		return nil, 0, balie.ErrDenied
	}
	return u.templates(ctx, 0)
}

func (u *Upkeep) templates(ctx context.Context, version int) (Templates, int, error) {
	d, err := u.store.Document(ctx, TemplatesDoc, "", version)
	if errors.Is(err, balie.ErrNotFound) && version == 0 {
		return Templates{}, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the templates: %w", err)
	}
	base, err := i18n.Load()
	if err != nil {
		return nil, 0, err
	}
	t, err := ParseTemplates(fmt.Sprintf("templates (version %d)", d.Version), d.Body, base)
	return t, d.Version, err
}

// SetTemplate publishes one text of the desk's own; "" takes the built-in one
// back. base is the version the form showed: ErrStale when it is not in force.
func (u *Upkeep) SetTemplate(ctx context.Context, a Actor, base int, key, language, text, reason string, now time.Time) (int, error) {
	if !a.Can(Manage) {
		return 0, balie.ErrDenied
	}
	texts, err := i18n.Load()
	if err != nil {
		return 0, err
	}
	if text != "" {
		if err := CheckTemplate(texts, key, text); err != nil {
			return 0, err
		}
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	own, version, err := u.templates(ctx, 0)
	if err != nil {
		return 0, err
	}
	if version != base {
		return 0, fmt.Errorf("the templates were made on version %d, and %d is in force: %w", base, version, balie.ErrStale)
	}
	return u.putTemplates(ctx, a, "templates.publish", own.With(key, language, text), base, reason, now)
}

// RollbackTemplates publishes an old version again.
func (u *Upkeep) RollbackTemplates(ctx context.Context, a Actor, version, base int, reason string, now time.Time) (int, error) {
	if !a.Can(Manage) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	old, _, err := u.templates(ctx, version)
	if err != nil {
		return 0, err
	}
	return u.putTemplates(ctx, a, "templates.rollback", old, base, reason, now)
}

func (u *Upkeep) putTemplates(ctx context.Context, a Actor, act string, t Templates, base int, reason string, now time.Time) (int, error) {
	d := store.Document{Kind: TemplatesDoc, Body: t.Marshal(), At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := u.lib.Publish(ctx, d, base, TemplatesDoc)
	if err != nil {
		return 0, err
	}
	return version, published(ctx, u.store, a, act, TemplatesDoc, base, version, d.Reason, now)
}

// TemplateHistory lists the versions without their bodies, newest first.
func (u *Upkeep) TemplateHistory(ctx context.Context, a Actor) ([]store.Document, error) {
	if !a.Can(SeeAudit) {
		return nil, balie.ErrDenied
	}
	return u.store.DocumentHistory(ctx, TemplatesDoc, "")
}

// Tried leaves the audit line of a test that somebody sent.
func (u *Upkeep) Tried(ctx context.Context, a Actor, channel, to, result string, sent bool, now time.Time) error {
	type trial struct {
		To     string `json:"to"`
		Sent   bool   `json:"sent"`
		Result string `json:"result,omitempty"`
	}
	return u.trace(ctx, a, now, "channel.test", "channel:"+channel, nil, trial{to, sent, result})
}
