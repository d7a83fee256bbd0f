package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/intake"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/report"
	"github.com/balie/balie/router"
	"github.com/balie/balie/store"
)

// The kinds of document a desk works by.
const (
	CatalogueDoc     = "catalogue"
	RulesDoc         = "rules"
	OrganisationsDoc = "organisations"
	TemplatesDoc     = "templates"
	ProgressDoc      = "progress"
	PlanDoc          = "plan"
)

// Kinds are all kinds of document, in the order in which they build on each other.
var Kinds = []string{CatalogueDoc, RulesDoc, OrganisationsDoc, TemplatesDoc, ProgressDoc, PlanDoc}

// sampleOf is the first version of a kind of which a desk has none, because it
// is older than the kind; nil: it must have one.
func sampleOf(kind string) []byte {
	if kind == ProgressDoc {
		return progress.Sample()
	}
	return nil
}

// Library is the documents in force: checked, compiled and trained, swapped
// whole, so that a decision is never made on half of a change.
type Library struct {
	docs  store.Documents
	mu    sync.Mutex // one publication at a time
	brain atomic.Pointer[intake.Brain]
	older olderRules
	plan  atomic.Pointer[report.Plan] // nil: there is none
}

// OpenLibrary reads the newest documents. first gives the body of a kind that
// the store does not have yet: it becomes version 1. Without a body it is what
// is built in, for the kinds that have that.
func OpenLibrary(ctx context.Context, docs store.Documents, first func(kind string) (file string, body []byte, err error)) (*Library, error) {
	l := &Library{docs: docs}
	var b intake.Brain
	for _, kind := range Kinds {
		d, file, err := l.newest(ctx, kind, first)
		if err != nil {
			return nil, err
		}
		if err := load(&b, kind, file, d.Body, d.Version); err != nil {
			return nil, err
		}
		if kind == PlanDoc {
			if err := l.keepPlan(file, d.Body, d.Version); err != nil {
				return nil, err
			}
		}
	}
	b.Matcher = catalogue.Train(b.Catalogue, catalogue.TrainOptions{})
	l.brain.Store(&b)
	return l, nil
}

// newest is the newest version of a kind; the first one is checked before it
// is stored.
func (l *Library) newest(ctx context.Context, kind string, first func(string) (string, []byte, error)) (store.Document, string, error) {
	d, err := l.docs.Document(ctx, kind, "", 0)
	if err == nil {
		return d, fmt.Sprintf("%s (version %d)", kind, d.Version), nil
	}
	if !errors.Is(err, balie.ErrNotFound) {
		return d, "", fmt.Errorf("read the %s: %w", kind, err)
	}
	if kind == TemplatesDoc { // without any, letters say what is built in
		return store.Document{Kind: kind}, kind, nil
	}
	file, body, err := first(kind)
	if err != nil {
		return d, "", err
	}
	if body == nil && kind == PlanDoc { // a desk without a plan has no goals, rather than somebody else's
		return store.Document{Kind: kind}, kind, nil
	}
	if body == nil {
		file, body = "what is built in", sampleOf(kind)
	}
	d = store.Document{Kind: kind, Version: 1, Body: body, At: time.Now(), By: "setup", Reason: "first start, from " + file}
	var alone intake.Brain
	if kind != RulesDoc && kind != ProgressDoc { // they are checked against the catalogue, by load
		if err := load(&alone, kind, file, body, 1); err != nil {
			return d, "", err
		}
	}
	if _, err := l.docs.PutDocument(ctx, d, 0); err != nil {
		return d, "", fmt.Errorf("store the first %s: %w", kind, err)
	}
	return d, file, nil
}

// load reads one document into a brain.
func load(b *intake.Brain, kind, file string, body []byte, version int) error {
	switch kind {
	case CatalogueDoc:
		c, err := catalogue.Parse(file, body)
		if err != nil {
			return err
		}
		c.Version = version
		b.Catalogue = c
	case RulesDoc:
		rs, err := router.Compile(file, body, Names{b.Catalogue})
		if err != nil {
			return err
		}
		rs.Version = version
		b.Rules = rs
	case OrganisationsDoc:
		all, err := ParseOrganisations(file, body)
		if err != nil {
			return err
		}
		b.Organisations = all
	case TemplatesDoc:
		base, err := i18n.Load()
		if err != nil {
			return err
		}
		own, err := ParseTemplates(file, body, base)
		if err != nil {
			return err
		}
		b.Texts = own.over(base)
	case ProgressDoc:
		p, err := progress.Parse(file, body, b.Catalogue)
		if err != nil {
			return err
		}
		p.Version = version
		b.Policy = p
	case PlanDoc: // nothing is decided by it
		_, err := report.ParsePlan(file, body, report.PlanNames{})
		return err
	default:
		return &balie.InvalidError{Field: "kind", Problem: fmt.Sprintf("there is no document %q", kind), Fix: "use catalogue, rules, organisations, templates, progress or plan"}
	}
	return nil
}

// Names tells the router which names exist in a catalogue.
type Names struct{ *catalogue.Catalogue }

// HasTeam reports whether a team exists.
func (n Names) HasTeam(id string) bool {
	_, ok := n.Team(id)
	return ok
}

// HasProduct reports whether a product exists.
func (n Names) HasProduct(id string) bool {
	_, ok := n.Product(id)
	return ok
}

// Texts are the texts in force, with the desk's own words in letters.
func (l *Library) Texts() *i18n.Texts { return l.Brain().Texts }

// Brain is what decides now.
func (l *Library) Brain() *intake.Brain { return l.brain.Load() }

// Draft is the brain as it would be with another body of one kind, checked
// and trained but not in force.
func (l *Library) Draft(kind, file string, body []byte) (*intake.Brain, error) {
	b := *l.Brain()
	version := 0
	if kind == PlanDoc {
		_, err := report.ParsePlan(file, body, PlanNames(&b))
		return &b, err
	}
	if err := load(&b, kind, file, body, version); err != nil {
		return nil, err
	}
	if kind != CatalogueDoc {
		return &b, nil
	}
	// What is in force must still find the teams and products it names.
	rs, err := router.Compile("rules", b.Rules.Source(), Names{b.Catalogue})
	if err != nil {
		return nil, fmt.Errorf("with this catalogue the rules in force do not hold: %w", err)
	}
	rs.Version = b.Rules.Version
	b.Rules = rs
	p, err := progress.Parse("progress", b.Policy.Source(), b.Catalogue)
	if err != nil {
		return nil, fmt.Errorf("with this catalogue the promises in force do not hold: %w", err)
	}
	p.Version = b.Policy.Version
	b.Policy = p
	b.Matcher = catalogue.Train(b.Catalogue, catalogue.TrainOptions{})
	return &b, nil
}

// Publish checks a new version, stores it on top of base and puts it in force.
// ErrStale: somebody published meanwhile.
func (l *Library) Publish(ctx context.Context, d store.Document, base int, file string) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, err := l.Draft(d.Kind, file, d.Body)
	if err != nil {
		return 0, err
	}
	version, err := l.docs.PutDocument(ctx, d, base)
	if err != nil {
		return 0, err
	}
	switch d.Kind {
	case CatalogueDoc:
		b.Catalogue.Version = version
	case RulesDoc:
		b.Rules.Version = version
	case ProgressDoc:
		b.Policy.Version = version
	case PlanDoc:
		return version, l.keepPlan(file, d.Body, version)
	}
	l.brain.Store(b)
	return version, nil
}
