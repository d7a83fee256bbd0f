package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/store"
)

// ProductsStore is what working on the catalogue needs of a store.
type ProductsStore interface {
	store.Requests
	store.Timeline
	store.Records
	store.Documents
	store.Feed
}

// Products is working on the catalogue: an admin's draft, its check and
// publication, and what traffic says of each product.
//
// There is one draft per admin, on the version it was begun from; it is the
// whole document, edited in place. A draft whose base is no longer in force
// cannot be published: Reapply puts one's own changes on what is.
type Products struct {
	store   ProductsStore
	lib     *Library
	tallies *tallies
	jobs    *productJobs
	log     *slog.Logger
}

// NewProducts returns the work on the catalogue. Run counts what traffic says
// and checks drafts.
func NewProducts(s ProductsStore, l *Library, log *slog.Logger) *Products {
	return &Products{store: s, lib: l, tallies: newTallies(s), jobs: newProductJobs(), log: log}
}

// Run follows the feed and runs the jobs until ctx ends.
func (p *Products) Run(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.jobs.run(ctx)
	}()
	err := p.tallies.run(ctx, p.log)
	<-ended
	return err
}

// productDraftKind is the kind of the records that drafts are; the key is the
// admin.
const productDraftKind = "cataloguedraft"

// ProductDraft is the catalogue as one admin is changing it.
type ProductDraft struct {
	Base      int    // the version it was begun from
	Version   uint64 // grows with every change; 0: nothing was changed
	Body      []byte
	Saved     time.Time
	InForce   int // the version in force now
	Catalogue *catalogue.Catalogue
}

// Begun reports whether anything was changed.
func (d ProductDraft) Begun() bool { return d.Version > 0 }

// Stale reports whether somebody else published since the draft was begun.
func (d ProductDraft) Stale() bool { return d.Begun() && d.Base != d.InForce }

// Seen is how a form names the draft it was made from.
func (d ProductDraft) Seen() DraftSeen { return DraftSeen{d.Base, d.Version} }

// Draft is the actor's draft; who has none sees the catalogue in force.
func (p *Products) Draft(ctx context.Context, a Actor) (ProductDraft, error) {
	if !a.Can(SeeDocuments) {
		return ProductDraft{}, balie.ErrDenied
	}
	c := p.lib.Brain().Catalogue
	d := ProductDraft{Base: c.Version, InForce: c.Version, Catalogue: c}
	if !a.Can(Publish) {
		return d, nil
	}
	in, version, err := ownDraft(ctx, p.store, productDraftKind, a)
	if version == 0 || err != nil {
		return d, err
	}
	d.Base, d.Version, d.Body, d.Saved = in.Base, version, []byte(in.Body), in.Saved
	if d.Catalogue, err = catalogue.Parse("draft", d.Body); err != nil {
		return d, fmt.Errorf("read the draft of %s: %w", a.ID, err)
	}
	return d, nil
}

// writable is the actor's draft with its body, when it is the one a form was
// made from.
func (p *Products) writable(ctx context.Context, a Actor, seen DraftSeen) (ProductDraft, error) {
	if !a.Can(Publish) {
		return ProductDraft{}, balie.ErrDenied
	}
	d, err := p.Draft(ctx, a)
	if err != nil {
		return d, err
	}
	if d.Seen() != seen {
		return d, fmt.Errorf("the draft was changed in another window: %w", balie.ErrStale)
	}
	if d.Begun() {
		return d, nil
	}
	doc, err := p.store.Document(ctx, CatalogueDoc, "", d.Base)
	if err != nil {
		return d, fmt.Errorf("read catalogue version %d: %w", d.Base, err)
	}
	d.Body = doc.Body
	return d, nil
}

// change makes a new body of the draft and keeps it. What cannot be read is
// refused, with all that is wrong in it; whether the rules still hold is for
// the check.
func (p *Products) change(ctx context.Context, a Actor, seen DraftSeen, now time.Time, edit func(d ProductDraft) ([]byte, error)) (ProductDraft, error) {
	d, err := p.writable(ctx, a, seen)
	if err != nil {
		return d, err
	}
	body, err := edit(d)
	if err != nil {
		return d, err
	}
	if string(body) == string(d.Body) {
		return d, nil
	}
	return p.keep(ctx, a, d, body, now)
}

// keep stores a body as the actor's draft.
func (p *Products) keep(ctx context.Context, a Actor, d ProductDraft, body []byte, now time.Time) (ProductDraft, error) {
	c, err := catalogue.Parse("catalogue", body)
	if err != nil {
		return d, err
	}
	d.Body, d.Saved, d.Catalogue = body, now.UTC(), c
	d.Version++
	b, err := json.Marshal(storedDraft{Base: d.Base, Body: string(body), Saved: d.Saved})
	if err != nil {
		return d, fmt.Errorf("write the draft of %s: %w", a.ID, err)
	}
	err = p.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: productDraftKind, Key: a.ID, Version: d.Version, Body: b}}})
	if err != nil {
		return d, fmt.Errorf("keep the draft of %s: %w", a.ID, err)
	}
	return d, nil
}

// SetProduct puts a product as given into the draft: was is the id it had
// before, "" of a new one.
func (p *Products) SetProduct(ctx context.Context, a Actor, seen DraftSeen, was string, x balie.Product, urgent bool, now time.Time) (ProductDraft, error) {
	return p.change(ctx, a, seen, now, func(d ProductDraft) ([]byte, error) {
		_, exists := d.Catalogue.Product(x.ID)
		if was == "" && exists {
			return nil, &balie.InvalidError{Field: "id", Problem: fmt.Sprintf("there is a product %q already", x.ID), Fix: "give this one another id"}
		}
		if was != "" && was != x.ID {
			return nil, &balie.InvalidError{Field: "id", Problem: "the id of a product cannot change: requests and rules name it", Fix: "make a new product"}
		}
		return catalogue.SetProduct(d.Body, x, urgent)
	})
}

