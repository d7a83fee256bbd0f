package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// RulesStore is what working on rules needs of a store.
type RulesStore interface {
	store.Requests
	store.Timeline
	store.Records
	store.Documents
	store.Feed
}

// RulesOptions are the settings for working on rules.
type RulesOptions struct {
	Calendar hours.Calendar // of the desk itself
	Language string         // of a question that does not say
	Log      *slog.Logger
}

// Rules is working on the rules: an admin's draft, its trial and publication,
// and how often each rule matches.
//
// There is one draft per admin, on the version it was begun from. A draft
// whose base is no longer in force cannot be published: what the other admin
// changed is shown, and one's own changes are put on top of it by Reapply.
type Rules struct {
	store  RulesStore
	lib    *Library
	o      RulesOptions
	hits   *hitBook
	jobs   *backtests
	checks checks
}

// NewRules returns the work on rules. Run counts hits and looks back.
func NewRules(s RulesStore, l *Library, o RulesOptions) *Rules {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Rules{store: s, lib: l, o: o, hits: newHitBook(s, o.Calendar.Zone()), jobs: newBacktests()}
}

// Run counts hits from the feed and runs backtests, until ctx ends.
func (r *Rules) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.hits.run(ctx, r.o.Log) })
	for range backtestsAtOnce {
		g.Go(func() error { return r.jobs.run(ctx, r) })
	}
	return g.Wait()
}

// ruleDraftKind is the kind of the records that drafts are; the key is the admin.
const ruleDraftKind = "ruledraft"

// RuleDraft is the rules as one admin is changing them.
type RuleDraft struct {
	Base    int    // the version it was begun from
	Version uint64 // grows with every change; 0: nothing was changed
	Body    []byte
	Saved   time.Time
	InForce int // the version in force now
}

// Begun reports whether anything was changed.
func (d RuleDraft) Begun() bool { return d.Version > 0 }

// Stale reports whether somebody else published since the draft was begun.
func (d RuleDraft) Stale() bool { return d.Base != d.InForce }

// storedDraft is a draft in its record.
type storedDraft struct {
	Base  int       `json:"base"`
	Body  string    `json:"body"`
	Saved time.Time `json:"saved"`
}

// Draft is the actor's draft; who has none sees the rules in force.
func (r *Rules) Draft(ctx context.Context, a Actor) (RuleDraft, error) {
	if !a.Can(SeeDocuments) {
		return RuleDraft{}, balie.ErrDenied
	}
	rs := r.lib.Brain().Rules
	d := RuleDraft{Base: rs.Version, Body: rs.Export(), InForce: rs.Version}
	if !a.Can(Publish) {
		return d, nil
	}
	in, version, err := ownDraft(ctx, r.store, ruleDraftKind, a)
	if version == 0 || err != nil {
		return d, err
	}
	d.Base, d.Version, d.Body, d.Saved = in.Base, version, []byte(in.Body), in.Saved
	return d, nil
}

// ownDraft is the actor's draft of a kind of document; version 0: none.
func ownDraft(ctx context.Context, s store.Records, kind string, a Actor) (in storedDraft, version uint64, err error) {
	rec, err := s.Record(ctx, kind, a.ID)
	if errors.Is(err, balie.ErrNotFound) {
		return in, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(rec.Body, &in)
	}
	if err != nil {
		return in, 0, fmt.Errorf("read the draft of %s: %w", a.ID, err)
	}
	return in, rec.Version, nil
}

// DraftSeen says which draft a form was made from: an act on another one is
// refused with ErrStale.
type DraftSeen struct {
	Base    int
	Version uint64
}

// Seen is how a form names the draft it was made from.
func (d RuleDraft) Seen() DraftSeen { return DraftSeen{d.Base, d.Version} }

// change makes a new body of the draft and keeps it. What does not hold is
// refused, with all that is wrong in it.
func (r *Rules) change(ctx context.Context, a Actor, seen DraftSeen, now time.Time, edit func(body []byte) ([]byte, error)) (RuleDraft, error) {
	d, err := r.writable(ctx, a, seen)
	if err != nil {
		return d, err
	}
	body, err := edit(d.Body)
	if err != nil {
		return d, err
	}
	if _, err := r.lib.Draft(RulesDoc, "rules", body); err != nil {
		return d, err
	}
	d.Body = body
	return r.keep(ctx, a, d, now)
}

// writable is the draft that a form was made from.
func (r *Rules) writable(ctx context.Context, a Actor, seen DraftSeen) (RuleDraft, error) {
	if !a.Can(Publish) {
		return RuleDraft{}, balie.ErrDenied
	}
	d, err := r.Draft(ctx, a)
	if err != nil {
		return d, err
	}
	if d.Version != seen.Version || d.Begun() && d.Base != seen.Base {
		return d, fmt.Errorf("change the draft of %s: %w", a.ID, balie.ErrStale)
	}
	if d.Begun() || d.Base == seen.Base {
		return d, nil
	}
	// Somebody published while the form was open: the draft begins where the
	// form did, so that nothing of theirs is overwritten unseen.
	doc, err := r.store.Document(ctx, RulesDoc, "", seen.Base)
	if err != nil {
		return d, fmt.Errorf("read rules version %d: %w", seen.Base, err)
	}
	d.Base, d.Body = seen.Base, doc.Body
	return d, nil
}

