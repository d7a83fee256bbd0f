package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// whyLimit bounds a reason, in bytes.
const whyLimit = 2000

// PublishDraft puts the actor's draft in force and gives its version. It needs
// a reason and green examples. ErrStale: somebody else published since the
// draft was begun (see Merge), or it was changed in another window.
func (r *Rules) PublishDraft(ctx context.Context, a Actor, seen DraftSeen, reason string, now time.Time) (int, error) {
	d, err := r.writable(ctx, a, seen)
	if err != nil {
		return 0, err
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	if d.Stale() {
		return 0, fmt.Errorf("publish on version %d, and %d is in force: %w", d.Base, d.InForce, balie.ErrStale)
	}
	v, err := r.View(ctx, a, now)
	if err != nil {
		return 0, err
	}
	switch {
	case v.Problem != nil:
		return 0, v.Problem
	case !d.Begun() || len(v.Diff) == 0:
		return 0, &balie.InvalidError{Field: "draft", Problem: "nothing was changed", Fix: "change a rule first"}
	case len(v.Failed) > 0:
		return 0, &balie.InvalidError{Field: "examples", Problem: fmt.Sprintf("%d of %d examples fail", len(v.Failed), v.Examples), Fix: "mend the rules or the examples"}
	}
	doc := store.Document{Kind: RulesDoc, Body: d.Body, At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	version, err := r.lib.Publish(ctx, doc, d.Base, "rules")
	if err != nil {
		return 0, err
	}
	gone := balie.Record{Kind: ruleDraftKind, Key: a.ID, Version: d.Version + 1}
	return version, r.trace(ctx, a, "rules.publish", d.Base, version, doc.Reason, now, gone)
}

func reasoned(reason string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return &balie.InvalidError{Field: "reason", Problem: "it is not said why", Fix: "give a reason; the history shows it"}
	case len(reason) > whyLimit:
		return &balie.InvalidError{Field: "reason", Problem: "the reason is too long", Fix: fmt.Sprintf("use at most %d characters", whyLimit)}
	}
	return nil
}

// trace leaves the audit line of a publication. The version itself, with who
// and why, is stored already.
func (r *Rules) trace(ctx context.Context, a Actor, act string, before, after int, reason string, now time.Time, more ...balie.Record) error {
	type version struct {
		Version int    `json:"version"`
		Reason  string `json:"reason,omitempty"`
	}
	line := a.Audit(now, act, "document:rules", version{Version: before}, version{after, reason})
	if err := r.store.Commit(ctx, balie.Change{Records: append(more, line)}); err != nil {
		return fmt.Errorf("leave a trace of rules version %d: %w", after, err)
	}
	return nil
}

// Rollback publishes an old version again; base is the version the actor saw
// in force. Nothing is taken away, so it is undone in the same way. Examples
// need not be green: what worked yesterday may be wanted back today.
func (r *Rules) Rollback(ctx context.Context, a Actor, version, base int, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	old, err := r.store.Document(ctx, RulesDoc, "", version)
	if err != nil {
		return 0, fmt.Errorf("read rules version %d: %w", version, err)
	}
	doc := store.Document{Kind: RulesDoc, Body: old.Body, At: now.UTC(), By: a.By(), Reason: strings.TrimSpace(reason)}
	now2, err := r.lib.Publish(ctx, doc, base, fmt.Sprintf("rules (version %d)", version))
	if err != nil {
		return 0, err
	}
	return now2, r.trace(ctx, a, "rules.rollback", base, now2, doc.Reason, now)
}

// RulesHistory lists the versions without their bodies, newest first.
func (r *Rules) RulesHistory(ctx context.Context, a Actor) ([]store.Document, error) {
	if !a.Can(SeeDocuments) {
		return nil, balie.ErrDenied
	}
	return r.store.DocumentHistory(ctx, RulesDoc, "")
}

// RulesCompared is one version beside another.
type RulesCompared struct {
	From, To       *router.Ruleset
	FromDoc, ToDoc store.Document
	Diff           []router.Difference
}

// Compare compares any two versions.
func (r *Rules) Compare(ctx context.Context, a Actor, from, to int) (RulesCompared, error) {
	var c RulesCompared
	if !a.Can(SeeDocuments) {
		return c, balie.ErrDenied
	}
	var err error
	if c.From, c.FromDoc, err = r.published(ctx, from); err != nil {
		return c, err
	}
	if c.To, c.ToDoc, err = r.published(ctx, to); err != nil {
		return c, err
	}
	c.Diff = router.Diff(c.From, c.To)
	return c, nil
}
