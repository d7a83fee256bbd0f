package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/store"
)

// ProductMerge is a draft whose base is no longer in force: what the actor
// changed since, what others did, and the products that both changed.
type ProductMerge struct {
	ByMe, ByThem []catalogue.Difference
	Conflicts    []string         // ids of products that both changed; "" is what stands beside them
	Since        []store.Document // what was published meanwhile, newest first
}

// Merge compares a stale draft with what is in force now.
func (p *Products) Merge(ctx context.Context, a Actor, d ProductDraft) (ProductMerge, error) {
	var m ProductMerge
	base, err := p.version(ctx, d.Base)
	if err != nil {
		return m, err
	}
	history, err := p.History(ctx, a)
	if err != nil {
		return m, err
	}
	for _, doc := range history {
		if doc.Version > d.Base {
			m.Since = append(m.Since, doc)
		}
	}
	m.ByMe = catalogue.Compare(base, d.Catalogue)
	m.ByThem = catalogue.Compare(base, p.lib.Brain().Catalogue)
	theirs := map[string]bool{}
	for _, x := range m.ByThem {
		theirs[x.Product] = true
	}
	for _, x := range m.ByMe {
		if theirs[x.Product] {
			m.Conflicts = append(m.Conflicts, x.Product)
		}
	}
	return m, nil
}

// Reapply puts the actor's changes on the version in force. Where both changed
// a product, the actor's stands: they have been shown it. What was changed
// beside the products (teams, calendars) stays as it is in force.
func (p *Products) Reapply(ctx context.Context, a Actor, seen DraftSeen, now time.Time) (ProductDraft, error) {
	d, err := p.writable(ctx, a, seen)
	if err != nil || !d.Stale() {
		return d, err
	}
	m, err := p.Merge(ctx, a, d)
	if err != nil {
		return d, err
	}
	doc, err := p.store.Document(ctx, CatalogueDoc, "", d.InForce)
	if err != nil {
		return d, fmt.Errorf("read catalogue version %d: %w", d.InForce, err)
	}
	body := doc.Body
	for _, x := range m.ByMe {
		switch {
		case x.Product == "":
			continue
		case x.What == "removed":
			body, err = catalogue.DropProduct(body, x.Product)
		default:
			mine, _ := d.Catalogue.Product(x.Product)
			body, err = catalogue.SetProduct(body, mine, d.Catalogue.Urgent[x.Product])
		}
		if err != nil {
			return d, err
		}
	}
	d.Base = d.InForce
	return p.keep(ctx, a, d, body, now)
}

// Rollback publishes an old version again; base is the version the actor saw
// in force.
func (p *Products) Rollback(ctx context.Context, a Actor, version, base int, reason string, now time.Time) (int, error) {
	if !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	old, err := p.store.Document(ctx, CatalogueDoc, "", version)
	if err != nil {
		return 0, fmt.Errorf("read catalogue version %d: %w", version, err)
	}
	return p.put(ctx, a, "catalogue.rollback", old.Body, base, reason, now)
}

// put publishes a body and leaves the audit line. more is stored with it.
func (p *Products) put(ctx context.Context, a Actor, act string, body []byte, base int, reason string, now time.Time, more ...balie.Record) (int, error) {
	doc := store.Document{Kind: CatalogueDoc, Body: body, At: now.UTC(), By: a.By(), Reason: reason}
	version, err := p.lib.Publish(ctx, doc, base, "catalogue")
	if err != nil {
		return 0, err
	}
	return version, published(ctx, p.store, a, act, CatalogueDoc, base, version, reason, now, more...)
}

// published leaves the audit line of a publication. The version itself, with
// who and why, is stored already.
func published(ctx context.Context, s interface {
	Commit(ctx context.Context, c ...balie.Change) error
}, a Actor, act, kind string, before, after int, reason string, now time.Time, more ...balie.Record) error {
	type version struct {
		Version int    `json:"version"`
		Reason  string `json:"reason,omitempty"`
	}
	line := AuditLine{At: now.UTC(), By: a.By(), Act: act, Object: "document:" + kind, From: a.From, Via: a.Via,
		Before: auditJSON(version{Version: before}), After: auditJSON(version{after, reason})}
	if err := s.Commit(ctx, balie.Change{Records: append(more, line.Record())}); err != nil {
		return fmt.Errorf("leave a trace of %s version %d: %w", kind, after, err)
	}
	return nil
}
