package report

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/balie/balie"
	"github.com/balie/balie/catalogue"
	"github.com/balie/balie/internal/hours"
	"github.com/balie/balie/progress"
	"github.com/balie/balie/store"
)

// The kinds of document that say what was promised.
const (
	catalogueDoc = "catalogue"
	policyDoc    = "progress"
)

// history is the documents as they were in force, one after the other. They are
// read when they are needed and kept: a desk has few versions that matter.
type history struct {
	docs     store.Documents
	calendar string // the desk's own
	log      *slog.Logger

	mu         sync.Mutex
	catalogues versions[*catalogue.Catalogue]
	policies   versions[*progress.Policy]
}

// versions are those of one kind, oldest first.
type versions[T any] struct {
	since []time.Time // from when the version was in force
	ids   []int
	read  map[int]T
}

// at is the index of the version in force at a moment; the newest for the zero
// time, the first before there was one.
func (v *versions[T]) at(t time.Time) int {
	if t.IsZero() {
		return len(v.ids) - 1
	}
	n := len(v.ids) - 1
	for n > 0 && v.since[n].After(t) {
		n--
	}
	return n
}

// refresh looks which versions there are. It reports whether another one is in
// force than before, so that what is open must be judged anew.
func (h *history) refresh(ctx context.Context) (changed bool, err error) {
	c, err := h.docs.DocumentHistory(ctx, catalogueDoc, "")
	if err != nil {
		return false, fmt.Errorf("list the versions of the catalogue: %w", err)
	}
	p, err := h.docs.DocumentHistory(ctx, policyDoc, "")
	if err != nil {
		return false, fmt.Errorf("list the versions of what is promised: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a, b := h.catalogues.set(c), h.policies.set(p)
	return a || b, nil
}

func (v *versions[T]) set(newestFirst []store.Document) (changed bool) {
	if len(v.ids) == len(newestFirst) {
		return false
	}
	v.since, v.ids = nil, nil
	for _, d := range slices.Backward(newestFirst) {
		v.since, v.ids = append(v.since, d.At), append(v.ids, d.Version)
	}
	if v.read == nil {
		v.read = map[int]T{}
	}
	return true
}

// number says which versions are in force now.
func (h *history) number() (cat, policy int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.catalogues.newest(), h.policies.newest()
}

func (v *versions[T]) newest() int {
	if len(v.ids) == 0 {
		return 0
	}
	return v.ids[len(v.ids)-1]
}

// inForce are the documents at any moment, as FactOf asks for them.
func (h *history) inForce(ctx context.Context) InForce {
	return func(at time.Time) progress.Setting {
		h.mu.Lock()
		defer h.mu.Unlock()
		var s progress.Setting
		s.Catalogue = oneOf(&h.catalogues, at, func(v int) (*catalogue.Catalogue, error) {
			d, err := h.docs.Document(ctx, catalogueDoc, "", v)
			if err != nil {
				return nil, err
			}
			return catalogue.Parse(catalogueDoc, d.Body)
		}, h.log)
		s.Policy = oneOf(&h.policies, at, func(v int) (*progress.Policy, error) {
			d, err := h.docs.Document(ctx, policyDoc, "", v)
			if err != nil {
				return nil, err
			}
			return progress.Parse(policyDoc, d.Body, nil)
		}, h.log)
		if c := s.Catalogue; c != nil {
			s.Calendar = deskCalendar(c, h.calendar)
		}
		return s
	}
}

// deskCalendar is the desk's own opening hours: the calendar of a name, else
// the one that stands first.
func deskCalendar(c *catalogue.Catalogue, name string) hours.Calendar {
	if k, ok := c.Calendars[name]; ok {
		return k
	}
	return c.Calendar(balie.Product{})
}

// oneOf is the version in force at a moment. One that this balie cannot read
// any more is passed over for the next that it can: judged by that is better
// than not judged.
func oneOf[T any](v *versions[T], at time.Time, read func(int) (T, error), log *slog.Logger) (none T) {
	for i := v.at(at); i >= 0 && i < len(v.ids); i++ {
		id := v.ids[i]
		if d, ok := v.read[id]; ok {
			return d
		}
		d, err := read(id)
		if err == nil {
			v.read[id] = d
			return d
		}
		log.Warn("a document that was in force cannot be read; what was promised is judged by the next", "version", id, "err", err)
	}
	return none
}
