package desk

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/balie/balie"
)

// Bounds of who is seen at work.
const (
	presenceFor   = 30 * time.Second // after this long without a sign somebody is gone
	mostViewers   = 20               // of one request
	mostPresences = 20_000           // of all requests: 2 MB
	sweepEvery    = 5 * time.Second  // at most: it looks at all of them
)

// Viewer is somebody who has a request before them.
type Viewer struct {
	ID, Name string // of the user
	Typing   bool
	Until    time.Time
}

// Presence is who looks at which request, or types in it. It is not stored:
// after a restart the pages say it again.
type Presence struct {
	mu      sync.Mutex
	on      map[balie.ID][]Viewer
	n       int
	swept   time.Time
	changed chan struct{}
}

// NewPresence returns one in which nobody is there.
func NewPresence() *Presence {
	return &Presence{on: map[balie.ID][]Viewer{}, changed: make(chan struct{})}
}

// Look says that a user has a request before them. A page says so every 15
// seconds, and at once when typing begins or ends.
func (p *Presence) Look(a Actor, request balie.ID, typing bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := Viewer{ID: a.ID, Name: a.Name, Typing: typing, Until: now.Add(presenceFor)}
	if p.n >= mostPresences && now.Sub(p.swept) >= sweepEvery {
		p.sweep(now)
	}
	all := p.on[request]
	if i := slices.IndexFunc(all, func(w Viewer) bool { return w.ID == a.ID }); i >= 0 {
		news := all[i].Typing != typing || !all[i].Until.After(now)
		all[i] = v
		if news {
			p.signal()
		}
		return
	}
	if len(all) >= mostViewers || p.n >= mostPresences {
		return // one more or less changes nothing for anybody
	}
	p.on[request] = append(all, v)
	p.n++
	p.signal()
}

// Leave says that a user has closed a request.
func (p *Presence) Leave(a Actor, request balie.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keep(request, func(v Viewer) bool { return v.ID != a.ID })
}

// Of is who is on a request now, whoever types first; by name.
func (p *Presence) Of(request balie.ID, now time.Time) []Viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Viewer
	for _, v := range p.on[request] {
		if v.Until.After(now) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b Viewer) int {
		switch {
		case a.Typing != b.Typing && a.Typing:
			return -1
		case a.Typing != b.Typing:
			return 1
		}
		return strings.Compare(a.Name+a.ID, b.Name+b.ID)
	})
	return out
}

// All is who is on which request now: what the stream of a page compares.
func (p *Presence) All(now time.Time) map[balie.ID][]Viewer {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[balie.ID][]Viewer, len(p.on))
	for id, viewers := range p.on {
		for _, v := range viewers {
			if v.Until.After(now) {
				out[id] = append(out[id], v)
			}
		}
	}
	return out
}

// Changed returns a channel that is closed when somebody comes, leaves, begins
// or ends typing. That a viewer's time ran out closes it at the next Step.
func (p *Presence) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// Step forgets who is gone.
func (p *Presence) Step(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(now)
}

func (p *Presence) sweep(now time.Time) {
	p.swept = now
	for id := range p.on {
		p.keep(id, func(v Viewer) bool { return v.Until.After(now) })
	}
}

func (p *Presence) keep(request balie.ID, ok func(Viewer) bool) {
	before := p.on[request]
	after := slices.DeleteFunc(before, func(v Viewer) bool { return !ok(v) })
	if len(after) == len(before) {
		return
	}
	p.n -= len(before) - len(after)
	p.on[request] = after
	if len(after) == 0 {
		delete(p.on, request)
	}
	p.signal()
}

func (p *Presence) signal() {
	close(p.changed)
	p.changed = make(chan struct{})
}