// keep stores a draft.
func (r *Rules) keep(ctx context.Context, a Actor, d RuleDraft, now time.Time) (RuleDraft, error) {
	d.Version++
	d.Saved = now.UTC()
	body, err := json.Marshal(storedDraft{d.Base, string(d.Body), d.Saved})
	if err != nil {
		return d, fmt.Errorf("write the draft of %s: %w", a.ID, err)
	}
	c := balie.Change{Records: []balie.Record{{Kind: ruleDraftKind, Key: a.ID, Version: d.Version, Body: body}}}
	if err := r.store.Commit(ctx, c); err != nil {
		return d, fmt.Errorf("keep the draft of %s: %w", a.ID, err)
	}
	return d, nil
}

// SaveRule puts a changed rule in the draft.
func (r *Rules) SaveRule(ctx context.Context, a Actor, seen DraftSeen, rule router.Rule, now time.Time) (RuleDraft, error) {
	return r.change(ctx, a, seen, now, func(b []byte) ([]byte, error) { return router.WithRule(b, rule) })
}

// AddRule puts a new rule at a place, from 0.
func (r *Rules) AddRule(ctx context.Context, a Actor, seen DraftSeen, rule router.Rule, at int, now time.Time) (RuleDraft, error) {
	return r.change(ctx, a, seen, now, func(b []byte) ([]byte, error) { return router.WithNewRule(b, rule, at) })
}

// RemoveRule takes a rule out of the draft.
func (r *Rules) RemoveRule(ctx context.Context, a Actor, seen DraftSeen, id string, now time.Time) (RuleDraft, error) {
	return r.change(ctx, a, seen, now, func(b []byte) ([]byte, error) { return router.WithoutRule(b, id) })
}

// MoveRule moves a rule to a place, from 0.
func (r *Rules) MoveRule(ctx context.Context, a Actor, seen DraftSeen, id string, to int, now time.Time) (RuleDraft, error) {
	return r.change(ctx, a, seen, now, func(b []byte) ([]byte, error) { return router.WithRuleAt(b, id, to) })
}

// SaveText puts a whole ruleset, as YAML, in the draft.
func (r *Rules) SaveText(ctx context.Context, a Actor, seen DraftSeen, body []byte, now time.Time) (RuleDraft, error) {
	return r.change(ctx, a, seen, now, func([]byte) ([]byte, error) { return body, nil })
}

// DuplicateRule puts a copy behind a rule, switched off, and gives its id.
func (r *Rules) DuplicateRule(ctx context.Context, a Actor, seen DraftSeen, id string, now time.Time) (string, RuleDraft, error) {
	copied := ""
	d, err := r.change(ctx, a, seen, now, func(b []byte) ([]byte, error) {
		rs, err := router.Compile("rules", b, nil)
		if err != nil {
			return nil, err
		}
		rules := rs.Rules()
		for i, rule := range rules {
			if rule.ID == id {
				copied = FreeRuleID(rules, id)
				rule.ID, rule.Disabled, rule.Line = copied, true, 0
				return router.WithNewRule(b, rule, i+1)
			}
		}
		return nil, balie.ErrNotFound
	})
	return copied, d, err
}

// FreeRuleID makes an id of a name that no rule has yet.
func FreeRuleID(rules []router.Rule, name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	base := strings.Trim(b.String()[:min(b.Len(), 48)], "-")
	if base == "" {
		base = "regel"
	}
	id := base
	for n := 2; taken(rules, id); n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	return id
}

func taken(rules []router.Rule, id string) bool {
	for _, r := range rules {
		if r.ID == id {
			return true
		}
	}
	return false
}

// thrownAway is how long a draft that was thrown away can be had back.
const thrownAway = 24 * time.Hour

// Discard throws the draft away; Restore gives it back within a day.
func (r *Rules) Discard(ctx context.Context, a Actor, seen DraftSeen, now time.Time) error {
	d, err := r.writable(ctx, a, seen)
	if err != nil || !d.Begun() {
		return err
	}
	body, err := json.Marshal(storedDraft{d.Base, string(d.Body), d.Saved})
	if err != nil {
		return fmt.Errorf("write the draft of %s: %w", a.ID, err)
	}
	return r.store.Commit(ctx, balie.Change{Records: []balie.Record{
		{Kind: ruleDraftKind, Key: a.ID, Version: d.Version + 1},
		{Kind: ruleDraftKind, Key: a.ID + thrownMark, Body: body, Expires: now.Add(thrownAway)}}})
}

// thrownMark ends the key of a draft that was thrown away; no sign-in name has it.
const thrownMark = "/thrown"

// Restore gives back the draft that was thrown away last. ErrStale: there is
// a new one already.
func (r *Rules) Restore(ctx context.Context, a Actor, now time.Time) (RuleDraft, error) {
	d, err := r.Draft(ctx, a)
	if err != nil {
		return d, err
	}
	if !a.Can(Publish) {
		return d, balie.ErrDenied
	}
	if d.Begun() {
		return d, fmt.Errorf("give the draft of %s back: %w", a.ID, balie.ErrStale)
	}
	rec, err := r.store.Record(ctx, ruleDraftKind, a.ID+thrownMark)
	if err != nil {
		return d, fmt.Errorf("read the draft that %s threw away: %w", a.ID, err)
	}
	var in storedDraft
	if err := json.Unmarshal(rec.Body, &in); err != nil {
		return d, fmt.Errorf("read the draft that %s threw away: %w", a.ID, err)
	}
	d.Base, d.Body = in.Base, []byte(in.Body)
	return r.keep(ctx, a, d, now)
}