// DropProduct takes a product out of the draft.
func (p *Products) DropProduct(ctx context.Context, a Actor, seen DraftSeen, id string, now time.Time) (ProductDraft, error) {
	return p.change(ctx, a, seen, now, func(d ProductDraft) ([]byte, error) {
		if _, ok := d.Catalogue.Product(id); !ok {
			return nil, balie.ErrNotFound
		}
		return catalogue.DropProduct(d.Body, id)
	})
}

// AddExample adds a customer's words to a product in the draft: as one of its
// examples, or as a question that looks like it and is not.
func (p *Products) AddExample(ctx context.Context, a Actor, seen DraftSeen, id, language, text string, counter bool, now time.Time) (ProductDraft, error) {
	return p.change(ctx, a, seen, now, func(d ProductDraft) ([]byte, error) {
		x, ok := d.Catalogue.Product(id)
		if !ok {
			return nil, balie.ErrNotFound
		}
		text = strings.Join(strings.Fields(text), " ")
		if !slices.Contains(catalogue.Languages, language) || text == "" {
			return nil, &balie.InvalidError{Field: "example", Problem: "there is no text, or no language", Fix: "choose a question from the list"}
		}
		list := &x.Examples
		if counter {
			list = &x.Counter
		}
		*list = added(*list, language, text)
		return catalogue.SetProduct(d.Body, x, d.Catalogue.Urgent[id])
	})
}

// added is a list by language with one more text, when it is not there.
func added(all map[string][]string, language, text string) map[string][]string {
	out := map[string][]string{}
	for l, texts := range all {
		out[l] = slices.Clone(texts)
	}
	if !slices.Contains(out[language], text) {
		out[language] = append(out[language], text)
	}
	return out
}

// Import makes a whole file the draft.
func (p *Products) Import(ctx context.Context, a Actor, seen DraftSeen, body []byte, now time.Time) (ProductDraft, error) {
	return p.change(ctx, a, seen, now, func(ProductDraft) ([]byte, error) { return body, nil })
}

// Export is a version as it was published, 0 for the newest.
func (p *Products) Export(ctx context.Context, a Actor, version int) (store.Document, error) {
	if !a.Can(SeeDocuments) {
		return store.Document{}, balie.ErrDenied
	}
	return p.store.Document(ctx, CatalogueDoc, "", version)
}

// Discard throws the actor's draft away.
func (p *Products) Discard(ctx context.Context, a Actor, seen DraftSeen) error {
	d, err := p.writable(ctx, a, seen)
	if err != nil || !d.Begun() {
		return err
	}
	return p.store.Commit(ctx, balie.Change{Records: []balie.Record{{Kind: productDraftKind, Key: a.ID, Version: d.Version + 1}}})
}

// Changes says how the draft differs from what it was begun from.
func (p *Products) Changes(ctx context.Context, d ProductDraft) ([]catalogue.Difference, error) {
	if !d.Begun() {
		return nil, nil
	}
	base, err := p.version(ctx, d.Base)
	if err != nil {
		return nil, err
	}
	return catalogue.Compare(base, d.Catalogue), nil
}

// version is a published version, read.
func (p *Products) version(ctx context.Context, n int) (*catalogue.Catalogue, error) {
	if c := p.lib.Brain().Catalogue; c.Version == n {
		return c, nil
	}
	doc, err := p.store.Document(ctx, CatalogueDoc, "", n)
	if err != nil {
		return nil, fmt.Errorf("read catalogue version %d: %w", n, err)
	}
	return catalogue.Parse(fmt.Sprintf("catalogue (version %d)", n), doc.Body)
}

// Compared is how two versions differ.
func (p *Products) Compared(ctx context.Context, a Actor, from, to int) ([]catalogue.Difference, error) {
	if !a.Can(SeeDocuments) {
		return nil, balie.ErrDenied
	}
	x, err := p.version(ctx, from)
	if err != nil {
		return nil, err
	}
	y, err := p.version(ctx, to)
	if err != nil {
		return nil, err
	}
	return catalogue.Compare(x, y), nil
}

// History lists the versions without their bodies, newest first.
func (p *Products) History(ctx context.Context, a Actor) ([]store.Document, error) {
	if !a.Can(SeeDocuments) {
		return nil, balie.ErrDenied
	}
	return p.store.DocumentHistory(ctx, CatalogueDoc, "")
}

// SetCalendar publishes the catalogue with one calendar as given; base is the
// version the form showed.
func (p *Products) SetCalendar(ctx context.Context, a Actor, base int, id string, s hours.Spec, reason string, now time.Time) (int, error) {
	if !a.Can(Manage) || !a.Can(Publish) {
		return 0, balie.ErrDenied
	}
	if err := reasoned(reason); err != nil {
		return 0, err
	}
	doc, err := p.store.Document(ctx, CatalogueDoc, "", base)
	if err != nil {
		return 0, fmt.Errorf("read catalogue version %d: %w", base, err)
	}
	body, err := catalogue.SetCalendar(doc.Body, id, s)
	if err != nil {
		return 0, err
	}
	return p.put(ctx, a, "calendar.change", body, base, reason, now)
}
